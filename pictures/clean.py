"""Bytes of untrusted picture files, checked and cut down to what the pixels of their first picture need.

Pure functions over bytes, in time linear in them, with no decoder. What is left out (comments, texts, colour profiles,
Exif, control of animations, pictures after the first, what follows the end) never reaches a decoder, whatever faults it
has there; which way up the picture lies is read here. Sizes are read here too, so that a limit can be put to them
before a decoder makes anything. Damage that is in the pixels is the decoder's to find.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from pictures.exif import PREFIX, orientation

KINDS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("JPEG", re.compile(rb"\xff\xd8\xff")),
    ("WebP", re.compile(rb"RIFF....WEBPVP8[ XL]", re.DOTALL)),
    ("GIF", re.compile(rb"GIF8[79]a")),
    ("BMP", re.compile(rb"BM")),
)
MAX_CHUNKS = 50_000  # of a PNG or WebP; PNG encoders write 8 KB each
MAX_JPEG_SCANS = 64  # encoders write about ten; each costs a pass over all pixels but only 40 bytes of file
MAX_JPEG_SEGMENTS = 10_000
MAX_JPEG_HEADER = 2**18  # tables and sizes; real ones have about a kilobyte
MAX_GIF_EXTENSIONS = 2**20  # before the picture; texts of a few kilobytes are common
JPEG_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # not stuffing, fill or restart
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDD})  # Huffman, arithmetic, quantization, restart interval
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
PLAIN, BITFIELDS = 0, 3  # what is left out: run lengths, JPEG or PNG inside


class PictureError(ValueError):
    """A file that no decoder may see. The message is a clause that can stand in parentheses: why."""


@dataclass(frozen=True)
class Clean:
    """A file that a decoder may see.

    `size` is (width, height) in pixels as the file lies, not bounded yet; `orientation` Exif's, 1 to 8; `progressive`
    is told of JPEGs.
    """

    kind: str
    data: bytes
    size: tuple[int, int]
    orientation: int = 1
    progressive: bool = False


def kind_of(data: bytes) -> str | None:
    """Return which of KINDS a file is by its first bytes, or None."""
    return next((kind for kind, signature in KINDS if signature.match(data)), None)


def clean(data: bytes, kind: str) -> Clean:
    """Check a file of a known kind, and leave out what its first picture does not need. Raises PictureError."""
    return _CLEANERS[kind](data)


def _png(data: bytes) -> Clean:
    """Keep the header, palette, transparency, pixels and end. Source: PNG 1.2, sections 3 to 5; APNG 1.0."""
    size: tuple[int, ...] | None = None
    seen: set[bytes] = set()
    turn, kept, chunks, position = 1, [(0, 8)], 0, 8
    while position + 8 <= len(data):
        length, name = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        chunks += 1
        if chunks > MAX_CHUNKS:
            raise PictureError(f"more than {MAX_CHUNKS:,} chunks")
        if not name.isalpha() or (size is None and name != b"IHDR"):
            break
        end = position + 12 + length
        if name == b"IDAT" or (name in (b"IHDR", b"PLTE", b"tRNS", b"IEND") and name not in seen):
            kept.append((position, end))  # what of it is missing the decoder finds out
        if size is None:
            if length != 13 or len(data) < position + 16:
                break
            size = struct.unpack(">II", data[position + 8 : position + 16])
        elif name == b"eXIf" and name not in seen:
            turn = orientation(data[position + 8 : end - 4])
        elif name == b"IEND":
            break
        seen.add(name)
        position = end
    if size is None:
        raise PictureError("it tells no size")
    return Clean("PNG", _joined(data, kept), (size[0], size[1]), turn)


def _jpeg(data: bytes) -> Clean:
    """Keep tables, frame, scans, and what tells the colours apart. Source: ITU-T T.81, annex B; T.871; T.872, 6.5.3."""
    size: tuple[int, ...] | None = None
    turn: int | None = None
    start, end, kept, header = None, len(data), [(0, 2)], 0
    progressive, scans, segments, position = False, 0, 0, 2
    while marker := JPEG_MARKER.search(data, position):
        code = marker[1][0]
        if code == 0xD9:  # end of image
            end = marker.end()
            break
        segments += 1
        scans += code == 0xDA
        if scans > MAX_JPEG_SCANS or segments > MAX_JPEG_SEGMENTS:
            raise PictureError(f"more than {MAX_JPEG_SCANS} scans or {MAX_JPEG_SEGMENTS:,} segments")
        progressive |= code in PROGRESSIVE
        position = body = marker.end()
        if code not in (0x01, 0xD8):  # these two carry no length
            position += max(2, int.from_bytes(data[position : position + 2], "big"))
            body += 2
        if start is None:
            if code == 0xDA:
                start = marker.start()
            elif _shapes_pixels(code, data[body : body + 5]) and not (size and code in JPEG_FRAMES):
                kept.append((marker.start(), position))
                header += position - marker.start()
            if code in JPEG_FRAMES and size is None and body + 5 <= len(data):
                size = struct.unpack(">HH", data[body + 1 : body + 5])[::-1]
            elif code == 0xE1 and turn is None and data.startswith(PREFIX, body):
                turn = orientation(data[body:position])
        if header > MAX_JPEG_HEADER:
            raise PictureError(f"more than {MAX_JPEG_HEADER:,} bytes of tables")
    if size is None or start is None:
        raise PictureError("it tells no size")
    kept.append((start, end))
    return Clean("JPEG", _joined(data, kept), (size[0], size[1]), turn or 1, progressive)


def _shapes_pixels(code: int, body: bytes) -> bool:
    named = (code == 0xE0 and body == b"JFIF\0") or (code == 0xEE and body == b"Adobe")
    return named or code in JPEG_FRAMES or code in JPEG_TABLES


def _webp(data: bytes) -> Clean:
    """Keep the first picture, and what an animation needs to show it. Source: RFC 9649, section 2."""
    stop = 8 + int.from_bytes(data[4:8], "little")
    if stop > len(data):
        raise PictureError("it is cut short")
    size: tuple[int, ...] | None = None
    view, kept = memoryview(data), [memoryview(b"")]
    seen: set[bytes] = set()
    turn, chunks, animated, position = 1, 0, False, 12
    while position + 8 <= stop:
        name, length = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        body, end = position + 8, position + 8 + length + (length & 1)
        if end > stop:
            raise PictureError("it is cut short")
        chunks += 1
        if chunks > MAX_CHUNKS:
            raise PictureError(f"more than {MAX_CHUNKS:,} chunks")
        if name == b"VP8X" and chunks == 1 and length >= 10:
            animated = bool(data[body] & 2)
            size = tuple(1 + int.from_bytes(data[body + at : body + at + 3], "little") for at in (4, 7))
            kept += [view[position:body], memoryview(bytes([data[body] & 0x12])), view[body + 1 : end]]  # alpha, moves
        elif name in ((b"ANIM", b"ANMF") if animated else (b"ALPH", b"VP8 ", b"VP8L")) and name not in seen:
            size = size or _webp_size(name, data[body : body + 10])
            kept.append(view[position:end])
            if chunks == 1:  # the simple form
                break
        elif name == b"EXIF" and name not in seen:
            turn = orientation(data[body : body + length])
        seen.add(name)
        position = end
    if size is None:
        raise PictureError("it tells no size")
    kept[0] = memoryview(b"RIFF" + struct.pack("<I", 4 + sum(map(len, kept))) + b"WEBP")
    return Clean("WebP", b"".join(kept), (size[0], size[1]), turn)


def _webp_size(name: bytes, body: bytes) -> tuple[int, int] | None:
    if name == b"VP8L" and body[:1] == b"\x2f" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if name == b"VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) == 10:
        width, height = struct.unpack("<HH", body[6:])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _gif(data: bytes) -> Clean:
    """Keep the screen, its palette, which colour is clear, and the pictures; the decoder reads the first alone.

    The screen grows to hold the first picture. Source: GIF89a, sections 17 to 26.
    """
    if len(data) < 13:
        raise PictureError("it tells no size")
    width, height, flags = struct.unpack("<HHB", data[6:11])
    head = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    position, clear = head, None
    while position < len(data) and data[position] not in b",;":
        if position - head > MAX_GIF_EXTENSIONS:
            raise PictureError(f"more than {MAX_GIF_EXTENSIONS:,} bytes of comments")
        if data[position] != 0x21:  # a stray byte
            position += 1
            continue
        if data[position + 1 : position + 2] == b"\xf9" and len(data) >= position + 7 and data[position + 2] >= 4:
            clear = data[position + 6] if data[position + 3] & 1 else None
        position += 2
        while position < len(data) and data[position] and position - head <= MAX_GIF_EXTENSIONS:
            position += 1 + data[position]
        position += 1
    place = data[position : position + 10]
    if len(place) < 10 or place[:1] != b",":
        raise PictureError("it is cut short")
    left, top, across, down = struct.unpack("<HHHH", place[1:9])
    control = b"" if clear is None else bytes((0x21, 0xF9, 4, 1, 0, 0, clear, 0))
    size = max(width, left + across), max(height, top + down)
    return Clean("GIF", b"".join((data[:head], control, memoryview(data)[position:])), size)


def _bmp(data: bytes) -> Clean:
    """Refuse what is not stored plainly. Source: Windows' BITMAPFILEHEADER to BITMAPV5HEADER."""
    length = int.from_bytes(data[14:18], "little")
    if length not in BMP_HEADERS or len(data) < 14 + length:
        raise PictureError("it tells no size")
    if length == 12:
        width, height = struct.unpack("<HH", data[18:22])
        return Clean("BMP", data, (width, height))
    width, height = struct.unpack("<II", data[18:26])
    packing = int.from_bytes(data[30:34], "little")
    if packing not in (PLAIN, BITFIELDS):
        raise PictureError("its pixels are packed, by run lengths or else")
    return Clean("BMP", data, (width, 2**32 - height if data[25] == 0xFF else height))


def _joined(data: bytes, spans: list[tuple[int, int]]) -> bytes:
    """Return the spans of data one after the other; data itself where they are all of it."""
    if spans[0][0] == 0 and spans[-1][1] == len(data) and all(a[1] == b[0] for a, b in pairwise(spans)):
        return data
    view = memoryview(data)
    return b"".join(view[start:end] for start, end in spans)


_CLEANERS: dict[str, Callable[[bytes], Clean]] = {"PNG": _png, "JPEG": _jpeg, "WebP": _webp, "GIF": _gif, "BMP": _bmp}
