"""The plain GAN that the three models are measured against: the first GAN's dense nets, or DCGAN's convolutions.

Goodfellow et al. 2014 (arXiv 1406.2661); Radford et al. 2016 (arXiv 1511.06434).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from models.random import init_normal, latents


@dataclass(frozen=True)
class GANConfig:
    """Shape of a plain GAN.

    Attributes:
        image_size: side in pixels; for "dcgan" 4 or 7 times a power of two.
        channels: 1 or 3.
        noise: dimensions of z, uniform on [-1, 1].
        arch: "fc" (two dense hidden layers in each net) or "dcgan".
        width: units of G's hidden layers ("fc"), or channels before the last doubling ("dcgan").
    """

    image_size: int = 32
    channels: int = 3
    noise: int = 100
    arch: Literal["fc", "dcgan"] = "fc"
    width: int = 1200

    def __post_init__(self) -> None:
        if self.arch == "dcgan" and not self.doublings:
            raise ValueError(f"A DCGAN's side must be 4 or 7 times a power of two, got {self.image_size}.")

    @property
    def doublings(self) -> int:
        """How often the side doubles from its 4 or 7 pixels; 0 where it cannot."""
        for base in (4, 7):
            ratio, rest = divmod(self.image_size, base)
            if not rest and ratio > 1 and ratio & (ratio - 1) == 0:
                return ratio.bit_length() - 1
        return 0


class GAN(nn.Module):
    """Generator and (where `adversary`) discriminator."""

    def __init__(self, config: GANConfig, *, adversary: bool = True) -> None:
        super().__init__()
        self.config = config
        self.generator = dense_generator(config) if config.arch == "fc" else dcgan_generator(config)
        self.discriminator = None
        if adversary:
            self.discriminator = dense_discriminator(config) if config.arch == "fc" else dcgan_discriminator(config)

    @torch.no_grad()
    def sample(self, seeds: Sequence[int]) -> Tensor:
        """Draw images (N, C, s, s) in [-1, 1], one seed an image."""
        return self.generator(latents(seeds, (self.config.noise,)).to(next(self.parameters()).device))


def dense_generator(config: GANConfig) -> nn.Module:
    shape = (config.channels, config.image_size, config.image_size)
    return nn.Sequential(
        nn.Linear(config.noise, config.width),
        nn.ReLU(),
        nn.Linear(config.width, config.width),
        nn.ReLU(),
        nn.Linear(config.width, config.channels * config.image_size**2),
        nn.Tanh(),
        nn.Unflatten(1, shape),
    )


def dense_discriminator(config: GANConfig) -> nn.Module:
    width = config.width // 2
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(config.channels * config.image_size**2, width),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(width, 1),
    )


def dcgan_generator(config: GANConfig) -> nn.Module:
    steps = config.doublings
    base, top = config.image_size // 2**steps, config.width * 2 ** (steps - 1)
    layers: list[nn.Module] = [nn.Linear(config.noise, top * base**2, bias=False), nn.Unflatten(1, (top, base, base))]
    for i in range(steps - 1):
        width = top // 2**i
        layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False)]
    layers += [nn.BatchNorm2d(config.width), nn.ReLU(), nn.ConvTranspose2d(config.width, config.channels, 4, 2, 1)]
    return init_dcgan(nn.Sequential(*layers, nn.Tanh()))


def dcgan_discriminator(config: GANConfig) -> nn.Module:
    steps, width = config.doublings, config.width
    layers: list[nn.Module] = [nn.Conv2d(config.channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for _ in range(steps - 1):
        layers += [nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2)]
        width *= 2
    side = config.image_size // 2**steps
    return init_dcgan(nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * side**2, 1)))


def init_dcgan(net: nn.Module) -> nn.Module:
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            init_normal(module.weight)
    return net
