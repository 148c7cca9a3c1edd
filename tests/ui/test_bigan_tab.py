"""The BiGAN tab: its API as plain functions and over HTTP, its readings, and the tab in a real browser."""

import base64
import io
import json
import math
from contextlib import contextmanager

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from models.bigan import BiGAN, BiGANConfig
from models.checkpoint import CheckpointError, save_weights
from tests.ui.calls import call, picture
from tests.ui.conftest import SHIPPED, until
from ui import bigan_codes, bigan_examples, bigan_mix, bigan_tab, bigan_view, images, inference

LATENT = 50
STAGE = "#bigan-stage .gs-root"
AGAIN = "document.querySelector('#bigan-stage [data-tile=again] canvas').toDataURL()"
SEEN = "document.querySelector('#bigan-stage [data-tile=seen] canvas').toDataURL()"


@pytest.fixture
def loaded(weights_dir, monkeypatch):
    """The functions of the tab see the tests' weights."""
    with seen_from(weights_dir, monkeypatch):
        yield


@contextmanager
def seen_from(folder, monkeypatch):
    forget = [inference.settings.cache_clear, inference._loaded.clear, bigan_examples.examples.cache_clear]
    monkeypatch.setenv("GANSCOPE_WEIGHTS_DIR", str(folder))
    for clear in forget:
        clear()
    yield
    for clear in forget:
        clear()


def digit(ink="black", paper="white", size=(300, 200)):
    image = Image.new("RGB", size, paper)
    ImageDraw.Draw(image).line([(60, 20), (120, 20), (80, 180)], fill=ink, width=20)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "digit.png"
    path.write_bytes(digit())
    return str(path)


def grey(image):
    return np.asarray(image, dtype=int)


def test_decoding_the_code_of_a_picture_is_its_reconstruction(loaded, photo):
    code = bigan_tab.bigan_encode(photo)
    again, reconstruction = bigan_tab.bigan_decode(code), bigan_tab.bigan_reconstruct(photo)
    assert len(code) == LATENT
    assert all(-1 <= value <= 1 for value in code)
    assert reconstruction.size == (28, 28)
    assert reconstruction.mode == "L"
    assert np.abs(grey(again) - grey(reconstruction)).max() <= 1


def test_every_argument_has_a_default(loaded):
    assert bigan_tab.bigan_reconstruct() == bigan_tab.bigan_decode()
    assert len(bigan_tab.bigan_encode()) == LATENT
    assert bigan_tab.bigan_interpolate().size == (28, 28)


def test_dark_on_light_and_light_on_dark_are_the_same_picture(loaded, photo, tmp_path):
    inverse = tmp_path / "inverse.png"
    inverse.write_bytes(digit(ink="white", paper="black"))
    np.testing.assert_allclose(bigan_tab.bigan_encode(photo), bigan_tab.bigan_encode(str(inverse)), atol=1e-5)


def test_interpolation_begins_at_a_and_ends_at_b(loaded, photo):
    ends = [bigan_tab.bigan_interpolate(photo, None, t) for t in (0, 1)]
    second = bigan_examples.examples(bigan_tab.MODEL)[1].seen
    b = bigan_view.decode(bigan_tab.MODEL, bigan_view.encode(bigan_tab.MODEL, second[None]))[0]
    assert np.abs(grey(ends[0]) - grey(bigan_tab.bigan_reconstruct(photo))).max() <= 1
    assert np.abs(grey(ends[1]) - ((b[0] + 1) * 127.5).round().numpy()).max() <= 1


@pytest.mark.parametrize("t", [-0.1, 1.1, math.nan, math.inf])
def test_interpolation_refuses_another_t(loaded, t):
    with pytest.raises(gr.Error, match=r"t is .* from 0 .* to 1"):
        bigan_tab.bigan_interpolate(t=t)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ([], "50 numbers from -1 to 1, this is 0 numbers"),
        ([0.0] * 49, "this is 49 numbers"),
        ([0.0] * 51, "this is 51 numbers"),
        ({"0": 0.0}, "this is a dict"),
        ("[0]", "this is a str"),
        ([0.0] * 49 + [1.5], r"Number 49 .* is 1.5"),
        ([math.nan] + [0.0] * 49, "Number 0 .* is nan"),
        ([0.0] * 3 + [-math.inf] + [0.0] * 46, "Number 3 .* is -inf"),
        ([0.0, True] + [0.0] * 48, "Number 1 .* is True"),
        ([None] * 50, "Number 0 .* is None"),
        ([[0.0]] * 50, "Number 0"),
        ([10**400] + [0] * 49, "Number 0"),
    ],
)
def test_a_wrong_code_is_refused_in_one_sentence(loaded, code, sentence):
    with pytest.raises(gr.Error, match=sentence) as caught:
        bigan_tab.bigan_decode(code)
    assert len(str(caught.value.message)) < 200


@pytest.mark.parametrize("function", [bigan_tab.bigan_reconstruct, bigan_tab.bigan_encode, bigan_tab.bigan_decode])
@pytest.mark.parametrize("model", ["infogan-mnist", "no-such", "../bigan-mnist", "", None])
def test_other_weights_are_refused(loaded, function, model):
    with pytest.raises(CheckpointError, match=r"not of a bigan: use bigan-mnist|There are no weights called"):
        function(model=model)


def test_bars_stand_in_even_rows():
    assert [bigan_view._columns(count) for count in (50, 100, 128, 64, 7, 200)] == [25, 25, 32, 32, 25, 25]


def test_everything_follows_the_config(tmp_path, monkeypatch, photo):
    config = BiGANConfig(image_size=16, channels=3, latent=7, hidden=32, affine=True)
    save_weights(tmp_path / "bigan-tiny", "bigan", config, BiGAN(config).eval())
    with seen_from(tmp_path, monkeypatch):
        code = bigan_tab.bigan_encode(photo, "bigan-tiny")
        picture = bigan_tab.bigan_decode(code, "bigan-tiny")
        shown = bigan_view.look("bigan-tiny", bigan_examples.examples("bigan-tiny")[0].seen)
        scene = json.loads(bigan_view.stage_scene(shown))
        mixed = json.loads(bigan_mix.slots_scene(bigan_mix.start("bigan-tiny")))
    bars = scene["groups"][1]["tiles"][0]
    assert len(code) == len(bars["values"]) == 7
    assert (picture.size, picture.mode) == ((16, 16), "RGB")
    assert mixed["groups"][0]["tiles"][0]["shape"] == [16, 16, 3]
    # Beside these weights are no figures: the distance stands alone, without a percentile or a gauge.
    assert [tile["kind"] for tile in scene["groups"][-1]["tiles"]] == ["note"]
    assert "Distance" in scene["label"]


@pytest.mark.parametrize(
    ("measured", "key", "words"),
    [
        (0.5, "typical", "closer than every test picture."),
        (45.0, "typical", "45 of 100 test pictures come back closer."),
        (90.0, "typical", "90 of 100"),
        (95.0, "unusual", "95 of 100"),
        (99.5, "foreign", "of 100"),
        (250.0, "foreign", "farther off than every test picture."),
    ],
)
def test_reading_of_a_distance(measured, key, words):
    quantiles = [1.0, *(float(value) for value in range(1, 100)), 100.0]
    found, tone, said = bigan_view.reading(quantiles, measured)
    assert found == key
    assert tone == {"typical": "good", "unusual": "fair", "foreign": "poor"}[key]
    assert words in said


def test_examples_are_generated_or_drawn_and_some_are_hard(loaded):
    found = bigan_examples.examples(bigan_tab.MODEL)
    names = [example.name for example in found if example.hard]
    assert names[:3] == ["a letter", "a face", "a star"]
    assert sum(not example.hard for example in found) == 6
    assert all(example.seen.shape == (1, 28, 28) and example.seen.abs().max() <= 1 for example in found)
    assert all("centred" in example.steps for example in found if example.name in names[:3])


def test_only_weights_that_learned_digits_are_shown_two_digits(monkeypatch):
    with seen_from(SHIPPED, monkeypatch):
        last = {name: bigan_examples.examples(name)[-1] for name in ("bigan-mnist", "bigan-cifar10")}
        assert {name: example.name for name, example in last.items()} == {
            "bigan-mnist": "two digits",
            "bigan-cifar10": "two in one",
        }
        assert all(example.hard for example in last.values())


def test_pixel_matching_in_training_is_owned_up_to(loaded):
    plain = bigan_view.why(bigan_tab.MODEL)
    inference.weights(bigan_tab.MODEL).metrics["training"] = [{"settings": {"reconstruction_weight": 2.0}}]
    assert "never the pixels" in plain
    assert "pixel matching" not in plain
    assert "pixel matching" in bigan_view.why(bigan_tab.MODEL)


def test_changed_weights_change_all_that_is_shown(loaded):
    *_, engine = changed = bigan_tab._change_model(bigan_tab.MODEL, 0.5)
    assert len(changed) == 9
    config = json.loads(engine)["config"]
    assert (config["shape"], config["latent"], config["digits"]) == ([1, 28, 28], LATENT, True)


def test_sum_that_leaves_the_range_is_cut_and_says_so(loaded):
    mixed = bigan_mix.start(bigan_tab.MODEL)
    codes = torch.stack([torch.full((LATENT,), 0.9), torch.full((LATENT,), -0.9), torch.zeros(LATENT)])
    far = bigan_mix.Mix(mixed.model, mixed.seen, codes)
    scene = json.loads(bigan_mix.slots_scene(far))
    edge = bigan_view.decode(mixed.model, torch.ones(1, LATENT))[0]
    shown = bigan_view.scene.image("sum", edge)["pixels"]
    assert "50 of the 50 numbers left the range" in scene["label"]
    assert scene["groups"][0]["tiles"][-1]["pixels"] == shown


def test_putting_a_picture_fills_one_slot_and_chooses_the_next(loaded):
    mixed = bigan_mix.start(bigan_tab.MODEL)
    picture = bigan_examples.examples(mixed.model)[5].seen
    filled = bigan_mix.put(mixed, picture)
    assert filled.chosen == 1
    assert torch.equal(filled.seen[0], picture)
    assert torch.equal(filled.codes[1:], mixed.codes[1:])
    assert not torch.equal(mixed.seen[0], picture)


def test_api_answers_with_png_and_refuses_in_words(app):
    assert picture(app, "bigan_decode", code=[0.0] * LATENT).shape == (28, 28)
    kind, refusal = call(app, "bigan_decode", code=[0.0, 0.0])
    assert kind == "error"
    assert "this is 2 numbers" in str(refusal)
    kind, (code,) = call(app, "bigan_encode")
    assert (kind, len(code)) == ("complete", LATENT)


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


def test_a_browser_that_had_nothing_on_show_changes_nothing():
    for told in (bigan_codes.resume_look(None, None), bigan_codes.resume_mix(None, None, 0.5)):
        assert all(update == gr.skip() for update in told)
