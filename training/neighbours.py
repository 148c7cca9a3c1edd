"""Samples beside their nearest training pictures, as a sheet to look at: `python -m training neighbours`.

The memorisation check of the LAPGAN paper's figure 3, by eye; `evaluate` has it in figures (near_copies). The sheet
shows training data, so it is for those who have the data and is never part of a weights folder.
"""

from pathlib import Path

import torch
import tyro
from torch import Tensor

from models.checkpoint import load_weights
from models.samples import draw_samples
from training.data import normalise, open_dataset
from training.grids import save_grid

NEAREST = 5
CHUNK = 500


def neighbours_command(
    weights: tyro.conf.Positional[Path],
    /,
    data: str,
    to: Path = Path("neighbours.png"),
    count: int = 10,
    data_root: Path | None = None,
) -> None:
    """Write a sheet of samples, each row one of them and its nearest training pictures, by pixels.

    Args:
        weights: weights folder of a LAPGAN, an InfoGAN, a BiGAN or a GAN.
        data: what it was trained on, as in train.
        to: PNG file to write.
        count: samples.
        data_root: folder with an existing copy of the data.
    """
    torch.set_num_threads(1)
    samples = draw_samples(load_weights(weights), range(count))
    train = open_dataset(
        data, split="train", size=samples.shape[-1], channels=samples.shape[1], data_root=data_root
    ).images
    found = nearest(samples, train, NEAREST)
    rows = [torch.cat([sample[None], normalise(train[near])]) for sample, near in zip(samples, found, strict=True)]
    save_grid(to, torch.cat(rows), NEAREST + 1)
    print(to)


def nearest(queries: Tensor, pictures: Tensor, count: int) -> Tensor:
    """Return the rows (N, count) of the nearest pictures, uint8 (M, C, s, s), to queries (N, C, s, s) in [-1, 1]."""
    flat = queries.flatten(1)
    parts = [torch.cdist(flat, normalise(part).flatten(1)) for part in pictures.split(CHUNK)]
    return torch.cat(parts, dim=1).topk(count, dim=1, largest=False).indices
