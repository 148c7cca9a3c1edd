"""Slant and stroke width of lines drawn with known ones, and the pairing of codes with measures."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr

from training.morphology import best_pairing, code_correlations, slant, stroke_width

SLANTS = np.linspace(-0.9, 0.9, 13)
WIDTHS = np.linspace(1.5, 5, 8)


def line(tangent, width, shift=0.0, length=20, size=28, fineness=8):
    """Draw an anti-aliased straight stroke, (1, 1, size, size) in [-1, 1]; tangent > 0 leans to the right."""
    centres = (torch.arange(size * fineness) + 0.5) / fineness - size / 2
    down, right = torch.meshgrid(centres, centres - shift, indexing="ij")
    angle = np.arctan(tangent)
    along = right * np.sin(angle) - down * np.cos(angle)
    across = right * np.cos(angle) + down * np.sin(angle)
    ink = ((along.abs() <= length / 2) & (across.abs() <= width / 2)).float()
    return F.avg_pool2d(ink[None, None], fineness) * 2 - 1


@pytest.mark.parametrize("width", [2, 4])
def test_slant_is_the_tangent_of_the_lean(width):
    measured = slant(torch.cat([line(tangent, width, shift=0.3) for tangent in SLANTS]))
    assert (np.diff(measured) > 0).all()
    np.testing.assert_allclose(measured, SLANTS, rtol=0.15, atol=0.02)


def test_a_top_to_the_right_is_a_positive_slant():
    picture = torch.full((1, 1, 28, 28), -1.0)
    for row in range(4, 24):
        picture[0, 0, row, 20 - row // 2] = 1
    assert slant(picture)[0] == pytest.approx(0.5, abs=0.05)
    assert slant(picture.flip(3))[0] == pytest.approx(-0.5, abs=0.05)


def test_slant_ignores_a_faint_ground():
    picture = line(0.5, 3)
    veiled = picture.clone()
    veiled[..., :14, :14] = veiled[..., :14, :14].clamp(min=-0.6)
    assert slant(veiled)[0] == pytest.approx(slant(picture)[0], abs=0.02)


@pytest.mark.parametrize("tangent", [-0.9, -0.3, 0, 0.5])
@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_stroke_width_is_the_width_of_the_line(tangent, shift):
    measured = stroke_width(torch.cat([line(tangent, width, shift) for width in WIDTHS]))
    assert (np.diff(measured) > 0).all()
    np.testing.assert_allclose(measured, WIDTHS, rtol=0.15)


@pytest.mark.parametrize("shift", [0, -12.5, 12.5])
def test_stroke_width_of_a_stroke_that_leaves_or_touches_the_frame(shift):
    assert stroke_width(line(0, 3, shift, length=60))[0] == pytest.approx(3, rel=0.15)


def test_stroke_width_does_not_depend_on_the_slant():
    measured = stroke_width(torch.cat([line(tangent, 3) for tangent in SLANTS]))
    assert np.ptp(measured) < 0.1 * 3


def test_colour_pictures_and_neighbours_make_no_difference():
    pictures = torch.cat([line(0.4, 2), line(-0.2, 4)])
    for measure in (slant, stroke_width):
        alone = np.concatenate([measure(picture[None]) for picture in pictures])
        np.testing.assert_allclose(measure(pictures.expand(-1, 3, -1, -1)), alone, rtol=1e-5)


def test_pictures_without_ink_are_not_a_number():
    pictures = torch.cat([torch.full((1, 1, 28, 28), -1.0), line(0, 3)])
    assert np.isnan(slant(pictures)).tolist() == [True, False]
    assert np.isnan(stroke_width(pictures)).tolist() == [True, False]


def test_codes_are_paired_with_what_they_drive():
    rng = np.random.default_rng(0)
    codes = rng.uniform(-2, 2, (300, 2))
    pictures = torch.cat([line(0.4 * b, 3 - 0.6 * a) for a, b in codes])
    measures = {"slant": slant(pictures), "width": stroke_width(pictures)}
    first, second = best_pairing(code_correlations(codes, measures), list(measures))
    assert (first.code, first.measure) == (0, "width")
    assert (second.code, second.measure) == (1, "slant")
    assert first.correlation < -0.95
    assert second.correlation > 0.95


def test_correlations_are_spearmans_with_ties():
    rng = np.random.default_rng(1)
    codes = rng.integers(5, size=(80, 3))
    measures = {"a": codes[:, 0] + rng.integers(4, size=80), "b": rng.standard_normal(80)}
    correlations = code_correlations(torch.from_numpy(codes), measures)
    assert correlations.shape == (3, 2)
    for c in range(3):
        for m, values in enumerate(measures.values()):
            assert correlations[c, m] == pytest.approx(spearmanr(codes[:, c], values).statistic)


def test_a_constant_measure_correlates_with_nothing():
    correlations = code_correlations(np.arange(9)[:, None], {"width": np.full(9, 2.5)})
    assert correlations.tolist() == [[0]]


def test_pairing_maximises_the_sum_and_not_the_first_choice():
    # Code 0 alone would take "slant" (.9), but .8 + .7 is more than .9 + .1.
    correlations = np.array([[0.9, -0.8], [0.7, 0.1]])
    assert [pair.measure for pair in best_pairing(correlations, ["slant", "width"])] == ["width", "slant"]
    assert len(best_pairing(correlations[:, :1], ["slant"])) == 1


def test_correlations_refuse_missing_values():
    with pytest.raises(ValueError, match="'slant' is not finite for 1"):
        code_correlations(np.zeros((2, 1)), {"slant": np.array([0.1, np.nan])})
    with pytest.raises(ValueError, match="has 3 values for 2"):
        code_correlations(np.zeros((2, 1)), {"slant": np.zeros(3)})
