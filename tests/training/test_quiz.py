"""Real pictures for the quiz: of the test split, rendered, or from a .zip of the data's name; else a sentence."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from training.data import DataError, open_dataset
from training.quiz import quiz_sheet


@pytest.fixture
def sheet(tmp_path, monkeypatch):
    """Write a sheet of four pictures with an empty data root; gives them as an array (4, side, side, colours)."""
    monkeypatch.setenv("GANSCOPE_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()

    def write(data, *, size, channels, seed=0):
        to = tmp_path / "sheet.png"
        quiz_sheet(data, to, count=4, seed=seed, size=size, channels=channels, download=False)
        with Image.open(to) as opened:
            row = np.asarray(opened.convert("L" if channels == 1 else "RGB")).reshape(size, 4, size, -1)
        return row.transpose(1, 0, 2, 3)

    return write


def test_rendered_ones_are_of_the_test_split(sheet):
    found = sheet("faces", size=32, channels=1)
    known = open_dataset("faces", split="test", size=32, channels=1, download=False).images.numpy()
    for picture in found[..., 0].astype(int):
        assert np.abs(known[:, 0].astype(int) - picture).max(axis=(1, 2)).min() <= 1
    assert not np.array_equal(found, sheet("faces", size=32, channels=1, seed=1))


def test_others_come_from_a_zip_of_their_name(sheet, tmp_path):
    with zipfile.ZipFile(tmp_path / "data" / "meadows.zip", "w") as held:
        for split, shade in (("train", 0), ("test", 200)):
            for number in range(5):
                Image.new("RGB", (16, 16), (shade, shade, number)).save(tmp_path / "one.png")
                held.write(tmp_path / "one.png", f"{split}/meadow/{number}.png")
    assert (sheet("meadows", size=16, channels=3)[..., 0] == 200).all()


@pytest.mark.parametrize(("data", "sentence"), [("meadows", "in no meadows.zip there"), ("mnist", "cannot be had")])
def test_what_is_not_there_gets_a_sentence(sheet, data, sentence):
    with pytest.raises(DataError, match="cannot be had") as refused:
        sheet(data, size=28, channels=1)
    assert sentence in str(refused.value)
