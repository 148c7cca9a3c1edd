"""Weights of 8 bits: 255 evenly spaced values a row, so that a file holds one byte a weight.

A row is what stands at one place of the first dimension: an output channel of a convolution or a dense layer, an input
channel of a transposed convolution. Its largest weight is 127 steps from 0.
"""

import torch
from torch import Tensor

LARGE = 64  # tensors of fewer values weigh nothing and stay as they are
MOST = 127
FLOAT16 = 2.0**-10  # what storing in float16 may move a weight, as a part of it


def to_steps(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return the nearest whole steps, int8 shaped as weight (n, ...), and the size of a step (n, 1, ...), float32."""
    flat = weight.detach().float().flatten(1)
    size = flat.abs().amax(dim=1, keepdim=True) / MOST
    steps = torch.where(size > 0, flat / size.clamp(min=1e-30), 0).round()
    return steps.to(torch.int8).reshape(weight.shape), size.reshape(size_shape(weight.shape))


def from_steps(steps: Tensor, size: Tensor) -> Tensor:
    """Return the weights, float32, of whole steps (n, ...) and the size of a step (n, 1, ...)."""
    return steps.float() * size


def size_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape (n, 1, ...) that the sizes of a step have for a weight (n, ...)."""
    return shape[0], *[1] * (len(shape) - 1)


def is_rounded(weight: Tensor) -> bool:
    """Tell whether a weight (n, ...) is large and has only such values, as far as float16 can hold them."""
    if weight.dim() < 2 or weight.numel() < LARGE:
        return False
    return bool((from_steps(*to_steps(weight)) - weight.float()).abs().le(FLOAT16 * weight.float().abs() + 1e-7).all())
