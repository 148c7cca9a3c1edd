"""What a run measures of itself at every checkpoint, for its curves and warnings; no choice is made by it."""

import torch
from torch import Tensor

from models.bigan import BiGAN
from training.bench import spread_rows
from training.data import Dataset, normalise
from training.metrics import diversity, nearest_neighbour_accuracy

GALLERY, QUERIES = 5_000, 500
SAMPLES = 64


def relative_diversity(samples: Tensor, dataset: Dataset) -> float:
    """Return how far samples (N, C, s, s) lie apart, over how far real images do: near 0 where G has collapsed."""
    real = normalise(dataset.images[spread_rows(SAMPLES, len(dataset.images))])
    if len(real) < 2 or len(samples) < 2:
        return 1.0
    return diversity(samples.cpu()) / max(diversity(real), 1e-6)


def neighbour_accuracy(model: BiGAN, dataset: Dataset, device: torch.device) -> float:
    """Return the 1-NN accuracy on E's features in small: training images only, so test images stay unseen."""
    count = len(dataset.images)
    queries = torch.arange(0, count, max(1, count // QUERIES))[:QUERIES]
    others = torch.ones(count, dtype=torch.bool)
    others[queries] = False
    others = others.nonzero()[:, 0]
    gallery = others[spread_rows(GALLERY, len(others))]

    def features(rows: Tensor) -> Tensor:
        return torch.cat([model.features(normalise(dataset.images[part]).to(device)).cpu() for part in rows.split(500)])

    return nearest_neighbour_accuracy(
        features(gallery), dataset.labels[gallery], features(queries), dataset.labels[queries]
    )
