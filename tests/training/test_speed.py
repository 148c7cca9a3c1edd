"""What the speed command reports; the figures themselves depend on the machine."""

import re

import pytest
import torch
from torch import nn

from tests.training.tiny import SMALL, request
from training.speed import measure, product_speed, speed_command
from training.start import resolve

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _threads_kept():
    yield
    torch.set_num_threads(1)


@pytest.mark.parametrize("kind", ["lapgan", "gan"])
def test_a_step_is_measured_against_plain_eager(kind):
    lines = measure(resolve(request(kind)), CPU, 1, compiled=False)
    assert re.match(rf"{kind}, modern, on CPU .*, \d+ cores", lines[0])
    assert re.match(r"\d+\.\d GFLOP a step of \d+ images; medians of 1 ", lines[1])
    figures = [re.search(r"([\d.]+) images/s +([\d.]+) x plain", line).groups() for line in lines[3:]]
    assert lines[3].startswith("plain, ")
    assert any(line.startswith("as trained, 1 thread ") for line in lines)
    assert figures[0][1] == "1.00"
    assert all(float(rate) > 0 for rate, _ in figures)


def test_a_compiler_that_does_not_work_is_told_and_the_rest_is_measured(monkeypatch):
    def fail(net):
        raise RuntimeError("no g++\nat length")

    monkeypatch.setattr(nn.Module, "compile", fail)
    lines = measure(resolve(request("gan")), CPU, 1, compiled=True)
    assert "torch.compile does not work here: RuntimeError: no g++" in lines
    assert any(line.startswith("as trained") for line in lines)
    assert not any(line.startswith("compiled") for line in lines)


def test_the_peak_is_plausible():
    assert 1e8 < product_speed(CPU, 1, torch.float32) < 1e13


def test_the_command_prints_it(capsys):
    speed_command("bigan", repeats=1, image_size=8, channels=1, device="cpu", set=SMALL["bigan"])
    assert "x plain" in capsys.readouterr().out
