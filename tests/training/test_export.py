"""The exported nets give what torch gives, and say of themselves what the page needs to know."""

import hashlib
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto

from models import build
from models.checkpoint import load_weights, save_weights
from models.steps import LARGE
from tests.training.tiny import CONFIGS
from training.export import GOLDEN_SEED, export, golden_inputs, nets_of
from training.rounding import round_command
from training.run import RunError

GREY = 1 / 127.5
TABS = {"infogan": ["generator", "q"], "bigan": ["generator", "encoder"], "lapgan": ["level0", "level1", "level2"]}


@pytest.fixture(scope="module", params=[(kind, rounded) for kind in TABS for rounded in (False, True)], ids=str)
def exported(request, tmp_path_factory):
    torch.manual_seed(1)
    kind, rounded = request.param
    folder = tmp_path_factory.mktemp("weights") / f"{kind}-tiny"
    model = build(kind, CONFIGS[kind], adversary=False).eval()
    save_weights(folder, kind, model.config, model, half=True)
    if rounded:
        round_command(str(folder))
    weights = load_weights(folder)
    export(weights, folder / "onnx")
    return weights


def test_every_net_that_a_tab_runs_is_there(exported):
    nets = TABS[exported.kind]
    assert sorted(path.name for path in (exported.folder / "onnx").iterdir()) == sorted(
        ["golden.json", *(f"{net}.onnx" for net in nets)]
    )
    golden = json.loads((exported.folder / "onnx" / "golden.json").read_text())
    assert list(golden["nets"]) == nets
    assert golden["weights"] == hashlib.sha256((exported.folder / "model.safetensors").read_bytes()).hexdigest()


@pytest.mark.parametrize("count", [1, 7])
def test_onnx_gives_what_torch_gives(exported, count):
    for net in nets_of(exported):
        session = onnxruntime.InferenceSession(
            str(exported.folder / "onnx" / f"{net.name}.onnx"), providers=["CPUExecutionProvider"]
        )
        inputs = golden_inputs(net, count)
        with torch.no_grad():
            wanted = net.module(*inputs)
        made = session.run(None, {name: rows.numpy() for name, rows in zip(net.inputs, inputs, strict=True)})
        assert [value.name for value in session.get_outputs()] == list(net.outputs)
        for mine, theirs in zip(made, wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
            assert np.abs(mine - theirs.numpy()).max() < GREY / 10


def test_golden_values_are_those_of_the_seed(exported):
    golden = json.loads((exported.folder / "onnx" / "golden.json").read_text())
    assert golden["seed"] == GOLDEN_SEED
    for net in nets_of(exported):
        noted = golden["nets"][net.name]
        assert {name: tuple(shape) for name, shape in noted["inputs"].items()} == net.inputs
        with torch.no_grad():
            made = net.module(*golden_inputs(net))
        for name, values in zip(net.outputs, made if isinstance(made, tuple) else (made,), strict=True):
            flat, kept = values.flatten().tolist(), noted["outputs"][name]["values"]
            assert kept == pytest.approx([flat[i * len(flat) // len(kept)] for i in range(len(kept))], abs=1e-6)


def test_a_classifier_has_no_tab(tmp_path):
    model = build("classifier", CONFIGS["classifier"]).eval()
    save_weights(tmp_path / "classifier-tiny", "classifier", model.config, model, half=False)
    with pytest.raises(RunError, match="which no tab runs"):
        export(load_weights(tmp_path / "classifier-tiny"), tmp_path / "onnx")


def test_rounded_weights_are_sent_as_steps(exported):
    stored = set()
    for net in nets_of(exported):
        graph = onnx.load(exported.folder / "onnx" / f"{net.name}.onnx").graph
        stored |= {tensor.data_type for tensor in graph.initializer if np.prod(tensor.dims) >= LARGE}
    wanted = TensorProto.INT8 if exported.metrics.get("eight_bit") else TensorProto.FLOAT16
    assert wanted in stored
