"""Zips that nobody should trust: caps, lies, path tricks and damage end in data or in one sentence."""

import os
import struct
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.making import PICTURE, classed, encoded, opened, refused, zipped
from training import pictures
from training.data import DataError

torch.set_num_threads(1)


# Zips that nobody should trust


def test_zip_caps(tmp_path, monkeypatch):
    path = zipped(tmp_path / "pets.zip", classed())
    monkeypatch.setattr(pictures, "MAX_ZIP_ENTRIES", 7)
    assert "8 entries" in refused(path)
    monkeypatch.setattr(pictures, "MAX_ZIP_ENTRIES", 8)
    monkeypatch.setattr(pictures, "MAX_ZIP_BYTES", 100)
    assert "unpack it" in refused(path)


def test_ratio_bomb_is_refused(tmp_path):
    files = classed() | {"train/cat/z.bmp": bytes(4 * 2**20)}
    text = refused(zipped(tmp_path / "pets.zip", files, compression=zipfile.ZIP_DEFLATED))
    assert "zip bomb" in text
    assert "z.bmp" in text


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_a_bound_are_refused(tmp_path, method):
    assert "unusual method" in refused(zipped(tmp_path / "pets.zip", classed(), compression=method))


def test_encrypted_zip_is_refused(tmp_path):
    path = zipped(tmp_path / "pets.zip", classed())
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1
    path.write_bytes(data)
    assert "encrypted" in refused(path)


@pytest.mark.parametrize("declared", [len(PICTURE) - 1, len(PICTURE) + 1, 100])
def test_entry_that_lies_about_its_size_is_refused(tmp_path, declared):
    payload = PICTURE + bytes(900_000)
    path = zipped(tmp_path / "a.zip", {"train/cat/0.png": payload}, compression=zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", declared)
    path.write_bytes(data)
    assert "train/cat/0.png" in refused(path)


def test_entry_that_lies_is_not_unpacked_whole(tmp_path):
    path = zipped(tmp_path / "a.zip", {"cat/0.png": bytes(64 * 2**20)}, compression=zipfile.ZIP_DEFLATED)
    packed = bytearray(path.read_bytes())
    place = packed.index(b"PK\x01\x02")
    packed[place + 24 : place + 28] = struct.pack("<I", 100)
    path.write_bytes(packed)
    tracemalloc.start()
    refused(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_name_twice_is_refused(tmp_path):
    path = zipped(tmp_path / "pets.zip", classed())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("train/cat/0.png", encoded((1, 2, 3)))
    assert "twice" in refused(path)


@pytest.mark.parametrize("name", ["../x.png", "/x.png", "a/../../x.png", "a//x.png", "./x.png", "C:\\x.png"])
def test_path_tricks_are_refused(tmp_path, name):
    path = zipped(tmp_path / "set.zip", {"cat/0.png": PICTURE, name: PICTURE})
    assert "plain relative path" in refused(path)


def test_name_that_is_empty_after_all_is_refused(tmp_path):
    path = zipped(tmp_path / "set.zip", {"cat/0.png": PICTURE, "x.png": PICTURE})
    path.write_bytes(path.read_bytes().replace(b"x.png", b"\0.png"))  # zipfile ends names at a NUL
    assert "plain relative path" in refused(path)


def test_zip_leaves_no_file_but_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANSCOPE_DATA", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    opened(zipped(tmp_path / "pets.zip", classed()))
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in left) == [".safetensors", ".zip"]


KNOWN = ["", ".", "..", ".x", "__MACOSX", "train", "test", "cat", "ant", "a.png", "b.JPG", "c.txt"]
PARTS = st.sampled_from(KNOWN) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NAMES = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
MEMBERS = st.lists(NAMES.filter(bool) | NAMES.map("{}/0.png".format), max_size=6, unique=True)


def data_or_sentence(path, **options):
    """Open a data set that may be refused, but only in one line."""
    try:
        return opened(path, **options)
    except DataError as error:
        return str(error)


@settings(deadline=None, max_examples=150)
@given(names=MEMBERS, split=st.sampled_from(["train", "test"]))
def test_any_member_names_end_in_data_or_one_sentence(names, split):
    with tempfile.TemporaryDirectory() as root:
        path = Path(root, "set.zip")
        try:
            zipped(path, dict.fromkeys(names, PICTURE))
        except (ValueError, IndexError):  # zipfile itself refuses to write some names
            return
        data = data_or_sentence(path, split=split)
        assert os.listdir(root) == ["set.zip"]
        if isinstance(data, str):
            assert "\n" not in data
            return
        assert list(data.class_names) == sorted(set(data.class_names))
        assert 0 < len(data.images) <= len(names)
        assert set(data.labels.tolist()) <= set(range(len(data.class_names)))
        assert (data.images.numpy() == np.array([255, 0, 0], np.uint8)[:, None, None]).all()


@settings(deadline=None, max_examples=150)
@given(
    spots=st.lists(st.tuples(st.integers(0), st.integers(1, 255)), min_size=1, max_size=4),
    cut=st.integers(0, 40),
)
def test_damaged_zip_ends_in_data_or_one_sentence(spots, cut):
    with tempfile.TemporaryDirectory() as root:
        path = zipped(Path(root, "set.zip"), classed(), compression=zipfile.ZIP_DEFLATED)
        whole = torch.cat([opened(path, split=split).images for split in ("train", "test")])
        known = {image.numpy().tobytes() for image in whole}
        packed = bytearray(path.read_bytes())
        for place, change in spots:
            packed[place % len(packed)] ^= change
        path.write_bytes(packed[: len(packed) - cut])
        data = data_or_sentence(path)
        if isinstance(data, str):
            assert "\n" not in data
        else:  # only dates, names and the like were hit
            assert {image.numpy().tobytes() for image in data.images} <= known
