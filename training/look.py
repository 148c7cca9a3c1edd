"""Look at data before training on it: what a network will see of it, counted and as one sheet."""

from pathlib import Path

import numpy as np

from training.bench import spread_rows
from training.data import Dataset, normalise, open_dataset
from training.grids import save_grid

COLUMNS, ROWS = 10, 4
MOST_CLASSES = 12


def look(spec: str, sheet: Path | None, *, size: int | None, channels: int | None, data_root: Path | None) -> dict:
    """Open data as a run would, write a sheet of pictures of all classes, and return what is in it.

    Raises:
        DataError: it cannot be used; one sentence.
    """
    dataset = open_dataset(spec, split="train", size=size, channels=channels, data_root=data_root)
    if sheet is not None:
        rows = rows_of_classes(dataset)
        save_grid(sheet, normalise(dataset.images[rows]), COLUMNS, scale=1, border=1)
    count, depth, height, width = dataset.images.shape
    counts = np.bincount(dataset.labels.numpy(), minlength=len(dataset.class_names)).tolist()
    named = dict(zip(dataset.class_names, counts, strict=True))
    return {
        "pictures": count,
        "width": width,
        "height": height,
        "channels": depth,
        "class_count": len(named),
        "classes": dict(list(named.items())[:MOST_CLASSES]),
        "mb": round(dataset.images.nbytes / 1e6, 1),
        "notes": list(dataset.notes),
    }


def rows_of_classes(dataset: Dataset) -> list[int]:
    """Choose pictures for the sheet: every class in turn, evenly spread over each."""
    classes = [
        rows[spread_rows(COLUMNS * ROWS, len(rows))].tolist()
        for label in range(len(dataset.class_names))
        for rows in [(dataset.labels == label).nonzero()[:, 0]]
        if len(rows)
    ]
    turns = [rows[turn] for turn in range(COLUMNS * ROWS) for rows in classes if turn < len(rows)]
    chosen = turns[: COLUMNS * ROWS]
    return chosen[: len(chosen) // COLUMNS * COLUMNS] or chosen
