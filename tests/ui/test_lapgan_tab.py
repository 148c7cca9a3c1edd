"""The LAPGAN tab: what it draws by any config, in a real browser, and its API over HTTP."""

import base64
import io
import json
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from models.checkpoint import CheckpointError, Weights
from models.lapgan import LAPGAN, LAPGANConfig
from tests.ui.calls import call, picture
from ui import inference, lapgan_tab, lapgan_view
from ui.images import ImageError
from ui.lapgan_examples import EXAMPLES
from ui.lapgan_own import prepare

STAGE = "#lapgan-stage .gs-root"
GAINS = ".gs-gain input[type=range]"
URLS = "at => [...document.querySelectorAll(`${at} canvas`)].map((canvas) => canvas.toDataURL())"
SMALL = {"noise_planes": 1, "noise": 8, "base_width": 32}
CONFIGS = {
    "usual": LAPGANConfig(image_sizes=(16, 8, 4), classes=3, widths=(8, 8), band_scale=(0.2, 0.2), **SMALL),
    "grey": LAPGANConfig(image_sizes=(28, 14, 8), channels=1, widths=(8, 8), band_scale=(0.1, 0.2), **SMALL),
    "deep": LAPGANConfig(image_sizes=(64, 32, 16, 8, 4), classes=2, widths=(8,) * 4, band_scale=(0.1,) * 4, **SMALL),
    "article": LAPGANConfig(image_sizes=(8, 4), widths=(8,), band_scale=(0.2,), residual_sign="article", **SMALL),
    "paper": LAPGANConfig(image_sizes=(16, 8, 4), nets="paper", widths=(8, 8), band_scale=(1.0, 1.0), **SMALL),
}


@pytest.fixture(params=CONFIGS)
def model(request, monkeypatch):
    """The name of untrained weights of one of many shapes."""
    config = CONFIGS[request.param]
    torch.manual_seed(2)
    net = LAPGAN(config, adversary=False).eval().requires_grad_(False)
    weights = Weights(request.param, "lapgan", config, net, Path("nowhere"), {})
    monkeypatch.setitem(inference._loaded, request.param, weights)
    return request.param


def tiles(scene):
    return {tile["id"]: tile for group in json.loads(scene)["groups"] for tile in group["tiles"]}


def pixels(tile):
    data = np.frombuffer(base64.b64decode(tile["pixels"]), np.int8 if tile["kind"] == "signed" else np.uint8)
    return data.reshape(tile["shape"]).astype(float)


def last_label(model):
    return max(0, CONFIGS[model].classes - 1)


def test_stage_shows_every_level_of_any_pyramid(model):
    config = CONFIGS[model]
    shown = tiles(lapgan_view.stage_scene(lapgan_view.plain(model, last_label(model), 5)))
    coarsest, *finer = reversed(config.image_sizes)
    assert pixels(shown[f"sum-{coarsest}"]).shape == (coarsest, coarsest, config.channels)
    for size in finer:
        assert pixels(shown[f"enlarged-{size}"]).shape == (size, size, config.channels)
        assert pixels(shown[f"band-{size}"]).shape == (size, size, 1)
        assert shown[f"sign-{size}"]["sign"] == ("−" if model == "article" else "+")
    assert pixels(shown["picture"]).shape == (*config.image_sizes[:1] * 2, config.channels)


def test_picture_of_the_page_is_the_picture_of_the_api(model):
    shown = pixels(tiles(lapgan_view.stage_scene(lapgan_view.plain(model, 0, 9)))["picture"])
    answer = np.asarray(lapgan_tab.lapgan_generate(model, 0, 9))
    assert np.array_equal(shown.reshape(answer.shape), answer)


def test_level_rolled_alone_leaves_all_coarser_ones(model):
    levels = len(CONFIGS[model].image_sizes)
    growth = lapgan_view.plain(model, 0, 5)
    before = lapgan_view.grow([growth])
    for level in range(levels):
        seeds = tuple(77 if k == level else 5 for k in range(levels))
        for old, new in zip(before, lapgan_view.grow([replace(growth, seeds=seeds)]), strict=True):
            assert torch.equal(old.image, new.image) is (old.level > level)


def test_no_gain_leaves_the_enlargement(model):
    growth = lapgan_view.plain(model, 0, 5)
    *_, last = lapgan_view.grow([replace(growth, gains=(0.0,) * len(growth.gains))])
    assert torch.equal(last.image, last.enlarged)
    assert not last.residual.any()


def test_controls_say_what_to_grow(model):
    config, levels = CONFIGS[model], len(CONFIGS[model].image_sizes)
    seeds, gains = list(range(levels)), [0.5 + slot for slot in range(levels)]
    growth = lapgan_tab._growth(model, 0, 99, *seeds, *gains)
    assert growth.seeds == tuple(reversed(seeds))  # controls are counted from the coarsest
    assert growth.gains == (*reversed(gains[1:]), 1.0)
    short = lapgan_tab._growth(model, 0, 99, seeds[0], gains[0])
    assert short.seeds == (99,) * (levels - 1) + (0,)
    assert short.gains == (1.0,) * len(config.image_sizes)


def test_other_model_gets_controls_of_its_own(model):
    config = CONFIGS[model]
    stage, engine, menu, card, *parts = lapgan_tab._switch(model, 0, 3, *[3, 3, 3, 3, 3, 3], *[1.0] * 6)
    assert "picture" in tiles(stage)
    assert json.loads(engine)["config"]["sizes"] == list(config.image_sizes)
    assert menu.visible is bool(config.classes)
    assert card["visible"] is bool(config.classes)
    assert [column["visible"] for column in parts[::5]] == [slot < len(config.image_sizes) for slot in range(6)]


def test_sheets_show_all_classes_and_a_page_of_seeds(model):
    config = CONFIGS[model]
    growth = lapgan_view.plain(model, last_label(model), 40)
    classes = tiles(lapgan_view.classes_scene(growth))
    assert len(classes) == config.classes
    picture = pixels(tiles(lapgan_view.stage_scene(growth))["picture"])
    if config.classes:
        assert classes[f"class-{last_label(model)}"]["selected"]
        assert np.abs(pixels(classes[f"class-{last_label(model)}"]) - picture).max() <= 1
    (others,) = tiles(lapgan_view.others_scene(growth)).values()
    row, column = others["cell"]
    size = config.image_sizes[0]
    cell = pixels(others)[row * size : (row + 1) * size, column * size : (column + 1) * size]
    assert np.abs(cell - picture).max() <= 1
    mixed = replace(growth, seeds=(40, *(41 for _ in growth.seeds[1:])))
    (others,) = tiles(lapgan_view.others_scene(mixed)).values()
    assert others["cell"] is None


@pytest.mark.parametrize("seed", [0, 17, 18, 2**32 - 1])
def test_page_of_seeds_holds_the_seed_and_valid_ones_only(seed):
    seeds = lapgan_view.page(seed)
    assert seed in seeds
    assert len(set(seeds)) == lapgan_view.OTHERS
    assert all(0 <= other < 2**32 for other in seeds)
    assert lapgan_view.page(seeds[-1])[-1] == seeds[-1]


def test_own_picture_keeps_its_level_and_is_dreamed_anew(model):
    config = CONFIGS[model]
    picture = prepare(EXAMPLES["car"](), model)
    for level in range(1, len(config.image_sizes)):
        shown = tiles(lapgan_view.own_scene(picture, model, level, 0, 3))
        side = config.image_sizes[level]
        assert pixels(shown["kept"]).shape == (side, side, config.channels)
        alone = np.asarray(lapgan_tab.lapgan_refine(None, model, level, 0, 3))
        assert alone.shape[:2] == config.image_sizes[:1] * 2
    assert len({shown[f"dream-{i}"]["pixels"] for i in range(lapgan_view.DREAMS)}) == lapgan_view.DREAMS
    true = tiles(lapgan_view.pyramid_scene(picture, model))
    assert np.array_equal(pixels(true["picture"]), pixels(shown["original"]))


def test_refine_reads_files_through_the_one_decoder(model, tmp_path):
    path = tmp_path / "picture.png"
    EXAMPLES["boat"]().save(path)
    assert lapgan_tab.lapgan_refine(str(path), model) == lapgan_tab.lapgan_refine(None, model)
    path.write_bytes(b"no picture")
    with pytest.raises(ImageError):
        lapgan_tab.lapgan_refine(str(path), model)


def test_arguments_out_of_range_get_a_sentence(model):
    beyond = last_label(model) + 1
    with pytest.raises(gr.Error, match=f"Label {beyond} is not one of this model's"):
        lapgan_tab.lapgan_generate(model, beyond)
    for level in (0, len(CONFIGS[model].image_sizes)):
        with pytest.raises(gr.Error, match=f"Level {level} cannot be kept"):
            lapgan_tab.lapgan_refine(None, model, level)
    with pytest.raises(CheckpointError, match="no weights called"):
        lapgan_tab.lapgan_generate("elsewhere")


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_the_same_every_time(name):
    first = EXAMPLES[name]()
    assert first.size == (256, 256)
    assert first == EXAMPLES[name]()


@pytest.fixture
def tab(app, visit):
    page = visit(app, tab="LAPGAN")
    page.wait_for_selector(f"{STAGE}[data-drawn]")
    page.wait_for_selector(GAINS)
    page.wait_for_timeout(500)
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
    assert shown(tab, "picture") == shown(tab, "enlarged-32")
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
    page.get_by_role("button", name="Watch it grow").click()
    moving = page.evaluate("document.querySelector('#lapgan-stage [data-tile=picture]').getAnimations().length > 0")
    assert moving is moves
    page.wait_for_timeout(3000)
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
        ("lapgan_generate", {"seed": -1}, "minimum"),
        ("lapgan_refine", {"level": 4}, "Level 4 cannot be kept"),
    ],
)
def test_bad_arguments_get_a_sentence(app, name, arguments, sentence):
    kind, data = call(app, name, **arguments)
    assert kind == "error"
    assert sentence in str(data)
