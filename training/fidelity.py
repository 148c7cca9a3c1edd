"""How faithful and how varied samples are, and whether they were learnt by heart: one answer for LAPGAN and GANs."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from models.checkpoint import Weights
from models.gan import GAN
from models.infogan import InfoGAN
from models.lapgan import LAPGAN
from models.pyramid import add_band, up
from models.samples import draw_samples
from training.bench import Bench, in_batches, spread_rows
from training.data import normalise
from training.metrics import frechet_distance, precision_recall
from training.parzen import plain_log_likelihood, pyramid_log_likelihood

PARZEN_IMAGES, PARZEN_HELD_OUT = 100, 50
PARZEN_SAMPLES, PARZEN_DRAWS = 10_000, 50  # of whole images or coarsest levels, and of each conditional level
NEAREST = 0.01  # the share of test pictures that are called near a training picture
CHUNK = 1_000


def fidelity(samples: Tensor, bench: Bench) -> dict[str, float]:
    """Return precision, recall, and how near samples come to training pictures, all on the classifier's features.

    samples is (N, C, s, s) in [-1, 1]; N test pictures are compared with. Without classifier there are no figures.
    """
    if bench.classifier is None:
        return {}
    features = bench.judge().features
    fake, real = in_batches(features, samples), in_batches(features, bench.real())
    precision, recall = precision_recall(real, fake)
    gallery = in_batches(lambda images: features(normalise(images)), bench.train.images)
    ours, theirs = (nearest_distances(rows, gallery) for rows in (fake, real))
    return {
        "precision": precision,
        "recall": recall,
        "near_copies": float((ours < theirs.quantile(NEAREST)).float().mean()),
        "distance_to_training": float(ours.mean() / theirs.mean()),
    }


def inception_distance(weights: Weights, bench: Bench, seed: int) -> dict[str, float]:
    """Return FID, by a name of its own, of samples to as many test pictures; nothing where the bench lacks Inception.

    Classes or categories come in turn, continuous codes are uniform on [-1, 1]. A classifier draws nothing: of training
    pictures instead, which is the floor. ValueError on fewer than two pictures.
    """
    if bench.inception is None:
        return {}
    real = bench.real()
    if weights.kind == "classifier":
        name, pictures = "floor_inception_fid", training_pictures(bench, seed)
    else:
        width = weights.model.config.continuous if isinstance(weights.model, InfoGAN) else 0
        codes = torch.rand(len(real), width, generator=torch.Generator().manual_seed(seed)) * 2 - 1

        def draw(rows: Tensor) -> Tensor:
            return draw_samples(weights, (seed + rows).tolist(), codes[rows].tolist())

        name, pictures = "inception_fid", in_batches(draw, torch.arange(len(real)))
    return {name: frechet_distance(*(in_batches(bench.inception, images) for images in (real, pictures)))}


def training_pictures(bench: Bench, seed: int) -> Tensor:
    """Return as many training pictures as test pictures are used, chosen by the seed, (N, C, s, s) in [-1, 1]."""
    picks = torch.randperm(len(bench.train.images), generator=torch.Generator().manual_seed(seed))
    return normalise(bench.train.images[picks[: len(bench.real())]])


def nearest_distances(queries: Tensor, gallery: Tensor) -> Tensor:
    """Return the Euclidean distance of each query (N, D) to its nearest row of the gallery (M, D)."""
    return torch.cat([torch.cdist(part, gallery).amin(dim=1) for part in queries.split(CHUNK)])


def likelihood(images: Tensor, labels: Tensor, score: Callable[[Tensor, Tensor, Tensor], Tensor]) -> dict[str, float]:
    """Return the mean Parzen log-likelihood of test pictures and its standard error.

    Args:
        images: test pictures, (N, C, s, s); some serve to choose sigma, others to be scored.
        labels: their classes, (N,).
        score: from pictures, held-out pictures, and the labels of both run together, to log-likelihoods.
    """
    rows = spread_rows(PARZEN_IMAGES + PARZEN_HELD_OUT, len(images))
    held_out = torch.arange(len(rows)) % 3 == 2
    rows = torch.cat([rows[~held_out], rows[held_out]])
    count = int((~held_out).sum())
    found = score(images[rows[:count]], images[rows[count:]], labels[rows])
    error = found.std() / len(found) ** 0.5
    return {"parzen_log_likelihood": float(found.mean()), "parzen_standard_error": float(error)}


def lapgan_likelihood(model: LAPGAN, bench: Bench, seed: int) -> dict[str, float]:
    """Return LAPGAN's, level by level; nothing for a pyramid that does not halve."""
    sizes = model.config.image_sizes
    if any(fine != 2 * coarse for fine, coarse in pairwise(sizes)):
        return {}
    base, classes = len(sizes) - 1, model.config.classes
    noise = [model.seeded_noise(range(seed, seed + PARZEN_DRAWS), level) for level in range(base)]

    def score(images: Tensor, held_out: Tensor, labels: Tensor) -> Tensor:
        def draw(row: int, level: int, low: Tensor) -> Tensor:
            coarse = low[None].expand(PARZEN_DRAWS, -1, -1, -1)
            label = [int(labels[row])] * PARZEN_DRAWS if classes else None
            enlarged = up(coarse, sizes[level])
            band = model.draw(level, noise[level], model.one_hot(label, PARZEN_DRAWS), enlarged)
            return add_band(enlarged, band, model.config.residual_sign)

        def coarsest(rows: Tensor) -> Tensor:
            label = [int(row) % classes for row in rows] if classes else None
            drawn = model.seeded_noise([seed + int(row) for row in rows], base)
            return model.draw(base, drawn, model.one_hot(label, len(rows)), None)

        samples = in_batches(coarsest, torch.arange(PARZEN_SAMPLES))
        return pyramid_log_likelihood(images, held_out, samples, draw, len(sizes))

    with torch.no_grad():
        return likelihood(bench.real(), bench.labels(), score)


def gan_likelihood(model: GAN, bench: Bench, seed: int) -> dict[str, float]:
    """Return a plain generator's, from samples of whole images."""
    samples = in_batches(lambda rows: model.sample(rows.tolist()), torch.arange(seed, seed + PARZEN_SAMPLES))
    return likelihood(
        bench.real(), bench.labels(), lambda images, held_out, labels: plain_log_likelihood(images, held_out, samples)
    )
