"""InfoGAN's codes: how they are laid out, what they draw, and how Q reads them back."""

from itertools import pairwise

import pytest
import torch

from models.infogan import InfoGAN, InfoGANConfig
from tests.models.tiny import TINY, draw, noise


@pytest.fixture(scope="module")
def infogan():
    torch.manual_seed(0)
    return InfoGAN(TINY["infogan"][1]).eval()


def test_codes_are_noise_then_categories_then_continuous(infogan):
    codes = infogan.codes([3, 4], [[1, 2], [3, 0]], [[0.5, -2], [7, 0]])
    assert codes.shape == (2, 5 + 4 + 3 + 2)
    assert torch.equal(codes[:, 5:9], torch.eye(4)[[1, 3]])
    assert torch.equal(codes[:, 9:12], torch.eye(3)[[2, 0]])
    assert torch.equal(codes[:, 12:], torch.tensor([[0.5, -2], [7, 0]]))
    assert torch.equal(codes[0, :5], infogan.codes([3], [[0, 0]], [[0, 0]])[0, :5])


def test_codes_outside_the_trained_range_draw(infogan):
    values = [[value, 0.0] for value in (-100.0, -2.0, -1.0, 1.0, 2.0, 100.0)]
    drawn = infogan.generate([1] * 6, [[0, 0]] * 6, values)
    assert bool(torch.isfinite(drawn).all())
    assert drawn.abs().max() <= 1
    assert all((a - b).abs().max() > 0 for a, b in pairwise(drawn))


def test_q_reads_a_chance_for_each_value_and_a_mean_for_each_code(infogan):
    images = noise(3, 1, 8, 8)
    reading = infogan.infer(images)
    assert [chance.shape for chance in reading.categories] == [(3, 4), (3, 3)]
    assert reading.means.shape == (3, 2)
    for chance in reading.categories:
        assert torch.allclose(chance.sum(dim=1), torch.ones(3))
    logits, means = infogan.split(infogan.discriminate(images)[1])
    assert torch.equal(logits[1].softmax(dim=1), reading.categories[1])
    assert torch.equal(means, reading.means)


@pytest.mark.parametrize(
    "codes", [{"categorical": ()}, {"continuous": 0}, {"categorical": (2, 2, 2), "continuous": 5}, {"noise": 0}]
)
def test_any_number_of_codes(codes):
    _, config = TINY["infogan"]
    config = InfoGANConfig(**{**vars(config), **codes})
    model = InfoGAN(config).eval()
    drawn = draw("infogan", model, [1, 2])
    assert drawn.shape == (2, 1, 8, 8)
    reading = model.infer(drawn)
    assert (len(reading.categories), reading.means.shape[1]) == (len(config.categorical), config.continuous)


@pytest.mark.parametrize("value", [-1, 4])
def test_a_value_that_no_category_has_is_refused(infogan, value):
    with pytest.raises(ValueError, match=r"Category must be from 0 to 3, got \[0, -?\d\]\."):
        infogan.generate([1, 2], [[0, 0], [value, 0]], [[0, 0], [0, 0]])


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_size": 30},
        {"trunk_widths": ()},
        {"category_names": ("a",)},
        {"categorical": (), "category_names": ("a",)},
        {"continuous_names": ("slant",)},
    ],
)
def test_infogan_shapes_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValueError, match=r"image_size|must name all"):
        InfoGANConfig(**wrong)


def test_a_net_without_its_adversary_judges_nothing():
    with pytest.raises(ValueError, match="without its adversary"):
        InfoGAN(TINY["infogan"][1], adversary=False).discriminate(noise(1, 1, 8, 8))
