"""Config files of weights: every kind's defaults are read, and anything else is refused in one sentence."""

import copy
import json
from dataclasses import asdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models import MODELS, build
from models.checkpoint import MAX_INTEGER, CheckpointError, config_from_dict, load_weights, save_weights
from tests.models.tiny import TINY

KIND, CONFIG = TINY["infogan"]


def refusal(kind, values):
    """Return why values are refused, or None where they make a config."""
    try:
        config_from_dict(kind, values)
    except CheckpointError as error:
        text = str(error)
        assert "\n" not in text
        assert text.endswith(".")
        assert len(text) < 400
        return text
    return None


@pytest.mark.parametrize("kind", MODELS)
def test_defaults_and_their_json_are_read(kind):
    default = MODELS[kind].config()
    assert config_from_dict(kind, {}) == default
    assert config_from_dict(kind, json.loads(json.dumps(asdict(default)))) == default


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("bigan", [], "must be a JSON object, got list"),
        ("bigan", {"hidden_units": 5}, "Unknown keys in the config of a bigan: 'hidden_units'"),
        ("bigan", {"__class__": "os.system"}, "Unknown keys"),
        ("bigan", {"x" * 5000: 1, "y\nz": 1, **{str(i): 1 for i in range(5000)}}, "Unknown keys"),
        ("bigan", {"hidden": True}, "bigan.hidden must be int within bounds, got 'True'"),
        ("bigan", {"hidden": 1.0}, "bigan.hidden must be int"),
        ("bigan", {"hidden": "1024"}, "bigan.hidden must be int"),
        ("bigan", {"hidden": None}, "bigan.hidden must be int"),
        ("bigan", {"hidden": [1024]}, "bigan.hidden must be int"),
        ("bigan", {"hidden": {"a": 1}}, "bigan.hidden must be int"),
        ("bigan", {"hidden": 0}, "bigan.hidden must be int"),
        ("bigan", {"hidden": -1}, "bigan.hidden must be int"),
        ("bigan", {"hidden": MAX_INTEGER + 1}, "bigan.hidden must be int"),
        ("bigan", {"hidden": 10**100}, "bigan.hidden must be int"),
        ("bigan", {"affine": 1}, "bigan.affine must be bool"),
        ("gan", {"arch": "stylegan"}, "gan.arch must be"),
        ("gan", {"arch": ["fc"]}, "gan.arch must be"),
        ("gan", {"arch": "dcgan", "image_size": 30}, "got 30"),
        ("lapgan", {"image_sizes": 32}, "lapgan.image_sizes must be tuple"),
        ("lapgan", {"image_sizes": [[32], 16, 8, 4]}, "lapgan.image_sizes[0] must be int"),
        ("lapgan", {"image_sizes": list(range(256, 0, -1))}, "lapgan.image_sizes must be tuple"),
        ("lapgan", {"image_sizes": [4, 8, 16, 32]}, "Pyramid sizes must fall"),
        ("lapgan", {"image_sizes": [16, 8]}, "widths needs one value"),
        ("lapgan", {"band_scale": [1, 1, float("nan")]}, "lapgan.band_scale[2] must be float"),
        ("lapgan", {"band_scale": [1, 1, 1e7]}, "lapgan.band_scale[2] must be float"),
        ("lapgan", {"class_names": ["a" * 101]}, "lapgan.class_names[0] must be str"),
        ("lapgan", {"class_names": ["a"] * 1001, "classes": 1001}, "lapgan.class_names must be tuple"),
        ("infogan", {"categorical": [0]}, "infogan.categorical[0] must be int"),
        ("infogan", {"generator_widths": [MAX_INTEGER] * 17}, "infogan.generator_widths must be tuple"),
        ("infogan", {"category_names": ["0"], "categorical": []}, "must name all 0 values"),
        ("classifier", {"widths": "wide"}, "classifier.widths must be tuple"),
    ],
)
def test_refused(kind, values, message):
    assert message in refusal(kind, values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"bigan"',
        "{}",
        '{"model": "bigan"}',
        '{"config": {}}',
        '{"model": "resnet", "config": {}}',
        '{"model": ["bigan"], "config": {}}',
        '{"model": {"bigan": 1}, "config": {}}',
        '{"model": null, "config": {}}',
        '{"model": "bigan", "config": {}, "extra": 1}',
        '{"model": "bigan", "config": null}',
        '{"model": "bigan", "config": ' + "[" * 100_000,
        '{"model": "bigan", "config": {"hidden": ' + "9" * 5000 + "}}",
        "\x00",
        "{'model': 'bigan'}",
    ],
    ids=lambda text: text[:40],
)
def test_files_that_hold_no_config(tmp_path, text):
    save_weights(tmp_path, KIND, CONFIG, build(KIND, CONFIG))
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError) as caught:
        load_weights(tmp_path)
    assert "config" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_config_of_other_nets_does_not_fit_the_weights(tmp_path):
    save_weights(tmp_path, KIND, CONFIG, build(KIND, CONFIG))
    for change in ({"head": 8}, {"generator_hidden": 0}, {"image_size": 16}, {"trunk_widths": [6]}, {"channels": 3}):
        (tmp_path / "config.json").write_text(json.dumps({"model": KIND, "config": {**asdict(CONFIG), **change}}))
        with pytest.raises(CheckpointError, match=r"has shape|missing or unknown tensors"):
            load_weights(tmp_path)


# The largest nets a config may ask for: as many numbers as no memory holds, all refused by a file of a few bytes.
BOMBS = [
    ("lapgan", {"image_sizes": list(range(256, 240, -1)), "widths": [MAX_INTEGER] * 15, "band_scale": [1] * 15}),
    ("infogan", {"image_size": 2**14, "generator_widths": [2**14] * 14, "trunk_widths": [2**14] * 14}),
    ("bigan", {"image_size": 2**14, "channels": 2**14, "hidden": 2**14, "latent": 2**14}),
    ("gan", {"image_size": 2**14, "arch": "dcgan", "width": 2**14, "noise": 2**14}),
    ("classifier", {"image_size": 2**14, "widths": [2**14] * 16, "features": 2**14, "classes": 2**14}),
]


@pytest.mark.parametrize(("kind", "values"), BOMBS, ids=[kind for kind, _ in BOMBS])
def test_nets_too_large_for_any_memory_are_refused_by_their_shapes(tmp_path, kind, values):
    save_weights(tmp_path, KIND, CONFIG, build(KIND, CONFIG))
    (tmp_path / "config.json").write_text(json.dumps({"model": kind, "config": values}))
    with pytest.raises(CheckpointError, match="missing or unknown tensors"):
        load_weights(tmp_path)


SCALARS = st.none() | st.booleans() | st.integers() | st.integers(0, 40) | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_json_is_a_config_or_one_sentence(data):
    kind = data.draw(st.sampled_from(list(MODELS)))
    keys = st.sampled_from([*asdict(MODELS[kind].config())]) | st.text(max_size=8)
    values = data.draw(st.dictionaries(keys, VALUES, max_size=4) | VALUES)
    before = copy.deepcopy(values)
    if refusal(kind, values) is None:
        with torch.device("meta"):
            build(kind, config_from_dict(kind, values), adversary=False)
    assert repr(values) == repr(before)
