"""Differentiable augmentation (Zhao et al. 2020, section 3): D sees real and generated images through the same changes.

G gets its gradients through them, so what it draws is not itself augmented; small data then last longer before D knows
them by heart. Changes of colour and a shift; the published third one, a cut-out square, leaves nothing of 4 pixels.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from training.shared import draw_rows

SHIFT = 1 / 8  # of the side, either way


def draw_augmentation(
    count: int, size: int, strength: float, generator: torch.Generator, device: torch.device
) -> Callable[[Tensor], Tensor]:
    """Draw one change an image and return what applies it to images (count, C, size, size) in [-1, 1].

    An image and its enlarged coarse one are given to the same function, so that they still fit.

    Args:
        count: images.
        size: their side in pixels.
        strength: 1 is as published: brightness by up to a quarter of the range, saturation by a factor of 0 to 2,
            contrast of 0.5 to 1.5, and a shift of up to an eighth of the side; 0 changes nothing.
        generator: where the changes are drawn from.
        device: where the images are.
    """
    colours = ((draw_rows(torch.rand, (count, 3), generator) * 2 - 1) * strength).to(device)
    brightness, saturation, contrast = (part.view(-1, 1, 1, 1) for part in colours.unbind(1))
    reach = min(1.0, strength) * (SHIFT * size + 0.5)  # a whole pixel is in reach of 4
    offsets = ((draw_rows(torch.rand, (count, 2), generator) * 2 - 1) * reach).round().long().to(device)

    def apply(images: Tensor) -> Tensor:
        images = images + 0.5 * brightness
        grey = images.mean(dim=1, keepdim=True)
        images = (images - grey) * (1 + saturation) + grey
        middle = images.mean(dim=(1, 2, 3), keepdim=True)
        return shifted((images - middle) * (1 + 0.5 * contrast) + middle, offsets)

    return apply


def shifted(images: Tensor, offsets: Tensor) -> Tensor:
    """Move each image (N, C, s, s) by whole pixels (N, 2), down and right; what is uncovered is 0."""
    count, _, size, _ = images.shape
    places = torch.arange(size, device=images.device)
    rows, columns = ((places[None] - offsets[:, axis : axis + 1] + 1).clamp(0, size + 1) for axis in (0, 1))
    padded = F.pad(images, (1, 1, 1, 1)).permute(0, 2, 3, 1)
    image = torch.arange(count, device=images.device)[:, None, None]
    return padded[image, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
