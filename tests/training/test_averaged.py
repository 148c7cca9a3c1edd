"""Averaged nets without a weights folder: those that would be shipped, of a run or of the folder itself."""

import json

import pytest
import torch

from models.checkpoint import CheckpointError
from tests.training.tiny import request, trained
from training.averaged import average_nets, run_or_weights
from training.run import load_state
from training.ship import ship


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained(request("infogan", seed=4), tmp_path_factory.mktemp("run") / "four")


def test_a_run_gives_the_nets_that_are_shipped_of_it(run, tmp_path):
    shipped = ship([run], tmp_path / "infogan-x", half=False, newest=False)
    before = sorted(path.name for path in run.path.rglob("*"))
    for found in (run_or_weights(run.path), run_or_weights(tmp_path / "infogan-x")):
        assert json.loads(json.dumps(found.metrics)) == shipped.metrics
        assert found.config == shipped.config
        assert not found.model.training
        assert not any(parameter.requires_grad for parameter in found.model.parameters())
        for key, tensor in found.model.state_dict().items():
            assert torch.equal(tensor, shipped.model.state_dict()[key])
    assert (run_or_weights(run.path).name, run_or_weights(run.path).kind) == ("four", "infogan")
    assert sorted(path.name for path in run.path.rglob("*")) == before


def test_the_best_checkpoint_counts_and_the_newest_on_demand(run, tmp_path):
    other = trained(request("infogan", seed=4), tmp_path / "run", steps=2)
    other.checkpoint_path(3).write_bytes(run.checkpoint_path(3).read_bytes())
    for newest, step in ((False, 2), (True, 3)):
        found = average_nets([other], newest=newest)
        assert found.metrics["training"][0]["step"] == step
        kept = load_state(other.checkpoint_path(step)).tensors["average/generator.upward.0.weight"]
        assert torch.equal(found.model.state_dict()["generator.upward.0.weight"], kept)


def test_a_folder_that_is_neither_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        run_or_weights(tmp_path)
