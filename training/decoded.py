"""Decoded pictures kept on disk, so that a folder or zip is decoded once and not at every start."""

import hashlib
import json
import logging
import os
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor
from tqdm import tqdm

from models.checkpoint import write_durably
from training.pictures import Source, decode, stack

LOG = logging.getLogger(__name__)
VERSION = 2  # goes up when decoding changes


def default_root() -> Path:
    """Return the folder of downloads and decoded pictures: GANSCOPE_DATA, else ~/.cache/ganscope."""
    return Path(os.environ.get("GANSCOPE_DATA") or "~/.cache/ganscope").expanduser()


def digest_of(images: Tensor, labels: Tensor) -> str:
    """Return 16 hex digits that change with any pixel, label or shape."""
    total = hashlib.sha256(repr(tuple(images.shape)).encode())
    for tensor in (images, labels):
        total.update(tensor.contiguous().numpy().data)
    return total.hexdigest()[:16]


def decode_once(
    path: Path,
    source: Source,
    names: list[str],
    labels: Tensor,
    *,
    size: int | None,
    channels: int | None,
) -> tuple[Tensor, str, tuple[str, ...]]:
    """Return uint8 images (N, C, H, W), their digest and notes, from the cache or else decoded and put there.

    The cache is found by the path, times, sizes and names of the files and by what is asked of them, and its
    content is checked. It may be deleted at any time, and a cache that fails costs only a warning. DataError.
    """
    status = path.stat()
    asked = [VERSION, str(path), status.st_mtime_ns, status.st_size, size, channels]
    asked += [[(name, source.files[name]) for name in names], labels.tolist()]
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    cache = default_root() / "decoded" / f"{path.stem}-{key}.safetensors"
    if cache.exists():
        try:
            return _read(cache, labels)
        except Exception as error:  # whatever is wrong with it, the pictures themselves are still there
            LOG.warning("The decoded pictures in %s are damaged (%s) and are decoded again.", cache, error)
    bar = tqdm(names, desc=f"decoding {path.name}", unit=" pictures", leave=False, disable=None)
    named = ((name, decode(source.read(name), name)) for name in bar)
    array, notes = stack(named, len(names), size=size, channels=channels)
    images = torch.from_numpy(array)
    digest = digest_of(images, labels)
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        write_durably(cache, save({"images": images}, {"digest": digest, "notes": json.dumps(notes)}))
    except (OSError, MemoryError) as error:
        LOG.warning("%s cannot be written (%s); the next start decodes the pictures again.", cache, error)
    return images, digest, notes


def _read(cache: Path, labels: Tensor) -> tuple[Tensor, str, tuple[str, ...]]:
    with safe_open(cache, "pt") as file:
        # A copy in memory: the file is mapped, and may be deleted under a run.
        images, found = file.get_tensor("images").clone(), file.metadata()
    if found["digest"] != digest_of(images, labels):
        raise ValueError("the digest differs")
    return images, found["digest"], tuple(json.loads(found["notes"]))
