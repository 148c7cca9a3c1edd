"""Recordings of runs, and the look at data before a run."""

import json

import pytest
from PIL import Image

from models.checkpoint import write_json
from training.look import COLUMNS, look
from training.pictures import DataError
from training.record import MOST_FRAMES, MOST_RECORDS, record, thin
from training.run import RunError, RunFolder
from training.tails import shortened

REQUEST = {"model": "gan", "data": "folder:/home/someone/birds.zip", "levels": [], "overrides": []}


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.samples.mkdir(parents=True)
    write_json(folder.path / "run.json", {"request": REQUEST, "config": {"width": 8}, "settings": {"lr": 0.1}})
    write_json(folder.path / "status.json", {"state": "done", "step": 1000, "reason": "", "pid": 77})
    for step in range(1, 1001):
        folder.append_metrics({"step": step, "loss": 1 / 3, "cpu_seconds": 1.0})
    for step in range(50, 1001, 50):
        grey = Image.new("L", (20, 20), step // 5)
        grey.save(folder.samples / f"step-{step:06d}.png")
    return folder


def test_a_recording_is_small_and_tells_the_whole_way(run, tmp_path):
    to = record(run, tmp_path / "recording", "It went well.")
    told = json.loads((to / "recording.json").read_text())
    assert len(told["records"]) == MOST_RECORDS
    assert [told["records"][i]["step"] for i in (0, -1)] == [1, 1000]
    assert told["records"][0] == {"step": 1, "loss": 0.3333}
    assert len(told["samples"]) == MOST_FRAMES
    assert told["samples"][-1] == "step-001000.webp"
    assert told["request"]["data"] == "folder:birds.zip"
    assert (told["note"], told["config"], told["status"]["state"]) == ("It went well.", {"width": 8}, "done")
    assert "pid" not in told["status"]
    with Image.open(to / told["samples"][-1]) as frame:
        assert frame.size == (10, 10)
        assert frame.convert("L").getpixel((5, 5)) == 200


def test_a_new_recording_takes_the_place_of_the_old(run, tmp_path):
    record(run, tmp_path / "recording", "")
    for path in list(run.samples.glob("*.png"))[1:]:
        path.unlink()
    record(run, tmp_path / "recording", "")
    assert len(list((tmp_path / "recording").glob("*.webp"))) == 1


@pytest.mark.parametrize(("levels", "frames"), [([], 12), ([2], 12), ([0, 2], 12), ([0], 0), ([0, 1], 0)])
def test_samples_grown_on_real_pictures_are_not_kept(run, tmp_path, levels, frames):
    request = {**REQUEST, "model": "lapgan", "levels": levels}
    write_json(run.path / "run.json", {"request": request, "config": {"image_sizes": [16, 8, 4]}, "settings": {}})
    to = record(run, tmp_path / "recording", "")
    told = json.loads((to / "recording.json").read_text())
    assert len(told["samples"]) == len(list(to.glob("*.webp"))) == frames
    assert len(told["records"]) == MOST_RECORDS


@pytest.mark.parametrize(("channels", "frames"), [(1, 12), (3, 0)])
def test_photographs_beside_their_reconstructions_are_not_kept(run, tmp_path, channels, frames):
    request = {**REQUEST, "model": "bigan"}
    write_json(run.path / "run.json", {"request": request, "config": {"channels": channels}, "settings": {}})
    to = record(run, tmp_path / "recording", "")
    assert len(list(to.glob("*.webp"))) == frames


def test_a_run_without_samples_cannot_be_recorded(run, tmp_path):
    for path in run.samples.glob("*.png"):
        path.unlink()
    with pytest.raises(RunError, match="no samples and metrics yet"):
        record(run, tmp_path / "recording", "")


def test_thinning_keeps_the_ends():
    assert thin([1, 2, 3], 3) == [1, 2, 3]
    assert thin(list(range(100)), 4) == [0, 33, 66, 99]
    assert shortened({"step": 12345, "a": 123456.0, "b": 0.000123456, "cpu_seconds": 1.0}, 4) == {
        "step": 12345,
        "a": 123500.0,
        "b": 0.0001235,
    }


def test_a_look_counts_every_class_and_shows_each(tmp_path):
    for number in range(30):
        path = tmp_path / "birds" / ("day", "night", "dusk")[number % 3] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (250, 0, 0) if number % 3 else (0, 0, 250)).save(path)
    told = look(f"folder:{tmp_path / 'birds'}", tmp_path / "sheet.png", size=16, channels=None, data_root=None)
    assert (told["width"], told["height"], told["channels"], told["class_count"]) == (16, 16, 3, 3)
    assert sum(told["classes"].values()) == told["pictures"]
    assert set(told["classes"]) == {"day", "night", "dusk"}
    assert any("Lanczos" in note for note in told["notes"])
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == COLUMNS * 17 + 1


def test_a_look_at_what_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "birds").mkdir()
    (tmp_path / "birds" / "notes.txt").write_text("no picture")
    with pytest.raises(DataError, match="is not a picture"):
        look(f"folder:{tmp_path / 'birds'}", None, size=16, channels=None, data_root=None)
