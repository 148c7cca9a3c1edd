"""The distances on real digits and the shipped classifier's features: what is near, what is far, what collapsed."""

import pytest
import torch
import torch.nn.functional as F

from models.checkpoint import load_weights
from models.classifier import Classifier
from models.infogan import InfoGAN
from models.pyramid import halvings
from tests.training.making import REPOSITORY, shared
from training.data import normalise, open_dataset
from training.metrics import frechet_distance, precision_recall, sliced_wasserstein

COUNT = 500
SIZES = halvings(28)
pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def features():
    return torch.no_grad()(load_weights(REPOSITORY / "weights/classifier-mnist").net(Classifier).features)


@pytest.fixture(scope="module")
def digits():
    """Test digits, to which all is compared, and as many others."""
    root = shared("MNIST").parent
    data = open_dataset("mnist", split="test", size=28, channels=1, data_root=root, limit=2 * COUNT)
    rows = torch.randperm(2 * COUNT, generator=torch.Generator().manual_seed(0))
    return normalise(data.images[rows]).split(COUNT)


@pytest.fixture(scope="module")
def unreal(digits, features):
    """What no digit is, or not as varied."""
    generator = torch.Generator().manual_seed(1)
    real, others = digits
    typical = torch.cdist(features(others), features(real)).amin(dim=1).argsort()
    faint = 0.01 * torch.randn(real.shape, generator=generator)
    return {
        "noise": torch.rand(real.shape, generator=generator) * 2 - 1,
        "blurred": F.interpolate(F.avg_pool2d(others, 4), size=28, mode="bilinear"),
        # What a generator draws that found a way to please: few typical digits, hardly changed.
        "one digit": others[typical[:1]].expand(real.shape) + faint,
        "ten digits": others[typical[:10]].repeat(COUNT // 10, 1, 1, 1) + faint,
    }


def distances(real, pictures, features):
    """Every distance: the Frechet distance on features, and the sliced Wasserstein distance of each band."""
    bands = sliced_wasserstein(real, pictures, SIZES, projections=64)
    return [frechet_distance(features(real), features(pictures)), *bands]


@pytest.fixture(scope="module")
def floor(digits, features):
    return distances(*digits, features)


@pytest.mark.parametrize("name", ["noise", "blurred", "one digit", "ten digits"])
def test_real_digits_are_the_floor_of_every_distance(digits, unreal, features, floor, name):
    found = distances(digits[0], unreal[name], features)
    assert all(low < value for low, value in zip(floor, found, strict=True))
    assert found[0] > 50 * floor[0]


def test_noise_is_far_in_every_band(digits, unreal, features, floor):
    found = distances(digits[0], unreal["noise"], features)
    assert all(3 * low < value for low, value in zip(floor, found, strict=True))


def test_good_samples_lie_near_the_floor_and_far_below_all_that(digits, unreal, features, floor):
    model = load_weights(REPOSITORY / "weights/infogan-mnist").net(InfoGAN)
    codes = torch.rand(COUNT, 2, generator=torch.Generator().manual_seed(2)) * 2 - 1
    drawn = model.generate(list(range(COUNT)), [[place % 10] for place in range(COUNT)], codes.tolist())
    found = frechet_distance(features(digits[0]), features(drawn))
    assert found < 3 * floor[0]
    assert all(10 * found < frechet_distance(features(digits[0]), features(unreal[name])) for name in unreal)
    precision, recall = precision_recall(features(digits[0]), features(drawn))
    assert min(precision, recall) > 0.6


def test_other_real_digits_have_high_precision_and_recall_and_noise_has_neither(digits, unreal, features):
    real, others = digits
    assert min(precision_recall(features(real), features(others))) > 0.75
    assert max(precision_recall(features(real), features(unreal["noise"]))) < 0.05


@pytest.mark.parametrize("name", ["one digit", "ten digits"])
def test_a_collapsed_generator_has_high_precision_and_low_recall(digits, unreal, features, name):
    precision, recall = precision_recall(features(digits[0]), features(unreal[name]))
    assert precision > 0.9
    assert recall < 0.1
