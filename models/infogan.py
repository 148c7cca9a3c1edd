"""InfoGAN (Chen et al. 2016): codes that mean something, found without labels.

The generator receives noise and codes; Q, which shares its trunk with the discriminator, reads the codes back, and
training raises the mutual information between code and picture. Layer tables: paper, appendix C.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.random import init_normal, latents


@dataclass(frozen=True)
class InfoGANConfig:
    """Shape of an InfoGAN; the defaults are the published MNIST nets (table 1).

    Attributes:
        image_size: side in pixels; halved once for each width.
        channels: 1 or 3.
        noise: dimensions of the incompressible noise z.
        categorical: number of values of each categorical code.
        continuous: number of continuous codes, uniform on [-1, 1] in training.
        generator_hidden: units of the generator's first layer; 0 leaves it out.
        generator_widths: channels before each doubling of the side.
        trunk_widths: channels after each halving, shared by D and Q.
        trunk_hidden: units of the trunk's last layer; 0 leaves it out.
        head: hidden units of Q's own head.
        category_names: what each value of the first categorical code draws, named after training.
        continuous_names: what each continuous code changes, named after training.
    """

    image_size: int = 28
    channels: int = 1
    noise: int = 62
    categorical: tuple[int, ...] = (10,)
    continuous: int = 2
    generator_hidden: int = 1024
    generator_widths: tuple[int, ...] = (128, 64)
    trunk_widths: tuple[int, ...] = (64, 128)
    trunk_hidden: int = 1024
    head: int = 128
    category_names: tuple[str, ...] = ()
    continuous_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for widths in (self.generator_widths, self.trunk_widths):
            if self.image_size % 2 ** len(widths) or not widths:
                raise ValueError(f"image_size {self.image_size} must be divisible by 2 for each of widths {widths}.")
        values = self.categorical[0] if self.categorical else 0
        if self.category_names and len(self.category_names) != values:
            raise ValueError(f"category_names must name all {values} values, got {self.category_names}.")
        if self.continuous_names and len(self.continuous_names) != self.continuous:
            raise ValueError(f"continuous_names must name all {self.continuous} codes, got {self.continuous_names}.")

    @property
    def codes(self) -> int:
        return sum(self.categorical) + self.continuous

    @property
    def rows(self) -> tuple[int, ...]:
        """The values of the first categorical code in the order shown: by the names of what they draw."""
        values = range(self.categorical[0] if self.categorical else 0)
        return tuple(sorted(values, key=self.category_names.__getitem__ if self.category_names else int))


@dataclass(frozen=True)
class Reading:
    """What Q reads from images.

    Attributes:
        categories: for each categorical code, probabilities (N, values).
        means: (N, continuous), the mean of each continuous code.
    """

    categories: list[Tensor]
    means: Tensor


class Generator(nn.Module):
    """Map latents (N, noise + codes) to images (N, C, s, s) in [-1, 1]."""

    def __init__(self, config: InfoGANConfig) -> None:
        super().__init__()
        widths, hidden = config.generator_widths, config.generator_hidden
        self.base = config.image_size // 2 ** len(widths)
        units = widths[0] * self.base**2
        inputs = config.noise + config.codes
        dense = [nn.Linear(inputs, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU()] if hidden else []
        dense += [nn.Linear(hidden or inputs, units, bias=False), nn.BatchNorm1d(units), nn.ReLU()]
        self.dense = nn.Sequential(*dense)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        # The published sigmoid on [0, 1] is this tanh on [-1, 1], its argument halved.
        layers += [nn.ConvTranspose2d(widths[-1], config.channels, 4, 2, 1), nn.Tanh()]
        self.upward = nn.Sequential(*layers)

    def forward(self, codes: Tensor) -> Tensor:
        return self.upward(self.dense(codes).unflatten(1, (-1, self.base, self.base)))


class Trunk(nn.Module):
    """Map images to the features shared by D and Q."""

    def __init__(self, config: InfoGANConfig) -> None:
        super().__init__()
        widths, hidden = config.trunk_widths, config.trunk_hidden
        layers: list[nn.Module] = [nn.Conv2d(config.channels, widths[0], 4, 2, 1), nn.LeakyReLU(0.1)]
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.1)]
        units = widths[-1] * (config.image_size // 2 ** len(widths)) ** 2
        layers.append(nn.Flatten())
        if hidden:
            layers += [nn.Linear(units, hidden, bias=False), nn.BatchNorm1d(hidden), nn.LeakyReLU(0.1)]
        self.layers = nn.Sequential(*layers)
        self.features = hidden or units

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


class InfoGAN(nn.Module):
    """Generator, shared trunk, Q and (where `adversary`) the discriminator's head."""

    def __init__(self, config: InfoGANConfig, *, adversary: bool = True) -> None:
        super().__init__()
        self.config = config
        self.generator = Generator(config)
        self.trunk = Trunk(config)
        self.q_head = nn.Sequential(
            nn.Linear(self.trunk.features, config.head, bias=False),
            nn.BatchNorm1d(config.head),
            nn.LeakyReLU(0.1),
            nn.Linear(config.head, config.codes),
        )
        self.d_head = nn.Linear(self.trunk.features, 1) if adversary else None
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                init_normal(module.weight)
            elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                init_normal(module.weight, mean=1.0)

    def discriminate(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return D's logits (N,) and Q's raw output (N, codes): all logits of categories, then the means."""
        if self.d_head is None:
            raise ValueError("This InfoGAN was built without its adversary, so it judges no images.")
        features = self.trunk(images)
        return self.d_head(features).squeeze(1), self.q_head(features)

    def split(self, output: Tensor) -> tuple[list[Tensor], Tensor]:
        """Split Q's raw output into the logits of each categorical code and the continuous means."""
        *logits, means = output.split([*self.config.categorical, self.config.continuous], dim=1)
        return list(logits), means

    def one_hot(self, categories: Tensor) -> Tensor:
        """Turn values (N, codes) of the categorical codes into concatenated one-hot vectors."""
        parts = [F.one_hot(categories[:, i], n) for i, n in enumerate(self.config.categorical)]
        return torch.cat(parts, dim=1).float() if parts else categories.new_zeros(len(categories), 0).float()

    def codes(
        self, seeds: Sequence[int], categories: Sequence[Sequence[int]], continuous: Sequence[Sequence[float]]
    ) -> Tensor:
        """Assemble the generator's input (N, noise + codes): the noise of each seed, one-hot categories, codes."""
        device = next(self.parameters()).device
        values = torch.tensor(categories, dtype=torch.long).reshape(len(seeds), len(self.config.categorical))
        for i, size in enumerate(self.config.categorical):
            if values[:, i].min() < 0 or values[:, i].max() >= size:
                raise ValueError(f"Category must be from 0 to {size - 1}, got {values[:, i].tolist()}.")
        means = torch.tensor(continuous, dtype=torch.float32).reshape(len(seeds), self.config.continuous)
        noise = latents(seeds, (self.config.noise,))
        return torch.cat([noise, self.one_hot(values), means], dim=1).to(device)

    @torch.no_grad()
    def generate(
        self, seeds: Sequence[int], categories: Sequence[Sequence[int]], continuous: Sequence[Sequence[float]]
    ) -> Tensor:
        """Draw images (N, C, s, s) in [-1, 1].

        Args:
            seeds: one uint32 an image; the same seed keeps the same noise.
            categories: (N, categorical codes) values.
            continuous: (N, continuous codes); trained on [-1, 1], meaningful to about [-2, 2] (paper, figure 2).
        """
        return self.generator(self.codes(seeds, categories, continuous))

    @torch.no_grad()
    def infer(self, images: Tensor) -> Reading:
        """Let Q read the codes from images (N, C, s, s) in [-1, 1]."""
        logits, means = self.split(self.q_head(self.trunk(images)))
        return Reading([part.softmax(dim=1) for part in logits], means)
