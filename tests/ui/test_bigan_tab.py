"""The BiGAN tab: its API as plain functions and over HTTP, and its readings."""

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
from tests.ui.conftest import SHIPPED
from ui import bigan_codes, bigan_examples, bigan_mix, bigan_tab, bigan_view, inference

LATENT = 50


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


def test_a_browser_that_had_nothing_on_show_changes_nothing():
    for told in (bigan_codes.resume_look(None, None), bigan_codes.resume_mix(None, None, 0.5)):
        assert all(update == gr.skip() for update in told)
