"""Make small folders and zips of pictures, and open them or have them refused."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.data import DataError, open_dataset

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("GANSCOPE_TEST_DATA") or REPOSITORY / "../shared/data")


def shared(name):
    if not (SHARED / name).exists():
        pytest.skip(f"GANSCOPE_TEST_DATA holds no {name}")
    return SHARED / name


def encoded(colour=(255, 0, 0), *, mode="RGB", size=(8, 8), kind="PNG", **options):
    """Encode a plain picture; colour may be an array of pixels instead."""
    picture = Image.fromarray(colour) if isinstance(colour, np.ndarray) else Image.new(mode, size, colour)
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


PICTURE = encoded()


def folder(root, files):
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def zipped(path, files, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def opened(path, *, split="train", size=None, channels=None, **options):
    return open_dataset(f"folder:{path}", split=split, size=size, channels=channels, **options)


def refused(path, **options):
    """Return the refusal, which must be one line of one sentence."""
    with pytest.raises(DataError) as caught:
        opened(path, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def classed(**changes):
    """Two classes in both splits, every picture another colour."""
    places = [f"{split}/{kind}" for split in ("train", "test") for kind in ("cat", "ant")]
    names = [f"{place}/{i}.png" for place in places for i in (0, 1)]
    return {name: encoded((i * 20, 7, 9)) for i, name in enumerate(names)} | changes
