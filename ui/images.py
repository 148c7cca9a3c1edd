"""Untrusted pictures in, tensors out, and back: the only module of the page that decodes pictures."""

import io
import re
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import ExifTags, Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile
from torch import Tensor

from ui.ink import centred_at, extent, find_ink, ring

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 24_000_000
MAX_SIDE = 8192
MAX_JPEG_SCANS = 64  # encoders write about ten; each costs a pass over all pixels but only 40 bytes of file
MAX_JPEG_SEGMENTS = 10_000
DECODING = threading.BoundedSemaphore(2)  # each may need 200 MB for a picture of the largest size

# The decoders are called directly, not through Image.open: the list is closed by construction (JPEG is never
# promoted to MPO), and the caps above hold whatever other code sets Image.MAX_IMAGE_PIXELS or the warning
# filters to. Both are process-wide, and neither may be changed per call where requests run in threads. Every
# picture for which Pillow would give its DecompressionBombWarning (89 Mpx) is refused by MAX_PIXELS.
DECODERS: tuple[tuple[str, re.Pattern[bytes], type[ImageFile]], ...] = (
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    ("JPEG", re.compile(rb"\xff\xd8\xff"), JpegImageFile),
    ("WebP", re.compile(rb"RIFF....WEBPVP8[ XL]", re.DOTALL), WebPImageFile),
    ("GIF", re.compile(rb"GIF8[79]a"), GifImageFile),
    ("BMP", re.compile(rb"BM"), BmpImageFile),
)
TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
JPEG_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # not stuffing, fill or restart

DIGIT_BOX = 20 / 28  # MNIST: the longest side of the ink, as a part of the side of the picture
BLACK_LEVEL = 10  # of 255; a border no lighter than this is a black background
MIN_CONTRAST = 12  # of 255, between ink and background
WORK_SIDE = 400  # ink is looked for at this size at most; a 280 px drawing stays as it is


class ImageError(ValueError):
    """A picture that is refused. The message is one sentence for the visitor."""


@dataclass(frozen=True)
class Prepared:
    """A digit ready for a model, and what was done to it.

    `steps` holds, in this order, what changed something: "inverted", "levelled" (the background made black
    and clean, the ink white), "cropped to ink", "scaled", "centred"; nothing for a picture in MNIST's form.
    """

    image: Image.Image
    steps: tuple[str, ...]


def read_image(source: str | Path | bytes) -> Image.Image:
    """Decode an untrusted picture, given as a path or as the file's bytes.

    PNG, JPEG, WebP, GIF and BMP; the first frame; upright by EXIF; alpha over white. 16-bit grey is scaled
    by 1/257; 16-bit colour keeps the high byte. The answer is mode "L" (grey files) or "RGB", without
    metadata. Raises ImageError for anything else; a file cut short passes only if no pixel is missing.
    """
    data = source if isinstance(source, bytes) else _read_file(Path(source))
    _check_bytes(len(data))
    name, decoder = _decoder(data)
    if name == "JPEG":
        _check_jpeg(data)
    try:
        with DECODING:
            image = decoder(io.BytesIO(data))  # the header only
            _check_size(image.size)
            image.load()
            flat = _flatten(image, data)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(f"The {name} picture has far too many pixels: make it smaller.") from error
    except Exception as error:  # Pillow's parsers raise whatever they stumble over
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise ImageError(
            f"The {name} file cannot be decoded, it is damaged or cut short ({reason}): save the picture again."
        ) from error
    flat.info.clear()
    return flat


def to_tensor(image: Image.Image, *, size: int, channels: int) -> Tensor:
    """Crop the centre square, resize it and scale it to the models' range.

    Returns (1, channels, size, size) float32 in [-1, 1]. Shrinking averages areas where the side is a
    multiple of `size`, as the pyramid does, and is antialiased elsewhere.
    """
    if size < 1 or channels not in (1, 3):
        raise ValueError(f"size is {size} and channels is {channels}: use a positive size and 1 or 3 channels.")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = _resize(image, (size, size), box=(left, top, left + side, top + side))
    square = square.convert("L" if channels == 1 else "RGB")  # after resizing: a large picture is not copied
    pixels = torch.from_numpy(np.array(square))  # (size, size) or (size, size, 3)
    return pixels.reshape(size, size, channels).permute(2, 0, 1)[None].float() / 127.5 - 1


def digit_view(image: Image.Image, size: int = 28, *, invert: bool | None = None) -> Prepared:
    """Prepare a drawn or photographed digit as MNIST's digits were.

    White ink on black, cropped to the ink, the longest side scaled to 20/28 of `size`, the centre of mass
    at the middle. `invert=None` finds out whether the ink is darker than its surroundings; True and False
    decide it. A picture of `size` x `size` on black passes unchanged, pixel for pixel. Returns mode "L".
    Raises ImageError where no ink stands out.
    """
    if size < 8:
        raise ValueError(f"size is {size}: a digit needs at least 8 pixels.")
    grey = (_fit(image, WORK_SIDE) if max(image.size) > WORK_SIDE else image).convert("L")
    pixels = np.asarray(grey, dtype=np.float64)
    found = find_ink(pixels, invert=invert)
    steps = ["inverted"] if found.inverted else []
    light = 255 - pixels if found.inverted else pixels
    if image.size == (size, size) and np.median(ring(light, 1)) <= BLACK_LEVEL:
        return Prepared(Image.fromarray(light.astype(np.uint8)), tuple(steps))
    if found.contrast < MIN_CONTRAST:
        raise ImageError(
            f"No {'dark' if found.inverted else 'light'} digit stands out from the background (contrast "
            f"{found.contrast:.0f} of 255): draw it thicker, or photograph it in better light."
        )

    ink = np.rint(found.values * 255)  # (h, w)
    if np.abs(ink - light).max() > 1:
        steps.append("levelled")
    (top, bottom), (left, right) = extent(ink.sum(1)), extent(ink.sum(0))
    cropped = Image.fromarray(ink[top:bottom, left:right].astype(np.uint8))
    if cropped.size != grey.size:
        steps.append("cropped to ink")
    scaled = _fit(cropped, round(size * DIGIT_BOX))
    if scaled.size != cropped.size or grey.size != image.size:
        steps.append("scaled")
    digit = np.asarray(scaled, dtype=np.float64)
    digit = np.rint(digit * (255 / digit.max())).astype(np.uint8)  # thin strokes pale when they shrink
    canvas = np.zeros((size, size), np.uint8)
    y, x = centred_at(digit.sum(1), size), centred_at(digit.sum(0), size)
    canvas[y : y + digit.shape[0], x : x + digit.shape[1]] = digit
    return Prepared(Image.fromarray(canvas), (*steps, "centred"))


def to_png(tensor: Tensor, scale: int = 1) -> Image.Image:
    """Turn one image, (C, H, W) or (1, C, H, W) in [-1, 1], into a picture of mode "L" or "RGB".

    Values outside the range are clipped (a pyramid's sums leave it); each pixel becomes scale x scale
    pixels. Raises ValueError for another shape and for values that are not finite.
    """
    image = tensor.detach().float().cpu()
    if image.ndim == 4 and image.shape[0] == 1:
        image = image[0]
    if image.ndim != 3 or image.shape[0] not in (1, 3):
        raise ValueError(f"The tensor's shape is {tuple(tensor.shape)}: give one image of 1 or 3 channels.")
    if not torch.isfinite(image).all():
        raise ValueError("The image holds NaN or infinite values: the model's weights or input are broken.")
    pixels = ((image.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    pixels = pixels.repeat(scale, axis=0).repeat(scale, axis=1)
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def grid(images: Tensor, columns: int) -> Tensor:
    """Lay (N, C, H, W) out row by row as one image, (1, C, rows * H, columns * W); spare cells are white."""
    if images.ndim != 4 or not len(images) or columns < 1:
        raise ValueError(f"{tuple(images.shape)} in {columns} columns: give (N, C, H, W) and a column or more.")
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    cells = images.new_ones((rows * columns, channels, height, width))
    cells[:count] = images
    cells = cells.reshape(rows, columns, channels, height, width)
    return cells.permute(2, 0, 3, 1, 4).reshape(1, channels, rows * height, columns * width)


def _read_file(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise ImageError(f"There is no file {path.name!r}: choose the picture again.")
        _check_bytes(path.stat().st_size)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImageError(f"The file {path.name[:80]!r} cannot be read ({error.strerror}): choose it again.") from error


def _check_bytes(count: int) -> None:
    if count > MAX_BYTES:
        raise ImageError(f"The file has {count:,} bytes, the limit is {MAX_BYTES:,} (10 MB): save the picture smaller.")
    if count == 0:
        raise ImageError("The file is empty (0 bytes): choose another picture.")


def _decoder(data: bytes) -> tuple[str, type[ImageFile]]:
    for name, signature, decoder in DECODERS:
        if signature.match(data):
            return name, decoder
    raise ImageError(
        f"The file is not a PNG, JPEG, WebP, GIF or BMP picture (it starts with {data[:8]!r}): "
        "save the picture as PNG or JPEG."
    )


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width < 1 or height < 1 or max(size) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ImageError(
            f"The picture has {width} x {height} pixels, the limit is {MAX_SIDE} a side and "
            f"{MAX_PIXELS // 10**6} million in all: make it smaller."
        )


def _check_jpeg(data: bytes) -> None:
    scans = segments = 0
    position = 2
    while (marker := JPEG_MARKER.search(data, position)) and marker[1] != b"\xd9":  # end of image
        segments += 1
        scans += marker[1] == b"\xda"
        if scans > MAX_JPEG_SCANS or segments > MAX_JPEG_SEGMENTS:
            raise ImageError(
                f"The JPEG has more than {MAX_JPEG_SCANS} scans or {MAX_JPEG_SEGMENTS} segments: "
                "save the picture again without 'progressive'."
            )
        position = marker.end()
        if marker[1] not in b"\x01\xd8":  # these two carry no length
            position += max(2, int.from_bytes(data[position : position + 2], "big"))


def _flatten(image: ImageFile, data: bytes) -> Image.Image:
    transposition = TRANSPOSITIONS.get(_orientation(image))
    key = image.info.get("transparency")
    if image.mode == "I;16":
        wide = np.asarray(image).astype(np.uint32)
        grey = ((wide + 128) // 257).astype(np.uint8)
        grey[wide == (-1 if key is None else key)] = 255
        flat = Image.fromarray(grey)
    else:
        if image.mode in ("L", "RGB") and key is not None and isinstance(image, PngImageFile):
            image.info["transparency"] = _scaled_key(key, bit_depth=data[24])
        layer: Image.Image = image
        grey_file = image.mode in ("1", "L", "LA")
        if image.mode not in ("LA", "RGBA") and key is not None:
            layer = image.convert("LA" if grey_file else "RGBA")
        if layer.mode in ("LA", "RGBA"):
            flat = Image.new("L" if grey_file else "RGB", image.size, "white")
            flat.paste(layer, mask=layer)
        else:
            flat = layer.convert("L" if grey_file else "RGB")
    return flat if transposition is None else flat.transpose(transposition)


def _orientation(image: ImageFile) -> int:
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # the pixels are whole: browsers, too, show a picture with unreadable EXIF as it lies
        return 1
    return value if isinstance(value, int) else 1


def _scaled_key(key: int | tuple[int, ...], *, bit_depth: int) -> int | tuple[int, ...]:
    # Pillow scales a PNG's samples to 8 bits but leaves its transparent colour in the file's own depth.
    if isinstance(key, tuple):
        return tuple(value >> 8 for value in key) if bit_depth == 16 else key
    return key * {1: 255, 2: 85, 4: 17}.get(bit_depth, 1)


def _fit(image: Image.Image, side: int) -> Image.Image:
    ratio = side / max(image.size)
    return _resize(image, (max(1, round(image.width * ratio)), max(1, round(image.height * ratio))))


def _resize(image: Image.Image, size: tuple[int, int], *, box: tuple[int, int, int, int] | None = None) -> Image.Image:
    left, top, right, bottom = box or (0, 0, *image.size)
    width, height = right - left, bottom - top
    if width % size[0] == 0 and height % size[1] == 0:
        return image.reduce((width // size[0], height // size[1]), box=box)  # resize would round twice
    shrinks = size[0] < width or size[1] < height
    return image.resize(size, Image.Resampling.HAMMING if shrinks else Image.Resampling.BILINEAR, box=box)
