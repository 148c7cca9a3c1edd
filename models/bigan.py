"""BiGAN (Donahue et al. 2016): an encoder learned beside the generator.

The discriminator judges pairs: (x, E(x)) from data against (G(z), z) from the prior. At its optimum E and G invert
each other (theorem 2), though nothing asks for it. Nets: the authors' permutation-invariant MNIST nets, or
convolutions for natural images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

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
        hidden: units of both hidden layers of each net ("fc").
        affine: whether batch norm has gain and bias and output layers a bias (the authors' MNIST run has none).
        joint: whether D sees z; False gives the paper's baselines (a plain GAN's D, and what LR and JLR build on).
        arch: "fc", or "conv": the paper's ImageNet nets (appendix) in small, E shaped as D is; then the side must be 4
            or 7 times a power of two.
        width: channels of the largest maps ("conv"); they double wherever the side halves.
    """

    image_size: int = 28
    channels: int = 1
    latent: int = 50
    hidden: int = 1024
    affine: bool = False
    joint: bool = True
    arch: Literal["fc", "conv"] = "fc"
    width: int = 64

    def __post_init__(self) -> None:
        if self.arch == "conv" and not halvings(self.image_size):
            raise ValueError(f"A convolutional BiGAN's side must be 4 or 7 times 2, 4, 8, ..., got {self.image_size}.")

    @property
    def pixels(self) -> int:
        return self.channels * self.image_size**2

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels after each convolution of E ("conv")."""
        return tuple(self.width * 2**i for i in range(halvings(self.image_size)))

    @property
    def base(self) -> int:
        """Side of the smallest maps ("conv")."""
        return self.image_size // 2 ** len(self.widths)


def halvings(side: int) -> int:
    """Return how often a side halves before it is 4 or 7 pixels; 0 where it does not come to that."""
    count = 0
    while side % 2 == 0 and side > 7:
        side, count = side // 2, count + 1
    return count if side in (4, 7) else 0


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

    def features(self, images: Tensor, z: Tensor | None) -> Tensor:
        """Return the last hidden layer (N, hidden)."""
        h = self.second(nn.functional.leaky_relu(self.first(ink(images)), LEAK))
        if self.second_latent is not None:
            h = h + self.second_latent(z)
        return nn.functional.leaky_relu(self.second_norm(h), LEAK)

    def forward(self, images: Tensor, z: Tensor | None) -> Tensor:
        logits = self.last(self.features(images, z))
        if self.last_latent is not None:
            logits = logits + self.last_latent(z)
        return logits.squeeze(1)


class ConvGenerator(nn.Module):
    """Map latents (N, latent) to images in [-1, 1]; z enters every hidden layer, before its batch norm."""

    def __init__(self, config: BiGANConfig) -> None:
        super().__init__()
        widths, self.base = config.widths[::-1], config.base
        self.first = nn.Linear(config.latent, widths[0] * self.base**2, bias=False)
        self.first_norm = nn.BatchNorm1d(widths[0] * self.base**2, affine=config.affine)
        pairs = list(pairwise(widths))
        self.hidden = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False) for a, b in pairs)
        self.latents = nn.ModuleList(nn.Linear(config.latent, b, bias=False) for _, b in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(b, affine=config.affine) for _, b in pairs)
        self.last = nn.ConvTranspose2d(widths[-1], config.channels, 4, 2, 1, bias=config.affine)

    def forward(self, z: Tensor) -> Tensor:
        h = self.first_norm(self.first(z)).relu().unflatten(1, (-1, self.base, self.base))
        for hidden, latent, norm in zip(self.hidden, self.latents, self.norms, strict=True):
            h = norm(hidden(h) + latent(z)[:, :, None, None]).relu()
        return self.last(h).tanh()


class ConvEncoder(nn.Module):
    """Map images to latents in [-1, 1]; `blocks` are its convolutions, each halving the side."""

    def __init__(self, config: BiGANConfig) -> None:
        super().__init__()
        widths = config.widths
        self.blocks = nn.ModuleList([nn.Sequential(halve(config.channels, widths[0]), nn.LeakyReLU(LEAK))])
        for a, b in pairwise(widths):
            norm = nn.BatchNorm2d(b, affine=config.affine)
            self.blocks.append(nn.Sequential(halve(a, b), norm, nn.LeakyReLU(LEAK)))
        self.last = nn.Linear(widths[-1] * config.base**2, config.latent, bias=config.affine)

    def maps(self, images: Tensor, blocks: int | None = None) -> Tensor:
        """Return what the first so many blocks make of images, all of them by default."""
        for block in self.blocks[:blocks]:
            images = block(images)
        return images

    def features(self, images: Tensor) -> Tensor:
        """Return the last maps, averaged to 2 x 2 places and flat (N, 4 x channels), for nearest neighbours."""
        return nn.functional.adaptive_avg_pool2d(self.maps(images), 2).flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        return self.last(self.maps(images).flatten(1)).tanh()


class ConvDiscriminator(nn.Module):
    """Judge pairs (images, latents): z is added to every layer after the first, the same at every place."""

    def __init__(self, config: BiGANConfig) -> None:
        super().__init__()
        widths = config.widths
        self.first = halve(config.channels, widths[0])
        pairs = list(pairwise(widths))
        self.hidden = nn.ModuleList(halve(a, b) for a, b in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(b, affine=config.affine) for _, b in pairs)
        self.last = nn.Linear(widths[-1] * config.base**2, 1, bias=config.affine)
        self.latents, self.last_latent = None, None
        if config.joint:
            self.latents = nn.ModuleList(nn.Linear(config.latent, b, bias=False) for _, b in pairs)
            self.last_latent = nn.Linear(config.latent, 1, bias=False)

    def maps(self, images: Tensor, z: Tensor | None) -> Tensor:
        """Return the last maps (N, channels, s, s)."""
        h = nn.functional.leaky_relu(self.first(images), LEAK)
        for i, (hidden, norm) in enumerate(zip(self.hidden, self.norms, strict=True)):
            h = hidden(h)
            if self.latents is not None:
                h = h + self.latents[i](z)[:, :, None, None]
            h = nn.functional.leaky_relu(norm(h), LEAK)
        return h

    def features(self, images: Tensor, z: Tensor | None) -> Tensor:
        """Return the last maps, averaged to 2 x 2 places and flat, as E's."""
        return nn.functional.adaptive_avg_pool2d(self.maps(images, z), 2).flatten(1)

    def forward(self, images: Tensor, z: Tensor | None) -> Tensor:
        logits = self.last(self.maps(images, z).flatten(1))
        if self.last_latent is not None:
            logits = logits + self.last_latent(z)
        return logits.squeeze(1)


def halve(channels: int, width: int) -> nn.Conv2d:
    return nn.Conv2d(channels, width, 4, 2, 1, bias=False)


class BiGAN(nn.Module):
    """Generator, encoder and (where `adversary`) the joint discriminator."""

    def __init__(self, config: BiGANConfig, *, adversary: bool = True) -> None:
        super().__init__()
        self.config = config
        conv = config.arch == "conv"
        self.generator = ConvGenerator(config) if conv else Generator(config)
        self.encoder = ConvEncoder(config) if conv else Encoder(config)
        self.discriminator: Discriminator | ConvDiscriminator | None = None
        if adversary:
            self.discriminator = ConvDiscriminator(config) if conv else Discriminator(config)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
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
        """Return E's last hidden layer: (N, hidden), or pooled maps (N, 4 x channels)."""
        return self.encoder.features(images)

    @torch.no_grad()
    def interpolate(self, start: Tensor, end: Tensor, t: float) -> Tensor:
        """Decode the point a fraction t of the way between the codes of two images, t in [0, 1]."""
        return self.generator(torch.lerp(self.encoder(start), self.encoder(end), t))
