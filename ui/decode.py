"""Untrusted picture files in, plain pictures out: the only module of the page that decodes pictures.

It needs neither torch nor the page, so that it can also run in a process of its own (ui/decode_apart.py).
"""

import math
import threading
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from pictures.clean import Clean, PictureError, clean, kind_of
from pictures.opened import opened, upright

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 24_000_000
MAX_WEBP_PIXELS = 9_000_000  # its decoder keeps several copies
MAX_PROGRESSIVE_PIXELS = 12_000_000  # libjpeg keeps the coefficients of all of them
MAX_SIDE = 8192
KEPT_PIXELS = 4_000_000  # the nets see 64 a side at most: larger pictures are handed on smaller
STRIP_PIXELS = 1_000_000
DECODING = threading.BoundedSemaphore(2)  # each may need 150 MB


class ImageError(ValueError):
    """A picture that is refused. The message is one sentence for the visitor."""


def read_image(source: str | Path | bytes) -> Image.Image:
    """Decode an untrusted picture, given as a path or as the file's bytes.

    PNG, JPEG, WebP, GIF and BMP; the first frame; upright by EXIF; alpha over white. 16-bit grey is scaled
    by 1/257; 16-bit colour keeps the high byte. Above KEPT_PIXELS the sides are divided by a whole number,
    averaging areas. The answer is mode "L" (grey files) or "RGB", without metadata. Raises ImageError for
    anything else; a file cut short passes only if no pixel is missing.
    """
    data = file_bytes(source)
    name = _kind(data)
    try:
        with DECODING:
            picture = clean(data, name)
            most = MAX_WEBP_PIXELS if name == "WebP" else MAX_PIXELS
            _check_size(picture.size, MAX_PROGRESSIVE_PIXELS if picture.progressive else most)
            image = opened(picture)
            if isinstance(image, JpegImageFile) and math.prod(image.size) > KEPT_PIXELS:
                image.draft(None, (image.width // 2, image.height // 2))  # libjpeg halves at no cost
            image.load()
            flat = _flatten(image, picture)
    except ImageError:
        raise
    except PictureError as error:
        raise ImageError(
            f"The {name} file is not decoded ({error}): save the picture again, as PNG or plain JPEG."
        ) from error
    except Exception as error:  # Pillow's parsers raise whatever they stumble over
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise ImageError(
            f"The {name} file cannot be decoded, it is damaged or cut short ({reason}): save the picture again."
        ) from error
    flat.info.clear()
    return flat


def file_bytes(source: str | Path | bytes) -> bytes:
    """Read a picture file whole, if it may be a picture by its size. Raises ImageError."""
    if isinstance(source, bytes):
        _check_bytes(len(source))
        return source
    path = Path(source)
    try:
        if not path.is_file():
            raise ImageError(f"There is no file {path.name!r}: choose the picture again.")
        _check_bytes(path.stat().st_size)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImageError(f"The file {path.name[:80]!r} cannot be read ({error.strerror}): choose it again.") from error
    _check_bytes(len(data))
    return data


def _check_bytes(count: int) -> None:
    if count > MAX_BYTES:
        raise ImageError(f"The file has {count:,} bytes, the limit is {MAX_BYTES:,} (10 MB): save the picture smaller.")
    if count == 0:
        raise ImageError("The file is empty (0 bytes): choose another picture.")


def _kind(data: bytes) -> str:
    kind = kind_of(data)
    if kind is not None:
        return kind
    raise ImageError(
        f"The file is not a PNG, JPEG, WebP, GIF or BMP picture (it starts with {data[:8]!r}): "
        "save the picture as PNG or JPEG."
    )


def _check_size(size: tuple[int, int], most: int) -> None:
    width, height = size
    if width < 1 or height < 1 or max(size) > MAX_SIDE or width * height > most:
        raise ImageError(
            f"The picture has {width} x {height} pixels, the limit is {MAX_SIDE} a side and "
            f"{most // 10**6} million in all: make it smaller."
        )


def _flatten(image: ImageFile, picture: Clean) -> Image.Image:
    key = image.info.get("transparency")
    if image.mode in ("L", "RGB") and key is not None and isinstance(image, PngImageFile):
        image.info["transparency"] = _scaled_key(key, bit_depth=picture.data[24])
    divisor = math.ceil(math.sqrt(math.prod(image.size) / KEPT_PIXELS))
    flat = _over_white(image) if divisor == 1 else _shrunk(image, divisor)
    return upright(flat, picture.orientation)


def _shrunk(image: ImageFile, divisor: int) -> Image.Image:
    """Flatten and shrink strip by strip, so that the whole picture is never there twice."""
    height = max(1, STRIP_PIXELS // image.width // divisor) * divisor
    size = (-(-image.width // divisor), -(-image.height // divisor))
    mode = "L" if image.mode in ("1", "L", "LA", "I;16") else "RGB"
    flat = Image.new(mode, size)
    for top in range(0, image.height, height):
        strip = image.crop((0, top, image.width, min(top + height, image.height)))
        flat.paste(_over_white(strip).reduce(divisor), (0, top // divisor))
    return flat


def _over_white(image: Image.Image) -> Image.Image:
    key = image.info.get("transparency")
    if image.mode == "I;16":
        wide = np.asarray(image).astype(np.uint32)
        grey = ((wide + 128) // 257).astype(np.uint8)
        grey[wide == (-1 if key is None else key)] = 255
        return Image.fromarray(grey)
    layer = image
    grey_file = image.mode in ("1", "L", "LA")
    if image.mode not in ("LA", "RGBA") and key is not None:
        layer = image.convert("LA" if grey_file else "RGBA")
    if layer.mode not in ("LA", "RGBA"):
        return layer.convert("L" if grey_file else "RGB")
    flat = Image.new("L" if grey_file else "RGB", image.size, "white")
    flat.paste(layer, mask=layer)
    return flat


def _scaled_key(key: int | tuple[int, ...], *, bit_depth: int) -> int | tuple[int, ...]:
    # Pillow scales a PNG's samples to 8 bits but leaves its transparent colour in the file's own depth.
    if isinstance(key, tuple):
        return tuple(value >> 8 for value in key) if bit_depth == 16 else key
    return key * {1: 255, 2: 85, 4: 17}.get(bit_depth, 1)
