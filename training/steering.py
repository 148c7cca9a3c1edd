"""What steers InfoGAN's continuous codes without a label: known changes of pictures, and how their values should lie.

Each function of STEERING takes images (N, C, H, W) and their codes (N, k), those that Q reads or that G was given, and
returns moved copies and what their codes should be: `kept` (k,) or (N, k) times the codes, plus `change` (N, k).
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from training.losses import uniform
from training.moves import change_strokes, move_slightly
from training.shared import rows_of_ranks

LEAN_PER_CODE = -0.4  # slope of a stroke, for one unit of the first code
WIDTH_PER_CODE = 0.8  # pixels of stroke width, for one unit of the second

# Heads, codes in this order: one unit changes a picture about as much as half of the range of the rendered faces does.
AZIMUTH_PER_CODE = math.radians(90)
ELEVATION_PER_CODE = math.radians(20)
LIGHT_PER_CODE = 2.5  # slope of the logarithm of brightness, across half the picture
BROAD_PER_CODE = 0.2  # logarithm of the width
MOST = (math.radians(20), math.radians(10), 0.5, 0.1)
BOSS = (0.5, 0.7)  # half axes of a head, in halves of the picture

# Chairs likewise: rotation, width, height. A chair's back and its front legs go opposite ways when it turns.
SHEAR_PER_CODE = 0.6  # shift of a row sideways, for one row further down
WIDER_PER_CODE = 0.15  # logarithm of the picture's width
HIGHER_PER_CODE = 0.09  # logarithm of its height
MOST_OF_CHAIRS = (0.15, 0.1, 0.06)
FACING = 0.5  # codes of rotation up to which a shear turns a chair; one turned further just comes to look odd
FLOOR = 0.3  # the row that stays where it is

Steered = tuple[Tensor, Tensor, Tensor]


def strokes(images: Tensor, codes: Tensor, generator: torch.Generator) -> Steered:
    """Lean strokes and thicken them: two codes."""
    moved, leaning = move_slightly(images, generator)
    moved, thickening = change_strokes(moved, generator)
    change = torch.stack([leaning / LEAN_PER_CODE, thickening / WIDTH_PER_CODE], dim=1)
    return moved, images.new_ones(2), change


def heads(images: Tensor, codes: Tensor, generator: torch.Generator) -> Steered:
    """Turn heads sideways and up, light them from a side, broaden them; mirror every other one.

    They turn as if painted on a smooth boss. Four codes: azimuth, elevation, lighting, width. A mirrored head looks to
    the other side and is lit from there.
    """
    count, device = len(images), images.device
    amounts = uniform((count, 4), generator, device) * torch.tensor(MOST, device=device)
    azimuth, elevation, light, broad = amounts[:, :, None, None].unbind(dim=1)
    mirrored = (torch.arange(count, device=device) % 2).bool()
    images = torch.where(mirrored[:, None, None, None], images.flip(3), images)

    base = F.affine_grid(torch.eye(2, 3, device=device)[None], [1, 1, *images.shape[2:]], align_corners=False)
    x, y = base[..., 0] * (-broad).exp(), base[..., 1].expand(count, -1, -1)
    height = (1 - (x / BOSS[0]).square() - (y / BOSS[1]).square()).clamp(min=0)  # over the picture
    grid = torch.stack([x - BOSS[0] * height * azimuth.sin(), y - BOSS[1] * height * elevation.sin()], dim=3)
    # The background stays as it is: it would tell what was done.
    black = images.amin(dim=(1, 2, 3), keepdim=True)
    ink = F.grid_sample(images - black, grid, align_corners=False) * (light * base[..., 0]).exp()[:, None]

    kept = torch.ones(count, 4, device=device)
    kept[mirrored] = torch.tensor([-1.0, 1.0, -1.0, 1.0], device=device)
    units = torch.tensor([AZIMUTH_PER_CODE, ELEVATION_PER_CODE, LIGHT_PER_CODE, BROAD_PER_CODE], device=device)
    return (ink + black).clamp(max=1), kept, amounts / units


def chairs(images: Tensor, codes: Tensor, generator: torch.Generator) -> Steered:
    """Turn chairs seen from above a little, broaden and raise them; mirror every other one.

    They turn by a shear, which is about right where the front faces the camera, and only there, as their codes tell.
    Three codes: rotation, width, height. A mirrored chair is turned to the other side.
    """
    count, device = len(images), images.device
    amounts = uniform((count, 3), generator, device) * torch.tensor(MOST_OF_CHAIRS, device=device)
    amounts[:, 0] *= codes[:, 0].abs() < FACING
    shear, broad, high = amounts[:, :, None, None].unbind(dim=1)
    mirrored = (torch.arange(count, device=device) % 2).bool()
    images = torch.where(mirrored[:, None, None, None], images.flip(3), images)

    base = F.affine_grid(torch.eye(2, 3, device=device)[None], [1, 1, *images.shape[2:]], align_corners=False)
    x, y = base[..., 0], base[..., 1].expand(count, -1, -1)
    grid = torch.stack([x * (-broad).exp() - shear * y, FLOOR + (y - FLOOR) * (-high).exp()], dim=3)
    white = images.amax(dim=(1, 2, 3), keepdim=True)
    moved = F.grid_sample(images - white, grid, align_corners=False) + white

    kept = images.new_ones(count, 3)
    kept[mirrored, 0] = -1.0
    units = torch.tensor([SHEAR_PER_CODE, WIDER_PER_CODE, HIGHER_PER_CODE], device=device)
    return moved, kept, amounts / units


# Which changes there are, and how many continuous codes each steers.
STEERING: dict[str, tuple[Callable[[Tensor, Tensor, torch.Generator], Steered], int]] = {
    "strokes": (strokes, 2),
    "heads": (heads, 4),
    "chairs": (chairs, 3),
}


def unevenness(codes: Tensor) -> Tensor:
    """Return how far codes (N, k) are from lying evenly over [-1, 1]: each sorted, mean square, summed over k.

    This is the squared Wasserstein distance to such points, a code at a time.
    """
    codes = rows_of_ranks(codes)
    even = (torch.arange(len(codes), device=codes.device) + 0.5) * 2 / len(codes) - 1
    return (codes.sort(dim=0).values - even[:, None]).square().mean(dim=0).sum()
