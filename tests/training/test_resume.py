"""Runs that are killed, stopped, starved and fought over: every one can go on, and goes on as if nothing had been."""

import json
import os
import random
import shutil
import signal
import time

import pytest
import torch

from tests.training import forks
from tests.training.making import encoded, folder
from tests.training.tiny import SMALL
from training.processes import find
from training.recipes import RECIPES
from training.run import RunFolder, load_state

KILLS = int(os.environ.get("GANSCOPE_TEST_KILLS", "12"))
LONG = ("--minutes", 2)  # far longer than any test lets it run, but no orphan for ever
TIMES = {"seconds", "cpu_seconds", "images_per_second", "memory_mb"}


@pytest.fixture(scope="module")
def server():
    with forks.server() as running:
        yield running


@pytest.fixture
def command(server, tmp_path):
    """Start `train KIND` on fake data into a run folder of this test; what is still running at the end is killed."""
    started = []

    def start(kind, name, *words, extra=(), file_limit=None):
        data = () if "--data" in words else ("--data", "fake", "--image-size", 8, "--channels", 1)
        shape = ("--run-dir", tmp_path / name, "--device", "cpu", "--set", *SMALL[kind], *extra)
        words = ("train", kind, *data, *words, *shape)
        trainer = forks.Trainer(server, words, tmp_path / f"command-{len(started)}", file_limit)
        started.append(trainer)
        return trainer

    yield start
    for trainer in started:
        if not trainer.ended():
            trainer.send(signal.SIGKILL)
            trainer.wait()


def run_of(tmp_path, name):
    return RunFolder(tmp_path / name)


def succeeded(trainer):
    code = trainer.wait()
    assert code == 0, trainer.errors()


def tensors(run, step):
    return load_state(run.checkpoint_path(step)).tensors


def lasting(run):
    """What was logged, without how long it took."""
    return [{key: value for key, value in record.items() if key not in TIMES} for record in run.read_metrics()]


def assert_same_run(run, other, step):
    """Compare weights, averages, optimisers and generators bit for bit, and every loss that was logged."""
    here, there = tensors(run, step), tensors(other, step)
    assert here.keys() == there.keys()
    assert [key for key in here if not torch.equal(here[key], there[key])] == []
    assert lasting(run) == lasting(other)
    best = [load_state(r.checkpoints / "best.safetensors").step for r in (run, other)]
    assert best[0] == best[1]


@pytest.mark.parametrize("kind", RECIPES)
def test_killed_and_resumed_equals_unbroken(command, tmp_path, kind):
    shape = ("--tick-steps", 2, "--save-steps", 4, "--steps", 12)
    succeeded(command(kind, "unbroken", *shape))
    broken = run_of(tmp_path, "broken")
    chance = random.Random(kind)
    kills = 0
    for ticks in (1, 3, 4):
        trainer = command(kind, "broken", *shape, "--resume")
        trainer.until(lambda ticks=ticks: len(broken.read_metrics()) >= ticks)
        time.sleep(chance.uniform(0, 0.03))
        trainer.send(signal.SIGKILL)
        kills += trainer.wait() == -signal.SIGKILL
    assert kills
    succeeded(command(kind, "broken", *shape, "--resume"))
    assert [record["step"] for record in broken.read_metrics()] == [2, 4, 6, 8, 10, 12]
    assert broken.status()["state"] == "done"
    assert_same_run(broken, run_of(tmp_path, "unbroken"), 12)


def test_killed_while_saving(command, tmp_path):
    run = run_of(tmp_path, "run")
    every_step = ("--tick-steps", 1, "--save-steps", 1)
    chance = random.Random(5)
    newest = kills = 0
    for _ in range(KILLS):
        trainer = command("gan", "run", *every_step, *LONG, "--resume")
        trainer.until(lambda before=newest: max(run.checkpoint_steps(), default=0) > before)
        time.sleep(chance.uniform(0, 0.05))  # a step and its save take about as long
        trainer.send(signal.SIGKILL)
        kills += trainer.wait() == -signal.SIGKILL

        # Whatever has its final name is whole, and no more than the step in work is lost.
        for path in run.checkpoints.glob("[!.]*.safetensors"):
            load_state(path)
        for path in run.path.glob("[!.]*.json"):
            json.loads(path.read_text())
        for path in run.samples.glob("[!.]*.png"):
            assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
        steps = run.checkpoint_steps()
        assert steps[-1] > newest
        assert run.read_metrics()[-1]["step"] - steps[-1] <= 1
        newest = steps[-1]
    assert kills == KILLS

    succeeded(command("gan", "run", *every_step, "--steps", newest + 3, "--resume"))
    assert [record["step"] for record in run.read_metrics()] == list(range(1, newest + 4))
    assert run.checkpoint_steps() == [newest + 2, newest + 3]
    assert list(run.path.rglob(".*.tmp-*")) == []


def test_one_trainer_a_folder_and_a_signal_ends_it_with_a_checkpoint(command, tmp_path):
    run = run_of(tmp_path, "run")
    first = command("gan", "run", "--tick-steps", 2, *LONG)
    first.until(lambda: run.read_metrics())
    second = command("gan", "run", "--tick-steps", 2, *LONG, "--resume")
    assert second.wait() == 2
    assert second.errors() == f"RunError: Another trainer is working in {run.path}; choose another --run-dir.\n"
    assert not first.ended()
    status = run.status()
    assert (status["state"], status["step"], status["reason"], status["pid"]) == ("running", 0, "", first.pid)
    assert find(first.pid, status["born"])

    first.send(signal.SIGTERM)
    succeeded(first)
    status = run.status()
    assert (status["state"], status["reason"]) == ("cancelled", "")
    assert run.load_newest().step == status["step"] == run.read_metrics()[-1]["step"]


def test_interrupted_by_hand_is_the_same(command, tmp_path):
    run = run_of(tmp_path, "run")
    trainer = command("classifier", "run", "--tick-steps", 2, *LONG)
    trainer.until(lambda: run.read_metrics())
    trainer.send(signal.SIGINT)
    succeeded(trainer)
    assert run.status()["state"] == "cancelled"
    assert run.load_newest().step == run.status()["step"]


@pytest.mark.parametrize(
    ("kind", "setting"),
    [("infogan", "lr_generator=1e30"), ("infogan", "lr_discriminator=1e30"), ("gan", "lr=1e30"), ("lapgan", "lr=1e30")],
)
def test_a_divergence_is_told_and_leaves_only_sound_checkpoints(command, tmp_path, kind, setting):
    run = run_of(tmp_path, "run")
    every_step = ("--tick-steps", 1, "--save-steps", 1, "--steps", 20)
    trainer = command(kind, "run", *every_step, extra=(setting,))
    assert trainer.wait() == 3, trainer.errors()
    status = run.status()
    assert status["state"] == "diverged"
    assert f"at step {status['step']}" in status["reason"]
    assert status["step"] - max(run.checkpoint_steps(), default=0) == 1
    for step in run.checkpoint_steps():
        load_state(run.checkpoint_path(step))


def test_a_full_disk_fails_the_run_and_costs_one_interval(command, tmp_path):
    shape = ("--tick-steps", 2, "--save-steps", 4)
    succeeded(command("gan", "unbroken", *shape, "--steps", 12))
    run = run_of(tmp_path, "run")
    succeeded(command("gan", "run", *shape, "--steps", 4))
    size = run.checkpoint_path(4).stat().st_size
    starved = command("gan", "run", *shape, "--steps", 12, "--resume", file_limit=size - 1000)
    assert starved.wait() == 2
    assert "OSError: [Errno 27] File too large" in starved.errors()
    assert run.status() == {**run.status(), "state": "failed", "step": 4, "reason": "disk full"}
    assert run.checkpoint_steps() == [4]
    assert run.load_newest().step == 4
    assert list(run.path.rglob(".*.tmp-*")) == []
    succeeded(command("gan", "run", *shape, "--steps", 12, "--resume"))
    assert_same_run(run, run_of(tmp_path, "unbroken"), 12)


def test_changed_pictures_are_noticed(command, tmp_path):
    pictures = {f"{kind}/{i}.png": encoded((i * 20, 7, 9)) for kind in ("ant", "bee") for i in range(6)}
    source = folder(tmp_path / "pictures", pictures)
    words = ("--data", f"folder:{source}", "--image-size", 8, "--channels", 1, "--tick-steps", 1)
    succeeded(command("gan", "run", *words, "--steps", 1))
    succeeded(command("gan", "run", *words, "--steps", 2, "--resume"))
    folder(source, {"ant/1.png": encoded((250, 7, 9))})
    trainer = command("gan", "run", *words, "--steps", 3, "--resume")
    assert trainer.wait() == 2
    assert "holds a run with another data_digest; start a new one in another --run-dir." in trainer.errors()
    assert run_of(tmp_path, "run").status()["state"] == "done"
    shutil.rmtree(source)
    gone = command("gan", "run", *words, "--steps", 3, "--resume")
    assert gone.wait() == 2
    assert len(gone.errors().splitlines()) == 1
