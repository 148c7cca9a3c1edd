"""Weights of 8 bits: 255 evenly spaced values a row, so that what a browser has to fetch is half as large as float16.

A row is what stands at one place of the first dimension: an output channel of a convolution or a dense layer, an input
channel of a transposed convolution. Its largest weight is 127 steps from 0.
"""

import torch
import tyro
from torch import Tensor

from models.checkpoint import Weights, load_weights, save_weights, write_json

LARGE = 64  # tensors of fewer values weigh nothing and stay as they are
MOST = 127
FLOAT16 = 2.0**-10  # what storing in float16 may move a weight, as a part of it


def to_steps(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return the nearest whole steps, int8 shaped as weight (n, ...), and the size of a step (n, 1, ...), float32."""
    flat = weight.detach().float().flatten(1)
    step = flat.abs().amax(dim=1, keepdim=True) / MOST
    steps = torch.where(step > 0, flat / step.clamp(min=1e-30), 0).round()
    return steps.to(torch.int8).reshape(weight.shape), step.reshape(-1, *[1] * (weight.dim() - 1))


def is_rounded(weight: Tensor) -> bool:
    """Tell whether a weight has only such values, as far as float16 can hold them."""
    steps, step = to_steps(weight)
    return bool((steps * step - weight.float()).abs().le(FLOAT16 * weight.float().abs() + 1e-7).all())


@torch.no_grad()
def round_weights(weights: Weights) -> None:
    """Round every large weight of a model in place."""
    for parameter in weights.model.parameters():
        if parameter.dim() > 1 and parameter.numel() >= LARGE:
            steps, step = to_steps(parameter)
            parameter.copy_(steps * step)


def round_command(weights: tyro.conf.Positional[str], /) -> None:
    """Round weights to 8 bits a row, so that browsers fetch half; evaluate and export them anew afterwards.

    Args:
        weights: weights folder.
    """
    found = load_weights(weights)
    round_weights(found)
    save_weights(found.folder, found.kind, found.config, found.model, half=True)
    write_json(found.folder / "metrics.json", {**found.metrics, "eight_bit": True})
    print(f"{found.name}: rounded; its figures are those from before until `evaluate --write` has measured anew.")
