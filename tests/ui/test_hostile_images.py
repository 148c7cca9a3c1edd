"""Hostile files: each is refused in one sentence or gives a picture, and quickly."""

import io
import os
import struct
import time
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ui.decode import MAX_BYTES, ImageError, read_image

COLOUR = np.random.default_rng(7).integers(0, 256, (9, 13, 3), dtype=np.uint8)
SMOOTH = np.add.outer(np.arange(40), np.arange(32)).astype(np.uint8)[..., None] * np.array([3, 2, 1], np.uint8)


def encode(image, file_format, **options):
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, file_format, **options)
    return buffer.getvalue()


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, rows, *, depth, colour, extra=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + header + extra + data + chunk(b"IEND", b"")


def refusal(source):
    with pytest.raises(ImageError) as caught:
        read_image(source)
    return sentence(caught.value)


def sentence(error):
    text = str(error)
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) <= 300
    return text


SMALL = {
    "png": encode(SMOOTH, "PNG"),
    "apng": encode(SMOOTH, "PNG", save_all=True, append_images=[Image.fromarray(255 - SMOOTH)]),
    "jpeg": encode(SMOOTH, "JPEG"),
    "jpeg-progressive": encode(SMOOTH, "JPEG", progressive=True),
    "webp": encode(SMOOTH, "WEBP"),
    "webp-lossless": encode(SMOOTH, "WEBP", lossless=True),
    "gif": encode(SMOOTH[..., 0], "GIF", interlace=1),
    "bmp": encode(SMOOTH, "BMP"),
}


@pytest.mark.parametrize("name", SMALL)
def test_truncated_file_is_refused_unless_whole(name):
    data = SMALL[name]
    whole = np.asarray(read_image(data))
    for length in range(0, len(data), 1 if len(data) < 1500 else 7):
        try:
            image = read_image(data[:length])
        except ImageError as error:
            sentence(error)
        else:
            assert np.array_equal(np.asarray(image), whole)
    for part in (0.1, 0.3, 0.5):
        refusal(data[: int(len(data) * part)])


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize(
    "data",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"\xc5\xd0\xd3\xc6" + bytes(60),
        encode(COLOUR, "TIFF"),
        encode(COLOUR, "JPEG2000"),
        encode(COLOUR, "PPM"),
        encode(COLOUR, "ICO"),
        encode(COLOUR, "PDF"),
        encode(COLOUR, "TGA"),
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        b"<!doctype html><script>alert(1)</script>",
        b"8BPS\0\1" + bytes(60),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b"RIFF\x24\0\0\0WAVEfmt " + bytes(24),
        b"\0" * 64,
        b"not a picture\n",
    ],
    ids=lambda value: value[:4].hex() if isinstance(value, bytes) else value,
)
def test_disguised_format_is_refused(tmp_path, data, suffix):
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(data)
    assert "is not a PNG, JPEG, WebP, GIF or BMP" in refusal(path)


def gif_claiming(width, height):
    frame = struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\0"
    return b"GIF89a" + struct.pack("<HH", 5, 5) + b"\0\0\0!\xf9\x04\x08\0\0\0\0," + frame


def webp_claiming(width, height):
    frame = encode(Image.new("RGB", (16, 16)), "WEBP")[12:]
    frame = bytes(6) + (15).to_bytes(3, "little") * 2 + bytes(4) + frame
    body = b"WEBPVP8X" + struct.pack("<I4B", 10, 2, 0, 0, 0)
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body += b"ANIM" + struct.pack("<I", 6) + bytes(6) + b"ANMF" + struct.pack("<I", len(frame)) + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def bmp_claiming(width, height):
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 99, 0, 0, 54) + header + bytes(45)


def jpeg_claiming(width, height):
    data = encode(COLOUR, "JPEG")
    frame = data.index(b"\xff\xc0") + 5
    return data[:frame] + struct.pack(">HH", height, width) + data[frame + 4 :]


def bits(width, height):
    return png(width, height, [bytes(width // 8)] * height, depth=1, colour=0)


@pytest.mark.parametrize(
    ("make", "width", "height"),
    [
        (bits, 12000, 12000),
        (bits, 8200, 8),
        (bits, 8, 8200),
        (bits, 4904, 4900),
        (jpeg_claiming, 65000, 65000),
        (jpeg_claiming, 5000, 5000),
        (gif_claiming, 65535, 65535),
        (gif_claiming, 8000, 8000),
        (webp_claiming, 65536, 32768),
        (bmp_claiming, 60000, 60000),
        (bmp_claiming, 2**31 - 1, 1),
    ],
)
def test_bomb_is_refused_before_it_is_decoded(make, width, height):
    data = make(width, height)
    start = time.process_time()
    with warnings.catch_warnings(record=True):
        text = refusal(data)
    assert time.process_time() - start < 1
    assert f"{width} x {height} pixels" in text


def test_largest_allowed_picture_is_read_and_handed_on_smaller():
    assert read_image(bits(8192, 2928)).size == (2731, 976)
    assert read_image(bits(2000, 2000)).size == (2000, 2000)
    assert read_image(bits(2000, 2001)).size == (1000, 1001)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "I;16"])
def test_large_picture_is_the_mean_of_its_areas(mode):
    values = np.random.default_rng(3).integers(0, 256, (30, 42, 4), dtype=np.uint8)
    tile = Image.fromarray(values[..., 0].astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(values)
    tile = tile if mode == "I;16" else tile.convert("RGB").convert(mode) if mode == "P" else tile.convert(mode)
    columns, rows = 60, 80  # 2520 x 2400
    large = Image.new(mode, (42 * columns, 30 * rows))
    if mode == "P":
        large.putpalette(tile.getpalette())
    for place in range(columns * rows):
        large.paste(tile, (place % columns * 42, place // columns * 30))
    small = np.asarray(read_image(encode(tile, "PNG")), dtype=float)
    expected = small.reshape(15, 2, 21, 2, -1).mean((1, 3)).squeeze()
    seen = np.asarray(read_image(encode(large, "PNG", compress_level=1)), dtype=float)
    assert seen.shape[:2] == (1200, 1260)
    np.testing.assert_allclose(seen, np.tile(expected, (rows, columns, 1)[: seen.ndim]), atol=0.51)


def test_jpeg_of_many_scans_is_refused():
    data = encode(Image.new("L", (2000, 2000), 128), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    assert read_image(data[:-2] + scan * 20 + data[-2:]).size == (2000, 2000)
    assert "64 scans" in refusal(data[:-2] + scan * 5000 + data[-2:])
    # An end marker inside a comment ends nothing.
    comment = b"\xff\xfe\x00\x04\xff\xd9"
    assert "64 scans" in refusal(data[:-2] + comment + scan * 5000 + data[-2:])
    # What follows the picture (a phone's film clip) counts for nothing.
    assert read_image(data + b"\xff\xda" * 5000).size == (2000, 2000)


@pytest.mark.parametrize("extra", [b"\xff\xfe\x00\x02" * 200_000, b"\xff" * 500_000], ids=["comments", "fill bytes"])
def test_jpeg_of_many_segments_does_not_hang(extra):
    data = encode(COLOUR, "JPEG")
    start = time.process_time()
    try:
        read_image(data[:2] + extra + data[2:])
    except ImageError as error:
        sentence(error)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_bomb_beside_the_pixels_is_never_unpacked(name, monkeypatch):
    text = chunk(name, b"k\0\0" + zlib.compress(bytes(40_000_000)))
    monkeypatch.setattr("PIL.PngImagePlugin._safe_zlib_decompress", lambda *_: pytest.fail("it was unpacked"))
    assert read_image(png(8, 8, [bytes(8)] * 8, depth=8, colour=0, extra=text)).size == (8, 8)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "empty.png").touch()
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    os.mkfifo(tmp_path / "pipe.png")
    assert "0 bytes" in refusal(tmp_path / "empty.png")
    assert f"{MAX_BYTES + 1:,} bytes" in refusal(tmp_path / "large.png")
    assert "bytes" in refusal(bytes(MAX_BYTES + 1))
    for name in ("missing.png", "pipe.png", ".", "a\0b", "x" * 5000):
        text = refusal(str(tmp_path / name))
        assert str(tmp_path) not in text


def test_global_state_is_left_alone():
    before = (Image.MAX_IMAGE_PIXELS, list(warnings.filters))
    read_image(SMALL["png"])
    refusal(bits(12000, 12000))
    assert (Image.MAX_IMAGE_PIXELS, warnings.filters) == before


def image_or_refusal(data):
    with warnings.catch_warnings(record=True):
        try:
            image = read_image(data)
        except ImageError as error:
            sentence(error)
        else:
            assert image.mode in ("L", "RGB")


MAGIC = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\x40\0\0\0WEBPVP8L", b"BM"]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(MAGIC), st.binary(max_size=300))
def test_random_bytes(magic, tail):
    image_or_refusal(magic + tail)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(sorted(SMALL)), st.lists(st.tuples(st.integers(0, 90), st.integers(0, 255)), max_size=4))
def test_mutated_headers(name, changes):
    data = bytearray(SMALL[name])
    for place, value in changes:
        data[place % len(data)] = value
    image_or_refusal(bytes(data))


@settings(max_examples=200, deadline=None)
@given(
    st.binary(min_size=13, max_size=13) | st.builds(struct.Struct(">IIBBBBB").pack, *[st.integers(0, 64)] * 7),
    st.lists(st.tuples(st.sampled_from([b"tRNS", b"PLTE", b"eXIf", b"iCCP", b"acTL", b"fcTL", b"pHYs", b"gAMA"]),
                       st.binary(max_size=40)), max_size=3),
)  # fmt: skip
def test_png_of_valid_checksums_and_random_content(header, chunks):
    body = b"".join(chunk(*item) for item in chunks) + chunk(b"IDAT", zlib.compress(bytes(5000)))
    image_or_refusal(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b""))
