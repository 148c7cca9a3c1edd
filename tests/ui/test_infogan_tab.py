"""The InfoGAN tab in a real browser, and its API over HTTP."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from models.checkpoint import load_weights
from tests.ui.calls import call, picture
from tests.ui.conftest import SHIPPED, until
from ui import inference
from ui import infogan_view as view

STAGE = "#infogan-stage .gs-root"
SLIDERS = ".gs-code input[type=range]:visible"  # LAPGAN has sliders too
PICTURE = "document.querySelector('#infogan-stage canvas').toDataURL()"


@pytest.fixture
def tab(app, visit):
    page = visit(app, tab="InfoGAN")
    page.wait_for_selector(f"{STAGE}[data-drawn]")
    page.wait_for_selector(SLIDERS)
    page.wait_for_timeout(500)
    return page


def wait_for_label(page, text):
    page.wait_for_function("([at, text]) => document.querySelector(at).ariaLabel.includes(text)", arg=[STAGE, text])


def choose(page, file):
    with page.expect_file_chooser() as chooser:
        page.click("#infogan-upload")
    chooser.value.set_files(file)


def digit():
    image = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(image).line([(120, 40), (180, 260)], fill="black", width=30)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


@pytest.mark.browser
def test_picture_follows_a_dragged_slider(tab):
    before = tab.evaluate(PICTURE)
    box = tab.locator(SLIDERS).first.bounding_box()
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 2, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] - 1, middle, steps=10)
    wait_for_label(tab, "slant 2.00")  # before the button is let go
    assert tab.evaluate(PICTURE) != before
    tab.mouse.up()
    tab.wait_for_timeout(800)
    assert tab.locator(SLIDERS).first.input_value() == "2"


@pytest.mark.browser
def test_slider_answers_to_the_keyboard(tab):
    tab.locator(SLIDERS).nth(1).focus()
    tab.keyboard.press("End")
    wait_for_label(tab, "width 2.00")


@pytest.mark.browser
def test_clicked_digit_becomes_the_picture(tab):
    tab.click("[data-tile=category-3]")
    wait_for_label(tab, "Digit 3")
    assert tab.get_attribute("[data-tile=category-3]", "aria-pressed") == "true"
    strip = tab.evaluate("document.querySelector('[data-tile=category-3] canvas').toDataURL()")
    assert tab.evaluate(PICTURE) == strip


@pytest.mark.browser
def test_plane_moves_both_sliders(tab):
    box = tab.locator("#infogan-plane .gs-field").bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] - 1, box["y"] + 1, steps=8)
    tab.mouse.up()
    wait_for_label(tab, "slant 2.00, width 2.00")
    expect(tab.locator(SLIDERS).first).to_have_value("2")
    expect(tab.locator(SLIDERS).last).to_have_value("2")


@pytest.mark.browser
def test_clicked_cell_of_the_sweep_is_shown(tab):
    canvas = tab.locator("#infogan-sweep canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 0.95, "y": box["height"] * 0.15})
    wait_for_label(tab, "Digit 1, slant 2.00")


@pytest.mark.browser
def test_new_noise_keeps_the_codes(tab):
    before = tab.evaluate(PICTURE)
    tab.get_by_role("button", name="New noise").click()
    tab.wait_for_function(f"before => {PICTURE} !== before", arg=before)
    assert "Digit 5, slant 0.00, width 0.00" in tab.get_attribute(STAGE, "aria-label")
    assert not tab.get_attribute(STAGE, "aria-label").endswith("seed 42")


@pytest.mark.browser
def test_sliders_move_to_what_q_reads_in_a_drawing(tab):
    pad = tab.locator("#infogan-pad canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    before = tab.get_attribute(STAGE, "aria-label")
    tab.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.2)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.8, steps=10)
    tab.mouse.up()
    tab.wait_for_function("([at, before]) => document.querySelector(at).ariaLabel !== before", arg=[STAGE, before])
    tab.wait_for_timeout(800)

    def follow():
        values = [float(slider.input_value()) for slider in tab.locator(SLIDERS).all()]
        said = [float(part.split()[-1]) for part in tab.get_attribute(STAGE, "aria-label").split(", ")[1:3]]
        return said == pytest.approx(values, abs=0.051)  # sliders show steps of 0.05, the picture is what Q read

    until(tab, follow)


@pytest.mark.browser
def test_uploaded_digit_is_shown_as_q_sees_it_and_drawn_again(tab):
    own = "[...document.querySelectorAll('#infogan-own canvas')].map((canvas) => canvas.toDataURL())"
    before = tab.evaluate(own)
    upload = {"name": "digit.png", "mimeType": "image/png", "buffer": digit()}
    choose(tab, upload)
    tab.wait_for_function(f"before => {own}.every((url, i) => url !== before[i])", arg=before)


@pytest.mark.browser
def test_refused_upload_says_why_and_leaves_the_picture(tab):
    before = tab.evaluate(PICTURE)
    choose(tab, {"name": "digit.png", "mimeType": "image/png", "buffer": b"no picture at all"})
    tab.get_by_text("save the picture as PNG or JPEG").wait_for()
    assert tab.evaluate(PICTURE) == before


@pytest.mark.browser
def test_weights_with_more_codes_have_more_sliders_and_the_same_pixels(shipped, visit):
    page = visit(f"{shipped}/?v=1&m=infogan&w=infogan-faces&s=7&k=2&c1=0.60&c2=-0.30&c3=1.00&c4=0.50")
    page.wait_for_selector(f"{STAGE}[data-drawn]")
    wait_for_label(page, "azimuth 0.60, elevation -0.30, lighting 1.00, width 0.50, seed 7")
    sliders = page.locator(SLIDERS)
    assert [float(slider.input_value()) for slider in sliders.all()] == [0.6, -0.3, 1.0, 0.5]
    assert page.locator("#infogan-pad").is_hidden()  # it draws digits
    page.wait_for_selector("#infogan-engine [data-engine=browser]", state="attached")
    codes = {"c1": 0.6, "c2": -0.3, "c3": 1.0, "c4": 0.5}
    for place, key, value, label in ((2, "c3", -1, "lighting -1.00"), (3, "c4", 2, "width 2.00")):
        sliders.nth(place).fill(str(value))
        wait_for_label(page, label)
        codes[key] = value
        wanted = picture(shipped, "infogan_generate", model="infogan-faces", seed=7, category=2, **codes)
        assert np.abs(shown(page, 32) - wanted).max() <= 1


def shown(page, side):
    """The pixels of the stage, (side, side)."""
    read = f"""() => {{
      const canvas = document.querySelector("#infogan-stage canvas");
      const {{ data }} = canvas.getContext("2d").getImageData(0, 0, {side}, {side});
      return [...data].filter((_, i) => i % 4 === 0);
    }}"""
    return np.int16(page.evaluate(read)).reshape(side, side)


def test_generate_answers_a_png_that_only_its_arguments_determine(app):
    first = picture(app, "infogan_generate")
    assert first.shape == (28, 28)
    assert np.array_equal(first, picture(app, "infogan_generate", seed=42, category=5, c1=0, c2=0))
    for other in ({"seed": 7}, {"category": 2}, {"c1": 1.5}, {"c2": -1.5}):
        assert not np.array_equal(first, picture(app, "infogan_generate", **other)), other


def test_api_and_page_draw_the_same_pixels(app, tab):
    assert np.array_equal(shown(tab, 28), picture(app, "infogan_generate"))


def test_sweep_shows_the_single_pictures(app):
    sheet = picture(app, "infogan_sweep", code=2, seed=3)
    assert sheet.shape == (280, 280)
    corner = picture(app, "infogan_generate", category=9, c2=2, seed=3)
    assert np.abs(np.int16(sheet[252:, 252:]) - corner).max() <= 1


def test_infer_names_category_and_codes(app):
    kind, (reading,) = call(app, "infogan_infer")
    assert kind == "complete"
    assert sorted(reading["probabilities"]) == list("0123456789")
    assert sum(reading["probabilities"].values()) == pytest.approx(1, abs=0.001)
    assert reading["category"] == max(reading["probabilities"], key=reading["probabilities"].get)
    assert list(reading["codes"]) == ["slant", "width"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"model": "../secret"}, "There are no weights called '../secret'."),
        ({"c1": 99}, "c1 is 99: give a number from -2 to 2."),
        ({"category": 10}, "10 is not one of 0 to 9"),
        ({"seed": -1}, "seed is -1: give a whole number from 0 to 4294967295."),
    ],
)
def test_bad_arguments_get_a_sentence(app, arguments, sentence):
    kind, data = call(app, "infogan_generate", **arguments)
    assert kind == "error"
    assert sentence in str(data)


def test_the_control_is_called_what_it_is_and_names_no_digits(monkeypatch):
    monkeypatch.setattr(inference, "weights", lambda name, _="": load_weights(SHIPPED / name))
    assert (inference.intro_key("infogan-mnist-control"), inference.intro_key("infogan-mnist")) == (
        "intro_control",
        "intro",
    )
    assert inference.intro_key("infogan-faces") == "intro_other"
    assert view.called("infogan-mnist-control", view.labels("infogan-mnist-control")[3]) == "Category 3"
    assert view.called("infogan-mnist", view.labels("infogan-mnist")[3]) == "Digit 3"
