"""Small changes of pictures that leave what they show as it was: the label-free terms compare copies made by them."""

import torch
import torch.nn.functional as F
from torch import Tensor

from training.losses import uniform

BEND = 0.15  # the most that a point of the field is displaced, in halves of the picture


def move_slightly(images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Turn, scale, shear and shift images a little, the border filled with black (-1).

    Returns:
        The moved images, and by how much each leans more to the right (N,), as a slope.
    """
    count, device = len(images), images.device
    angle, log_scale, shear, dx, dy = uniform((5, count), generator, device, axis=1).unbind()
    angle, scale, shear = 0.2 * angle, (0.12 * log_scale).exp(), 0.2 * shear
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = [torch.stack([cos, shear - sin, 0.12 * dx], dim=1), torch.stack([sin, cos, 0.12 * dy], dim=1)]
    grid = F.affine_grid(torch.stack(rows, dim=1), list(images.shape), align_corners=False)
    # The grid says where each output pixel comes from, so x shifts by shear - sin a row downwards there.
    return F.grid_sample(images + 1, grid, align_corners=False) - 1, (shear - sin) / cos


def change_strokes(images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Thicken or thin bright strokes by mixing in a dilated or eroded copy; return images and change in pixels (N,)."""
    amount = 0.45 * uniform((len(images),), generator, images.device)
    thick, thin = F.max_pool2d(images, 3, 1, 1), -F.max_pool2d(-images, 3, 1, 1)
    mix = amount[:, None, None, None]
    changed = torch.where(mix > 0, torch.lerp(images, thick, mix.abs()), torch.lerp(images, thin, mix.abs()))
    return changed, 2 * amount  # a 3 x 3 neighbourhood adds or takes a pixel on each side


def bend(images: Tensor, generator: torch.Generator) -> Tensor:
    """Bend images by a smooth field of displacements, 5 x 5 random ones over the picture (after Simard et al. 2003)."""
    field = BEND * uniform((len(images), 2, 5, 5), generator, images.device)
    field = F.interpolate(field, size=images.shape[2:], mode="bicubic", align_corners=False).permute(0, 2, 3, 1)
    straight = torch.eye(2, 3, device=images.device).expand(len(images), 2, 3)
    grid = F.affine_grid(straight, list(images.shape), align_corners=False) + field
    return F.grid_sample(images + 1, grid, align_corners=False) - 1
