"""The LAPGAN tab in a real browser, and its API over HTTP."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.ui.calls import call, picture
from tests.ui.conftest import until
from ui import lapgan_tab, lapgan_view
from ui.lapgan_examples import EXAMPLES

STAGE = "#lapgan-stage .gs-root"
GAINS = ".gs-gain input[type=range]"
# Tell whether the picture is moved, however short.
MOVED = """() => {
  const { animate } = Element.prototype;
  window.moved = false;
  Element.prototype.animate = function (...asked) {
    window.moved ||= this.matches("#lapgan-stage [data-tile=picture]");
    return animate.apply(this, asked);
  };
}"""
URLS = "at => [...document.querySelectorAll(`${at} canvas`)].map((canvas) => canvas.toDataURL())"


@pytest.fixture
def tab(app, visit):
    page = visit(app, tab="LAPGAN")
    page.wait_for_selector(f"{STAGE}[data-drawn]")
    page.wait_for_selector(GAINS)
    page.wait_for_selector("#lapgan-engine [data-engine]")
    page.wait_for_selector("#lapgan-upload-well p", state="attached")
    return page


def shown(page, tile):
    return page.evaluate(URLS, f"#lapgan-stage [data-tile={tile}]")[0]


def wait_for_change(page, at, before):
    page.wait_for_function(f"([at, before]) => ({URLS})(at).join() !== before.join()", arg=[at, before])


def wait_for_label(page, text, at=STAGE):
    page.wait_for_function("([at, text]) => document.querySelector(at).ariaLabel.includes(text)", arg=[at, text])


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_first_paint_shows_the_whole_pyramid(app, visit, theme):
    page = visit(app, theme=theme)  # LAPGAN is the tab that opens
    page.wait_for_selector(f"{STAGE}[data-drawn]")
    sizes = page.evaluate("[...document.querySelectorAll('#lapgan-stage canvas')].map((canvas) => canvas.width)")
    assert sizes == [4, 8, 8, 8, 16, 16, 16, 32, 32, 32]


@pytest.mark.browser
def test_picture_follows_a_dragged_gain(tab):
    coarse, before = shown(tab, "sum-8"), shown(tab, "picture")
    slider = tab.locator(GAINS).last
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 2, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 1, middle, steps=10)
    wait_for_change(tab, "#lapgan-stage [data-tile=picture]", [before])  # before the button is let go
    sheets = tab.evaluate(URLS, "#lapgan-others")
    tab.mouse.up()
    wait_for_change(tab, "#lapgan-others", sheets)
    assert slider.input_value() == "0"
    until(tab, lambda: shown(tab, "picture") == shown(tab, "enlarged-32"))  # it may come after the sheets
    assert shown(tab, "sum-8") == coarse


@pytest.mark.browser
def test_one_level_rolls_alone(tab):
    before = {tile: shown(tab, tile) for tile in ("sum-4", "sum-8", "sum-16", "picture")}
    tab.get_by_role("button", name="Re-roll 16 px").click()
    wait_for_change(tab, "#lapgan-stage [data-tile=sum-16]", [before["sum-16"]])
    assert [tile for tile in before if shown(tab, tile) != before[tile]] == ["sum-16", "picture"]
    tab.wait_for_function("document.querySelector('#lapgan-others .gs-marker').hidden")


@pytest.mark.browser
def test_new_picture_gives_every_level_its_seed(tab):
    before = tab.evaluate(URLS, "#lapgan-stage")
    tab.get_by_role("button", name="New picture").click()
    wait_for_change(tab, "#lapgan-stage", before)
    seeds = "[...document.querySelectorAll('input[aria-label^=Seed]')].map((node) => node.value)"
    tab.wait_for_function(f"new Set({seeds}).size === 1 && {seeds}[0] !== '{lapgan_tab.START_SEED}'")
    wait_for_label(tab, f"seed {tab.evaluate(seeds)[0]} ")


@pytest.mark.browser
def test_clicked_class_and_clicked_seed_become_the_picture(tab):
    tab.click("#lapgan-classes [data-tile=class-8]")
    wait_for_label(tab, "ship grown")
    tab.wait_for_selector("#lapgan-classes [data-tile=class-8][aria-pressed=true]")
    canvas = tab.locator("#lapgan-others canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 0.95, "y": box["height"] * 0.95})
    last = lapgan_view.page(lapgan_tab.START_SEED)[-1]
    wait_for_label(tab, f"ship grown from seed {last} ")
    tab.wait_for_function(f"document.querySelector('input[aria-label=Seed]').value === '{last}'")
    tab.wait_for_function("document.querySelector('input[aria-label=Class]').value === 'ship'")


@pytest.mark.browser
@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_growth_plays_without_the_server_unless_motion_is_unwanted(app, visit, motion, moves):
    page = visit(app, motion=motion)
    page.wait_for_selector(f"{STAGE}[data-drawn]")
    page.wait_for_timeout(1500)
    calls = []
    page.on("request", lambda request: calls.append(request.url))
    page.evaluate(MOVED)
    page.get_by_role("button", name="Watch it grow").click()
    page.wait_for_timeout(3000)
    assert page.evaluate("moved") is moves
    assert page.evaluate("getComputedStyle(document.querySelector('#lapgan-stage [data-tile=picture]')).opacity") == "1"
    assert calls == []


def upload(content):
    return {"name": "picture.png", "mimeType": "image/png", "buffer": content}


def disc():
    image = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(image).ellipse((80, 20, 220, 160), fill="purple")
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


@pytest.mark.browser
def test_uploaded_picture_is_taken_apart_and_dreamed_anew(tab):
    own, true = tab.evaluate(URLS, "#lapgan-own"), tab.evaluate(URLS, "#lapgan-true")
    tab.set_input_files("#lapgan-upload ~ input, input[type=file]", upload(disc()))
    wait_for_change(tab, "#lapgan-own", own)
    wait_for_change(tab, "#lapgan-true", true)
    own = tab.evaluate(URLS, "#lapgan-own")
    tab.get_by_role("radio", name="16 px").check()
    wait_for_label(tab, "what 16 px keep", "#lapgan-own .gs-root")
    assert tab.evaluate(URLS, "#lapgan-own")[0] == own[0]
    tab.set_input_files("#lapgan-upload ~ input, input[type=file]", upload(b"no picture at all"))
    tab.get_by_text("save the picture as PNG or JPEG").wait_for()
    assert tab.evaluate(URLS, "#lapgan-own")[0] == own[0]


@pytest.mark.browser
def test_pasted_and_dropped_pictures_are_taken(tab):
    send = """([name, at]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(at, (c) => c)], "picture.png", { type: "image/png" }));
      const button = document.getElementById("lapgan-upload");
      const options = { bubbles: true, cancelable: true, clipboardData: transfer, dataTransfer: transfer };
      if (name === "paste") document.dispatchEvent(new ClipboardEvent(name, options));
      else button.dispatchEvent(new DragEvent(name, options));
    }"""
    for name, content in (("paste", disc()), ("drop", _png(EXAMPLES["sunset"]()))):
        own = tab.evaluate(URLS, "#lapgan-own")
        tab.evaluate(send, [name, list(content)])
        wait_for_change(tab, "#lapgan-own", own)


def _png(image):
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


@pytest.mark.browser
def test_example_brings_its_class_and_the_picture_above_can_be_taken(tab):
    tab.click("#lapgan-examples [data-tile=example-car]")
    wait_for_label(tab, "as automobile", "#lapgan-own .gs-root")
    own = tab.evaluate(URLS, "#lapgan-own")
    tab.get_by_role("button", name="Take the picture above").click()
    wait_for_change(tab, "#lapgan-own", own)
    assert tab.evaluate(URLS, "#lapgan-own")[0] == shown(tab, "picture")


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_screen_scrolls_sideways(app, visit, width):
    page = visit(app, width=width)
    page.wait_for_selector(f"{STAGE}[data-drawn]")
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_phone_keeps_the_pyramid_in_sight_and_targets_large(app, visit):
    page = visit(app, width=390, height=844)
    page.wait_for_selector(f"{STAGE}[data-drawn]")
    page.wait_for_selector(GAINS)
    page.wait_for_selector("#lapgan-engine [data-engine]")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input[type=number], input[type=range], .wrap-inner")]
          .map((node) => [node.className || node.type, node.getBoundingClientRect()])
          .filter(([, box]) => box.width > 0 && (box.width < 40 || box.height < 40))
          .map(([name, box]) => `${name} ${box.width} x ${box.height}`)"""
    )
    assert small == []
    page.locator("#lapgan-others").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    stage = page.locator("#lapgan-stage").bounding_box()
    assert 0 <= stage["y"] < 20
    assert stage["height"] < 844 * 0.4


def test_endpoints_answer_pngs_that_only_their_arguments_determine(app):
    for name, changes in (
        ("lapgan_generate", ({"seed": 7}, {"label": 3})),
        ("lapgan_refine", ({"seed": 7}, {"label": 3}, {"level": 3})),
    ):
        first = picture(app, name)
        assert first.shape == (32, 32, 3)
        assert np.array_equal(first, picture(app, name, model="lapgan-cifar10", label=0, seed=lapgan_tab.START_SEED))
        for change in changes:
            assert not np.array_equal(first, picture(app, name, **change)), (name, change)


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("lapgan_generate", {"model": "infogan-mnist"}, "not of a lapgan"),
        ("lapgan_generate", {"model": "../secret"}, "There are no weights called '../secret'."),
        ("lapgan_generate", {"label": 10}, "Label 10 is not one of this model's"),
        ("lapgan_generate", {"seed": -1}, "seed is -1: give a whole number from 0 to 4294967295."),
        ("lapgan_refine", {"level": 4}, "Level 4 cannot be kept"),
    ],
)
def test_bad_arguments_get_a_sentence(app, name, arguments, sentence):
    kind, data = call(app, name, **arguments)
    assert kind == "error"
    assert sentence in str(data)
