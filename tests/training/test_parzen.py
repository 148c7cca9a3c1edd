"""Parzen windows: densities that integrate to one, a unitary pyramid, and Gaussians whose entropy is known."""

import math

import pytest
import torch

from training.parzen import (
    SIGMAS,
    choose_sigma,
    high_pass,
    low_pass,
    parzen_log_density,
    plain_log_likelihood,
    pyramid_log_likelihood,
    squared_distances,
)


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


def test_the_density_integrates_to_one(rng):
    places = torch.linspace(-8, 8, 20_001, dtype=torch.float64)[:, None]
    density = parzen_log_density(places, torch.randn(40, 1, generator=rng), 0.3).exp()
    assert float(density.sum()) * 16 / 20_000 == pytest.approx(1, abs=1e-6)


def test_it_is_the_mixture_of_gaussians_that_torch_has(rng):
    points, samples = torch.randn(9, 5, generator=rng).double(), torch.randn(2_500, 5, generator=rng).double()
    parts = torch.distributions.Independent(torch.distributions.Normal(samples, 0.7), 1)
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(torch.ones(2_500)), parts)
    assert torch.allclose(parzen_log_density(points, samples, 0.7), mixture.log_prob(points).double(), atol=1e-5)
    own = samples[None].expand(9, -1, -1)
    assert torch.allclose(parzen_log_density(points, own, 0.7), parzen_log_density(points, samples, 0.7), atol=1e-9)


def test_sigma_is_the_likeliest(rng):
    squares = squared_distances(torch.randn(50, 3, generator=rng), torch.randn(400, 3, generator=rng))
    chosen = choose_sigma(squares, 3)
    assert SIGMAS[0] < chosen < SIGMAS[-1]
    near = squared_distances(torch.zeros(5, 3), torch.full((1, 3), 0.1))
    assert choose_sigma(near, 3) == pytest.approx(0.1, rel=0.2)  # one sample at that distance a dimension


def test_low_and_high_pass_are_one_unitary_map(rng):
    images = torch.randn(6, 3, 8, 8, generator=rng).double()
    low, high = low_pass(images), high_pass(images)
    assert low.shape == (6, 3, 4, 4)
    assert high.shape == (6, 3 * 48)
    length = high.square().sum(1) + (2 * low).flatten(1).square().sum(1)
    assert torch.allclose(length, images.flatten(1).square().sum(1))
    assert not high_pass(low.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)).any()
    with pytest.raises(ValueError, match="even sides"):
        low_pass(torch.zeros(1, 1, 7, 7))


def test_the_levels_densities_multiply_to_one_over_pixels(rng):
    """White noise has an entropy of D / 2 ln(2 pi e); samples of it find that, through two levels as through one."""
    real, held_out = (torch.randn(300, 1, 2, 2, generator=rng) for _ in range(2))
    samples = torch.randn(4_000, 1, 2, 2, generator=rng)
    expected = -2 * math.log(2 * math.pi * math.e)

    def draw(row, level, low):
        fresh = torch.randn(1_000, 1, 2, 2, generator=rng)
        return fresh - low_pass(fresh) + low

    through = pyramid_log_likelihood(real, held_out, low_pass(samples), draw, 2).mean()
    assert float(through) == pytest.approx(expected, abs=0.25)
    assert float(plain_log_likelihood(real, held_out, samples).mean()) == pytest.approx(expected, abs=0.25)


def test_worse_samples_are_less_likely(rng):
    real, held_out, good = (0.5 * torch.randn(200, 1, 4, 4, generator=rng) for _ in range(3))
    scores = [
        float(plain_log_likelihood(real, held_out, samples).mean())
        for samples in (good, good[:1].expand(200, -1, -1, -1) + 0.5, 3 * torch.randn(200, 1, 4, 4, generator=rng))
    ]
    assert scores[0] > max(scores[1:])


@pytest.mark.parametrize(
    ("points", "samples", "sigma", "words"),
    [
        (torch.zeros(2, 3), torch.zeros(4, 3), 0.0, "above 0"),
        (torch.zeros(2, 3), torch.zeros(4, 2), 1.0, "do not fit"),
        (torch.zeros(2, 3), torch.zeros(3, 4, 3), 1.0, "do not fit"),
    ],
)
def test_what_cannot_be_scored_is_refused(points, samples, sigma, words):
    with pytest.raises(ValueError, match=words):
        parzen_log_density(points, samples, sigma)
