"""The Laplacian pyramid: exact inversion, and both resizings against oracles written pixel by pixel."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.pyramid import add_band, band, check_sizes, decompose, down, halvings, rebuild, shrink, up

SIZES = [(32, 16, 8, 4), (28, 14, 8), (64, 32, 16, 8, 4), (33, 17, 5, 1), (31, 30, 29), (7, 3), (2, 1), (5,)]


def noise(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def area_average(image, size):
    """Mean over every source pixel that a target pixel touches, (s, s) to (size, size)."""
    side = len(image)
    edges = [(i * side // size, math.ceil((i + 1) * side / size)) for i in range(size)]
    return np.array([[image[a:b, c:d].mean() for c, d in edges] for a, b in edges])


def bilinear(image, size):
    """Corners on corners, straight lines between, (s, s) to (size, size)."""
    places = np.linspace(0, len(image) - 1, size)
    rows = np.stack([np.interp(places, np.arange(len(image)), row) for row in image])
    return np.stack([np.interp(places, np.arange(len(image)), column) for column in rows.T]).T


@pytest.mark.parametrize("sign", ["paper", "article"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_reconstruction_is_exact(sizes, sign):
    images = noise(3, 2, sizes[0], sizes[0])
    stages = decompose(images, sizes, sign)
    again = rebuild(stages[0].image, [stage.residual for stage in stages[1:]], sign)
    assert (again - images).abs().max() <= 1e-6


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(1, 48), min_size=1, max_size=6), st.sampled_from(["paper", "article"]))
def test_any_falling_sizes(sizes, sign):
    sizes = sorted(sizes, reverse=True)
    images = noise(2, 1, sizes[0], sizes[0], seed=len(sizes))
    stages = decompose(images, sizes, sign)
    assert [stage.level for stage in stages] == list(range(len(sizes)))[::-1]
    assert [stage.image.shape[-1] for stage in stages] == sizes[::-1]
    again = rebuild(stages[0].image, [stage.residual for stage in stages[1:]], sign)
    assert (again - images).abs().max() <= 1e-6


def test_a_stage_is_its_enlarged_image_and_its_band():
    coarsest, *rest = decompose(noise(2, 3, 28, 28), (28, 14, 8))
    assert coarsest.enlarged is None
    assert coarsest.residual is None
    below = coarsest
    for stage in rest:
        assert torch.equal(stage.enlarged, up(below.image, stage.image.shape[-1]))
        assert torch.equal(stage.residual, stage.image - stage.enlarged)
        assert stage.residual.abs().max() <= 2
        below = stage


def test_the_article_turns_the_sign_round_and_its_own_inverse_takes_it_away():
    image, enlarged = noise(1, 1, 8, 8), noise(1, 1, 8, 8, seed=1)
    assert torch.equal(band(image, enlarged, "article"), -band(image, enlarged, "paper"))
    residual = band(image, enlarged, "article")
    assert torch.allclose(add_band(enlarged, residual, "article"), image, atol=1e-6)
    # As the article prints it, h + up(I), its own residual does not give the image back.
    assert (add_band(enlarged, residual, "paper") - image).abs().max() > 0.5


@pytest.mark.parametrize(("side", "size"), [(32, 16), (28, 14), (14, 8), (33, 17), (9, 4), (5, 1)])
def test_down_averages_areas(side, size):
    image = noise(1, 1, side, side)
    assert np.allclose(down(image, size)[0, 0], area_average(image[0, 0].double().numpy(), size), atol=1e-6)


@pytest.mark.parametrize(("side", "size"), [(16, 32), (8, 14), (4, 8), (17, 33), (2, 3), (1, 6)])
def test_up_is_bilinear_with_aligned_corners(side, size):
    image = noise(1, 1, side, side)
    assert np.allclose(up(image, size)[0, 0], bilinear(image[0, 0].double().numpy(), size), atol=1e-6)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_an_even_picture_has_no_band(sizes):
    for value in (-1.0, 0.25, 1.0):
        stages = decompose(torch.full((1, 1, sizes[0], sizes[0]), value), sizes)
        assert all(torch.allclose(stage.image, torch.tensor(value)) for stage in stages)
        assert all(stage.residual.abs().max() <= 1e-6 for stage in stages[1:])


def test_a_larger_picture_is_shrunk_to_the_finest_level_first():
    image = noise(1, 3, 40, 40)
    levels = shrink(image, (20, 10, 5))
    assert torch.equal(levels[0], down(image, 20))
    assert torch.equal(levels[2], down(down(down(image, 20), 10), 5))


@pytest.mark.parametrize(
    ("size", "sizes"), [(32, (32, 16, 8, 4)), (28, (28, 14, 7)), (64, (64, 32, 16, 8, 4)), (7, (7,)), (9, (9,))]
)
def test_halvings(size, sizes):
    assert halvings(size) == sizes
    check_sizes(sizes)


@pytest.mark.parametrize("sizes", [(), (8, 8), (4, 8), (8, 0), (257, 8), (8, 4, 4)])
def test_sizes_that_do_not_fall_are_refused(sizes):
    with pytest.raises(ValueError, match="Pyramid sizes must fall from at most 256 to at least 1"):
        shrink(noise(1, 1, 8, 8), sizes)


def test_the_coarsest_level_has_no_detail():
    coarsest, finer = decompose(noise(1, 1, 8, 8), (8, 4))
    assert finer.detail is finer.residual
    with pytest.raises(ValueError, match="Level 1 is the coarsest"):
        _ = coarsest.detail
