"""Round weights to 8 bits a row (`models.steps`): `python -m training round`."""

from pathlib import Path

import torch
import tyro

from models.checkpoint import Weights, load_weights, save_weights, write_json
from models.steps import LARGE, from_steps, to_steps


@torch.no_grad()
def round_weights(weights: Weights) -> None:
    """Round every large weight of a model in place."""
    for parameter in weights.model.parameters():
        if parameter.dim() > 1 and parameter.numel() >= LARGE:
            parameter.copy_(from_steps(*to_steps(parameter)))


def round_command(weights: tyro.conf.Positional[Path], /) -> None:
    """Round weights to 8 bits a row, so that files are half as large; evaluate and export them anew afterwards.

    Args:
        weights: weights folder.
    """
    found = load_weights(weights)
    round_weights(found)
    save_weights(found.folder, found.kind, found.config, found.model, half=True)
    write_json(found.folder / "metrics.json", {**found.metrics, "eight_bit": True})
    print(f"{found.name}: rounded; its figures are those from before until `evaluate --write` has measured anew.")
