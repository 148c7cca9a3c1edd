"""Several processes under a real torchrun: the numbers of one, one folder, one end."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch
from torch import nn

from tests.training.ranks import CASES, STEPS, train_all
from tests.training.tiny import SMALL, request, signals_kept
from training import distributed, shared
from training.gan import GANSettings
from training.lapgan import LAPGANSettings
from training.loop import Limits
from training.run import RunError, RunFolder
from training.shared import draw_rows, own_rows, step_shared
from training.start import resolve, start

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120


@contextmanager
def torchrun(*words, log):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", *words]
    with open(log, "w") as output:
        process = subprocess.Popen([str(word) for word in command], cwd=ROOT, stdout=output, stderr=output)
    try:
        yield process
    finally:
        for left in [process, *psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []:
            left.kill()
        process.wait()


def until(condition, process):
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


def test_two_processes_learn_what_one_does(tmp_path):
    with torchrun("-m", "tests.training.ranks", tmp_path / "two", log=tmp_path / "log") as process:
        train_all(tmp_path / "one")
        assert process.wait(PATIENCE_S) == 0, (tmp_path / "log").read_text()
    for name in CASES:
        one, two = (RunFolder(tmp_path / count / name) for count in ("one", "two"))
        assert (one.status()["processes"], two.status()["processes"]) == (1, 2)
        assert len(one.read_metrics()) == len(two.read_metrics()) == STEPS
        for alone, together in zip(one.read_metrics(), two.read_metrics(), strict=True):
            for key in alone:
                if key.startswith(("loss", "information")):
                    assert together[key] == pytest.approx(alone[key], rel=1e-4, abs=1e-6), (name, key, alone["step"])
        here, there = one.load_newest().tensors, two.load_newest().tensors
        assert here.keys() == there.keys()
        for key in here:
            if key.startswith("random") or key.startswith("sampler"):
                assert torch.equal(here[key], there[key]), (name, key)
            elif key.startswith("model"):
                assert torch.allclose(here[key].float(), there[key].float(), rtol=1e-3, atol=1e-4), (name, key)


@pytest.mark.broad
def test_a_run_of_two_processes_is_stopped_continued_broken_and_continued_again(tmp_path):
    run = RunFolder(tmp_path / "run")
    words = ("-m", "training", "train", "gan", "--data", "fake", "--image-size", 8, "--channels", 1, "--device", "cpu")
    words = (*words, "--run-dir", run.path, "--minutes", 2, "--tick-steps", 2, "--save-steps", 4, "--resume")
    words = (*words, "--set", *SMALL["gan"])

    def second(process):
        """Return the process beside the one that writes."""
        first = run.status()["pid"]
        return next(child.pid for child in psutil.Process(process.pid).children() if child.pid != first)

    with torchrun(*words, log=tmp_path / "log") as process:
        until(lambda: run.read_metrics(), process)
        os.kill(second(process), signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, (tmp_path / "log").read_text()
    assert run.status()["state"] == "cancelled"
    stopped_at = run.status()["step"]
    assert run.load_newest().step == stopped_at

    with torchrun(*words, log=tmp_path / "log") as process:
        until(lambda: run.checkpoint_steps()[-1] > stopped_at, process)
        os.kill(second(process), signal.SIGKILL)
        assert process.wait(PATIENCE_S) != 0
    status = run.status()
    assert (status["state"], status["reason"]) == ("failed", "another process of this run ended")
    assert not psutil.pid_exists(status["pid"])

    asked, last = request("gan"), run.checkpoint_steps()[-1] + 2
    with signals_kept():
        limits = Limits(steps=last, tick_steps=2, save_steps=4)
        assert start(resolve(asked), run, limits, resume=True, device_name="cpu") == "done"
    steps = [record["step"] for record in run.read_metrics()]
    assert steps == sorted(set(steps))
    assert steps[-1] == last


@pytest.fixture
def second_of_three(monkeypatch):
    for module in (distributed, shared):
        monkeypatch.setattr(module, "rank", lambda: 1)
        monkeypatch.setattr(module, "ranks", lambda: 3)


@pytest.mark.parametrize(
    ("model", "settings", "multiple"),
    [
        ("gan", GANSettings(batch_size=10), 3),
        ("lapgan", LAPGANSettings(batch_size=8, optimizer="adam"), 12),
        ("lapgan", LAPGANSettings(batch_size=12, optimizer="sgd"), 24),
    ],
)
def test_a_batch_that_cannot_be_shared_is_refused(second_of_three, model, settings, multiple):
    with pytest.raises(RunError) as caught:
        distributed.check_batch(model, settings)
    said = f"A batch of {settings.batch_size} cannot be shared by 3 processes"
    assert str(caught.value) == f"{said}; set batch_size to a multiple of {multiple}."
    distributed.check_batch(model, replace(settings, batch_size=multiple))


def test_rows_stay_in_fours_and_halves(second_of_three):
    rows = own_rows(torch.arange(24))
    assert rows.tolist() == [4, 5, 6, 7, 16, 17, 18, 19]
    assert own_rows(torch.arange(12)).tolist() == rows[:4].tolist()  # the first half of either is the first half's
    assert own_rows(torch.arange(6)).tolist() == [2, 3]


def test_draws_are_shared_in_a_step_alone(second_of_three):
    def drawn():
        return draw_rows(torch.rand, (5, 8), torch.Generator().manual_seed(1), axis=1)

    whole = torch.rand(5, 24, generator=torch.Generator().manual_seed(1))
    assert torch.equal(drawn(), torch.rand(5, 8, generator=torch.Generator().manual_seed(1)))
    with step_shared():
        assert torch.equal(drawn(), whole[:, [4, 5, 6, 7, 16, 17, 18, 19]])


def test_a_single_process_is_left_alone():
    net = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout())
    shared.share(net, {})
    assert not any("forward" in vars(module) for module in net)
    assert distributed.join("cpu") == "cpu"
