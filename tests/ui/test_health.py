"""What /healthz says when something is wrong, and what a visitor is told."""

import os
import subprocess

import gradio as gr
import pytest
import torch

from ui import health, inference
from ui.settings import Settings


@pytest.fixture
def where(tmp_path, monkeypatch):
    """Change the settings of this process."""

    def change(**settings):
        made = Settings(**{"runs_dir": tmp_path / "runs", "training_free_mb": 0, **settings})
        monkeypatch.setattr(inference, "settings", lambda: made)

    monkeypatch.setattr(inference, "_short_of_memory", [])
    change()
    return change


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory: you tried to ..."),
    ],
)
def test_out_of_memory_is_one_sentence_and_told_for_a_while(where, monkeypatch, error):
    @inference.device_call
    def compute():
        raise error

    assert health.report()["trouble"] == []
    for _ in range(5):  # and no place is lost
        with pytest.raises(gr.Error, match="no memory left"):
            compute()
    assert health.report()["status"] == "degraded"
    assert "memory" in health.report()["trouble"][0]
    monkeypatch.setattr(inference, "MEMORY_NEWS_S", 0.0)
    assert health.report()["trouble"] == []


def test_really_out_of_memory(where):
    @inference.device_call
    def compute():
        return torch.empty(2**50)

    with pytest.raises(gr.Error, match="no memory left"):
        compute()


def test_a_reserve_is_let_go_in_a_shortage_and_kept_again_after_it(where, monkeypatch):
    held = []
    monkeypatch.setattr(inference, "_reserve", held)

    @inference.device_call
    def compute(size):
        torch.empty(size)
        return [len(part) for part in held]

    assert compute(1) == [inference.RESERVE]
    with pytest.raises(gr.Error, match="no memory left"):
        compute(2**50)
    assert held == []
    assert compute(1) == [inference.RESERVE]
    held.clear()
    monkeypatch.setattr(inference, "RESERVE", 2**60)
    assert compute(1) == []  # there is none for it yet, and the call is answered


def test_other_faults_stay_what_they_are(where):
    @inference.device_call
    def compute():
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        compute()
    assert health.report()["trouble"] == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("only root may make a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_disk_that_is_full_or_cannot_be_written_is_told(where, small_disk):
    where(runs_dir=small_disk / "runs", training_free_mb=3)
    assert health.report()["trouble"] == []
    (small_disk / "fill").write_bytes(bytes(2 * 10**6))
    assert "MB left, 3 are wanted" in health.report()["trouble"][0]
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert "cannot be written" in health.report()["trouble"][0]
    where(runs_dir=small_disk / "runs", training=False)
    assert health.report()["trouble"] == []


def test_run_folder_that_is_no_folder_is_told(where, tmp_path):
    (tmp_path / "file").touch()
    where(runs_dir=tmp_path / "file" / "runs")
    assert "cannot be written" in health.report()["trouble"][0]
    assert os.listdir(tmp_path) == ["file"]


def test_a_disk_without_room_for_runs_is_told(where):
    where(training_free_mb=10_000_000)
    trouble = health.report()["trouble"]
    assert len(trouble) == 1
    assert "10000000 are wanted: no training can start" in trouble[0]
