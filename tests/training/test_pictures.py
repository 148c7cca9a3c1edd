"""Folders of pictures: which layouts and files are taken, and how a picture becomes an array."""

import io
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.training.making import PICTURE, classed, encoded, folder, opened, refused, zipped
from training import pictures

torch.set_num_threads(1)


# Layouts of folders and zips


def test_split_folders_with_sorted_classes(tmp_path):
    data = opened(folder(tmp_path / "pets", classed()))
    assert (data.name, data.class_names) == ("pets", ("ant", "cat"))
    assert data.images.shape == (4, 3, 8, 8)
    assert data.labels.tolist() == [0, 0, 1, 1]
    assert data.images[:, 0, 0, 0].tolist() == [40, 60, 0, 20]
    assert opened(tmp_path / "pets", split="test").images[:, 0, 0, 0].tolist() == [120, 140, 80, 100]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zip_equals_its_folder(tmp_path, method):
    whole = opened(folder(tmp_path / "pets", classed()))
    packed = opened(zipped(tmp_path / "pets.zip", classed(), compression=method))
    assert (packed.digest, packed.name) == (whole.digest, whole.name)
    assert torch.equal(packed.images, whole.images)


def test_classes_without_splits_hold_out_one_in_ten(tmp_path):
    files = {f"{kind}/{i}.png": encoded((i, 0, int(kind))) for kind in "12" for i in range(200)}
    path = zipped(tmp_path / "numbers.zip", files)
    train, test = opened(path), opened(path, split="test")
    assert len(train.images) + len(test.images) == 400
    assert 20 <= len(test.images) <= 60
    colours = {tuple(image[:, 0, 0].tolist()) for data in (train, test) for image in data.images}
    assert len(colours) == 400
    assert "leaves out 1 file in 10" in train.describe()
    assert "holds about 1 file in 10" in test.describe()
    more = opened(zipped(tmp_path / "more.zip", files | {"1/new.png": PICTURE}), split="test")
    kept = {tuple(image[:, 0, 0].tolist()) for image in more.images}
    assert {tuple(image[:, 0, 0].tolist()) for image in test.images} <= kept


def test_pictures_alone_are_one_class(tmp_path):
    data = opened(folder(tmp_path / "flat", {f"{i}.png": encoded((i, 0, 0)) for i in range(40)}))
    assert data.class_names == ("pictures",)
    both = opened(folder(tmp_path / "both", {"train/a.png": PICTURE, "test/b.png": PICTURE}), split="test")
    assert (both.class_names, len(both.images), both.notes) == (("pictures",), 1, ())


def test_train_may_be_the_name_of_a_class(tmp_path):
    files = {f"{kind}/{i}.png": PICTURE for kind in ("train", "plane") for i in range(20)}
    assert opened(zipped(tmp_path / "a.zip", files)).class_names == ("plane", "train")


def test_only_class_and_limit_decode_no_other_picture(tmp_path):
    path = folder(tmp_path / "pets", classed(**{"train/cat/1.png": b"damaged"}))
    assert opened(path, only_class="ant").class_names == ("ant",)
    assert opened(path, limit=2).labels.tolist() == [0, 1]
    assert "train/cat/1.png" in refused(path)


@pytest.mark.parametrize("pack", [folder, zipped])
def test_clutter_that_does_not_count(tmp_path, pack):
    clutter = {"__MACOSX/train/cat/._0.png": b"x", ".DS_Store": b"x", "train/.hidden/note.txt": b"x"}
    target = tmp_path / ("pets.zip" if pack is zipped else "pets")
    assert len(opened(pack(target, classed() | clutter)).images) == 4


@pytest.mark.parametrize("pack", [folder, zipped])
@pytest.mark.parametrize(
    ("files", "told"),
    [
        (classed() | {"train/cat/notes.txt": b"x"}, "notes.txt"),
        (classed() | {"README": b"x"}, "README"),
        (classed() | {"val/cat/0.png": PICTURE}, "val/cat/0.png"),
        (classed() | {"train/owl/0.png": PICTURE}, "'owl'"),
        (classed() | {"0.png": PICTURE}, "'0.png' beside"),
        ({"a/b/c/0.png": PICTURE}, "a/b/c"),
        ({"a/0.png": PICTURE, "1.png": PICTURE}, "'1.png' beside 'a/0.png'"),
        ({"train/cat/0.png": PICTURE, "train/cat/b\x1b.png": PICTURE}, "plain relative path"),
        ({"train/cat/0.png": PICTURE, "train/cat\\b/0.png": PICTURE}, "plain relative path"),
        ({".DS_Store": b"x"}, "no pictures"),
    ],
)
def test_wrong_files_and_layouts_are_named(tmp_path, pack, files, told):
    target = tmp_path / ("set.zip" if pack is zipped else "set")
    split = "test" if "'owl'" in told else "train"
    assert told in refused(pack(target, files), split=split)


def test_missing_split_is_refused(tmp_path):
    path = folder(tmp_path / "set", {"train/cat/0.png": PICTURE})
    assert "test split" in refused(path, split="test")


@pytest.mark.parametrize("name", ["absent", "absent.zip", "text.zip", "empty.zip"])
def test_what_is_no_folder_or_zip_is_refused(tmp_path, name):
    (tmp_path / "text.zip").write_bytes(b"hello")
    (tmp_path / "empty.zip").write_bytes(b"")
    assert name in refused(tmp_path / name)


def test_linked_folders_count_and_loops_end(tmp_path):
    elsewhere = folder(tmp_path / "elsewhere", {f"{i}.png": PICTURE for i in range(20)})
    root = folder(tmp_path / "set", {f"cat/{i}.png": PICTURE for i in range(20)})
    (root / "ant").symlink_to(elsewhere)
    assert opened(root).class_names == ("ant", "cat")
    (root / "cat" / "loop").symlink_to(root)
    assert "too deep" in refused(root)


def test_what_is_no_regular_file_is_refused_unread(tmp_path):
    root = folder(tmp_path / "set", {"cat/0.png": PICTURE})
    os.mkfifo(root / "cat" / "1.png")
    assert "regular file" in refused(root)
    (root / "cat" / "1.png").unlink()
    (root / "cat" / "1.png").symlink_to("nowhere.png")
    assert "1.png" in refused(root)


# Decoding


def one(tmp_path, data, name="train/cat/0.png", **options):
    with tempfile.TemporaryDirectory(dir=tmp_path) as root:
        return opened(folder(Path(root), {name: data}), **options).images[0]


def test_modes_become_grey_or_colour(tmp_path):
    ramp = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    assert one(tmp_path, encoded(7, mode="L")).shape == (1, 8, 8)
    assert one(tmp_path, encoded(1, mode="1")).unique().tolist() == [255]
    assert torch.equal(one(tmp_path, encoded(ramp))[0], torch.from_numpy(ramp))
    assert one(tmp_path, encoded(7, mode="L"), channels=3).shape == (3, 8, 8)
    assert one(tmp_path, encoded((0, 255, 0)), channels=1).unique().tolist() == [150]
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    buffer = io.BytesIO()
    palette.save(buffer, "PNG")
    assert one(tmp_path, buffer.getvalue())[:, 0, 0].tolist() == [10, 20, 30]
    inks = encoded((0, 0, 0, 0), mode="CMYK", kind="JPEG")
    assert one(tmp_path, inks, "train/cat/0.jpg").unique().tolist() == [255]


def test_alpha_lies_over_white(tmp_path):
    assert one(tmp_path, encoded((255, 0, 0, 0), mode="RGBA")).unique().tolist() == [255]
    assert one(tmp_path, encoded((255, 0, 0, 255), mode="RGBA"))[:, 0, 0].tolist() == [255, 0, 0]
    assert one(tmp_path, encoded((0, 0), mode="LA")).tolist() == torch.full((1, 8, 8), 255).tolist()
    assert one(tmp_path, encoded(9, mode="L", transparency=9)).unique().tolist() == [255]


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    wide = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    grey = one(tmp_path, encoded(wide))
    assert np.abs(grey[0].numpy() - wide / 257).max() <= 0.5
    clear = encoded(wide, transparency=9)
    assert "16-bit" in refused(folder(tmp_path / "set", {"train/a/0.png": clear}))


def test_orientation_and_first_frame(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, :4] = 255
    turned = one(tmp_path, encoded(pixels, exif=exif))
    assert turned[0, :4].unique().tolist() == [255]
    assert turned[0, 4:].unique().tolist() == [0]
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 0, 255))]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert one(tmp_path, buffer.getvalue(), "train/cat/0.gif")[:, 0, 0].tolist() == [255, 0, 0]


def test_middle_square_and_the_filter_are_told(tmp_path):
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, 4:12] = np.random.default_rng(0).integers(0, 256, (8, 8, 3))
    path = folder(tmp_path / "set", {"train/cat/0.png": encoded(pixels)})
    exact = opened(path, size=8)
    assert np.array_equal(exact.images[0].permute(1, 2, 0).numpy(), pixels[:, 4:12])
    assert "resized: middle square (1)" in exact.describe()
    halved = opened(path, size=4)
    means = pixels[:, 4:12].reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved.images[0].permute(1, 2, 0).numpy() - means).max() <= 0.5
    assert "resized: area mean from 8 (1)" in halved.describe()
    assert "resized: Lanczos from 8 (1)" in opened(path, size=6).describe()
    assert opened(path).images.shape == (1, 3, 8, 16)
    assert opened(path).notes == ()


@pytest.mark.parametrize("other", [encoded(size=(9, 8)), encoded(5, mode="L")])
def test_pictures_that_disagree_are_named(tmp_path, other):
    path = folder(tmp_path / "set", {"train/cat/0.png": PICTURE, "train/cat/1.png": other})
    text = refused(path)
    assert "1.png" in text
    assert "0.png" in text
    assert len(opened(path, size=8, channels=3).images) == 2


NOISE = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
TRUNCATED = encoded(NOISE, kind="JPEG")[:-400]
PATCHED = encoded(NOISE)[:200] + b"\0\0\0\0" + encoded(NOISE)[204:]
FOREIGN = (b"hello", b"", TRUNCATED, PATCHED, encoded(kind="TIFF"), encoded(kind="EPS"), b"<svg/>")


@pytest.mark.parametrize("data", FOREIGN, ids=["text", "empty", "truncated", "patched", "tiff", "eps", "svg"])
@pytest.mark.parametrize("pack", [folder, zipped])
def test_damaged_and_foreign_pictures_refuse_the_set(tmp_path, pack, data):
    target = tmp_path / ("set.zip" if pack is zipped else "set")
    files = {"train/cat/0.png": encoded(NOISE), "train/cat/odd.png": data}
    assert "train/cat/odd.png" in refused(pack(target, files))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [6000, 12000, 14000])
def test_pixel_bomb_is_refused_undecoded(tmp_path, side, monkeypatch):
    bomb = encoded(0, mode="1", size=(side, side))
    assert len(bomb) < 50_000
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("the bomb was decoded"))
    assert "bomb.png" in refused(folder(tmp_path / "set", {"train/cat/bomb.png": bomb}))


def test_too_large_file_or_set_is_refused(tmp_path, monkeypatch):
    path = folder(tmp_path / "set", classed())
    monkeypatch.setattr(pictures, "MAX_ARRAY_BYTES", 500)
    assert "smaller size or a limit" in refused(path)
    monkeypatch.setattr(pictures, "MAX_FILE_BYTES", 20)
    assert "more than the 20 allowed" in refused(path)
