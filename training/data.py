"""Open data for training as one tensor in memory: MNIST and its kin, renderings, a folder or zip, fakes; batches."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from PIL import Image
from torch import Tensor

from training.decoded import decode_once, default_root, digest_of
from training.pictures import DataError, one_sentence, open_source, sort_by_class, stack
from training.rendered import SCENES, open_rendered

STALL_S = 30
RENDERED_SIZE = 32
# torchvision's class, and what a data root must hold to be used without download
BUILT_IN = {
    "mnist": ("MNIST", "MNIST/raw"),
    "fashion-mnist": ("FashionMNIST", "FashionMNIST/raw"),
    "cifar10": ("CIFAR10", "cifar-10-batches-py"),
}
DIGITS = tuple("0123456789")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Hold one split: images uint8 (N, C, H, W), labels int64 (N,) into class_names, the digest of both.

    Rendered pictures also have their true factors, float32 (N, k), and the factors' names (see `rendered`).
    """

    name: str
    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    digest: str
    split: str = "train"
    notes: tuple[str, ...] = ()
    factors: Tensor | None = None
    factor_names: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return one line: count, size, channels, classes, MB, digest, and what was done to the pictures."""
        count, channels, height, width = self.images.shape
        classes = ", ".join(self.class_names[:10]) + (", ..." if len(self.class_names) > 10 else "")
        line = (
            f"{self.name}, {self.split}: {count:,} pictures of {width} x {height}, {channels} channel(s), "
            f"{len(self.class_names)} class(es) ({classes}), {self.images.nbytes / 1e6:.1f} MB, "
            f"digest {self.digest}"
        )
        return "; ".join((line, *self.notes))


def open_dataset(
    spec: str,
    *,
    split: Literal["train", "test"],
    size: int | None,
    channels: int | None,
    data_root: Path | None = None,
    only_class: str | None = None,
    limit: int | None = None,
    download: bool = True,
) -> Dataset:
    """Open `mnist`, `fashion-mnist`, `cifar10`, `chairs`, `faces`, `fake` or `folder:PATH` (or .zip) into memory.

    size: pixels of a side; None keeps the pictures' own, else the middle square is cut out and resized, by
    area where it shrinks by a whole factor, else by Lanczos. channels: 1, 3, or None for the pictures' own.
    chairs and faces are rendered at the size, 16 to 128, 32 by default, and come with their true factors.
    data_root: a folder with torchvision's copy, only read; without it `default_root()`, filled by download.
    only_class: its pictures alone, with label 0. limit: at most so many, spread evenly over the set.
    A folder holds CLASS/, or train/CLASS/ and test/CLASS/, or pictures alone (one class); without train/ and
    test/, about one file in ten is the test split. DataError, one sentence, for anything that cannot be used.
    """
    if split not in ("train", "test"):
        raise DataError(f"There is no split {split!r}; use train or test.")
    if channels not in (None, 1, 3) or (size is not None and not 1 <= size <= 4096):
        raise DataError(f"Size {size} with {channels} channels is not possible; use 1 to 4096, and 1 or 3.")
    if limit is not None and limit < 1:
        raise DataError(f"The limit is {limit}; ask for at least one picture.")

    if spec.startswith("folder:") and spec != "folder:":
        path = Path(spec.removeprefix("folder:")).expanduser().resolve()
        with open_source(path) as source:
            labelled, class_names, notes = sort_by_class(source.files, split)
            names, targets = list(labelled), list(labelled.values())
            rows, labels, class_names = _choose(targets, class_names, only_class, limit)
            chosen = [names[row] for row in rows]
            decoded = decode_once(path, source, chosen, labels, size=size, channels=channels)
        images, digest, resized = decoded
        name = path.name.removesuffix(".zip")
        return Dataset(name, images, labels, class_names, digest, split, notes + resized)

    factors: Tensor | None = None
    factor_names: tuple[str, ...] = ()
    if spec == "fake":
        generator = torch.Generator().manual_seed(1 + (split == "test"))
        shape = (512, channels or 3, size or 32, size or 32)
        images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        targets, class_names = [row % 10 for row in range(len(images))], DIGITS
    elif spec in SCENES:
        images, styles, factors = open_rendered(spec, split, size or RENDERED_SIZE)
        targets, class_names, factor_names = styles.tolist(), SCENES[spec].styles, tuple(SCENES[spec].factors)
    elif spec in BUILT_IN:
        images, targets, class_names = _built_in(spec, split, data_root, download)
    else:
        raise DataError(f"Unknown data {spec!r}; use {', '.join((*BUILT_IN, *SCENES))}, fake, or folder:PATH.")
    rows, labels, class_names = _choose(targets, class_names, only_class, limit)
    images, resized = images[rows], ()
    if (size or images.shape[2], channels or images.shape[1]) != (images.shape[2], images.shape[1]):
        arrays = (image.permute(1, 2, 0).squeeze(2).numpy() for image in images)
        named = ((spec, Image.fromarray(array)) for array in arrays)
        array, resized = stack(named, len(rows), size=size, channels=channels)
        images = torch.from_numpy(array)
    factors = factors if factors is None else factors[rows]
    digest = digest_of(images, labels)
    return Dataset(spec, images, labels, class_names, digest, split, resized, factors, factor_names)


def public_name(spec: str) -> str:
    """Name data for a card: a folder's own name, without where it lay on the machine that read it."""
    return f"folder:{Path(spec.removeprefix('folder:')).name}" if spec.startswith("folder:") else spec


def normalise(images: Tensor) -> Tensor:
    """Map uint8 0..255 to float32 in [-1, 1]; `((x + 1) * 127.5).round()` gives back the very same bytes."""
    if images.dtype != torch.uint8:
        raise DataError(f"Only uint8 images can be normalised, not {images.dtype}.")
    return images.to(torch.float32).div_(127.5).sub_(1)


class InfiniteSampler:
    """Draw batches of indices for ever: each epoch is a new shuffle, and a batch runs on into the next."""

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        if count < 1 or batch_size < 1:
            raise DataError(f"Batches of {batch_size} out of {count} pictures cannot be; use at least 1.")
        self.count, self.batch_size, self.epoch = count, batch_size, -1
        self.generator = torch.Generator().manual_seed(seed)
        self._shuffle()

    def _shuffle(self) -> None:
        self.before = self.generator.get_state()  # kept, as the order can be drawn from it again
        self.order = torch.randperm(self.count, generator=self.generator)
        self.position, self.epoch = 0, self.epoch + 1

    def next(self) -> Tensor:
        """Return the indices of the next batch, int64 (batch_size,)."""
        parts, missing = [], self.batch_size
        while missing:
            if self.position == self.count:
                self._shuffle()
            parts.append(self.order[self.position : self.position + missing])
            self.position += len(parts[-1])
            missing -= len(parts[-1])
        return torch.cat(parts)

    def state(self) -> dict[str, Tensor]:
        """Return what `load_state` needs to go on exactly from here: two tensors, 5 kB."""
        counters = torch.tensor([self.count, self.batch_size, self.epoch, self.position])
        return {"generator": self.before.clone(), "counters": counters}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go on where `state()` was taken; DataError, and no change, where it is no such state."""
        with one_sentence("The sampler's state cannot be used"):
            count, batch_size, epoch, position = state["counters"].tolist()
            if (count, batch_size) != (self.count, self.batch_size):
                raise DataError(
                    f"The sampler's state is of {count} pictures in batches of {batch_size}, this run has "
                    f"{self.count} in batches of {self.batch_size}; resume with the same data and batch size."
                )
            if epoch < 0 or not 0 <= position <= count:
                raise DataError(f"The sampler's state is damaged: picture {position} of epoch {epoch}.")
            generator = torch.Generator()
            generator.set_state(state["generator"].cpu())
        self.generator, self.epoch = generator, epoch - 1
        self._shuffle()
        self.position = position


def _choose(
    targets: list[int], class_names: tuple[str, ...], only_class: str | None, limit: int | None
) -> tuple[list[int], Tensor, tuple[str, ...]]:
    """Return the rows to keep, their labels, and the classes that the labels index."""
    rows = list(range(len(targets)))
    if only_class is not None:
        if only_class not in class_names:
            raise DataError(f"There is no class {only_class!r}; the classes are {', '.join(class_names)}.")
        rows = [row for row in rows if class_names[targets[row]] == only_class]
    if limit is not None and limit < len(rows):
        rows = [rows[place * len(rows) // limit] for place in range(limit)]
    if not rows:
        raise DataError(f"This split has no pictures of class {only_class!r}; choose another class or split.")
    if only_class is not None:
        return rows, torch.zeros(len(rows), dtype=torch.int64), (only_class,)
    return rows, torch.tensor([targets[row] for row in rows]), class_names


def _built_in(
    spec: str, split: str, data_root: Path | None, download: bool
) -> tuple[Tensor, list[int], tuple[str, ...]]:
    from torchvision import datasets  # takes seconds to import, and folders do without

    kind, held = BUILT_IN[spec]
    root = default_root() if data_root is None else Path(data_root).expanduser()
    if data_root is not None and not root.is_dir():
        raise DataError(f"The data root {root} is not a folder; give one that holds {held}.")
    advice = f"; check the network, delete a damaged copy, or give --data-root a folder that holds {held}"
    stall = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_S)  # torchvision downloads without a time limit of its own
    try:
        with one_sentence(f"{spec} cannot be had from {root}", advice):
            # A folder that someone points to is theirs: it is read, never filled.
            # Its pickles of CIFAR-10 are opened only where their MD5 sums are the pinned ones.
            fetch = download and data_root is None
            data = getattr(datasets, kind)(root, train=split == "train", download=fetch)
    finally:
        socket.setdefaulttimeout(stall)
    images, targets = torch.as_tensor(data.data), torch.as_tensor(data.targets).tolist()
    if len(images) != len(targets):
        raise DataError(f"{spec} in {root} has {len(images)} pictures but {len(targets)} labels{advice}.")
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
    return images, targets, DIGITS if spec == "mnist" else tuple(data.classes)
