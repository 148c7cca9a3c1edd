"""What is left of picture files: their pixels, whatever else they hold, found in time linear in their bytes."""

import io
import re
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pictures.clean import KINDS, PictureError, clean, kind_of
from pictures.exif import orientation
from pictures.opened import opened
from tests.pictures.advisories import COLOUR, chunk, encode, jpeg_with, png_with, segment, tiff
from tests.pictures.measured import ROOT
from training.pictures import decode as decode_for_training
from ui.decode import read_image

NAMES = [name for name, _ in KINDS]
STARTS = {
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x05\0\0\0\x05\x08\0\0\0\0aaaa",
    "JPEG": b"\xff\xd8\xff\xe0\0\x10",
    "WebP": b"RIFF\xf8\xff\x1f\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x04\0\0\x04\0\0",
    "GIF": b"GIF89a\5\0\5\0\0\0\0",
    "BMP": b"BM",
}
UNITS = {
    "PNG": [b"\0\0\0\0IDATaaaa", b"\0\0\0\0prVtaaaa", b"\0\0\0\x01eXIfIaaaa", b"\0"],
    "JPEG": [b"\xff", b"\xff\0", b"\xff\xe1\0\2", b"\xff\xfe\0\0", b"\xff\xda\0\2", b"\xff\x01", b"\xff\xd8", b"\0"],
    "WebP": [b"none\0\0\0\0", b"ANMF\0\0\0\0", b"EXIF\2\0\0\0II", b"\0"],
    "GIF": [b"!\xfe\1c\0", b"\1c", b"!\xf9\0", b"!", b"\0"],
    "BMP": [b"\0", b"BM"],
}
SIZE = 2_000_000
# The options of each format that put something beside the pixels, and the modes that it holds.
EXIF = Image.Exif()
EXIF[0x0112] = 1
EXTRA = {
    "PNG": [{}, {"exif": EXIF}, {"icc_profile": b"p" * 300}, {"dpi": (300, 300)}, {"optimize": True}],
    "JPEG": [{}, {"exif": EXIF}, {"icc_profile": b"p" * 70_000}, {"comment": b"c" * 300}, {"progressive": True}],
    "WEBP": [{}, {"exif": EXIF}, {"icc_profile": b"p" * 301}, {"xmp": b"x" * 99}, {"lossless": True, "exif": EXIF}],
    "GIF": [{}, {"comment": b"c" * 300}, {"interlace": 1}, {"transparency": 3}, {"loop": 3, "disposal": 2}],
    "BMP": [{}, {"dpi": (72, 72)}],
}
MODES = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "JPEG": ["L", "RGB", "CMYK", "YCbCr"],
    "WEBP": ["RGB", "RGBA"],
    "GIF": ["1", "L", "P"],
    "BMP": ["1", "L", "P", "RGB", "RGBA"],
}
CASES = [(kind, mode, extra) for kind in EXTRA for mode in MODES[kind] for extra in EXTRA[kind]]


def cleaned(data):
    return clean(data, kind_of(data))


def refusal(data):
    with pytest.raises(PictureError) as caught:
        cleaned(data)
    return str(caught.value)


def png_chunks(data):
    position, names = 8, []
    while position < len(data):
        names.append(data[position + 4 : position + 8].decode())
        position += 12 + int.from_bytes(data[position : position + 4], "big")
    return names


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CASES), st.integers(1, 40), st.integers(1, 40), st.booleans(), st.integers(0, 2**32 - 1))
def test_pixels_of_sound_pictures_stay(case, width, height, moves, seed):
    kind, mode, extra = case
    pixels = np.random.default_rng(seed).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    first, second = (Image.fromarray(frame).convert(mode) for frame in pixels)
    options = {"save_all": True, "append_images": [second]} if moves and kind in ("PNG", "WEBP", "GIF") else {}
    data = encode(first, kind, **options, **extra)
    left = cleaned(data)
    with Image.open(io.BytesIO(data)) as whole:
        assert left.size == whole.size
        assert left.orientation == 1
        assert left.progressive is bool(extra.get("progressive"))
        seen = opened(left)
        assert seen.mode == whole.mode
        assert np.array_equal(np.asarray(seen.convert("RGBA")), np.asarray(whole.convert("RGBA")))
        assert seen.info.get("transparency") == whole.info.get("transparency")
    assert not {"exif", "icc_profile", "xmp", "comment"} & set(seen.info)
    assert cleaned(left.data).data == left.data


def test_plain_file_is_not_copied():
    for data in (encode(COLOUR, "PNG"), encode(COLOUR, "BMP"), encode(COLOUR, "JPEG")):
        assert cleaned(data).data is data


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(NAMES), st.booleans(), st.binary(max_size=400))
def test_any_bytes_are_cleaned_or_refused(kind, start, tail):
    data = STARTS[kind] * start + tail
    told, left = told_or_left(data, kind)
    assert left is None or (len(left.data) <= len(data) + 8 and 1 <= left.orientation <= 8)
    assert left is not None or re.fullmatch(r"[a-z][\w ,']+", told)


def told_or_left(data, kind):
    """The refusal, or else what is left."""
    try:
        return None, clean(data, kind)
    except PictureError as error:
        return str(error), None


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(CASES), st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4)), max_size=4))
def test_damaged_pictures_are_cleaned_or_refused(case, changes):
    kind, mode, extra = case
    data = bytearray(encode(Image.fromarray(COLOUR[:3, :4]).convert(mode), kind, **extra))
    for place, what in changes:
        data[place : place + len(what)] = what
    name = kind_of(bytes(data))
    if name is not None:
        told_or_left(bytes(data), name)


@pytest.mark.parametrize(("kind", "unit"), [(kind, unit) for kind in NAMES for unit in UNITS[kind]])
def test_nothing_takes_more_than_linear_time(kind, unit):
    seconds_of(kind, unit)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(NAMES), st.binary(min_size=1, max_size=12))
def test_no_repetition_takes_more_than_linear_time(kind, unit):
    seconds_of(kind, unit)


def seconds_of(kind, unit):
    data = STARTS[kind] + unit * (SIZE // len(unit))
    start = time.process_time()
    told_or_left(data, kind)
    assert time.process_time() - start < 1


def test_only_what_the_pixels_need_is_left():
    moving = {"save_all": True, "append_images": [Image.fromarray(255 - COLOUR)]}
    extra = [(b"tEXt", b"k\0v"), (b"zTXt", b"k\0\0x"), (b"iCCP", b"k\0\0x"), (b"eXIf", tiff()), (b"prVt", b"x")]
    assert png_chunks(cleaned(png_with(*extra)).data) == ["IHDR", "IDAT", "IEND"]
    assert "fdAT" in png_chunks(encode(COLOUR, "PNG", **moving))
    assert png_chunks(cleaned(encode(COLOUR, "PNG", **moving)).data) == ["IHDR", "IDAT", "IEND"]
    two = encode(COLOUR, "MPO", **moving)
    assert two.count(b"\xff\xd8\xff") == 2
    left = cleaned(two).data
    assert left.count(b"\xff\xd8\xff") == 1
    assert b"MPF" not in left
    assert cleaned(encode(COLOUR, "WEBP", **moving)).data.count(b"ANMF") == 1
    clear = {"transparency": 3, "disposal": 2, "duration": 70, "loop": 0, "comment": b"c"}
    left = cleaned(encode(Image.fromarray(COLOUR).quantize(9), "GIF", **moving, **clear)).data
    assert b"!\xf9\4\1\0\0\3\0," in left  # which colour is clear, and no more
    assert b"NETSCAPE" not in left[:800]


def test_later_header_changes_nothing():
    other = struct.pack(">IIBBBBB", 9999, 9999, 8, 2, 0, 0, 0)
    data = png_with((b"IHDR", other))
    assert cleaned(data).size == (40, 24)
    assert np.array_equal(np.asarray(read_image(data)), COLOUR)
    frame = segment(0xC0, b"\x08" + struct.pack(">HH", 9999, 9999) + b"\x01\x01\x11\0")
    assert cleaned(encode(COLOUR, "JPEG")[:-2] + frame + b"\xff\xd9").size == (40, 24)


@pytest.mark.parametrize("kind", NAMES)
def test_file_without_a_size_or_picture_is_refused(kind):
    assert refusal({"WebP": STARTS["WebP"][:4] + b"\4\0\0\0WEBPVP8X"}.get(kind, STARTS[kind][:9] + b"\0")) in (
        "it tells no size",
        "it is cut short",
    )


def test_reasons_of_refusals():
    webp, bmp = encode(COLOUR, "WEBP"), bytearray(encode(COLOUR, "BMP"))
    assert refusal(webp[:-1]) == "it is cut short"
    bmp[30] = 1
    assert "run lengths" in refusal(bytes(bmp))
    assert refusal(png_with((b"prVt", b""), times=50_000)) == "more than 50,000 chunks"
    assert "tables" in refusal(jpeg_with(*[segment(0xDB, bytes(65 * 1000))] * 5))
    assert "scans" in refusal(jpeg_with(*[segment(0xFE, b"")] * 10_000))


def test_two_sizes_are_refused():
    left = cleaned(encode(COLOUR, "BMP"))
    with pytest.raises(PictureError, match="two sizes"):
        opened(type(left)(left.kind, left.data, (1, 1)))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_is_found(order, turn):
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 12) + b"else"
    for kind, form in {1: "BBBB", 3: "HH", 4: "I"}.items():
        entries = [
            (0x010F, 2, 9, b"\0\0\0\1"),
            (0x0112, kind, 1, struct.pack(order + form, turn, *[0] * (len(form) - 1))),
        ]
        body = b"".join(struct.pack(f"{order}HHI", *entry[:3]) + entry[3] for entry in entries)
        block = start + struct.pack(f"{order}H", 2) + body
        assert orientation(block) == orientation(b"Exif\0\0" + block) == turn
        assert orientation(block[:-1]) == 1
        assert orientation(b"Exif\0\0" * 2 + block) == 1


@pytest.mark.parametrize("entry", [(0x0112, 3, 1, 0), (0x0112, 3, 1, 9), (0x0112, 2, 1, 6), (0x0112, 3, 0, 6)])
def test_orientation_that_is_none_leaves_the_picture_as_it_lies(entry):
    assert orientation(tiff(entry)) == 1


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([b"", b"II*\0", b"MM\0*", b"Exif\0\0II*\0\x08\0\0\0"]), st.binary(max_size=200))
def test_orientation_of_any_bytes(start, tail):
    assert 1 <= orientation(start + tail) <= 8


def test_exif_after_the_pixels_counts():
    turned = tiff((0x0112, 3, 1, 6))
    data = encode(COLOUR, "PNG")
    assert cleaned(data[:-12] + chunk(b"eXIf", turned) + data[-12:]).orientation == 6
    assert cleaned(encode(COLOUR, "WEBP", exif=turned)).orientation == 6


def test_pillow_reads_no_exif_and_opens_nothing_by_itself(monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = 6
    files = [encode(COLOUR, kind, exif=exif) for kind in ("PNG", "JPEG", "WEBP")]
    for where, name in ((Image, "open"), (Image.Exif, "load"), (Image.Image, "getexif")):
        monkeypatch.setattr(where, name, lambda *_, **__: pytest.fail("Pillow was asked"))
    for data in files:
        assert read_image(data).size == decode_for_training(data, "a.png").size == (24, 40)


def test_no_other_decoder_is_even_loaded(tmp_path):
    two = encode(COLOUR, "MPO", save_all=True, append_images=[Image.fromarray(COLOUR)])
    files = [encode(COLOUR, kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "PDF")]
    for number, data in enumerate([*files, two]):
        (tmp_path / str(number)).write_bytes(data)
    script = (
        "import sys\nfrom pathlib import Path\nfrom training.pictures import DataError, decode\n"
        "from ui.decode import ImageError, read_image\n"
        f"for path in sorted(Path({str(tmp_path)!r}).iterdir()):\n"
        "  for read in (read_image, lambda path: decode(path.read_bytes(), path.name)):\n"
        "    try: read(path)\n"
        "    except (DataError, ImageError) as error: assert 'PNG' in str(error)\n"
        "print(*sorted(name for name in sys.modules if name.startswith('PIL.') and name.endswith('ImagePlugin')))"
    )
    done = subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    loaded = [f"PIL.{name}ImagePlugin" for name in ("Bmp", "Gif", "Jpeg", "Png", "WebP")]
    assert done.stdout.split() == loaded, done.stderr
