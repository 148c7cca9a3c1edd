"""The portable random numbers, against the definition in whole numbers, and for what latents need of them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.random import SEED_LIMIT, latents, uniform

UINT32 = st.integers(0, SEED_LIMIT - 1)
# From whole_numbers below, written down so that a change of both is noticed: seed, stream, the first three of 2**32.
GOLDEN = [
    (0, 0, [2990414398, 1755014010, 2043051769]),
    (1, 0, [2377163457, 2601151048, 2481062894]),
    (0, 1, [3562291850, 1322192464, 7996249]),
    (42, 7, [2645197639, 3477234835, 1132982292]),
    (SEED_LIMIT - 1, SEED_LIMIT - 1, [193487622, 715380345, 1847636235]),
]


def whole_numbers(seed, stream, count):
    """Mulberry32 and MurmurHash3's finaliser in Python's unbounded whole numbers, cut to 32 bits where C would."""

    def cut(value):
        return value % 2**32

    def mix(value):
        value = cut((value ^ (value >> 16)) * 0x85EBCA6B)
        value = cut((value ^ (value >> 13)) * 0xC2B2AE35)
        return value ^ (value >> 16)

    state = mix(seed ^ mix(cut(stream + 0x9E3779B9)))
    numbers = []
    for _ in range(count):
        state = cut(state + 0x6D2B79F5)
        t = cut((state ^ (state >> 15)) * (1 | state))
        t = cut(t + cut((t ^ (t >> 7)) * (61 | t))) ^ t
        numbers.append(t ^ (t >> 14))
    return numbers


@pytest.mark.parametrize(("seed", "stream", "expected"), GOLDEN)
def test_golden_numbers(seed, stream, expected):
    assert (uniform(seed, stream, 3) * SEED_LIMIT).tolist() == expected


@settings(max_examples=40, deadline=None)
@given(UINT32, UINT32, st.integers(0, 40))
def test_equals_the_definition(seed, stream, count):
    numbers = uniform(seed, stream, count)
    assert numbers.dtype == np.float64
    assert (numbers * SEED_LIMIT).tolist() == whole_numbers(seed, stream, count)


@settings(max_examples=20, deadline=None)
@given(UINT32, UINT32, st.integers(0, 50), st.integers(0, 50))
def test_a_shorter_draw_is_the_start_of_a_longer_one(seed, stream, short, more):
    assert np.array_equal(uniform(seed, stream, short + more)[:short], uniform(seed, stream, short))


def chi_squared(numbers, bins=64):
    """How unevenly numbers fill [0, 1), in standard deviations of an even source."""
    counts = np.histogram(numbers, bins, (0, 1))[0]
    expected = len(numbers) / bins
    statistic = ((counts - expected) ** 2 / expected).sum()
    return (statistic - (bins - 1)) / math.sqrt(2 * (bins - 1))


@pytest.mark.parametrize(
    "numbers",
    [
        uniform(3, 0, 100_000),
        np.array([uniform(seed, 0, 1)[0] for seed in range(5000)]),
        np.array([uniform(seed * 2**16, 0, 1)[0] for seed in range(5000)]),
        np.array([uniform(3, stream, 1)[0] for stream in range(5000)]),
    ],
    ids=["one stream", "first of neighbouring seeds", "first of seeds far apart", "first of neighbouring streams"],
)
def test_uniform_and_uncorrelated(numbers):
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert abs(chi_squared(numbers)) < 4
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 4 / math.sqrt(len(numbers))


@pytest.mark.parametrize("other", [(6, 0), (5, 1), (0, 5)], ids=["seed", "stream", "seed and stream swapped"])
def test_seeds_and_streams_are_independent(other):
    here, there = uniform(5, 0, 20_000), uniform(*other, 20_000)
    assert not set(here) & set(there[:100])
    assert abs(np.corrcoef(here, there)[0, 1]) < 4 / math.sqrt(20_000)


def test_latents_are_one_row_a_seed_whatever_stands_beside_it():
    together = latents([3, 9, 3], (2, 4, 5), stream=2)
    assert together.shape == (3, 2, 4, 5)
    assert together.dtype == torch.float32
    assert torch.equal(together[0], together[2])
    assert torch.equal(together[1], latents([9], (2, 4, 5), stream=2)[0])
    assert np.array_equal(together[1].flatten().numpy(), (uniform(9, 2, 40) * 2 - 1).astype(np.float32))


def test_latents_fill_the_prior():
    drawn = latents(range(100), (500,))
    assert drawn.min() >= -1
    assert drawn.max() <= 1
    assert abs(drawn.mean()) < 4 / math.sqrt(3 * drawn.numel())
    assert drawn.std().item() == pytest.approx(1 / math.sqrt(3), rel=0.01)


@pytest.mark.parametrize("wrong", [-1, SEED_LIMIT, 1.5, math.nan])
@pytest.mark.parametrize("name", ["seed", "stream"])
def test_out_of_range_is_refused_by_name(name, wrong):
    arguments = {"seed": 0, "stream": 0, name: wrong}
    with pytest.raises(ValueError, match=rf"^{name} must be a whole number from 0 to 4294967295, got {wrong}\.$"):
        uniform(**arguments, count=1)
