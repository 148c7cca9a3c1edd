"""A run folder: what is kept, what a kill may leave behind, and who may write."""

import errno
import json
import os
import shutil
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from training.run import RunError, RunFolder, State, load_state


@pytest.fixture
def run(tmp_path):
    run = RunFolder(tmp_path / "run")
    with run.locked():
        yield run


def state(step, value=None):
    weight = torch.full((4,), float(step if value is None else value))
    return State(step, {"model/w": weight}, {"best": 1.0, "score": 1})


def names(run):
    return {path.name for path in run.checkpoints.iterdir()}


def test_a_state_comes_back_as_it_was_saved(run):
    tensors = {"a": torch.randn(3, 4).t(), "b": torch.tensor(5), "c": torch.arange(6, dtype=torch.uint8)}
    run.save(State(7, tensors, {"best": -torch.inf, "score": None, "seconds": 1.5}), best=False)
    loaded = run.load_newest()
    assert loaded.step == 7
    assert loaded.meta == {"best": -torch.inf, "score": None, "seconds": 1.5, "step": 7}
    assert loaded.tensors.keys() == tensors.keys()
    assert all(torch.equal(loaded.tensors[key], tensors[key]) for key in tensors)


def test_the_last_two_and_the_best_are_kept(run):
    for step in (1, 2, 3, 4):
        run.save(state(step), best=step == 2)
    assert names(run) == {"step-000003.safetensors", "step-000004.safetensors", "best.safetensors"}
    assert load_file(run.checkpoints / "best.safetensors")["model/w"][0] == 2
    assert run.checkpoint_steps() == [3, 4]
    run.save(state(1_234_567), best=True)
    assert run.checkpoint_steps() == [4, 1_234_567]
    assert run.load_newest().step == 1_234_567


def test_marking_the_best_again_changes_nothing(run):
    run.save(state(1), best=True)
    before = names(run)
    run.mark_best(1)
    assert names(run) == before


@pytest.mark.parametrize("damage", ["cut", "emptied", "nan", "no meta"])
def test_a_bad_checkpoint_is_stepped_over_and_said_so(run, damage, capsys):
    run.save(state(1), best=False)
    run.save(state(2), best=False)
    path = run.checkpoint_path(2)
    content = path.read_bytes()
    if damage == "nan":
        run.save(state(2, torch.nan), best=False)
    else:
        header = content.replace(b'"meta"', b'"mete"')
        path.write_bytes({"cut": content[:-5], "emptied": b"", "no meta": header}[damage])
    assert run.load_newest().step == 1
    said = capsys.readouterr().out
    assert "step-000002.safetensors" in said
    assert "Stepping back one checkpoint" in said
    assert said == (run.path / "log.txt").read_text()
    with pytest.raises(RunError, match=r"step-000002\.safetensors"):
        load_state(path)


def test_a_folder_without_checkpoints_has_no_state(run):
    assert run.load_newest() is None
    assert run.status() == {}
    assert run.read_metrics() == []


@pytest.mark.parametrize("failing", ["room", "write"])
def test_no_room_keeps_the_checkpoints_before(run, monkeypatch, failing):
    run.save(state(1), best=True)
    run.save(state(2), best=False)
    before = {path.name: path.read_bytes() for path in run.checkpoints.iterdir()}

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    if failing == "room":
        monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10_000_000))
    else:
        monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        run.save(state(3), best=True)
    assert caught.value.errno == errno.ENOSPC
    assert {path.name: path.read_bytes() for path in run.checkpoints.iterdir()} == before


def test_metrics_are_cut_to_a_checkpoint_and_a_torn_line_is_dropped(run):
    for step in (2, 4, 6, 8):
        run.append_metrics({"step": step, "loss": step / 3})
    with open(run.metrics, "a") as file:
        file.write('{"step": 10, "lo')
    assert [record["step"] for record in run.read_metrics()] == [2, 4, 6, 8]
    run.cut_metrics(6)
    assert [json.loads(line) for line in run.metrics.read_text().splitlines()] == run.read_metrics()
    assert run.read_metrics()[-1] == {"step": 6, "loss": 2.0}
    run.cut_metrics(0)
    assert run.metrics.read_text() == ""


def test_one_writer_and_no_leftovers_of_another(run, tmp_path):
    with pytest.raises(RunError, match="Another trainer is working in"), RunFolder(tmp_path / "run").locked():
        pass
    other = RunFolder(tmp_path / "other")
    with other.locked():
        leftovers = [other.path / ".status.json.tmp-99", other.checkpoints / ".best.tmp-99"]
        for leftover in leftovers:
            leftover.touch()
    with other.locked():  # free again after the first writer
        assert not any(leftover.exists() for leftover in leftovers)
        assert (other.path / ".lock").exists()


def test_status_says_who_and_why(run):
    run.write_status("failed", 12, "disk full")
    assert run.status() == {"state": "failed", "step": 12, "reason": "disk full", "pid": os.getpid()}
