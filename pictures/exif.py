"""The one thing that Exif is read for: which way up a picture lies.

Pillow's own reader takes every tag into memory, as often as the file says, so it is never called; see SECURITY.md.
Source: TIFF 6.0, section 2, and Exif 2.32, section 4.6.4.
"""

import struct

MAX_BYTES = 2**16  # what a JPEG segment can hold; the first directory stands at the beginning
ORIENTATION = 0x0112
NUMBERS = {1: "B", 3: "H", 4: "I"}  # types of value that hold a whole number
PREFIX = b"Exif\0\0"


def orientation(block: bytes) -> int:
    """Return the orientation that an Exif block tells, 1 to 8; 1, as it lies, where it tells none.

    Of `block`, a TIFF file with or without Exif's prefix, the first directory within MAX_BYTES is looked through once.
    """
    body = block[:MAX_BYTES].removeprefix(PREFIX)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(body[:4])
    if order is None or len(body) < 8:
        return 1
    (start,) = struct.unpack_from(f"{order}I", body, 4)
    if start + 2 > len(body):
        return 1
    (count,) = struct.unpack_from(f"{order}H", body, start)
    first = start + 2
    for place in range(first, first + 12 * min(count, (len(body) - first) // 12), 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", body, place)
        if tag == ORIENTATION:
            told = struct.unpack_from(order + NUMBERS[kind], body, place + 8)[0] if kind in NUMBERS and values else 1
            return told if 1 <= told <= 8 else 1
    return 1
