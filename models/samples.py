"""Samples of weights of any generating kind, one a seed."""

from collections.abc import Sequence

from torch import Tensor

from models.bigan import BiGAN
from models.checkpoint import Weights
from models.gan import GAN
from models.infogan import InfoGAN
from models.lapgan import LAPGAN


def draw_samples(weights: Weights, seeds: Sequence[int], codes: Sequence[Sequence[float]] | None = None) -> Tensor:
    """Draw one picture a seed, with classes, or categories in the order of their names, in turn.

    Args:
        codes: InfoGAN's continuous codes, one row a seed; 0 by default.

    Returns:
        (N, C, s, s), about [-1, 1], on the model's device.

    Raises:
        ValueError: weights that draw nothing.
    """
    model, seeds = weights.model, list(seeds)
    if isinstance(model, LAPGAN):
        config = model.config
        labels = [place % config.classes for place in range(len(seeds))] if config.classes else None
        return model.grow([[seed] * config.levels for seed in seeds], labels)[-1].image
    if isinstance(model, InfoGAN):
        values, *others = model.config.categorical or (1,)
        order = sorted(range(values), key=lambda value: model.config.category_names[value : value + 1])
        rows = [[order[place % values], *[0] * len(others)] for place in range(len(seeds))]
        rows = [row[: len(model.config.categorical)] for row in rows]
        return model.generate(seeds, rows, codes or [[0.0] * model.config.continuous] * len(seeds))
    if isinstance(model, BiGAN):
        return model.decode(model.latents(seeds))
    if isinstance(model, GAN):
        return model.sample(seeds)
    raise ValueError(f"{weights.name} is a {weights.kind}, which draws nothing; choose lapgan, infogan, bigan or gan.")
