"""Untrusted pictures in, tensors out, and back."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ui import decode
from ui.decode import ImageError
from ui.ink import centred_at, extent, find_ink, ring
from ui.settings import settings

DIGIT_BOX = 20 / 28  # MNIST: the longest side of the ink, as a part of the side of the picture
BLACK_LEVEL = 10  # of 255; a border no lighter than this is a black background
MIN_CONTRAST = 12  # of 255, between ink and background
NO_INK = (
    "No {ink} digit stands out from the background (contrast {contrast:.0f} of 255): draw it thicker, "
    "or photograph it in better light."
)
WORK_SIDE = 400  # ink is looked for at this size at most; a 280 px drawing stays as it is


@dataclass(frozen=True)
class Prepared:
    """A digit ready for a model, and what was done to it.

    `steps` holds, in this order, what changed something: "inverted", "levelled" (the background made black
    and clean, the ink white), "cropped to ink", "scaled", "centred"; nothing for a picture in MNIST's form.
    """

    image: Image.Image
    steps: tuple[str, ...]


def read_image(source: str | Path | bytes) -> Image.Image:
    """Decode an untrusted picture by ui.decode.read_image, in a process of its own where the settings say so."""
    if not settings().decodes_apart:
        return decode.read_image(source)
    from ui.decode_apart import decoders  # not every system has what it needs

    return decoders().read_image(source)


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


def digit_view(image: Image.Image, size: int = 28, *, invert: bool | None = None, dust: bool = True) -> Prepared:
    """Prepare a drawn or photographed digit as MNIST's digits were.

    White ink on black, cropped to the ink, the longest side scaled to 20/28 of `size`, the centre of mass
    at the middle. `invert=None` finds out whether the ink is darker than its surroundings; True and False
    decide it; `dust=False` for what was drawn by a program, without specks. A picture of `size` x `size` on black
    passes unchanged, pixel for pixel. Returns mode "L".
    Raises ImageError where no ink stands out.
    """
    if size < 8:
        raise ValueError(f"size is {size}: a digit needs at least 8 pixels.")
    grey = (_fit(image, WORK_SIDE) if max(image.size) > WORK_SIDE else image).convert("L")
    pixels = np.asarray(grey, dtype=np.float64)
    found = find_ink(pixels, invert=invert, dust=dust)
    steps = ["inverted"] if found.inverted else []
    light = 255 - pixels if found.inverted else pixels
    if image.size == (size, size) and np.median(ring(light, 1)) <= BLACK_LEVEL:
        return Prepared(Image.fromarray(light.astype(np.uint8)), tuple(steps))
    if found.contrast < MIN_CONTRAST:
        raise ImageError(NO_INK.format(ink="dark" if found.inverted else "light", contrast=found.contrast))

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


def on_levels(images: Tensor) -> Tensor:
    """Round images in [-1, 1] to the 256 levels of a picture file, so that a file or a canvas holds them exactly."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1


def png_bytes(picture: Image.Image) -> bytes:
    """Return a picture as a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def data_url(picture: Image.Image) -> str:
    """Return a picture as a `data:` address, to stand in a page or a message."""
    return f"data:image/png;base64,{base64.b64encode(png_bytes(picture)).decode('ascii')}"


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
