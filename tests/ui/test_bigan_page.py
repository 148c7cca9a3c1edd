"""The BiGAN tab in a real browser, drawn by the server."""

import base64

import numpy as np
import pytest

from tests.ui.conftest import until
from tests.ui.test_bigan_tab import LATENT, digit, grey
from ui import images

STAGE = "#bigan-stage .gs-root"
AGAIN = "document.querySelector('#bigan-stage [data-tile=again] canvas').toDataURL()"
SEEN = "document.querySelector('#bigan-stage [data-tile=seen] canvas').toDataURL()"


@pytest.fixture
def tab(app, visit):
    page = visit(app, tab="BiGAN")
    page.wait_for_selector(f"{STAGE}[data-drawn]")
    page.wait_for_selector("#bigan-engine [data-engine]")
    return page


def wait_for_change(page, expression, before):
    page.wait_for_function(f"before => {expression} !== before", arg=before)


def drag(page, box, points):
    page.mouse.move(box["x"] + box["width"] * points[0][0], box["y"] + box["height"] * points[0][1])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=6)
    page.mouse.up()


def pixels(page, tile):
    """Read a picture of the stage, (28, 28) from 0 to 255."""
    data = "tile => [...document.querySelector(`#bigan-stage [data-tile=${tile}] canvas`).getContext('2d')"
    return np.array(page.evaluate(f"{data}.getImageData(0, 0, 28, 28).data]", tile)).reshape(28, 28, 4)[..., 0]


@pytest.mark.browser
def test_first_paint_shows_a_picture(tab):
    assert len(np.unique(pixels(tab, "again"))) > 10
    assert tab.locator("#bigan-stage .gs-bar").count() == LATENT


@pytest.mark.browser
def test_drawn_digit_is_seen_to_its_last_stroke(tab):
    before = tab.evaluate(SEEN)
    drag(tab, tab.locator("#bigan-pad canvas").bounding_box(), [(0.25, 0.2), (0.75, 0.2), (0.4, 0.85)])
    wait_for_change(tab, SEEN, before)
    png = tab.evaluate("document.querySelector('#bigan-pad canvas').toDataURL().split(',')[1]")
    wanted = grey(images.digit_view(images.read_image(base64.b64decode(png))).image)
    until(tab, lambda: np.abs(pixels(tab, "seen") - wanted).max() <= 1)
    tab.wait_for_timeout(500)  # nothing older may come after it
    assert np.abs(pixels(tab, "seen") - wanted).max() <= 1


@pytest.mark.browser
def test_dragged_bar_changes_the_picture_until_it_is_reset(tab):
    before = tab.evaluate(AGAIN)
    drag(tab, tab.locator("#bigan-stage .gs-bar").nth(30).bounding_box(), [(0.5, 0.5), (0.5, 0.02)])
    wait_for_change(tab, AGAIN, before)
    tab.wait_for_function("at => document.querySelector(at).ariaLabel.includes('1 of 50 numbers changed')", arg=STAGE)
    tab.click("#bigan-reset")
    tab.wait_for_function(f"before => {AGAIN} === before", arg=before)


@pytest.mark.browser
def test_bars_answer_to_the_keyboard(tab):
    before = tab.evaluate(AGAIN)
    tab.locator("#bigan-stage .gs-bar").first.focus()
    tab.keyboard.press("ArrowRight")
    for _ in range(3):
        tab.keyboard.press("PageUp")
    wait_for_change(tab, AGAIN, before)
    assert float(tab.locator("#bigan-stage .gs-bar").nth(1).get_attribute("aria-valuenow")) > 0.5
    assert tab.locator("#bigan-stage .gs-bar[tabindex='0']").count() == 1


@pytest.mark.browser
def test_example_and_upload_are_shown_as_the_encoder_sees_them(tab):
    before = tab.evaluate(SEEN)
    tab.get_by_role("button", name="Example: a star").click()
    wait_for_change(tab, SEEN, before)
    star = tab.evaluate(SEEN)
    upload = tab.locator("xpath=//*[@id='bigan-upload']/preceding-sibling::input[@type='file']")
    upload.set_input_files({"name": "digit.png", "mimeType": "image/png", "buffer": digit()})
    wait_for_change(tab, SEEN, star)
    caption = tab.locator("#bigan-stage [data-tile=seen] figcaption").inner_text()
    assert "inverted" in caption
    assert "centred" in caption


@pytest.mark.browser
def test_walk_follows_the_slider_and_its_strip(tab):
    walk = "document.querySelector('#bigan-walk [data-tile=walk] canvas').toDataURL()"
    before = tab.evaluate(walk)
    slider = tab.locator(".gs-plain input[type=range]").first
    slider.focus()
    tab.keyboard.press("End")
    wait_for_change(tab, walk, before)
    end = tab.evaluate(walk)
    box = tab.locator("#bigan-walk .gs-mosaic canvas").bounding_box()
    tab.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
    wait_for_change(tab, walk, end)
    tab.wait_for_function("slider => slider.value === '0'", arg=slider.element_handle())


@pytest.mark.browser
def test_what_is_asked_before_the_engine_is_there_is_asked_once_it_is(tab):
    tab.add_init_script("window.ganscope = { early: { bigan: ['walk', [1]] } };")
    with tab.expect_request(lambda request: '"what":"walk"' in (request.post_data or "")):
        tab.reload()
        tab.get_by_role("tab", name="BiGAN").click()


@pytest.mark.browser
def test_slots_take_examples_and_the_picture_above(tab):
    total = "document.querySelector('#bigan-slots [data-tile=sum] canvas').toDataURL()"
    before = tab.evaluate(total)
    tab.get_by_role("button", name="Slot C").click()
    tab.wait_for_function("document.querySelector('[data-tile=slot-2]').ariaPressed === 'true'")
    tab.get_by_role("button", name="Put example a face into the chosen slot").click()
    wait_for_change(tab, total, before)
    mixed = tab.evaluate(total)
    tab.click("#bigan-take")  # the next slot is A again
    tab.wait_for_function("document.querySelector('[data-tile=slot-1]').ariaPressed === 'true'")
    assert tab.evaluate(total) == mixed  # A already was the picture above
