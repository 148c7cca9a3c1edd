"""Codes against known factors: codes that are the factors, codes that mix them, and codes that know nothing."""

import numpy as np
import pytest
import torch

from models.infogan import InfoGANConfig, Reading
from training.bench import Bench
from training.data import Dataset
from training.factors import in_bins, information, information_gap, measure_factors

COUNT = 1200


def bench(names=("azimuth", "width")):
    generator = torch.Generator().manual_seed(0)
    factors = torch.rand(COUNT, len(names), generator=generator) * 2 - 1
    images = torch.zeros(COUNT, 1, 8, 8, dtype=torch.uint8)
    for column in range(len(names)):  # the picture tells its factors
        images[:, 0, column, 0] = ((factors[:, column] + 1) * 127.5).round().to(torch.uint8)
    labels = torch.arange(COUNT) % 3
    images[:, 0, 7, 7] = (labels * 100).to(torch.uint8)
    data = Dataset("faces", images, labels, ("bald", "bob", "hat"), "x", "test", (), factors, tuple(names))
    return Bench(data, data, None, COUNT)


class Reader:
    """A stand-in for InfoGAN that reads a picture's codes by `mix` and its category by `permutation`."""

    def __init__(self, mix, permutation=(0, 1, 2)):
        self.mix, self.permutation = mix, torch.tensor(permutation)
        self.config = InfoGANConfig(image_size=8, noise=2, categorical=(3,), continuous=len(mix))

    def infer(self, images):
        means = images[:, 0, :2, 0] @ torch.tensor(self.mix).T
        values = ((images[:, 0, 7, 7] + 1) * 127.5 / 100).round().long()
        return Reading([torch.nn.functional.one_hot(self.permutation[values], 3).float()], means)

    def generate(self, seeds, categories, continuous):
        images = torch.zeros(len(seeds), 1, 8, 8)
        back = self.permutation.argsort()
        images[:, 0, 7, 7] = back[torch.tensor(categories)[:, 0]] * 100 / 127.5 - 1
        return images


def test_codes_that_are_the_factors_follow_them_wholly():
    result = measure_factors(Reader([[0.0, -2.0], [1.0, 0.0]], permutation=(2, 0, 1)), bench())
    figures = result["figures"]
    assert figures["rho_azimuth"] > 0.999
    assert figures["rho_width"] > 0.999
    assert figures["rho_code0_width"] < -0.999  # the matrix keeps the sign
    assert abs(figures["rho_code0_azimuth"]) < 0.1
    assert figures["mutual_information_gap"] > 0.8
    assert result["code_of"] == {"azimuth": 1, "width": 0}
    assert figures["category_error"] == 0
    assert result["category_of"] == [1, 2, 0]
    assert figures["mutual_information_nats"] == pytest.approx(np.log(3), abs=1e-6)


def test_codes_that_both_follow_one_factor_have_no_gap():
    figures = measure_factors(Reader([[1.0, 0.0], [1.0, 0.001]]), bench())["figures"]
    assert figures["rho_azimuth"] > 0.99
    assert abs(figures["rho_width"]) < 0.1
    assert figures["mutual_information_gap"] < 0.1


def test_codes_that_know_nothing_score_nothing():
    noise = np.random.default_rng(1).normal(size=(COUNT, 3))
    assert information_gap(noise, np.random.default_rng(2).normal(size=(COUNT, 2))) < 0.05


def test_information_of_a_variable_with_itself_is_the_entropy_of_its_bins():
    bins = in_bins(np.random.default_rng(0).normal(size=2000))
    assert np.bincount(bins).tolist() == [100] * 20
    assert information(bins, bins) == pytest.approx(np.log(20))
    assert information(bins, np.repeat(np.arange(20), 100)) < 0.15
