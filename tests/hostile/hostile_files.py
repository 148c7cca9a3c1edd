"""Picture files as a hostile visitor would make them; each with whether it must be refused, may be, or must be read."""

import struct
import zlib

import numpy as np
from PIL import Image

from tests.pictures.advisories import COLOUR, READ, REFUSED, advisories, chunk, encode

RNG = np.random.default_rng(11)
EITHER = "either"


def png(width, height, data, *, depth=8, colour=0, extra=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def rotated(orientation, file_format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(COLOUR, file_format, exif=exif)


def claiming(data, place, form, width, height):
    return data[:place] + struct.pack(form, width, height) + data[place + struct.calcsize(form) :]


def kinds():
    """Give (name, file, what must come of it), the oddities of sound pictures first."""
    image = Image.fromarray(COLOUR)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"):
        yield f"png {mode}", encode(image.convert(mode), "PNG"), READ
    for mode in ("L", "RGB", "CMYK", "YCbCr"):
        yield f"jpeg {mode}", encode(image.convert(mode), "JPEG"), READ
        yield f"jpeg {mode} progressive", encode(image.convert(mode), "JPEG", progressive=True), READ
    for file_format in ("PNG", "JPEG", "WEBP"):
        for orientation in range(1, 9):
            yield f"{file_format} turned {orientation}", rotated(orientation, file_format), READ
    for orientation in (0, 9, 255):
        yield f"jpeg turned {orientation}", rotated(orientation, "JPEG"), READ
    frames = [Image.fromarray(255 - COLOUR)] * 30
    for file_format in ("GIF", "PNG", "WEBP"):
        yield f"{file_format} animated", encode(image, file_format, save_all=True, append_images=frames), READ
    yield "jpeg of two pictures", encode(image, "MPO", save_all=True, append_images=frames[:1]), READ
    for size in ((1, 1), (1, 8192), (8192, 1), (8191, 3)):
        for file_format in ("PNG", "JPEG", "GIF", "WEBP"):
            yield f"{file_format} {size}", encode(Image.new("RGB", size), file_format), READ
    yield from _too_large()
    yield from _disguised(image)
    yield from _broken(image)
    yield from advisories()


def _too_large():
    yield "png 20,000 wide", encode(Image.new("1", (20_000, 4)), "PNG"), REFUSED
    yield "jpeg 20,000 wide", encode(Image.new("L", (20_000, 4)), "JPEG"), REFUSED
    yield "png bomb of one bit", png(12_000, 12_000, bytes(1501 * 12_000), depth=1), REFUSED
    yield "png bomb of colour", png(30_000, 30_000, bytes(10**6), colour=2), REFUSED
    yield "jpeg bomb", claiming(j := encode(COLOUR, "JPEG"), j.index(b"\xff\xc0") + 5, ">HH", 65_000, 65_000), REFUSED
    yield "gif bomb", claiming(encode(COLOUR, "GIF"), 6, "<HH", 65_535, 65_535), REFUSED
    yield "bmp bomb", claiming(encode(COLOUR, "BMP"), 18, "<ii", 2**31 - 1, 2**31 - 1), REFUSED
    yield "webp bomb", encode(Image.new("RGB", (16_383, 2)), "WEBP"), REFUSED
    yield "webp above its limit", encode(Image.new("L", (4000, 3000)), "WEBP", method=0), REFUSED
    yield "largest png", png(8192, 2928, bytes(4 * 8193 * 2928), colour=6), EITHER
    yield "largest jpeg", encode(Image.new("CMYK", (6000, 4000)), "JPEG"), READ
    yield "largest progressive", encode(Image.new("CMYK", (4000, 3000)), "JPEG", progressive=True), READ
    yield "largest webp", encode(Image.new("RGBA", (3000, 3000)), "WEBP", lossless=True, method=0), READ
    yield "largest gif", encode(Image.new("P", (6000, 4000)), "GIF"), READ
    yield "text bomb", png(8, 8, bytes(72), extra=chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(50_000_000)))), READ
    yield "profile bomb", png(8, 8, bytes(72), extra=chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(50_000_000)))), READ
    yield "pixels past the end", png(8, 8, bytes(100_000_000)), EITHER
    yield "eleven megabytes", encode(COLOUR, "PNG") + bytes(11 * 2**20), REFUSED


def _disguised(image):
    for name in (
        "TIFF",
        "JPEG2000",
        "PPM",
        "ICO",
        "PDF",
        "TGA",
        "PCX",
        "SGI",
        "EPS",
        "DDS",
        "ICNS",
        "IM",
        "MSP",
        "XBM",
    ):
        yield f"{name} as .png", encode(image.convert("1" if name in ("MSP", "XBM") else "RGB"), name), REFUSED
    yield "float TIFF", encode(image.convert("F"), "TIFF"), REFUSED
    for name, start in {
        "PSD": b"8BPS\0\1" + bytes(60),
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "SVG of entities": b'<!DOCTYPE s [<!ENTITY a "aaaa">]><svg>&a;</svg>',
        "HTML": b"<!doctype html><script>alert(1)</script>",
        "FlashPix": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "WMF": b"\xd7\xcd\xc6\x9a" + bytes(100),
        "AVIF": b"\0\0\0\x1cftypavif" + bytes(100),
        "ELF": b"\x7fELF\2\1\1" + bytes(100),
        "zip": b"PK\3\4" + bytes(100),
        "pickle": b"\x80\4cos\nsystem\n(S'true'\ntR.",
        "zeros": bytes(5000),
        "nothing": b"",
    }.items():
        yield f"{name} as .png", start, REFUSED


def _broken(image):
    for file_format in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        data = encode(image, file_format)
        for part in range(1, 33):
            yield f"{file_format} cut at {part}/33", data[: len(data) * part // 33], EITHER
        yield f"{file_format} twice", data * 2, EITHER
        yield f"{file_format} and a script", data + b"<script>alert(1)</script>", READ
    sound = encode(image, "JPEG")
    yield "jpeg of 5,000 scans", sound[:-2] + sound[sound.rindex(b"\xff\xda") : -2] * 5000, REFUSED
    yield "jpeg of 200,000 comments", sound[:2] + b"\xff\xfe\0\2" * 200_000 + sound[2:], REFUSED
    loop = b"Exif\0\0II*\0\x08\0\0\0" + b"\1\0" + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    yield "exif that loops", sound[:2] + b"\xff\xe1" + struct.pack(">H", len(loop) + 2) + loop + sound[2:], EITHER
    yield "png of no size", png(0, 0, b""), REFUSED
    yield "png of another depth", png(8, 8, bytes(72), depth=3), REFUSED
    yield "png without its palette", png(8, 8, bytes(72), colour=3), EITHER
    yield "png whose sums are wrong", encode(image, "PNG").replace(b"IDAT", b"IDAT", 1)[:-20] + bytes(20), EITHER
