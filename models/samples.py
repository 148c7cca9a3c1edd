"""Samples of weights of any generating kind, one a seed."""

from collections.abc import Sequence

from torch import Tensor

from models.checkpoint import Weights


def draw_samples(weights: Weights, seeds: Sequence[int], codes: Sequence[Sequence[float]] | None = None) -> Tensor:
    """Draw one picture a seed, with classes, or categories in the order of their names, in turn.

    Args:
        codes: InfoGAN's continuous codes, one row a seed; 0 by default.

    Returns:
        (N, C, s, s), about [-1, 1], on the model's device.

    Raises:
        ValueError: weights that draw nothing.
    """
    model, config, seeds = weights.model, weights.config, list(seeds)
    if weights.kind == "lapgan":
        labels = [place % config.classes for place in range(len(seeds))] if config.classes else None
        return model.grow([[seed] * config.levels for seed in seeds], labels)[-1].image
    if weights.kind == "infogan":
        values, *others = config.categorical or (1,)
        order = sorted(range(values), key=lambda value: config.category_names[value : value + 1])
        rows = [[order[place % values], *[0] * len(others)] for place in range(len(seeds))]
        rows = [row[: len(config.categorical)] for row in rows]
        return model.generate(seeds, rows, codes or [[0.0] * config.continuous] * len(seeds))
    if weights.kind == "bigan":
        return model.decode(model.latents(seeds))
    if weights.kind == "gan":
        return model.sample(seeds)
    raise ValueError(f"{weights.name} is a {weights.kind}, which draws nothing; choose lapgan, infogan, bigan or gan.")
