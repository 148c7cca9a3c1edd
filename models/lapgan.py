"""LAPGAN (Denton et al. 2015): a generative model at every level of a Laplacian pyramid.

Sampling starts with a small image; each finer level enlarges it and adds a generated band of detail,
I_k = up(I_{k+1}) + G_k(z_k, up(I_{k+1})). Levels are trained apart from one another, on real coarse images.
Two sets of nets: `paper` (the authors' CIFAR-10 nets) and `modern` (compact residual nets, noise in every block).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.lapgan_nets import (
    ModernBandDiscriminator,
    ModernBandGenerator,
    ModernBaseDiscriminator,
    ModernBaseGenerator,
    PaperBandDiscriminator,
    PaperBandGenerator,
    PaperBaseDiscriminator,
    PaperBaseGenerator,
)
from models.pyramid import ResidualSign, Stage, add_band, check_sizes, down, up
from models.random import latents


@dataclass(frozen=True)
class LAPGANConfig:
    """Shape of a LAPGAN.

    Attributes:
        image_sizes: side of each level, finest first; level k of the paper is index k.
        channels: 1 or 3.
        classes: number of classes the levels are conditioned on; 0 is unconditional.
        class_names: their names.
        nets: "paper" or "modern".
        widths: channels of each conditional level's nets, finest first (the paper: 64 throughout).
        base_width: units of the coarsest level's dense nets (the paper: 1200 in G, 600 in D).
        noise_planes: noise planes beside the enlarged image (the paper: one).
        noise: dimensions of the noise vector at the coarsest level and, in modern nets, of every level.
        band_scale: standard deviation of each level's residual in the data, finest first; a modern generator's
            output is multiplied by it. The paper's nets use 1.
        residual_sign: "paper" adds the band; "article" is the source article's h = up(I_{k+1}) - I_k, subtracted.
    """

    image_sizes: tuple[int, ...] = (32, 16, 8, 4)
    channels: int = 3
    classes: int = 0
    class_names: tuple[str, ...] = ()
    nets: Literal["paper", "modern"] = "modern"
    widths: tuple[int, ...] = (64, 96, 64)
    base_width: int = 512
    noise_planes: int = 4
    noise: int = 100
    band_scale: tuple[float, ...] = (1.0, 1.0, 1.0)
    residual_sign: ResidualSign = "paper"

    def __post_init__(self) -> None:
        check_sizes(self.image_sizes)
        bands = len(self.image_sizes) - 1
        for name in ("widths", "band_scale"):
            if len(getattr(self, name)) != bands:
                raise ValueError(f"{name} needs one value for each of the {bands} bands, got {getattr(self, name)}.")
        if self.class_names and len(self.class_names) != self.classes:
            raise ValueError(f"class_names must name all {self.classes} classes, got {len(self.class_names)}.")

    @property
    def levels(self) -> int:
        return len(self.image_sizes)

    @property
    def image_size(self) -> int:
        """Side of the finest level."""
        return self.image_sizes[0]


class LAPGAN(nn.Module):
    """One generator and (where `adversary`) one discriminator a level, index 0 the finest."""

    def __init__(self, config: LAPGANConfig, *, adversary: bool = True) -> None:
        super().__init__()
        self.config = config
        base = len(config.image_sizes) - 1
        modern = config.nets == "modern"
        band_generator = ModernBandGenerator if modern else PaperBandGenerator
        band_discriminator = ModernBandDiscriminator if modern else PaperBandDiscriminator
        base_generator = ModernBaseGenerator if modern else PaperBaseGenerator
        base_discriminator = ModernBaseDiscriminator if modern else PaperBaseDiscriminator
        self.generators = nn.ModuleList([band_generator(config, k) for k in range(base)] + [base_generator(config)])
        self.discriminators = None
        if adversary:
            discriminators = [band_discriminator(config, k) for k in range(base)]
            self.discriminators = nn.ModuleList([*discriminators, base_discriminator(config)])

    def noise_shapes(self, level: int) -> tuple[tuple[int, ...], ...]:
        """Return the shapes of what a level's generator draws: a noise vector, and noise planes but at the base."""
        size = self.config.image_sizes[level]
        if level == self.config.levels - 1:
            return ((self.config.noise,),)
        planes = (self.config.noise_planes, size, size)
        return ((self.config.noise,), planes) if self.config.nets == "modern" else ((1, size, size),)

    def seeded_noise(self, seeds: Sequence[int], level: int) -> list[Tensor]:
        """Draw a level's noise, one seed an image; level k reads streams 2k and 2k + 1 of the seed."""
        device = next(self.parameters()).device
        shapes = self.noise_shapes(level)
        return [latents(seeds, shape, stream=2 * level + i).to(device) for i, shape in enumerate(shapes)]

    def one_hot(self, labels: Sequence[int] | Tensor | None, count: int) -> Tensor | None:
        """Turn labels into (N, classes), or None in an unconditional model."""
        if not self.config.classes:
            return None
        if labels is None:
            raise ValueError(f"A class-conditional model needs {count} labels from 0 to {self.config.classes - 1}.")
        labels = torch.as_tensor(labels, dtype=torch.long, device=next(self.parameters()).device)
        if len(labels) != count:
            raise ValueError(f"{count} images need {count} labels, got {len(labels)}.")
        if labels.min() < 0 or labels.max() >= self.config.classes:
            raise ValueError(f"Label must be from 0 to {self.config.classes - 1}, got {labels.tolist()}.")
        return F.one_hot(labels, self.config.classes).float()

    def draw(self, level: int, noise: list[Tensor], classes: Tensor | None, enlarged: Tensor | None) -> Tensor:
        """Run one level's generator: the coarsest image, or the band for the enlarged image."""
        generator = self.generators[level]
        return generator(*noise, classes) if enlarged is None else generator(enlarged, *noise, classes)

    @torch.no_grad()
    def grow(
        self,
        seeds: Sequence[Sequence[int]],
        labels: Sequence[int] | None = None,
        gains: Sequence[float] | None = None,
        coarse: Tensor | None = None,
        start: int | None = None,
    ) -> list[Stage]:
        """Sample images coarse to fine and keep every stage.

        Args:
            seeds: (N, levels) uint32; seeds[n][k] is level k's, so one level can be re-rolled alone.
            labels: N classes of a conditional model.
            gains: one factor a level for its residual, 1 as trained; the coarsest has none to scale.
            coarse: (N, C, s, s) in [-1, 1], s = image_sizes[start]: real images to dream detail for.
            start: the level that `coarse` stands for; levels start to K are then not generated.

        Returns:
            Stages coarsest first, the last one the full image, clipped to [-1, 1] as displayed.
        """
        config, count, base = self.config, len(seeds), self.config.levels - 1
        gains = [1.0] * config.levels if gains is None else gains
        if len(gains) != config.levels or any(len(row) != config.levels for row in seeds):
            raise ValueError(f"Give every image {config.levels} seeds, and as many gains: one a level.")
        classes = self.one_hot(labels, count)
        by_level = list(zip(*seeds, strict=True))
        if coarse is None:
            start = base
            coarse = self.draw(base, self.seeded_noise(by_level[base], base), classes, None).clamp(-1, 1)
        elif start is None or coarse.shape[-1] != config.image_sizes[start]:
            raise ValueError(f"The coarse image has side {coarse.shape[-1]}; name a level of {config.image_sizes}.")
        stages = [Stage(start, None, None, coarse)]
        for level in range(start - 1, -1, -1):
            enlarged = up(stages[-1].image, config.image_sizes[level])
            band = gains[level] * self.draw(level, self.seeded_noise(by_level[level], level), classes, enlarged)
            image = add_band(enlarged, band, config.residual_sign)
            # Only what is shown is clipped: the next level reads what the sum gave.
            stages.append(Stage(level, enlarged, band, image if level else image.clamp(-1, 1)))
        return stages

    def refine(
        self, images: Tensor, level: int, seeds: Sequence[Sequence[int]], labels: Sequence[int] | None
    ) -> list[Stage]:
        """Keep an image's coarse shape at `level` and dream every finer band (paper, section 3.1)."""
        return self.grow(seeds, labels, coarse=down(images, self.config.image_sizes[level]), start=level)
