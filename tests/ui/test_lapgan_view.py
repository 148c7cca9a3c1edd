"""What the LAPGAN tab shows and asks by any config, as its functions answer."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from models.checkpoint import CheckpointError, Weights
from models.lapgan import LAPGAN, LAPGANConfig
from models.pyramid import down
from ui import inference, lapgan_tab, lapgan_view
from ui.images import ImageError
from ui.lapgan_examples import EXAMPLES
from ui.lapgan_own import prepare

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


@pytest.mark.parametrize("model", ["deep", "usual"], indirect=True)
def test_a_thumbnail_as_large_as_a_level_is_that_level(model):
    """Enlarged smoothly it would come back blurred, and the dream would start from other pixels than those brought."""
    for size in CONFIGS[model].image_sizes[1:]:
        brought = np.random.default_rng(size).integers(0, 256, (size, size, 3), dtype=np.uint8)
        kept = down(prepare(Image.fromarray(brought), model)[None], size)[0]
        assert np.array_equal(((kept + 1) * 127.5).round().permute(1, 2, 0).numpy(), brought)


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
    stage, engine, seed, menu, card, *parts = lapgan_tab._switch(model, 0, 3, *[3, 3, 3, 3, 3, 3], *[1.0] * 6)
    assert "picture" in tiles(stage)
    assert seed == 3
    assert json.loads(engine)["config"]["sizes"] == list(config.image_sizes)
    assert menu.visible is bool(config.classes)
    assert card["visible"] is bool(config.classes)
    assert [column["visible"] for column in parts[::5]] == [slot < len(config.image_sizes) for slot in range(6)]


def test_other_model_opens_with_a_picture_of_its_own_where_no_seed_was_chosen(model, monkeypatch):
    monkeypatch.setitem(lapgan_tab.STARTS, model, (8, last_label(model)))
    stage, _, seed, _, _, *parts = lapgan_tab._switch(model, 0, lapgan_tab.START_SEED, *[46] * 6, *[1.0] * 6)
    assert stage == lapgan_view.stage_scene(lapgan_view.plain(model, last_label(model), 8))
    assert [seed, *(box["value"] for box in parts[3::5])] == [8] * 7


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
