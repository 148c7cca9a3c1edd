"""The Laplacian pyramid as pure functions (Denton et al. 2015, section 2.2).

    h_k = I_k - up(I_{k+1}),   h_K = I_K,   and back:   I_k = up(I_{k+1}) + h_k

Index 0 is the finest level, K the coarsest, as in the paper. `down` averages areas and `up` interpolates bilinearly
with aligned corners, as the authors' code does; the paper's text blurs before it decimates. Sizes need not be powers
of two: the paper's CIFAR-10 pyramid is 28-14-8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

ResidualSign = Literal["paper", "article"]


@dataclass(frozen=True)
class Stage:
    """One level of a pyramid: image = enlarged + residual.

    Attributes:
        level: index k of the level, 0 the finest.
        enlarged: up(I_{k+1}), (N, C, s, s), or None at the coarsest level.
        residual: the band h_k, (N, C, s, s), within [-2, 2], or None at the coarsest level.
        image: I_k, (N, C, s, s).
    """

    level: int
    enlarged: Tensor | None
    residual: Tensor | None
    image: Tensor

    @property
    def detail(self) -> Tensor:
        """The residual of a level that has one.

        Raises:
            ValueError: the coarsest level has none.
        """
        if self.residual is None:
            raise ValueError(f"Level {self.level} is the coarsest, which has no residual.")
        return self.residual


def down(images: Tensor, size: int) -> Tensor:
    """Shrink (N, C, s, s) to (N, C, size, size) by area average."""
    return F.interpolate(images, size=(size, size), mode="area")


def up(images: Tensor, size: int) -> Tensor:
    """Enlarge (N, C, s, s) to (N, C, size, size) bilinearly, corners aligned; one pixel is spread evenly."""
    if images.shape[-1] == 1:
        return images.expand(-1, -1, size, size).contiguous()
    return F.interpolate(images, size=(size, size), mode="bilinear", align_corners=True)


def band(image: Tensor, enlarged: Tensor, sign: ResidualSign = "paper") -> Tensor:
    """Take the residual; the source article writes it the other way round, h = up(I_{k+1}) - I_k."""
    return image - enlarged if sign == "paper" else enlarged - image


def add_band(enlarged: Tensor, residual: Tensor, sign: ResidualSign = "paper") -> Tensor:
    """Invert `band`: with the article's sign the residual must be subtracted, not added as the article has it."""
    return enlarged + residual if sign == "paper" else enlarged - residual


def shrink(images: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    """Return [I_0, ..., I_K]; each level is shrunk from the one before, sizes finest first."""
    check_sizes(sizes)
    images = images if images.shape[-1] == sizes[0] else down(images, sizes[0])
    shrunk = [images]
    for size in sizes[1:]:
        shrunk.append(down(shrunk[-1], size))
    return shrunk


def decompose(images: Tensor, sizes: Sequence[int], sign: ResidualSign = "paper") -> list[Stage]:
    """Take the pyramid of real images, coarsest stage first; sizes are given finest first."""
    shrunk = shrink(images, sizes)
    last = len(sizes) - 1
    stages = [Stage(last, None, None, shrunk[last])]
    for level in range(last - 1, -1, -1):
        enlarged = up(shrunk[level + 1], sizes[level])
        stages.append(Stage(level, enlarged, band(shrunk[level], enlarged, sign), shrunk[level]))
    return stages


def rebuild(coarsest: Tensor, residuals: Sequence[Tensor], sign: ResidualSign = "paper") -> Tensor:
    """Invert `decompose`: add the residuals, given coarse to fine, to the enlarged image below."""
    image = coarsest
    for residual in residuals:
        image = add_band(up(image, residual.shape[-1]), residual, sign)
    return image


def halvings(size: int) -> tuple[int, ...]:
    """Halve a side while it is even and above 7 pixels: 32, 16, 8, 4, and 28, 14, 7."""
    sizes = [size]
    while sizes[-1] > 7 and sizes[-1] % 2 == 0:
        sizes.append(sizes[-1] // 2)
    return tuple(sizes)


def check_sizes(sizes: Sequence[int]) -> None:
    """Refuse sizes that are not strictly falling whole numbers from 256 down to 1."""
    falling = all(a > b for a, b in pairwise(sizes))
    if not sizes or not falling or sizes[-1] < 1 or sizes[0] > 256:
        raise ValueError(f"Pyramid sizes must fall from at most 256 to at least 1, finest first; got {list(sizes)}.")
