"""Codes against the true factors of rendered pictures: which code follows which factor, and how closely."""

from typing import Any

import numpy as np
import torch

from models.infogan import InfoGAN
from training.bench import Bench, in_batches
from training.metrics import match_categories, mutual_information
from training.morphology import best_pairing, code_correlations

BINS = 20


def measure_factors(model: InfoGAN, bench: Bench) -> dict:
    """Measure Q on test pictures whose factors are known.

    Returns:
        `figures` (for each factor |rho| of its best code, by Spearman, one code a factor; the whole matrix; the mutual
        information gap; and, of the category, its error against the styles), `category_of` and `code_of` as
        `evaluate_infogan` has them.
    """
    real, labels = bench.real(), bench.labels()
    read = [model.infer(batch) for batch in real.split(500)]
    codes = torch.cat([part.means for part in read]).cpu().numpy()
    columns = dict(zip(bench.test.factor_names, bench.factors().numpy().T, strict=True))
    matrix = code_correlations(codes, columns)
    pairs = best_pairing(matrix, list(columns))
    figures = {f"rho_{pair.measure}": abs(pair.correlation) for pair in pairs}
    for column, name in enumerate(columns):
        for code in range(codes.shape[1]):
            figures[f"rho_code{code}_{name}"] = float(matrix[code, column])
    figures["mutual_information_gap"] = information_gap(codes, np.stack(list(columns.values()), axis=1))
    result: dict[str, Any] = {
        "figures": figures,
        "category_of": [],
        "code_of": {pair.measure: pair.code for pair in pairs},
    }
    if model.config.categorical and model.config.categorical[0] == len(bench.test.class_names):
        shares = torch.cat([part.categories[0] for part in read]).cpu()
        matching = match_categories(shares.argmax(dim=1), labels, shares.shape[1])
        figures["category_error"] = matching.error
        figures["mutual_information_nats"] = generated_information(model)
        result["category_of"] = list(matching.assignment)
    return result


def generated_information(model: InfoGAN, count: int = 2_000) -> float:
    """Return the bound on what generated pictures tell of their category, in nats."""
    generator, values = torch.Generator().manual_seed(0), model.config.categorical[0]
    chosen = torch.arange(count) % values
    continuous = torch.rand(count, model.config.continuous, generator=generator) * 2 - 1
    others = [0] * (len(model.config.categorical) - 1)
    images = [
        model.generate(rows.tolist(), [[int(chosen[row]), *others] for row in rows], continuous[rows].tolist())
        for rows in torch.arange(count).split(500)
    ]
    shares = in_batches(lambda batch: model.infer(batch).categories[0], torch.cat(images))
    return mutual_information(shares, chosen)


def information_gap(codes: np.ndarray, factors: np.ndarray) -> float:
    """Return the mutual information gap (Chen et al. 2018, section 4.1): (N, C) codes, (N, K) factors, 0 to 1.

    For each factor the information of its best code less that of the second best, over the factor's entropy, averaged
    over factors; both in 20 bins of equal share.
    """
    gaps = []
    for factor in factors.T:
        bins = in_bins(factor)
        informations = sorted((information(in_bins(code), bins) for code in codes.T), reverse=True)
        gaps.append((informations[0] - (informations[1] if len(informations) > 1 else 0.0)) / information(bins, bins))
    return float(np.mean(gaps))


def in_bins(values: np.ndarray) -> np.ndarray:
    """Return which of 20 bins of equal share each value falls into."""
    return np.argsort(np.argsort(values, kind="stable"), kind="stable") * BINS // len(values)


def information(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mutual information of two binned variables, in nats."""
    joint = np.zeros((BINS, BINS))
    np.add.at(joint, (one, other), 1 / len(one))
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / apart[there])).sum())
