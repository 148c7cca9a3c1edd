"""BiGAN (Donahue et al. 2016): an encoder learned beside the generator.

The discriminator judges pairs: (x, E(x)) from data against (G(z), z) from the prior. At its optimum E and G invert
each other (theorem 2), though nothing asks for it. Nets: the authors' permutation-invariant MNIST nets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.random import init_normal, latents

LEAK = 0.2


def ink(images: Tensor) -> Tensor:
    """Map images (N, C, s, s) from [-1, 1] to the published range [0, 1], flat (N, pixels).

    The first layers have no bias: with a background of -1 it would drown the ink.
    """
    return images.flatten(1) * 0.5 + 0.5


@dataclass(frozen=True)
class BiGANConfig:
    """Shape of a BiGAN; the defaults are the published MNIST nets.

    Attributes:
        image_size: side in pixels.
        channels: 1 or 3.
        latent: dimensions of z, uniform on [-1, 1].
        hidden: units of both hidden layers of each net.
        affine: whether batch norm has gain and bias and output layers a bias (the authors' MNIST run has none).
        joint: whether D sees z; False gives the paper's baselines (a plain GAN's D, and what LR and JLR build on).
    """

    image_size: int = 28
    channels: int = 1
    latent: int = 50
    hidden: int = 1024
    affine: bool = False
    joint: bool = True

    @property
    def pixels(self) -> int:
        return self.channels * self.image_size**2


class Generator(nn.Module):
    """Map latents (N, latent) to images in [-1, 1]; z enters the second layer again, before its batch norm."""

    def __init__(self, config: BiGANConfig) -> None:
        super().__init__()
        hidden, self.shape = config.hidden, (config.channels, config.image_size, config.image_size)
        self.first = nn.Linear(config.latent, hidden, bias=False)
        self.first_norm = nn.BatchNorm1d(hidden, affine=config.affine)
        self.second = nn.Linear(hidden, hidden, bias=False)
        self.second_latent = nn.Linear(config.latent, hidden, bias=False)
        self.second_norm = nn.BatchNorm1d(hidden, affine=config.affine)
        self.last = nn.Linear(hidden, config.pixels, bias=config.affine)

    def forward(self, z: Tensor) -> Tensor:
        h = self.first_norm(self.first(z)).relu()
        h = self.second_norm(self.second(h) + self.second_latent(z)).relu()
        return (self.last(h).sigmoid() * 2 - 1).unflatten(1, self.shape)


class Encoder(nn.Module):
    """Map images to latents, squashed to the prior's box [-1, 1]: an unbounded code would give itself away to D."""

    def __init__(self, config: BiGANConfig) -> None:
        super().__init__()
        hidden = config.hidden
        self.first = nn.Linear(config.pixels, hidden, bias=False)
        self.second = nn.Linear(hidden, hidden, bias=False)
        self.second_norm = nn.BatchNorm1d(hidden, affine=config.affine)
        self.last = nn.Linear(hidden, config.latent, bias=config.affine)

    def features(self, images: Tensor) -> Tensor:
        """Return the last hidden layer (N, hidden): what table 1 of the paper compares by nearest neighbour."""
        h = nn.functional.leaky_relu(self.first(ink(images)), LEAK)
        return nn.functional.leaky_relu(self.second_norm(self.second(h)), LEAK)

    def forward(self, images: Tensor) -> Tensor:
        return self.last(self.features(images)).tanh()  # 2 sigmoid(2a) - 1, the published squash


class Discriminator(nn.Module):
    """Judge pairs (images, latents): z is added to every layer after the first, where concatenation would drown it."""

    def __init__(self, config: BiGANConfig) -> None:
        super().__init__()
        hidden = config.hidden
        self.first = nn.Linear(config.pixels, hidden, bias=False)
        self.second = nn.Linear(hidden, hidden, bias=False)
        self.second_norm = nn.BatchNorm1d(hidden, affine=config.affine)
        self.last = nn.Linear(hidden, 1, bias=config.affine)
        self.second_latent = nn.Linear(config.latent, hidden, bias=False) if config.joint else None
        self.last_latent = nn.Linear(config.latent, 1, bias=False) if config.joint else None

    def forward(self, images: Tensor, z: Tensor) -> Tensor:
        h = self.second(nn.functional.leaky_relu(self.first(ink(images)), LEAK))
        if self.second_latent is not None:
            h = h + self.second_latent(z)
        h = nn.functional.leaky_relu(self.second_norm(h), LEAK)
        logits = self.last(h)
        if self.last_latent is not None:
            logits = logits + self.last_latent(z)
        return logits.squeeze(1)


class BiGAN(nn.Module):
    """Generator, encoder and (where `adversary`) the joint discriminator."""

    def __init__(self, config: BiGANConfig, *, adversary: bool = True) -> None:
        super().__init__()
        self.config = config
        self.generator = Generator(config)
        self.encoder = Encoder(config)
        self.discriminator = Discriminator(config) if adversary else None
        for module in self.modules():
            if isinstance(module, nn.Linear):
                init_normal(module.weight)

    def latents(self, seeds: Sequence[int]) -> Tensor:
        """Draw z (N, latent), one seed a row."""
        return latents(seeds, (self.config.latent,)).to(next(self.parameters()).device)

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Return the codes (N, latent) in [-1, 1] of images (N, C, s, s) in [-1, 1]."""
        return self.encoder(images)

    @torch.no_grad()
    def decode(self, codes: Tensor) -> Tensor:
        """Return the images (N, C, s, s) in [-1, 1] of codes (N, latent)."""
        return self.generator(codes)

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """Return E's last hidden layer (N, hidden)."""
        return self.encoder.features(images)

    @torch.no_grad()
    def interpolate(self, start: Tensor, end: Tensor, t: float) -> Tensor:
        """Decode the point a fraction t of the way between the codes of two images, t in [0, 1]."""
        return self.generator(torch.lerp(self.encoder(start), self.encoder(end), t))
