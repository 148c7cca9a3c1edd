"""Drawn and photographed digits become what MNIST's are, by known placements and by MNIST itself."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ui.images import ImageError, digit_view
from ui.ink import find_ink

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("GANSCOPE_TEST_DATA", ROOT / "../shared/data"))
MNIST = DATA / "MNIST/raw/t10k-images-idx3-ubyte"
SEVEN = [(0, 0), (100, 0), (40, 160)]


def drawing(*, at=(90, 60), size=(280, 280), width=18, points=SEVEN, scale=1.0):
    image = Image.new("L", size)
    line = [(at[0] + x * scale, at[1] + y * scale) for x, y in points]
    ImageDraw.Draw(image).line(line, fill=255, width=width, joint="curve")
    return image


def inverse(image):
    return Image.fromarray(255 - np.asarray(image))


def photograph(image, *, paper=(190, 120), ink=50, noise=4, quality=85, seed=1):
    """Show white-on-black `image` as ink on paper that darkens towards the lower right corner."""
    cover = np.asarray(image, dtype=float) / 255
    y, x = np.mgrid[0 : image.height, 0 : image.width]
    light = paper[0] + (paper[1] - paper[0]) * (x / image.width + y / image.height) / 2
    grey = light * (1 - cover) + ink * cover
    grey += np.random.default_rng(seed).normal(0, noise, grey.shape)
    buffer = io.BytesIO()
    Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB").save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def distance(a, b):
    """Mean difference in [0, 1]; digits are placed by whole pixels, so either neighbour is as right."""
    a, b = np.asarray(a, dtype=float) / 255, np.asarray(b, dtype=float) / 255
    return min(np.abs(a - np.roll(b, (y, x), (0, 1))).mean() for y in (-1, 0, 1) for x in (-1, 0, 1))


def assert_like_mnist(image):
    pixels = np.asarray(image, dtype=float)
    assert image.mode == "L"
    assert pixels.shape == (28, 28)
    assert pixels.max() == 255
    assert np.median(pixels) == 0
    rows, columns = np.flatnonzero(pixels.sum(1)), np.flatnonzero(pixels.sum(0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    for axis in (0, 1):
        assert abs(np.average(np.arange(28), weights=pixels.sum(axis)) - 14) <= 0.5


def test_drawing_is_prepared_like_mnist():
    prepared = digit_view(drawing())
    assert_like_mnist(prepared.image)
    assert prepared.steps == ("cropped to ink", "scaled", "centred")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 150), st.integers(0, 90))
def test_place_of_the_drawing_does_not_matter(x, y):
    assert digit_view(drawing(at=(x + 12, y + 12))).image == digit_view(drawing()).image


@pytest.mark.parametrize("scale", [0.35, 0.7, 1.3])
def test_size_of_the_drawing_hardly_matters(scale):
    scaled = digit_view(drawing(at=(20, 20), scale=scale, width=round(18 * scale)))
    assert_like_mnist(scaled.image)
    assert distance(scaled.image, digit_view(drawing()).image) < 0.025


def test_dark_on_light_is_inverted_and_says_so():
    light, dark = digit_view(drawing()), digit_view(inverse(drawing()))
    assert dark.image == light.image
    assert dark.steps == ("inverted", *light.steps)


@pytest.mark.parametrize("background", ["RGB", "1"])
def test_mode_does_not_matter(background):
    assert digit_view(drawing().convert(background)).image == digit_view(drawing()).image


def test_picture_in_mnists_form_passes_unchanged():
    digit = digit_view(drawing()).image
    corner = Image.fromarray(np.roll(np.asarray(digit), (-4, -3), (0, 1)))
    for image in (digit, corner):
        assert digit_view(image).image == image
        assert digit_view(image).steps == ()
        assert digit_view(image.convert("RGB")).image == image
        assert digit_view(inverse(image)).image == image
        assert digit_view(inverse(image)).steps == ("inverted",)


@pytest.mark.parametrize("size", [(280, 280), (900, 700), (1600, 1200)])
@pytest.mark.parametrize("paper", [(235, 220), (190, 120), (120, 70)])
def test_photograph_is_levelled(size, paper):
    scale = min(size) / 280
    clean = drawing(size=size, at=(90 * scale, 60 * scale), scale=scale, width=round(18 * scale))
    prepared = digit_view(photograph(clean, paper=paper, ink=20))
    assert_like_mnist(prepared.image)
    assert prepared.steps == ("inverted", "levelled", "cropped to ink", "scaled", "centred")
    assert distance(prepared.image, digit_view(clean).image) < 0.02


def test_chalk_on_an_uneven_board_is_not_inverted():
    board = inverse(photograph(drawing(), paper=(235, 180), ink=40))
    prepared = digit_view(board)
    assert "inverted" not in prepared.steps
    assert distance(prepared.image, digit_view(drawing()).image) < 0.02


def test_dust_does_not_widen_the_crop():
    dusty = drawing()
    ImageDraw.Draw(dusty).rectangle((3, 3, 5, 5), fill=255)
    dusty.putpixel((270, 275), 255)
    assert digit_view(dusty).image == digit_view(drawing()).image


def test_digit_that_touches_the_border_is_still_told_from_it():
    touching = drawing(at=(100, -10), scale=1.8, width=30)
    assert digit_view(inverse(touching)).steps[0] == "inverted"
    assert digit_view(inverse(touching)).image == digit_view(touching).image


def test_invert_can_be_decided_by_the_caller():
    assert digit_view(inverse(drawing()), invert=True).image == digit_view(drawing(), invert=False).image
    with pytest.raises(ImageError, match=r"^No dark digit .*contrast 0 of 255.*\.$"):
        digit_view(drawing(), invert=True)
    with pytest.raises(ImageError, match=r"^No light digit"):
        digit_view(inverse(drawing()), invert=False)


@pytest.mark.parametrize("grey", [0, 100, 255])
@pytest.mark.parametrize("size", [(280, 280), (1, 1), (2, 500), (4000, 1)])
def test_blank_picture_is_refused(grey, size):
    with pytest.raises(ImageError, match="contrast 0 of 255"):
        digit_view(Image.new("L", size, grey))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 255]))
def test_any_picture_gives_a_digit_or_a_refusal(width, height, seed, span):
    pixels = np.random.default_rng(seed).integers(0, span + 1, (height, width), dtype=np.uint8)
    try:
        size = digit_view(Image.fromarray(pixels * np.uint8(255 // span))).image.size
    except ImageError:
        size = None
    assert size in (None, (28, 28))


@pytest.mark.parametrize("size", [16, 32, 64])
def test_other_sizes_keep_mnists_proportions(size):
    prepared = digit_view(drawing(), size)
    pixels = np.asarray(prepared.image)
    assert pixels.shape == (size, size)
    assert np.ptp(np.flatnonzero(pixels.sum(1))) + 1 == round(size * 20 / 28)
    with pytest.raises(ValueError, match="size is 4"):
        digit_view(drawing(), 4)


def test_ink_of_a_clean_drawing_is_the_drawing():
    pixels = np.asarray(drawing(), dtype=float)
    found = find_ink(pixels)
    assert np.array_equal(found.values * 255, pixels)
    assert (found.inverted, found.contrast) == (False, 255)


@pytest.mark.data
@pytest.mark.skipif(not MNIST.is_file(), reason=f"needs {MNIST.name} (set GANSCOPE_TEST_DATA)")
def test_enlarged_moved_and_inverted_mnist_comes_back():
    digits = np.frombuffer(MNIST.read_bytes(), np.uint8, offset=16).reshape(-1, 28, 28)[:20]
    distances = []
    for digit in digits:
        original = Image.fromarray(digit)
        assert digit_view(original).image == original
        assert digit_view(inverse(original)).image == original
        sheet = Image.new("L", (400, 300))
        sheet.paste(original.resize((168, 168), Image.Resampling.BICUBIC), (200, 90))
        prepared = digit_view(photograph(sheet, paper=(220, 160)))
        assert prepared.steps[0] == "inverted"
        distances.append(distance(prepared.image, original))
    assert np.mean(distances) < 0.035  # an average digit differs from black by 0.13
    assert np.max(distances) < 0.06
