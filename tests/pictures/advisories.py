"""Files for the advisories on Pillow below 13, and for what is like them: built here, none is kept.

Each costs a decoder that is handed it as it is seconds or hundreds of megabytes (SECURITY.md, waivers).
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image

COLOUR = np.random.default_rng(11).integers(0, 256, (24, 40, 3), dtype=np.uint8)
LARGE = 1_500_000  # bytes of what is repeated
READ, REFUSED = "read", "refused"
PREFIX = b"Exif\0\0"


def encode(image, file_format, **options):
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, file_format, **options)
    return file.getvalue()


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_with(*chunks, times=1):
    """A PNG with chunks after its header."""
    data = encode(COLOUR, "PNG")
    return data[:33] + b"".join(chunk(*one) for one in chunks) * times + data[33:]


def blank_png(width, height, *chunks, rows=None):
    """A clear PNG with chunks after its header; fewer `rows` than it tells are cheap to make."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    rows = zlib.compress(bytes((1 + 4 * width) * (height if rows is None else rows)))
    parts = (chunk(*one) for one in (*chunks, (b"IDAT", rows), (b"IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(parts)


def segment(code, body):
    return bytes((0xFF, code)) + struct.pack(">H", len(body) + 2) + body


def jpeg_with(*segments):
    """A JPEG with bytes after its first segment, the 18 of JFIF."""
    data = encode(COLOUR, "JPEG", quality=95)
    return data[:20] + b"".join(segments) + data[20:]


def webp_with(exif):
    return encode(COLOUR, "WEBP", lossless=True, exif=exif)


def gif_with(extension):
    data = encode(Image.fromarray(COLOUR).quantize(64), "GIF")
    place = 13 + (3 << (data[10] & 7) + 1)
    return data[:place] + extension + data[place:]


def in_blocks(data, size=255):
    parts = (data[start : start + size] for start in range(0, len(data), size))
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


def frames(disposal, width, height):
    """The chunks that begin an animation of one frame; what it disposes of was filled before any size was checked."""
    frame = struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 10, disposal, 0)
    return (b"acTL", struct.pack(">II", 1, 0)), (b"fcTL", frame)


def tiff(*entries, tail=b""):
    """An Exif block: (tag, type, count, value or offset) each."""
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries) + bytes(4)
    return b"II*\0\x08\0\0\0" + directory + tail


def shared_tags(size, count=200):
    """Tags that all point at the same bytes."""
    return tiff(*((0x9000 + tag, 7, size, 14 + 12 * count) for tag in range(count)), tail=bytes(size))


def bmp_of_run_lengths(width, height):
    runs = b"\x01\x05\0\0" * height  # one pixel, then the end of the line, which the decoder fills one by one
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1078 + len(runs), 0, 0, 1078) + header + bytes(range(256)) * 4 + runs


def gif_screen(width, height, disposal):
    """A small GIF of a large screen and picture, to be disposed of."""
    control = b"!\xf9\x04" + bytes((disposal << 2 | 1, 0, 0, 0)) + b"\0"
    place = struct.pack("<HHHHB", 0, 0, width, height, 0)
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6) + control + b"," + place + b"\x02\0;"


def advisories():
    """Give (name, file, what must come of it): READ is COLOUR in the file's format, or a large clear one."""
    headers = PREFIX * (LARGE // 6)
    yield "GHSA-5xm2 png of 90 million pixels", blank_png(15_000, 6000, *frames(1, 15_000, 6000), rows=0), REFUSED
    yield "GHSA-5xm2 png within the limits", blank_png(6000, 4000, *frames(1, 6000, 4000)), READ
    yield "CVE-2026-96643 png", png_with((b"eXIf", headers)), READ
    yield "CVE-2026-96643 png after the pixels", encode(COLOUR, "PNG")[:-12] + chunk(b"eXIf", headers), READ
    yield "CVE-2026-96643 png in a text", png_with((b"tEXt", b"exif\0" + headers)), READ
    yield "CVE-2026-96643 webp", webp_with(headers), READ
    yield "CVE-2026-96643 jpeg", jpeg_with(*[segment(0xE1, PREFIX * 10_900)] * 23), READ
    yield "GHSA-22hg gif of one comment", gif_with(b"!\xfe" + in_blocks(b"c" * 500_000, 1)), READ
    yield "GHSA-22hg gif of a longer comment", gif_with(b"!\xfe" + in_blocks(b"c" * (LARGE // 2), 1)), REFUSED
    yield "GHSA-74r2 gif of many comments", gif_with(b"!\xfe\x01c\0" * 200_000), READ
    yield "GHSA-fc9g gif of more comments", gif_with(b"!\xfe\x01c\0" * (LARGE // 5)), REFUSED
    yield "GHSA-wqgw png", png_with((b"eXIf", shared_tags(1_000_000))), READ
    yield "GHSA-wqgw webp", webp_with(shared_tags(1_000_000)), READ
    parts = shared_tags(1_000_000)
    joined = (segment(0xE1, PREFIX + parts[start : start + 65_000]) for start in range(0, len(parts), 65_000))
    yield "GHSA-wqgw jpeg of many segments", jpeg_with(*joined), READ
    yield "CVE-2026-96638 bmp", bmp_of_run_lengths(6000, 4000), REFUSED
    yield "CVE-2026-96638 small bmp", bmp_of_run_lengths(60, 40), REFUSED
    yield "GHSA-65qm gif", gif_screen(13_000, 13_000, 2), REFUSED
    yield from _slow_walks()


def _slow_walks():
    """What none of the advisories names: bytes that Pillow walks one by one, or copies again and again."""
    yield "jpeg of fill bytes", jpeg_with(b"\xff" * 10_000_000), READ
    yield "jpeg of tables", jpeg_with(*[segment(0xDB, bytes(65 * 1008))] * 150), REFUSED
    yield "gif of stray bytes", gif_with(bytes(10_000_000)), REFUSED
    yield "png of chunks without pixels", png_with((b"prVt", b""), times=800_000), REFUSED
    yield "png of empty pixels", png_with((b"IDAT", b""), times=800_000), REFUSED
    yield "png of another size later", png_with((b"IHDR", struct.pack(">IIBBBBB", 9999, 9999, 8, 2, 0, 0, 0))), READ
    yield "webp of chunks", _webp_with_chunks(800_000), REFUSED


def _webp_with_chunks(count):
    data = webp_with(tiff((0x0112, 3, 1, 1)))
    body = data[12:] + b"none\0\0\0\0" * count
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
