"""Measure shipped weights by the papers' figures, and say how: `python -m training evaluate`.

Every figure is computed on the test split, which no run has seen. Where a sample is drawn its size and seed are fixed,
so anyone who runs the command gets the same numbers.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from models.bigan import BiGAN
from models.checkpoint import Weights
from models.gan import GAN
from models.infogan import InfoGAN
from models.lapgan import LAPGAN
from models.pyramid import Stage, decompose, halvings
from training.bench import BATCH, Bench, accuracy, in_batches, spread_rows
from training.data import normalise
from training.factors import measure_factors
from training.fidelity import fidelity, gan_likelihood, inception_distance, lapgan_likelihood, training_pictures
from training.metrics import (
    diversity,
    frechet_distance,
    match_categories,
    mutual_information,
    nearest_neighbour_accuracy,
    precision_recall,
    relative_reconstruction_distance,
    sliced_wasserstein,
)
from training.morphology import best_pairing, code_correlations, slant, stroke_width

MORPHOLOGY_SAMPLES = 3_000
SPREAD_IMAGES, SPREAD_DRAWS = 64, 16
SEED = 2_026


def evaluate_infogan(weights: Weights, bench: Bench) -> dict:
    """Q on test digits, the information bound, and what each code draws."""
    model = weights.net(InfoGAN)
    if bench.test.factors is not None:
        return measure_factors(model, bench)
    if not model.config.categorical:
        raise ValueError(f"{weights.name} has no categorical code, which these figures are about.")
    values = model.config.categorical[0]

    def read(images: Tensor) -> Tensor:
        return in_batches(lambda batch: model.infer(batch).categories[0], images)

    predicted = read(bench.real()).argmax(dim=1)
    matching = match_categories(predicted, bench.labels(), values)

    # Generated images in the trained range: every category equally often.
    categories, continuous = draw_codes(model, bench.samples, limit=1.0)
    images = generate(model, categories, continuous)
    figures = {
        "category_error": matching.error,
        "category_error_majority": matching.majority_error,
        "mutual_information_nats": mutual_information(read(images), categories),
    }
    if bench.classifier is not None:
        named = torch.tensor(matching.assignment)[categories]
        seen = in_batches(bench.judge(), images).argmax(dim=1)
        figures["digit_agreement"] = float((seen == named).float().mean())
        figures["digits_drawn"] = len({int(seen[categories == k].mode().values) for k in range(values)})
        figures["classifier_accuracy"] = accuracy(bench)

    # The continuous codes over [-2, 2], noise and category drawn at random.
    categories, continuous = draw_codes(model, min(bench.samples, MORPHOLOGY_SAMPLES), limit=2.0)
    images = generate(model, categories, continuous)
    measures = {"slant": slant(images), "width": stroke_width(images)}
    inked = np.isfinite(measures["slant"]) & np.isfinite(measures["width"])
    if not inked.any():
        raise ValueError(f"{weights.name} draws nothing bright, so its slant and stroke width cannot be measured.")
    measures = {name: values[inked] for name, values in measures.items()}
    codes, drawn = continuous.numpy()[inked], categories.numpy()[inked]
    pairs = best_pairing(code_correlations(codes, measures), list(measures))
    for pair in pairs:
        figures[f"spearman_{pair.measure}"] = pair.correlation
        within = [
            code_correlations(codes[drawn == k], {"m": measures[pair.measure][drawn == k]})[pair.code, 0]
            for k in np.unique(drawn)
        ]
        figures[f"spearman_{pair.measure}_within_digit"] = float(np.mean(within))
    figures["pictures_without_ink"] = int((~inked).sum())
    return {
        "figures": figures,
        "category_of": list(matching.assignment),
        "code_of": {pair.measure: pair.code for pair in pairs},
    }


def draw_codes(model: InfoGAN, count: int, *, limit: float) -> tuple[Tensor, Tensor]:
    """Return categories (N,), every value equally often, and continuous codes (N, C) uniform on [-limit, limit]."""
    generator = torch.Generator().manual_seed(SEED)
    continuous = (torch.rand(count, model.config.continuous, generator=generator) * 2 - 1) * limit
    return torch.arange(count) % model.config.categorical[0], continuous


def generate(model: InfoGAN, categories: Tensor, continuous: Tensor) -> Tensor:
    others = [0] * (len(model.config.categorical) - 1)
    parts = []
    for rows in torch.arange(len(categories)).split(BATCH):
        values = [[int(k), *others] for k in categories[rows]]
        parts.append(model.generate([SEED + int(i) for i in rows], values, continuous[rows].tolist()))
    return torch.cat(parts)


def evaluate_bigan(weights: Weights, bench: Bench) -> dict:
    """Nearest neighbours in E's features, and how well G(E(x)) keeps x."""
    model = weights.net(BiGAN)
    real, labels = bench.real(), bench.labels()
    gallery = normalise(bench.train.images)
    copies = in_batches(lambda batch: model.decode(model.encode(batch)), real)
    z = model.latents([SEED + i for i in range(1000)])
    distances = (copies - real).flatten(1).norm(dim=1)
    figures = {
        "nearest_neighbour_accuracy": neighbours(model.features, gallery, real, bench),
        "nearest_neighbour_accuracy_z": neighbours(model.encode, gallery, real, bench),
        "distance_ratio": relative_reconstruction_distance(real, copies),
        "latent_error": float((model.encode(model.decode(z)) - z).abs().mean()),
        "sample_diversity": diversity(model.decode(z)) / diversity(real[spread_rows(1000, len(real))]),
    }
    if bench.classifier is not None:
        kept = in_batches(bench.judge(), copies).argmax(dim=1) == labels
        digits = all(name.isdigit() for name in bench.test.class_names)
        figures["digit_kept" if digits else "class_kept"] = float(kept.float().mean())
        figures["classifier_accuracy"] = accuracy(bench)
        drawn = in_batches(lambda seeds: model.decode(model.latents(seeds.tolist())), SEED + torch.arange(len(real)))
        features = in_batches(bench.judge().features, real)
        for name, pictures in (("frechet", drawn), ("frechet_again", copies)):
            figures[name] = frechet_distance(features, in_batches(bench.judge().features, pictures))
    quantiles = torch.quantile(distances, torch.linspace(0, 1, 101)).tolist()
    return {"figures": figures, "distance_quantiles": [round(value, 4) for value in quantiles]}


def neighbours(features: Callable[[Tensor], Tensor], gallery: Tensor, queries: Tensor, bench: Bench) -> float:
    return nearest_neighbour_accuracy(
        in_batches(features, gallery), bench.train.labels, in_batches(features, queries), bench.labels()
    )


def evaluate_lapgan(weights: Weights, bench: Bench) -> dict:
    """Distances of sampled chains to the test images, of each level on real coarse images, and its spread over z."""
    model = weights.net(LAPGAN)
    sizes = model.config.image_sizes
    real, labels = bench.real(), bench.labels().tolist() if model.config.classes else None
    pyramid = decompose(real, sizes)

    # Chains from noise alone, each class as often as in the test split.
    chains = grow(model, len(real), labels)
    figures = compare(chains[-1].image, real, sizes, bench)
    if model.config.classes and bench.classifier is not None:
        seen = in_batches(bench.judge(), chains[-1].image).argmax(dim=1)
        figures["label_agreement"] = float((seen == bench.labels()).float().mean())
        figures["classifier_accuracy"] = accuracy(bench)
    figures |= fidelity(chains[-1].image, bench) | lapgan_likelihood(model, bench, SEED)

    # The same levels on real coarse images: what is lost between the two is the train/sample mismatch.
    for start in range(len(sizes) - 1, 0, -1):
        kept = grow(model, len(real), labels, coarse=pyramid[len(sizes) - 1 - start].image, start=start)
        for name, value in compare(kept[-1].image, real, sizes, bench).items():
            figures[f"{name}_from_real_{sizes[start]}px"] = value

    # Spread over z: the same coarse image, many draws; and the residual's own size, generated and real.
    rows = spread_rows(SPREAD_IMAGES, len(real))
    some = None if labels is None else bench.labels()[rows].tolist()
    for level in range(len(sizes)):
        coarse = None if level == len(sizes) - 1 else pyramid[len(sizes) - 2 - level].image[rows]
        figures[f"spread_over_z_{sizes[level]}px"] = spread(model, level, len(rows), coarse, some)
    for mine, data in zip(chains[1:], pyramid[1:], strict=True):
        figures[f"residual_std_{sizes[mine.level]}px"] = float(mine.detail.std())
        figures[f"residual_std_data_{sizes[mine.level]}px"] = float(data.detail.std())
    return {"figures": figures}


def grow(
    model: LAPGAN, count: int, labels: list[int] | None, coarse: Tensor | None = None, start: int | None = None
) -> list[Stage]:
    """Sample `count` chains in batches, one seed an image."""
    parts: list[list[Stage]] = []
    for first in range(0, count, BATCH):
        rows = range(first, min(first + BATCH, count))
        seeds = [[SEED + i] * model.config.levels for i in rows]
        some = None if labels is None else labels[rows.start : rows.stop]
        parts.append(model.grow(seeds, some, None, None if coarse is None else coarse[rows.start : rows.stop], start))
    return [join(stages) for stages in zip(*parts, strict=True)]


def join(stages: tuple[Stage, ...]) -> Stage:
    """Join the batches of one level."""

    def joined(parts: list[Tensor | None]) -> Tensor | None:
        there = [part for part in parts if part is not None]
        return torch.cat(there) if there else None

    return Stage(
        stages[0].level,
        joined([stage.enlarged for stage in stages]),
        joined([stage.residual for stage in stages]),
        torch.cat([stage.image for stage in stages]),
    )


def spread(model: LAPGAN, level: int, count: int, coarse: Tensor | None, labels: list[int] | None) -> float:
    """Return the standard deviation over draws of z, all else fixed, as a root mean square over pixels and images."""
    draws = []
    for draw in range(SPREAD_DRAWS):
        seeds = [[SEED + draw] * model.config.levels] * count
        start = None if coarse is None else level + 1
        stages = model.grow(seeds, labels, coarse=coarse, start=start)
        draws.append(next(stage.image for stage in stages if stage.level == level))
    return float(torch.stack(draws).var(dim=0).mean().sqrt())


def compare(fake: Tensor, real: Tensor, sizes: tuple[int, ...], bench: Bench) -> dict[str, float]:
    """Return the sliced Wasserstein distance of each pyramid level and the Frechet distance on features."""
    distances = sliced_wasserstein(real, fake, sizes)
    figures = {f"swd_{size}px": value for size, value in zip(sizes, distances, strict=True)}
    if bench.classifier is not None:
        features = bench.judge().features
        figures["frechet"] = frechet_distance(in_batches(features, real), in_batches(features, fake))
    return figures


def evaluate_gan(weights: Weights, bench: Bench) -> dict:
    """The same distances as LAPGAN's, for the baseline."""
    model = weights.net(GAN)
    count = min(bench.samples, len(bench.test.images))
    seeds = torch.arange(SEED, SEED + count)
    samples = in_batches(lambda batch: model.sample(batch.tolist()), seeds)
    figures = compare(samples, bench.real(), halvings(model.config.image_size), bench)
    return {"figures": figures | fidelity(samples, bench) | gan_likelihood(model, bench, SEED)}


def evaluate_classifier(weights: Weights, bench: Bench) -> dict:
    """Accuracy, and the floor of the distances that use its features: training images against test images."""
    bench = Bench(bench.train, bench.test, weights, bench.samples)
    real, train = bench.real(), training_pictures(bench, SEED)
    floor = compare(train, real, halvings(real.shape[-1]), bench)
    features = bench.judge().features
    shares = precision_recall(in_batches(features, real), in_batches(features, train))
    floor |= dict(zip(("precision", "recall"), shares, strict=True))
    return {"figures": {"accuracy": accuracy(bench), **{f"floor_{key}": value for key, value in floor.items()}}}


EVALUATIONS: dict[str, Callable[[Weights, Bench], dict]] = {
    "lapgan": evaluate_lapgan,
    "infogan": evaluate_infogan,
    "bigan": evaluate_bigan,
    "gan": evaluate_gan,
    "classifier": evaluate_classifier,
}


def evaluate(weights: Weights, bench: Bench) -> dict:
    """Measure weights; the figures come under "figures", what the page needs beside them."""
    torch.manual_seed(SEED)
    result = EVALUATIONS[weights.kind](weights, bench)
    result["figures"] |= inception_distance(weights, bench, SEED)
    return result
