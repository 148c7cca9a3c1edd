"""Real pictures for the page's quiz: a few of a test set, drawn by chance, as one sheet without borders."""

from pathlib import Path

import torch

from training.data import BUILT_IN, DataError, normalise, open_dataset
from training.decoded import default_root
from training.grids import save_grid
from training.rendered import SCENES


def quiz_sheet(data: str, to: Path, *, count: int, seed: int, size: int, channels: int, download: bool) -> None:
    """Write `count` pictures of data's test split side by side.

    They are taken from `default_root()`: torchvision's copy, else a .zip of their name, else, if built in, by download;
    what is rendered is rendered.

    Raises:
        DataError: they are not there, or cannot be used; one sentence.
    """
    held = default_root() / f"{data}.zip"
    if data in BUILT_IN:
        held_apart = not (default_root() / BUILT_IN[data][1]).is_dir() and held.is_file()
    else:
        held_apart = data not in SCENES
        if held_apart and not held.is_file():
            raise DataError(
                f"The pictures of {data} cannot be had: they are in no {held.name} there and no built-in set."
            )
    if held_apart:
        data = f"folder:{held}"
    dataset = open_dataset(data, split="test", size=size, channels=channels, download=download)
    if len(dataset.images) < count:
        raise DataError(f"{data} has {len(dataset.images)} test pictures; {count} are needed.")
    rows = torch.randperm(len(dataset.images), generator=torch.Generator().manual_seed(seed))[:count]
    save_grid(to, normalise(dataset.images[rows]), count, scale=1, border=0)
