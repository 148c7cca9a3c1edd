"""What an evaluation measures with: both splits, how much of them, and the independent classifier."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.checkpoint import Weights, load_weights
from models.classifier import Classifier
from training.data import Dataset, normalise, open_dataset

BATCH = 500
SAMPLES = 10_000
FEWEST = 50


@dataclass(frozen=True)
class Bench:
    """What an evaluation measures with.

    Attributes:
        train: training split (galleries, the floor of distances).
        test: test split.
        classifier: the independent classifier, for figures that need one.
        samples: how many images to generate and how many test images to use; fewer for a quick look.
        inception: from images (N, C, s, s) in [-1, 1] to the features (N, D) that FID is computed on.
    """

    train: Dataset
    test: Dataset
    classifier: Weights | None = None
    samples: int = SAMPLES
    inception: Callable[[Tensor], Tensor] | None = None

    def judge(self) -> Classifier:
        if self.classifier is None:
            raise ValueError("These figures need the independent classifier: give --classifier WEIGHTS.")
        return self.classifier.net(Classifier)

    def real(self) -> Tensor:
        return normalise(self.test.images[spread_rows(self.samples, len(self.test.images))])

    def labels(self) -> Tensor:
        return self.test.labels[spread_rows(self.samples, len(self.test.images))]

    def factors(self) -> Tensor:
        """Return the true factors of those test images, (N, k); only rendered data have them."""
        if self.test.factors is None:
            raise ValueError(f"The true factors of {self.test.name} are not known; only rendered data have them.")
        return self.test.factors[spread_rows(self.samples, len(self.test.images))]


def spread_rows(wanted: int, count: int) -> Tensor:
    """Return min(wanted, count) rows out of count, evenly spread: a folder's pictures come class by class."""
    wanted = min(wanted, count)
    return torch.arange(wanted) * count // wanted


@torch.no_grad()
def in_batches(function: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Apply a function to batches and join the results."""
    return torch.cat([function(batch) for batch in images.split(BATCH)])


def accuracy(bench: Bench) -> float:
    """Return the independent classifier's own accuracy on the test split: the ceiling of what it can judge."""
    return float((in_batches(bench.judge(), bench.real()).argmax(dim=1) == bench.labels()).float().mean())


def load_bench(
    data: str, *, data_root: Path | None, size: int, channels: int, classifier: Weights | None, samples: int
) -> Bench:
    """Open both splits at a model's size.

    Raises:
        ValueError: too few samples, or a classifier of other pictures or classes.
    """
    if samples < FEWEST:
        raise ValueError(f"{samples} samples are too few to measure anything; use {FEWEST} or more.")
    if classifier is not None and classifier.kind != "classifier":
        raise ValueError(f"{classifier.name} is a {classifier.kind}, not a classifier; give another --classifier.")
    train, test = (
        open_dataset(data, split=split, size=size, channels=channels, data_root=data_root)
        for split in ("train", "test")
    )
    if classifier is not None:
        shape = classifier.net(Classifier).config
        reads = shape.image_size, shape.channels, shape.classes
        here = size, channels, len(test.class_names)
        if reads != here:
            raise ValueError(
                f"{classifier.name} reads pictures with (side, channels, classes) = {reads}, but here they have "
                f"{here}; give another --classifier."
            )
    return Bench(train, test, classifier, min(samples, len(test.images)))


def usual_classifier(folder: Path) -> Path:
    """Return where the independent classifier of a weights folder's data lies: weights/classifier-mnist and so on."""
    return folder.parent / f"classifier-{folder.name.split('-', 1)[-1]}"


def recorded_bench(
    weights: Weights, data_root: Path | None, samples: int | None = None, *, download: bool = True
) -> Bench:
    """Return what weights were measured with, by the command in their metrics.json.

    Args:
        weights: evaluated weights; their classifier lies beside them.
        data_root: folder with an existing copy of the data, and with the folders or zips named there by `folder:`.
        samples: other than recorded there.
        download: whether data that are not there may be fetched.

    Raises:
        DataError: the data are not there.
        ValueError: as `load_bench`.
    """
    words = shlex.split(weights.metrics["evaluated"]["command"])
    said = {word: words[i + 1] for i, word in enumerate(words[:-1]) if word.startswith("--")}
    data, size, channels = said["--data"], weights.config.image_size, weights.config.channels
    if data_root and data.startswith("folder:"):
        data = f"folder:{data_root / data.removeprefix('folder:')}"
    if not download:
        open_dataset(data, split="test", size=size, channels=channels, data_root=data_root, download=False)
    named = said.get("--classifier")
    folder = weights.folder.parent / Path(named).name if named else usual_classifier(weights.folder)
    classifier = load_weights(folder) if folder.is_dir() and weights.kind != "classifier" else None
    count = int(said["--samples"]) if samples is None else samples
    return load_bench(data, data_root=data_root, size=size, channels=channels, classifier=classifier, samples=count)
