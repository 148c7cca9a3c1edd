"""Pictures from a folder or .zip that nobody has checked: list them, class them, decode them into an array.

Nothing is skipped silently and nothing is unpacked to disk; what cannot be used ends in a DataError.
"""

import hashlib
import os
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pictures.clean import KINDS, clean, kind_of
from pictures.opened import opened, upright

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
UNSAFE = re.compile(r"[\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # class names reach JSON, logs and pages
SPLITS = ("train", "test")
LAYOUT = "use CLASS/ folders, train/CLASS/ and test/CLASS/, or pictures alone"
HOLD_OUT_ONE_IN = 10

MAX_PIXELS = 25_000_000
MAX_FILE_BYTES = 64 * 2**20
MAX_ARRAY_BYTES = 4 * 2**30
MAX_ZIP_ENTRIES = 200_000
MAX_ZIP_BYTES = 2 * 2**30
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack without a bound
MAX_ZIP_RATIO = 200  # counts from RATIO_FROM_BYTES on: a small plain picture may well shrink more
RATIO_FROM_BYTES = 2**20

Strings = tuple[str, ...]


class DataError(Exception):
    """Data that cannot be used; the text is one sentence for people."""


@dataclass(frozen=True)
class Source:
    """List picture files by their path inside the folder or zip: (modified or checksum, bytes); read one."""

    files: dict[str, tuple[int, int]]
    read: Callable[[str], bytes]


@contextmanager
def one_sentence(what: str, advice: str = "") -> Iterator[None]:
    """Turn whatever fails inside into a DataError: `what`, the reason, `advice`."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # decoders raise anything at all on damaged bytes
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise DataError(f"{what} ({reason}){advice}.") from error


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """List and check the names and sizes of all pictures in a folder or .zip, and keep it open for reading.

    `__MACOSX/`, names with a leading dot and empty folders do not count; any other file that is not a picture
    is refused, as is a zip that is encrypted, damaged, too large, or swells suspiciously. DataError.
    """
    if not (path.is_dir() or path.is_file()):
        raise DataError(f"{path} is no folder or file; give folder:PATH a folder or a .zip of pictures.")
    with one_sentence(f"{path} is not a folder or .zip that can be read"):
        archive = None if path.is_dir() else zipfile.ZipFile(path)
    with archive or nullcontext():
        with one_sentence(f"{path} cannot be listed"):
            files = _list_zip(archive) if archive else _list_folder(path)
        if not files:
            raise DataError(f"{path} holds no pictures; {LAYOUT}.")

        def read(name: str) -> bytes:
            size = files[name][1]
            if size > MAX_FILE_BYTES:
                raise DataError(f"{name!r} has {size:,} bytes, more than the {MAX_FILE_BYTES:,} allowed.")
            with one_sentence(f"{name!r} in {path.name} cannot be read", "; replace or remove it"):
                # Never read without a length: a zip entry may unpack to far more than it declares.
                with archive.open(name) if archive else open(path / name, "rb") as file:
                    data = file.read(size + 1)
                if len(data) != size:
                    raise DataError(f"{name!r} in {path.name} has not the {size:,} bytes it declares.")
            return data

        yield Source(files, read)


def _counts(name: str) -> bool:
    """Say whether a file counts; raise for names and kinds of file that are refused."""
    parts = name.split("/")
    if UNSAFE.search(name) or any(part in ("", ".", "..") for part in parts):
        raise DataError(f"The file name {name!r} is not a plain relative path; rename it.")
    if "__MACOSX" in parts or any(part.startswith(".") for part in parts):
        return False
    if not name.lower().endswith(SUFFIXES):
        raise DataError(f"{name!r} is not a picture ({', '.join(SUFFIXES)}); remove it from the data.")
    return True


def _list_folder(root: Path) -> dict[str, tuple[int, int]]:
    def stop(error: OSError) -> None:
        raise error

    files = {}
    for folder, folders, names in os.walk(root, onerror=stop, followlinks=True):
        inside = Path(folder).relative_to(root)
        if len(inside.parts) > 2:  # also ends the walk round a link that leads back up
            raise DataError(f"The folder {inside.as_posix()!r} lies too deep; {LAYOUT}.")
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__MACOSX"]
        for name in names:
            relative = (inside / name).as_posix()
            if _counts(relative):
                status = os.stat(root / relative)
                if not stat.S_ISREG(status.st_mode):
                    raise DataError(f"{relative!r} is not a regular file; remove it from the data.")
                files[relative] = (status.st_mtime_ns, status.st_size)
    return files


def _list_zip(archive: zipfile.ZipFile) -> dict[str, tuple[int, int]]:
    entries = archive.infolist()
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ZIP_ENTRIES or total > MAX_ZIP_BYTES:
        raise DataError(
            f"The zip declares {len(entries):,} entries and {total:,} bytes, but at most {MAX_ZIP_ENTRIES:,} "
            f"and {MAX_ZIP_BYTES:,} are read; unpack it and use the folder."
        )
    files = {}
    for entry in entries:
        name = entry.filename
        if name.endswith("/") or not _counts(name):
            continue
        if name in files:
            raise DataError(f"The zip holds {name!r} twice; pack it anew.")
        if entry.flag_bits & 0x2041:  # encrypted, strongly encrypted, masked headers
            raise DataError(f"{name!r} in the zip is encrypted; pack it without a password.")
        if entry.compress_type not in METHODS:
            raise DataError(f"{name!r} in the zip is packed by an unusual method; pack it with deflate.")
        if entry.file_size >= RATIO_FROM_BYTES and entry.file_size > MAX_ZIP_RATIO * entry.compress_size:
            raise DataError(
                f"{name!r} in the zip swells from {entry.compress_size:,} to {entry.file_size:,} bytes, like "
                "a zip bomb; unpack it and use the folder if it is sound."
            )
        files[name] = (entry.CRC, entry.file_size)
    return files


def sort_by_class(names: Iterable[str], split: str) -> tuple[dict[str, int], Strings, Strings]:
    """Return the split's file names with their labels, the sorted class names, and notes for people.

    Without train/ and test/ folders the test split is one file in ten, by the hash of its name, so that a
    picture added later never moves another one.
    """
    parts = {name: tuple(name.split("/")) for name in names}
    held_out = not all(len(part) > 1 and part[0] in SPLITS for part in parts.values())
    inner = {name: part if held_out else part[1:] for name, part in parts.items()}
    depths = {len(part) for part in inner.values()}
    if depths not in ({1}, {2}):
        shallow = min(parts, key=lambda name: len(inner[name]))
        deep = max(parts, key=lambda name: (len(inner[name]), parts[name][0] not in SPLITS))
        found = f"{shallow!r} beside {deep!r}" if len(depths) > 1 else repr(deep)
        raise DataError(f"The place of {found} fits no layout; {LAYOUT}.")
    flat = depths == {1}
    class_names = ("pictures",) if flat else tuple(sorted({part[0] for part in inner.values()}))
    index = {name: label for label, name in enumerate(class_names)}
    labels = {
        name: 0 if flat else index[inner[name][0]]
        for name in sorted(parts, key=parts.__getitem__)
        if split == (_held_out(name) if held_out else parts[name][0])
    }
    present = set(labels.values())
    missing = [name for name in class_names if index[name] not in present]
    if missing and (not held_out or split == "train" or not labels):
        raise DataError(f"The {split} split has no pictures of {missing[0]!r}; add some, or {LAYOUT}.")
    if not held_out:
        return labels, class_names, ()
    part = "holds about" if split == "test" else "leaves out"
    notes = [f"no test/ folder, so this split {part} 1 file in {HOLD_OUT_ONE_IN}, by the hash of its name"]
    notes += [f"none held out of {', '.join(missing)}"] if missing else []
    return labels, class_names, tuple(notes)


def _held_out(name: str) -> str:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return "train" if number % HOLD_OUT_ONE_IN else "test"


def decode(data: bytes, name: str) -> Image.Image:
    """Decode to mode L or RGB: first frame, EXIF turned, alpha over white, 16 bits scaled to 8. DataError."""
    with one_sentence(f"{name!r} cannot be decoded", "; replace or remove it"):
        kind = kind_of(data)
        if kind is None:
            raise DataError(f"{name!r} is not a readable {', '.join(kind for kind, _ in KINDS)} picture; remove it.")
        cleaned = clean(data, kind)
        width, height = cleaned.size
        if width * height > MAX_PIXELS:
            raise DataError(f"{name!r} has {width} x {height} pixels, over {MAX_PIXELS:,}.")
        file = opened(cleaned)
        file.load()
        picture = upright(file, cleaned.orientation)
        if picture.mode.startswith("I;16"):  # Pillow's own conversion clips
            if picture.has_transparency_data:
                raise DataError(f"{name!r} is a 16-bit picture with a transparent grey; save it with 8 bits.")
            picture = Image.fromarray((np.asarray(picture) / 257).round().astype(np.uint8))
        mode = "L" if picture.mode in ("1", "L", "LA") else "RGB"
        if picture.has_transparency_data:
            white = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(white, picture.convert("RGBA"))
        return picture.convert(mode)


def stack(
    pictures: Iterable[tuple[str, Image.Image]], count: int, *, size: int | None, channels: int | None
) -> tuple[np.ndarray, Strings]:
    """Bring `count` named pictures to one shape, uint8 (count, C, H, W); say what resized them. DataError."""
    stacked: np.ndarray | None = None
    resized = Counter[str]()
    for row, (name, picture) in enumerate(pictures):
        if channels is not None:
            picture = picture.convert("L" if channels == 1 else "RGB")
        if size is not None and picture.size != (size, size):
            side = min(picture.size)
            left, top = (picture.width - side) // 2, (picture.height - side) // 2
            picture = picture.crop((left, top, left + side, top + side))
            if side % size:
                picture, method = picture.resize((size, size), Image.Resampling.LANCZOS), "Lanczos"
            else:  # the exact mean; resizing with BOX rounds twice
                picture, method = picture.reduce(side // size), "area mean"
            resized["middle square" if side == size else f"{method} from {side}"] += 1
        pixels = np.atleast_3d(np.asarray(picture)).transpose(2, 0, 1)
        if stacked is None:
            if count * pixels.nbytes > MAX_ARRAY_BYTES:
                raise DataError(
                    f"{count:,} pictures like {name!r} need {count * pixels.nbytes:,} bytes of memory, over "
                    f"{MAX_ARRAY_BYTES:,}; choose a smaller size or a limit."
                )
            first, stacked = name, np.empty((count, *pixels.shape), np.uint8)
        if pixels.shape != stacked.shape[1:]:
            (depth, height, width), (deep, high, wide) = pixels.shape, stacked.shape[1:]
            raise DataError(
                f"{name!r} is {width} x {height} with {depth} channel(s), but {first!r} {wide} x {high} with "
                f"{deep}; choose one size and number of channels for all."
            )
        stacked[row] = pixels
    if stacked is None:
        raise DataError("There are no pictures to stack.")
    kinds = ", ".join(f"{kind} ({number:,})" for kind, number in resized.most_common(4))
    more = f", and {len(resized) - 4} more kinds" if len(resized) > 4 else ""
    return stacked, (f"resized: {kinds}{more}",) if resized else ()
