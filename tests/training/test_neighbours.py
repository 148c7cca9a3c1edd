"""The sheet of nearest training pictures: the right ones, nearest first."""

import pytest
import torch
from PIL import Image

import training.__main__ as command_line
from models.checkpoint import save_weights
from tests.training.tiny import untrained
from training.data import normalise, open_dataset
from training.neighbours import NEAREST, nearest


def test_a_training_picture_finds_itself_first_and_then_by_distance():
    train = open_dataset("fake", split="train", size=16, channels=3).images
    queries = normalise(train[[7, 400]])
    found = nearest(queries, train, 3)
    assert found[:, 0].tolist() == [7, 400]
    distances = (normalise(train)[None] - queries[:, None]).flatten(2).norm(dim=2)
    assert torch.equal(found, distances.argsort(dim=1)[:, :3])


@pytest.mark.parametrize("kind", ["lapgan", "gan"])
def test_the_command_writes_a_sheet(kind, tmp_path, capsys):
    made = untrained(kind)
    channels = made.config.channels
    save_weights(tmp_path / f"{kind}-x", kind, made.config, made.model, half=False)
    to = tmp_path / "sheet.png"
    words = ["neighbours", str(tmp_path / f"{kind}-x"), "--data", "fake", "--to", str(to), "--count", "4"]
    command_line.app.cli(args=words)
    assert capsys.readouterr().out.strip() == str(to)
    with Image.open(to) as sheet:
        assert sheet.size == (2 * ((16 + 1) * (NEAREST + 1) + 1), 2 * ((16 + 1) * 4 + 1))
        assert (sheet.mode == "L") == (channels == 1)
