"""What a run measures of itself at every checkpoint, for its curves and warnings; no choice is made by it."""

import torch
from torch import Tensor

from models.bigan import BiGAN
from training.data import Dataset, normalise
from training.metrics import diversity, nearest_neighbour_accuracy

GALLERY, QUERIES = 5_000, 500
SAMPLES = 64


def relative_diversity(samples: Tensor, dataset: Dataset) -> float:
    """Return how far samples (N, C, s, s) lie apart, over how far real images do: near 0 where G has collapsed."""
    real = normalise(spread(dataset.images, SAMPLES))
    if len(real) < 2 or len(samples) < 2:
        return 1.0
    return diversity(samples.cpu()) / max(diversity(real), 1e-6)


def neighbour_accuracy(model: BiGAN, dataset: Dataset, device: torch.device) -> float:
    """Return the 1-NN accuracy on E's features in small: training images only, so test images stay unseen."""
    count = len(dataset.images)
    queries = torch.arange(0, count, max(1, count // QUERIES))[:QUERIES]
    others = torch.ones(count, dtype=torch.bool)
    others[queries] = False
    gallery = spread(others.nonzero()[:, 0], GALLERY)

    def features(rows: Tensor) -> Tensor:
        return torch.cat([model.features(normalise(dataset.images[part]).to(device)).cpu() for part in rows.split(500)])

    return nearest_neighbour_accuracy(
        features(gallery), dataset.labels[gallery], features(queries), dataset.labels[queries]
    )


def spread(rows: Tensor, count: int) -> Tensor:
    """Return at most `count` rows, evenly spread: a folder's pictures come class by class."""
    if len(rows) <= count:
        return rows
    return rows[torch.arange(count) * len(rows) // count]
