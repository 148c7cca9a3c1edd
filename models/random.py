"""One portable random generator for every latent: the same numbers in Python and in JavaScript.

The generator is mulberry32 (T. Ettinger, public domain) read as a counter: the i-th number of a stream is a pure
function of (seed, stream, i), so it vectorises here and needs no state in the browser. Its twin is
`ui/web/random.js`; torch's own generators cannot be reproduced in JavaScript.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

SEED_LIMIT = 2**32
_INCREMENT = np.uint32(0x6D2B79F5)


def uniform(seed: int, stream: int, count: int) -> np.ndarray:
    """Draw numbers that depend on nothing but the arguments.

    Args:
        seed: 0 <= seed < 2**32.
        stream: independent sequence of that seed, 0 <= stream < 2**32 (LAPGAN gives one to each level).
        count: how many.

    Returns:
        float64 (count,) in [0, 1), multiples of 2**-32.

    Raises:
        ValueError: seed or stream out of range.
    """
    for name, value in (("seed", seed), ("stream", stream)):
        if not 0 <= value < SEED_LIMIT or value != int(value):
            raise ValueError(f"{name} must be a whole number from 0 to {SEED_LIMIT - 1}, got {value}.")
    start = _mix(np.uint32(seed) ^ _mix(np.uint32((stream + 0x9E3779B9) % SEED_LIMIT)))
    with np.errstate(over="ignore"):
        state = start + np.arange(1, count + 1, dtype=np.uint32) * _INCREMENT
        t = (state ^ (state >> np.uint32(15))) * (state | np.uint32(1))
        t = (t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))) ^ t
        t = t ^ (t >> np.uint32(14))
    return t.astype(np.float64) / SEED_LIMIT


def latents(seeds: Sequence[int], shape: tuple[int, ...], stream: int = 0) -> Tensor:
    """Draw one latent for each seed from U(-1, 1), the prior of all three papers.

    Returns:
        float32 (len(seeds), *shape) in [-1, 1].
    """
    count = int(np.prod(shape))
    rows = [uniform(seed, stream, count) * 2 - 1 for seed in seeds]
    return torch.from_numpy(np.stack(rows).astype(np.float32)).reshape(len(rows), *shape)


def init_normal(weight: Tensor, mean: float = 0.0, std: float = 0.02) -> None:
    """Draw initial weights from a normal distribution with torch's own generator.

    A net that is only a shape (on the meta device) is left alone: there torch would load its compiler, 150 MB.
    """
    if not weight.is_meta:
        torch.nn.init.normal_(weight, mean, std)


def _mix(value: np.uint32) -> np.uint32:
    """Spread neighbouring seeds over all 32 bits (the finaliser of MurmurHash3)."""
    with np.errstate(over="ignore"):
        value = (value ^ (value >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        value = (value ^ (value >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return value ^ (value >> np.uint32(16))
