"""Properties of the figures: known in closed form, by brute force, or by the meaning of the measure."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.linalg import sqrtm
from scipy.stats import wasserstein_distance

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

SIZES = (32, 16, 8, 4)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def one_hot(codes, size):
    return np.eye(size)[codes]


def textures(count, seed, channels=3):
    """Draw pictures with detail at every scale, the coarser the stronger, as photographs have it."""
    generator = torch.Generator().manual_seed(seed)
    layers = [torch.randn(count, channels, size, size, generator=generator) / size for size in SIZES]
    return sum(F.interpolate(layer, size=(32, 32), mode="bicubic") for layer in layers)


def blur(images, sigma):
    offsets = torch.arange(-6, 7, dtype=torch.float32)
    kernel = torch.exp(-((offsets / sigma) ** 2) / 2)
    kernel = (kernel / kernel.sum()).expand(images.shape[1], 1, 1, -1)
    images = F.conv2d(F.pad(images, (6, 6, 6, 6), mode="reflect"), kernel, groups=images.shape[1])
    return F.conv2d(images, kernel.transpose(2, 3), groups=images.shape[1])


# Categories


@pytest.mark.parametrize("noise", [0.0, 0.2, 0.5])
def test_matching_recovers_a_planted_permutation(rng, noise):
    permutation = rng.permutation(10)
    predicted = rng.integers(10, size=5000)
    labels = permutation[predicted]
    wrong = rng.random(5000) < noise
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, size=wrong.sum())) % 10
    matching = match_categories(predicted, torch.from_numpy(labels), 10)
    assert matching.assignment == tuple(permutation)
    assert matching.error == pytest.approx(wrong.mean())
    assert matching.majority_error == pytest.approx(wrong.mean())


def test_matching_gives_each_class_to_one_category_only():
    # Category 2 sees class 0 most often, but category 0 has more of it.
    predicted = [0, 0, 0, 1, 1, 2, 2, 2]
    labels = [0, 0, 0, 1, 1, 0, 0, 2]
    matching = match_categories(np.array(predicted), np.array(labels), 3)
    assert matching.assignment == (0, 1, 2)
    assert matching.error == pytest.approx(2 / 8)
    assert matching.majority_error == pytest.approx(1 / 8)


@pytest.mark.parametrize(("predicted", "labels"), [([0, 10], [0, 1]), ([0, 1], [0, -1]), ([], []), ([0], [0, 1])])
def test_matching_refuses_what_it_cannot_count(predicted, labels):
    with pytest.raises(ValueError, match=r"labels|predicted"):
        match_categories(np.array(predicted, dtype=int), np.array(labels, dtype=int), 10)


def test_mutual_information_of_a_perfect_reader_is_ln_k(rng):
    codes = rng.integers(10, size=1000)
    assert mutual_information(one_hot(codes, 10), codes) == pytest.approx(np.log(10))


def test_mutual_information_of_guessing_is_0(rng):
    codes = torch.from_numpy(rng.integers(10, size=1000))
    assert mutual_information(torch.full((1000, 10), 0.1), codes) == pytest.approx(0, abs=1e-6)


def test_mutual_information_of_half_sure_readings(rng):
    codes = rng.integers(4, size=1000)
    readings = 0.5 * one_hot(codes, 4) + 0.5 * one_hot((codes + 1) % 4, 4)
    assert mutual_information(readings, codes) == pytest.approx(np.log(2))


def test_mutual_information_of_a_wrong_reader_is_negative_and_finite(rng):
    codes = rng.integers(10, size=1000)
    assert -90 < mutual_information(one_hot((codes + 1) % 10, 10), codes) < -80


def test_mutual_information_refuses_logits(rng):
    with pytest.raises(ValueError, match="sum to 1"):
        mutual_information(rng.standard_normal((20, 10)), np.zeros(20, dtype=int))


# Encoders


def brute_force_accuracy(gallery, gallery_labels, queries, query_labels):
    gallery, queries = gallery.astype(np.float64), queries.astype(np.float64)
    nearest = [np.linalg.norm(gallery - query, axis=1).argmin() for query in queries]
    return np.mean(gallery_labels[nearest] == query_labels)


@pytest.mark.parametrize("offset", [0, 1000])
@pytest.mark.parametrize("chunk", [1, 7, 512])
def test_nearest_neighbour_equals_brute_force(rng, offset, chunk):
    gallery = (rng.standard_normal((700, 24)) + offset).astype(np.float32)
    queries = (rng.standard_normal((150, 24)) + offset).astype(np.float32)
    labels, wanted = rng.integers(3, size=700), rng.integers(3, size=150)
    expected = brute_force_accuracy(gallery, labels, queries, wanted)
    assert nearest_neighbour_accuracy(gallery, labels, queries, wanted, chunk=chunk) == expected


def test_nearest_neighbour_takes_the_first_of_equals():
    gallery = torch.tensor([[0.0], [2.0], [0.0]])
    query = torch.tensor([[1.0]])
    assert nearest_neighbour_accuracy(gallery, torch.tensor([5, 6, 7]), query, torch.tensor([5])) == 1


def test_nearest_neighbour_refuses_what_is_not_finite():
    rows = torch.tensor([[0.0], [float("nan")]])
    with pytest.raises(ValueError, match="1 of 2 values"):
        nearest_neighbour_accuracy(rows, torch.zeros(2), rows, torch.zeros(2))


def test_relative_distance_is_0_for_exact_and_1_for_unrelated_reconstructions(rng):
    images = torch.from_numpy(rng.uniform(-1, 1, (2000, 1, 8, 8)))
    assert relative_reconstruction_distance(images, images) == 0
    assert relative_reconstruction_distance(images, images.roll(1, 0)) == pytest.approx(1, abs=0.02)
    # The mean image is 1 / sqrt 2 of the distance of two images away, for many independent pixels.
    mean = images.mean(dim=0).expand_as(images)
    assert relative_reconstruction_distance(images, mean) == pytest.approx(0.5**0.5, abs=0.02)


def test_relative_distance_never_pairs_an_image_with_itself():
    # Three images have only the two ways round to pair each with another: distances 4, 4 and 8 both times.
    images = torch.tensor([[0.0], [4.0], [8.0]])
    ratios = [relative_reconstruction_distance(images, images + 1, seed=seed) for seed in range(20)]
    assert ratios == pytest.approx([3 / 16] * 20)


def test_relative_distance_needs_two_different_images():
    with pytest.raises(ValueError, match="two or more"):
        relative_reconstruction_distance(torch.zeros(1, 4), torch.zeros(1, 4))
    with pytest.raises(ValueError, match="the same"):
        relative_reconstruction_distance(torch.zeros(3, 4), torch.ones(3, 4))


# Sets of pictures


def test_sliced_wasserstein_of_equal_sets_is_0():
    images = textures(100, seed=1)
    assert sliced_wasserstein(images, images, SIZES) == [0, 0, 0, 0]


def test_sliced_wasserstein_has_a_low_floor_and_noise_is_far():
    real = textures(1500, seed=1)
    floor = sliced_wasserstein(real, textures(1500, seed=2), SIZES)
    noise = torch.rand(real.shape, generator=torch.Generator().manual_seed(3)) * 2 - 1
    assert len(floor) == 4
    assert max(floor[:3]) < 30
    # Smaller than the patch, the coarsest level has one descriptor a picture, hence the higher floor.
    assert floor[3] < 60
    far = sliced_wasserstein(real, noise, SIZES)
    assert all(value > 3 * low for value, low in zip(far[:2], floor[:2], strict=True))


def test_sliced_wasserstein_feels_blur_at_the_finest_level_and_not_at_the_coarsest():
    real, fake = textures(600, seed=1), textures(600, seed=2)
    by_blur = np.array(
        [sliced_wasserstein(real, blur(fake, sigma) if sigma else fake, SIZES) for sigma in (0, 0.5, 0.7, 1, 1.5)]
    )
    assert (np.diff(by_blur[:, 0]) > 5).all()
    assert np.ptp(by_blur[:, 3]) < 2


def test_sliced_wasserstein_of_single_pixels_is_the_distance_of_two_samples(rng):
    a, b = rng.exponential(size=400), rng.normal(size=400)
    pictures = [torch.from_numpy(values).float().reshape(-1, 1, 1, 1) for values in (a, b)]
    a, b = (a - a.mean()) / a.std(), (b - b.mean()) / b.std()
    expected = 1e3 * wasserstein_distance(a, b)
    assert sliced_wasserstein(*pictures, (1,)) == pytest.approx([expected], rel=0.01)


def test_sliced_wasserstein_is_fixed_by_its_seed_and_takes_odd_sizes():
    real, fake = (
        textures(50, seed=1, channels=1)[..., :28, :28],
        textures(50, seed=2, channels=1)[..., :28, :28],
    )
    first = sliced_wasserstein(real, fake, (28, 14, 8), seed=4)
    assert sliced_wasserstein(real, fake, (28, 14, 8), seed=4) == first
    assert sliced_wasserstein(real, fake, (28, 14, 8), seed=5) != first


def test_sliced_wasserstein_of_flat_pictures_is_finite():
    real = textures(50, seed=1)
    assert np.isfinite(sliced_wasserstein(real, torch.full_like(real, 0.3), SIZES)).all()


def test_sliced_wasserstein_refuses_unequal_sets():
    with pytest.raises(ValueError, match="as many fake"):
        sliced_wasserstein(torch.zeros(3, 1, 8, 8), torch.zeros(2, 1, 8, 8), (8, 4))


def exactly_normal(rng, mean, root, count=400):
    """Draw features whose sample mean and covariance are exactly `mean` and root @ root.T."""
    rows = rng.standard_normal((count, len(mean)))
    rows -= rows.mean(axis=0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T
    return rows @ root.T + mean


def test_frechet_distance_of_two_gaussians_is_the_closed_form(rng):
    deviations_a, deviations_b = np.array([1, 2, 0.5]), np.array([3, 2, 1.5])
    shift = np.array([1, -2, 0.5])
    a = exactly_normal(rng, np.zeros(3), np.diag(deviations_a))
    b = exactly_normal(rng, shift, np.diag(deviations_b))
    expected = (shift**2).sum() + ((deviations_a - deviations_b) ** 2).sum()
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(b, a) == pytest.approx(expected)


def test_frechet_distance_equals_the_matrix_root_where_covariances_do_not_commute(rng):
    root_a, root_b = rng.standard_normal((2, 12, 12))
    a, b = exactly_normal(rng, np.zeros(12), root_a), exactly_normal(rng, np.ones(12), root_b)
    covariance_a, covariance_b = root_a @ root_a.T, root_b @ root_b.T
    expected = 12 + np.trace(covariance_a + covariance_b - 2 * sqrtm(covariance_a @ covariance_b).real)
    assert frechet_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected)


@pytest.mark.parametrize(("count", "width", "dead"), [(400, 40, 0), (30, 64, 0), (400, 40, 8), (100, 1, 0)])
def test_frechet_distance_is_the_published_formula_on_random_features(rng, count, width, dead):
    """As Heusel et al. compute it, with scipy's matrix root; also of fewer rows than features, and of dead features."""
    a = rng.standard_normal((count, width)) @ rng.standard_normal((width, width)) + 30
    b = rng.standard_normal((count + 7, width)) * np.linspace(0.5, 2, width) + 31
    a[:, :dead] = b[:, :dead] = 0
    covariance_a, covariance_b = (np.atleast_2d(np.cov(rows.T)) for rows in (a, b))
    root = sqrtm(covariance_a @ covariance_b + 1e-12 * np.eye(width)).real  # it fails on singular ones
    shift = a.mean(axis=0) - b.mean(axis=0)
    expected = shift @ shift + np.trace(covariance_a + covariance_b - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-3)


def test_frechet_distance_needs_two_rows_of_finite_features(rng):
    features = rng.standard_normal((5, 3))
    with pytest.raises(ValueError, match="two or more rows"):
        frechet_distance(features, features[:1])
    with pytest.raises(ValueError, match="NaN or infinite"):
        frechet_distance(features, np.full((5, 3), np.inf))


@pytest.mark.parametrize("shape", [(500, 64), (20, 64), (500, 1)])
def test_frechet_distance_of_equal_sets_is_0(rng, shape):
    features = rng.standard_normal(shape)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-6)


def test_frechet_distance_of_noise_is_far(rng):
    real, again = rng.standard_normal((2, 1000, 16)) * np.linspace(0.1, 2, 16)
    assert frechet_distance(real, rng.uniform(-3, 3, (1000, 16))) > 10 * frechet_distance(real, again)


def test_precision_and_recall_of_one_distribution_are_high(rng):
    real, fake = rng.standard_normal((2, 500, 8))
    precision, recall = precision_recall(real, fake)
    assert precision > 0.6
    assert recall > 0.6
    assert precision_recall(real, real) == (1, 1)


def test_a_collapsed_generator_has_high_precision_and_low_recall(rng):
    real = rng.standard_normal((500, 8))
    collapsed = real[0] + 0.01 * rng.standard_normal((500, 8))
    precision, recall = precision_recall(real, collapsed)
    assert precision > 0.8
    assert recall < 0.3


def test_a_generator_of_much_more_than_the_data_has_low_precision_and_high_recall(rng):
    real = rng.standard_normal((500, 8))
    precision, recall = precision_recall(real, 4 * rng.standard_normal((500, 8)))
    assert precision < 0.3
    assert recall > 0.8


def test_precision_recall_equals_brute_force(rng):
    real, fake = rng.standard_normal((60, 3)), rng.standard_normal((50, 3)) + 0.7

    def inside(points, members):
        radii = np.sort(np.linalg.norm(members[:, None] - members, axis=2), axis=1)[:, 2]
        return np.mean([(np.linalg.norm(members - point, axis=1) <= radii).any() for point in points])

    assert precision_recall(real, fake, k=2, chunk=7) == (inside(fake, real), inside(real, fake))


def test_diversity_is_the_deviation_across_pictures():
    half = torch.ones(4, 1, 2, 2)
    assert diversity(half) == 0
    assert diversity(torch.cat([half, -half])) == 1
    # Contrast inside a picture is no diversity.
    checks = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).expand(8, 1, 2, 2)
    assert diversity(checks) == 0
