"""Measure trained models: pure functions on tensors and arrays, each with the figure's source.

Images are (N, C, H, W) in [-1, 1]. A value handed back is a plain float, ready for metrics.json.
The shape of written digits (slant, stroke width) is measured in training/morphology.py.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from models.pyramid import decompose

Array = np.ndarray | Tensor

CANDIDATES = 8  # float32 nearest neighbours that are compared again in float64
FLAT = 1e-6  # a descriptor channel whose standard deviation is below this carries no texture
PYRAMID_BATCH = 500
SORT_BATCH = 64


class NotFiniteError(ValueError):
    """What is to be measured holds NaN or infinity."""


class Matching(NamedTuple):
    """Say which class each category code stands for, and how often that is wrong."""

    assignment: tuple[int, ...]  # category -> class
    error: float  # share of wrong pictures under the one-to-one assignment
    majority_error: float  # the same when every category takes its commonest class


def match_categories(predicted: Array, labels: Array, classes: int) -> Matching:
    """Match category codes to classes one to one, by the Hungarian method.

    predicted and labels are (N,) integers in [0, classes). `majority_error` lets two categories share a
    class, as some published figures do, so it is never the larger. ValueError on an index outside the range.
    """
    predicted, labels = _integers(predicted, classes, "predicted"), _integers(labels, classes, "labels")
    _same_count(predicted, labels, "predicted categories", "labels")
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (predicted, labels), 1)
    categories, matched = linear_sum_assignment(counts, maximize=True)
    total = len(labels)
    return Matching(
        assignment=tuple(int(k) for k in matched),
        error=float(1 - counts[categories, matched].sum() / total),
        majority_error=float(1 - counts.max(axis=1).sum() / total),
    )


def mutual_information(probabilities: Array, codes: Array) -> float:
    """Return the lower bound H(c) + E[log Q(c|x)] on the mutual information of a category code, in nats.

    probabilities is (N, K), Q's reading of pictures generated from the codes (N,), which must be drawn
    evenly: the prior's entropy ln K is also the maximum. Negative when Q does worse than guessing. A
    probability that underflowed to 0 counts as float32's smallest, -87 nats. ValueError on rows that do not
    sum to 1. InfoGAN, section 5.
    """
    probabilities = _double(probabilities).numpy()
    size = probabilities.shape[1]
    codes = _integers(codes, size, "codes")
    _same_count(probabilities, codes, "probabilities", "codes")
    worst = np.abs(probabilities.sum(axis=1) - 1).max()
    if not worst < 1e-2:
        raise ValueError(f"Each row of probabilities must sum to 1; one is off by {worst:.3g}: apply a softmax.")
    chosen = probabilities[np.arange(len(codes)), codes]
    return float(np.log(size) + np.log(np.maximum(chosen, np.finfo(np.float32).tiny)).mean())


def nearest_neighbour_accuracy(
    gallery: Array, gallery_labels: Array, queries: Array, query_labels: Array, *, chunk: int = 512
) -> float:
    """Return the share of queries whose Euclidean nearest gallery row has their label.

    gallery is (M, D), queries (Q, D), labels (M,) and (Q,). Exact: float32 products choose candidates and
    float64 distances decide; the first of equals wins. Holds chunk x M distances at a time. BiGAN, table 1.
    """
    gallery, queries = _finite(gallery), _finite(queries)
    gallery_labels, query_labels = torch.as_tensor(gallery_labels).cpu(), torch.as_tensor(query_labels).cpu()
    _same_count(gallery, gallery_labels, "gallery rows", "labels")
    _same_count(queries, query_labels, "queries", "labels")
    # Distances do not change when both are shifted, and short rows lose fewer digits in the product.
    centre = gallery.float().mean(dim=0)
    centred = gallery.float() - centre
    half_norms = centred.square().sum(dim=1) / 2
    correct = 0
    for start in range(0, len(queries), chunk):
        block = queries[start : start + chunk]
        closeness = torch.addmm(half_norms, block.float() - centre, centred.T, beta=-1)
        near = closeness.topk(min(CANDIDATES, len(gallery)), dim=1).indices.sort(dim=1).values
        rows = gallery[near].cpu().double()
        exact = (rows - block.cpu().double()[:, None]).square().sum(dim=2)
        winners = near.cpu().gather(1, exact.argmin(dim=1, keepdim=True))[:, 0]
        correct += int((gallery_labels[winners] == query_labels[start : start + chunk]).sum())
    return correct / len(queries)


def relative_reconstruction_distance(images: Array, reconstructions: Array, *, seed: int = 0) -> float:
    """Return the mean distance of an image to its reconstruction over that of random pairs of images.

    Both are (N, ...), N >= 2. 0 is exact, 1 is no better than another image at random; BiGAN's README has .62
    for MNIST. Every image is paired with another one, the pairs are fixed by the seed.
    """
    images, reconstructions = _double(images).flatten(1), _double(reconstructions).flatten(1)
    if images.shape != reconstructions.shape or len(images) < 2:
        raise ValueError(
            f"Need two or more images and as many reconstructions of their shape; "
            f"got {tuple(images.shape)} and {tuple(reconstructions.shape)} (flattened)."
        )
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(images)))
    pairs = (images[order] - images[order.roll(1)]).norm(dim=1).mean()
    if pairs == 0:
        raise ValueError("All images are the same, so there is no distance of random pairs to compare with.")
    return float((images - reconstructions).norm(dim=1).mean() / pairs)


def sliced_wasserstein(
    real: Tensor,
    fake: Tensor,
    sizes: Sequence[int],
    *,
    patch: int = 7,
    patches_per_image: int = 16,
    projections: int = 512,
    seed: int = 0,
) -> list[float]:
    """Return the sliced Wasserstein distance x 1000 of local patches, one value per pyramid level.

    real and fake are (N, C, s, s) with s = sizes[0], the same N; the values come in the order of sizes,
    finest first. The coarsest level compares the images themselves, the others their residuals; a patch is as
    large as the level where that is smaller. Each set is normalised by its own mean and deviation per
    channel, as published, so a mere change of colour or contrast does not count. Karras et al. 2018, section
    5 (128 patches of 16,384 images).
    """
    if real.shape != fake.shape:
        raise ValueError(f"Need as many fake images as real; got {tuple(fake.shape)} and {tuple(real.shape)}.")
    rng = np.random.default_rng(seed)
    places = [size - min(patch, size) + 1 for size in sizes]
    corners = [_patch_corners(rng, len(real), side, patches_per_image) for side in places]
    # Both sets are cut at the same corners, so equal sets differ by exactly 0.
    real_levels, fake_levels = (_level_descriptors(images, sizes, patch, corners) for images in (real, fake))
    return [1e3 * _sliced_distance(a, b, projections, rng) for a, b in zip(real_levels, fake_levels, strict=True)]


def frechet_distance(features_a: Array, features_b: Array) -> float:
    """Return the Frechet distance (squared) of the Gaussians fitted to two sets of features, by torchmetrics.

    Features are (N, D) and (M, D), N and M >= 2; the unit is the features' own, squared. Computed in float64. Biased
    upward when N is not far above D, so compare only values of equal N. ValueError on fewer rows, NotFiniteError on NaN
    or infinity. Heusel et al. 2017.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance  # takes seconds to import

    features_a, features_b = _double(features_a), _double(features_b)
    if min(len(features_a), len(features_b)) < 2:
        raise ValueError(f"Need two or more rows of features; got {len(features_a)} and {len(features_b)}.")
    # The features are there already, so its net hands on what it is given. It sums squares: distances do not change
    # when both sets are shifted, and short rows lose fewer digits.
    centre = features_a.mean(dim=0)
    metric = FrechetInceptionDistance(feature=_Given(features_a.shape[1]))
    metric.update(features_a - centre, real=True)
    metric.update(features_b - centre, real=False)
    return max(0.0, float(metric.compute()))


def precision_recall(
    real_features: Array, fake_features: Array, *, k: int = 3, chunk: int = 1000
) -> tuple[float, float]:
    """Return (precision, recall): the share of fakes near the real set, and of reals near the fake set.

    A row is near a set when it lies within the distance of some member to its k-th neighbour in that set.
    Features are (N, D) and (M, D), both more than k rows. Kynkaanniemi et al. 2019.
    """
    real, fake = _double(real_features), _double(fake_features)
    if min(len(real), len(fake)) <= k:
        raise ValueError(f"Need more than k = {k} rows of features; got {len(real)} and {len(fake)}.")
    return _share_inside(fake, real, k, chunk), _share_inside(real, fake, k, chunk)


def diversity(images: Array) -> float:
    """Return the standard deviation across the images of each pixel, averaged over the pixels.

    images is (N, ...); the unit is the images' own, 0 means that all are the same.
    """
    return float(_double(images).std(dim=0, correction=0).mean())


class _Given(nn.Identity):
    """Stand for the net that made the features: torchmetrics asks it how many there are."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features


def _share_inside(points: Tensor, members: Tensor, k: int, chunk: int) -> float:
    # A member's nearest is itself at distance 0, so its k-th neighbour is the (k + 1)-th smallest.
    radii = torch.cat([torch.cdist(part, members).kthvalue(k + 1, dim=1).values for part in members.split(chunk)])
    inside = sum(int((torch.cdist(part, members) <= radii).any(dim=1).sum()) for part in points.split(chunk))
    return inside / len(points)


def _patch_corners(rng: np.random.Generator, count: int, places: int, wanted: int) -> tuple[Tensor, Tensor]:
    """Choose patches' upper left corners, (count, patches) rows and columns; all where few exist."""
    if places**2 <= wanted:
        cells = np.broadcast_to(np.arange(places**2), (count, places**2))
    else:
        cells = rng.integers(places**2, size=(count, wanted))
    return torch.from_numpy(cells // places), torch.from_numpy(cells % places)


def _level_descriptors(
    images: Tensor, sizes: Sequence[int], patch: int, corners: list[tuple[Tensor, Tensor]]
) -> list[Tensor]:
    """Cut patches from every level's texture: per level (N * patches, C * p * p), normalised per channel."""
    parts: list[list[Tensor]] = [[] for _ in sizes]
    for start in range(0, len(images), PYRAMID_BATCH):
        part = slice(start, start + PYRAMID_BATCH)
        for stage in decompose(_finite(images[part]).cpu().float(), sizes):
            texture = stage.image if stage.residual is None else stage.residual
            side = min(patch, texture.shape[-1])
            windows = texture.unfold(2, side, 1).unfold(3, side, 1)  # (n, C, rows, columns, side, side)
            rows, columns = (axis[part] for axis in corners[stage.level])
            picture = torch.arange(len(texture))[:, None]
            parts[stage.level].append(windows[picture, :, rows, columns].flatten(0, 1))
    return [_normalised(torch.cat(level)) for level in parts]


def _normalised(patches: Tensor) -> Tensor:
    deviation, mean = torch.std_mean(patches, dim=(0, 2, 3), keepdim=True)
    # A flat channel (a collapsed generator) stays flat; divided by rounding errors it would pass for texture.
    return ((patches - mean) / torch.where(deviation < FLAT, 1, deviation)).flatten(1)


def _sliced_distance(a: Tensor, b: Tensor, projections: int, rng: np.random.Generator) -> float:
    directions = rng.standard_normal((projections, a.shape[1]))
    unit = torch.from_numpy(directions / np.linalg.norm(directions, axis=1, keepdims=True)).float()
    total = 0.0
    for block in unit.split(SORT_BATCH):
        # numpy sorts float32 about ten times as fast as torch does on a CPU.
        sorted_a, sorted_b = (np.sort((block @ descriptors.T).numpy(), axis=1) for descriptors in (a, b))
        total += float(np.abs(sorted_a - sorted_b).mean(axis=1, dtype=np.float64).sum())
    return total / projections


def _double(values: Array) -> Tensor:
    return _finite(values).cpu().double()


def _finite(values: Array) -> Tensor:
    values = torch.as_tensor(values).detach()
    if not values.isfinite().all():
        missing = int((~values.isfinite()).sum())
        raise NotFiniteError(f"{missing} of {values.numel()} values to measure are NaN or infinite: fix their source.")
    return values


def _integers(values: Array, size: int, name: str) -> np.ndarray:
    values = torch.as_tensor(values).cpu().numpy()
    if values.size == 0 or values.min() < 0 or values.max() >= size:
        raise ValueError(f"{name} must be one or more integers from 0 to {size - 1}.")
    return values.astype(np.int64, casting="same_kind")


def _same_count(a: Array, b: Array, a_name: str, b_name: str) -> None:
    if len(a) != len(b):
        raise ValueError(f"Need as many {b_name} as {a_name}; got {len(b)} and {len(a)}.")
