"""Pictures from outside: every mode and format against pixel oracles, and the way back."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from ui.images import grid, read_image, to_png, to_tensor

RNG = np.random.default_rng(7)
COLOUR = RNG.integers(0, 256, (9, 13, 3), dtype=np.uint8)
GREY = COLOUR[..., 0]
ALPHA = RNG.integers(0, 256, (9, 13), dtype=np.uint8)
BILEVEL = np.where(GREY > 127, 255, 0).astype(np.uint8)
INDEX = GREY % 16
PALETTE = RNG.integers(0, 256, (16, 3), dtype=np.uint8)
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


def over_white(values, alpha):
    alpha = alpha[..., None] / 255 if values.ndim == 3 else alpha / 255
    return values * alpha + 255 * (1 - alpha)


def keyed(values, mask):
    return np.where(mask[..., None] if values.ndim == 3 else mask, 255, values)


def palette_image():
    image = Image.fromarray(INDEX).convert("P")
    image.putdata(INDEX.ravel().tolist())
    image.putpalette(PALETTE.tobytes())
    return image


def bmp_with_alpha(pixels):
    masks = struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, pixels.shape[1], -pixels.shape[0], 1, 32, 3, 0, 0, 0, 0, 0) + masks
    return b"BM" + struct.pack("<IHHI", 122 + pixels.size, 0, 0, 122) + header + bytes(52) + pixels.tobytes()


WITH_ALPHA = np.dstack([COLOUR, ALPHA])
FOUR_BIT_ROWS = [bytes(a << 4 | b for a, b in zip(row[::2], row[1::2], strict=True)) for row in INDEX[:, :12].tolist()]
WIDE = RNG.integers(0, 65536, (9, 13, 3), dtype=np.uint16)
WIDE_ROWS = [row.astype(">u2").tobytes() for row in WIDE]
KEY = WIDE[4, 5]
WIDE_KEY = struct.pack(">HHH", *KEY.tolist())
EXACT = {
    "png-1": (encode(Image.fromarray(BILEVEL).convert("1"), "PNG"), BILEVEL),
    "png-1-key": (encode(Image.fromarray(BILEVEL).convert("1"), "PNG", transparency=0), np.full_like(GREY, 255)),
    "png-L": (encode(GREY, "PNG"), GREY),
    "png-L-key": (encode(GREY, "PNG", transparency=int(GREY[3, 3])), keyed(GREY, GREY[3, 3] == GREY)),
    "png-L4": (png(12, 9, FOUR_BIT_ROWS, depth=4, colour=0), INDEX[:, :12] * 17),
    "png-L4-key": (
        png(12, 9, FOUR_BIT_ROWS, depth=4, colour=0, extra=chunk(b"tRNS", b"\0\5")),
        keyed(INDEX[:, :12] * 17, INDEX[:, :12] == 5),
    ),
    "png-LA": (encode(Image.fromarray(np.dstack([GREY, ALPHA])), "PNG"), over_white(GREY, ALPHA)),
    "png-P": (encode(palette_image(), "PNG"), PALETTE[INDEX]),
    "png-P-key": (encode(palette_image(), "PNG", transparency=3), keyed(PALETTE[INDEX], INDEX == 3)),
    "png-P-alphas": (
        encode(palette_image(), "PNG", transparency=bytes(range(0, 160, 10))),
        over_white(PALETTE[INDEX], INDEX * 10),
    ),
    "png-RGB": (encode(COLOUR, "PNG"), COLOUR),
    "png-RGB-key": (
        encode(COLOUR, "PNG", transparency=tuple(COLOUR[2, 2].tolist())),
        keyed(COLOUR, (COLOUR[2, 2] == COLOUR).all(-1)),
    ),
    "png-RGBA": (encode(WITH_ALPHA, "PNG"), over_white(COLOUR, ALPHA)),
    "png-I16": (png(13, 9, [r[:26] for r in WIDE_ROWS], depth=16, colour=0), WIDE.reshape(9, 39)[:, :13] / 257),
    "png-I16-key": (
        png(13, 9, [r[:26] for r in WIDE_ROWS], depth=16, colour=0, extra=chunk(b"tRNS", WIDE_ROWS[0][:2])),
        keyed(WIDE.reshape(9, 39)[:, :13] / 257, WIDE.reshape(9, 39)[:, :13] == WIDE[0, 0, 0]),
    ),
    "png-RGB16": (png(13, 9, WIDE_ROWS, depth=16, colour=2), WIDE >> 8),
    "png-RGB16-key": (
        png(13, 9, WIDE_ROWS, depth=16, colour=2, extra=chunk(b"tRNS", WIDE_KEY)),
        keyed(WIDE >> 8, (WIDE == KEY).all(-1)),
    ),
    "webp-RGB": (encode(COLOUR, "WEBP", lossless=True), COLOUR),
    "webp-RGBA": (encode(WITH_ALPHA, "WEBP", lossless=True, exact=True), over_white(COLOUR, ALPHA)),
    "gif-L": (encode(GREY, "GIF", optimize=False), GREY),
    "gif-P": (encode(palette_image(), "GIF"), PALETTE[INDEX]),
    "gif-P-key": (encode(palette_image(), "GIF", transparency=3), keyed(PALETTE[INDEX], INDEX == 3)),
    "bmp-1": (encode(Image.fromarray(BILEVEL).convert("1"), "BMP"), BILEVEL),
    "bmp-L": (encode(GREY, "BMP"), GREY),
    "bmp-P": (encode(palette_image(), "BMP"), PALETTE[INDEX]),
    "bmp-RGB": (encode(COLOUR, "BMP"), COLOUR),
    "bmp-RGBX": (encode(WITH_ALPHA, "BMP"), COLOUR),
    "bmp-RGBA": (bmp_with_alpha(WITH_ALPHA), over_white(COLOUR, ALPHA)),
}


@pytest.mark.parametrize("name", EXACT)
def test_mode_gives_the_oracles_pixels(name):
    data, expected = EXACT[name]
    image = read_image(data)
    assert image.mode == ("L" if expected.ndim == 2 else "RGB")
    assert type(image) is Image.Image
    assert image.info == {}
    # Composites and /257 are rounded by the reader, not here.
    np.testing.assert_allclose(np.asarray(image, dtype=float), expected, atol=0.51 if expected.dtype == float else 0)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_is_near_the_original(mode, progressive):
    original = Image.fromarray(SMOOTH).convert(mode)
    image = read_image(encode(original, "JPEG", quality=100, subsampling=0, progressive=progressive))
    expected = np.asarray(original.convert("L" if mode == "L" else "RGB"), dtype=float)
    assert np.abs(np.asarray(image, dtype=float) - expected).max() <= 4


def test_hidden_colour_of_a_clear_pixel_does_not_show():
    clear = np.dstack([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8)])
    assert np.asarray(read_image(encode(clear, "PNG"))).min() == 255


def test_16_bit_ramp_is_scaled_and_not_clipped():
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(np.asarray(read_image(encode(ramp, "PNG"))), np.rint(ramp / 257))


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG"])
def test_only_the_first_frame_counts(file_format):
    frames = [Image.new("RGB", (6, 5), colour) for colour in ("red", "lime", "blue")]
    data = encode(frames[0], file_format, save_all=True, append_images=frames[1:], lossless=True)
    assert np.array_equal(np.asarray(read_image(data)), np.full((5, 6, 3), (255, 0, 0)))


@pytest.mark.parametrize(("file_format", "options"), [("JPEG", {}), ("PNG", {}), ("WEBP", {"lossless": True})])
@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.swapaxes(0, 1)),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: a[::-1, ::-1].swapaxes(0, 1)),
        (8, lambda a: np.rot90(a)),
        (9, lambda a: a),
    ],
)
def test_exif_orientation_is_exact(file_format, options, orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain = np.asarray(read_image(encode(COLOUR, file_format, **options)))
    turned = np.asarray(read_image(encode(COLOUR, file_format, exif=exif, **options)))
    assert np.array_equal(turned, turn(plain))


def test_unreadable_exif_leaves_the_picture_as_it_lies():
    with warnings.catch_warnings(record=True):
        image = read_image(encode(COLOUR, "PNG", exif=b"Exif\0\0MM\0\x2a\0\0\0\x08\xff\xff" + b"\xff" * 40))
    assert np.array_equal(np.asarray(image), COLOUR)


def test_path_and_bytes_give_the_same(tmp_path):
    path = tmp_path / "picture.bin"
    path.write_bytes(encode(COLOUR, "PNG"))
    assert read_image(path) == read_image(str(path)) == read_image(path.read_bytes()) == Image.fromarray(COLOUR)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_to_tensor_of_the_right_size_changes_nothing(channels, mode):
    image = Image.fromarray(COLOUR[:9, :9]).convert(mode)
    tensor = to_tensor(image, size=9, channels=channels)
    assert tensor.shape == (1, channels, 9, 9)
    assert tensor.dtype == torch.float32
    expected = np.asarray(image.convert("L" if channels == 1 else "RGB")).reshape(9, 9, channels)
    np.testing.assert_allclose(tensor[0].permute(1, 2, 0).numpy(), expected / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (100, 64), (64, 101)])
def test_to_tensor_averages_areas_of_the_centre(width, height):
    pixels = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
    top, left = (height - 64) // 2, (width - 64) // 2
    centre = torch.from_numpy(pixels[top : top + 64, left : left + 64].copy()).permute(2, 0, 1)[None].float()
    expected = torch.nn.functional.interpolate(centre / 127.5 - 1, size=(32, 32), mode="area")
    assert (to_tensor(Image.fromarray(pixels), size=32, channels=3) - expected).abs().max() <= 0.51 / 127.5


@pytest.mark.parametrize("side", [1, 5, 31, 33, 47, 500])
def test_to_tensor_keeps_brightness_at_any_size(side):
    flat = to_tensor(Image.new("RGB", (side, side), (255, 0, 51)), size=32, channels=3)
    assert torch.allclose(flat.mean(dim=(0, 2, 3)), torch.tensor([1.0, -1.0, -0.6]), atol=1e-6)
    stripes = np.tile(np.array([0, 255], np.uint8), (500, 250))
    assert to_tensor(Image.fromarray(stripes), size=32, channels=1).abs().max() < 0.1  # no moire


@pytest.mark.parametrize("wanted", [{"size": 0, "channels": 3}, {"size": 8, "channels": 4}])
def test_to_tensor_refuses_a_shape_no_model_has(wanted):
    with pytest.raises(ValueError, match="size is"):
        to_tensor(Image.fromarray(COLOUR), **wanted)


@pytest.mark.parametrize("channels", [1, 3])
def test_to_png_is_the_inverse_of_to_tensor(channels):
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    original = Image.fromarray(ramp if channels == 1 else np.dstack([ramp, ramp.T, 255 - ramp]))
    tensor = to_tensor(original, size=16, channels=channels)
    assert to_png(tensor) == to_png(tensor[0]) == original
    assert np.array_equal(np.asarray(to_png(tensor, scale=3))[1::3, 2::3], np.asarray(original))
    assert read_image(encode(to_png(tensor), "PNG")) == original


def test_to_png_clips_and_refuses_what_is_not_finite():
    assert np.asarray(to_png(torch.tensor([[[-3.0, 3.0]]]))).tolist() == [[0, 255]]
    with pytest.raises(ValueError, match="NaN"):
        to_png(torch.tensor([[[0.0, float("nan")]]]))
    with pytest.raises(ValueError, match=r"\(2, 3, 4, 4\)"):
        to_png(torch.zeros(2, 3, 4, 4))


def test_grid_goes_row_by_row_and_ends_white():
    images = torch.arange(5.0).reshape(5, 1, 1, 1).expand(5, 3, 2, 4) / 10
    sheet = grid(images, 3)
    assert sheet.shape == (1, 3, 4, 12)
    assert torch.allclose(sheet[0, 0, ::2, ::4], torch.tensor([[0.0, 0.1, 0.2], [0.3, 0.4, 1.0]]))
    with pytest.raises(ValueError, match="0 columns"):
        grid(images, 0)
