"""The ends of files that a trainer is still writing."""

import contextlib
import json
import re
from pathlib import Path

TAIL_BYTES = 4096
BLOCK_BYTES = 65_536


def last_record(path: Path) -> dict:
    """Return the newest whole line of a file of JSON lines, reading only its end."""
    for line in reversed(_tail(path).splitlines()):
        with contextlib.suppress(ValueError):
            record = json.loads(line)
            if isinstance(record, dict):
                return record
    return {}


def records_since(path: Path, step: int) -> list[dict]:
    """Return the records after a step, in order, reading no more of the file's end than that takes."""
    found: list[dict] = []
    with contextlib.suppress(OSError), open(path, "rb") as file:
        start = file.seek(0, 2)
        rest = b""
        while start > 0:
            size = min(BLOCK_BYTES, start)
            start -= size
            file.seek(start)
            first, *lines = (file.read(size) + rest).split(b"\n")
            rest = first  # it may begin in the block before
            if start == 0:
                lines = [first, *lines]
            part = [record for line in lines if (record := _record(line)) is not None]
            found = [record for record in part if record.get("step", 0) > step] + found
            if part and part[0].get("step", 0) <= step:
                break
    return found


def _record(line: bytes) -> dict | None:
    try:
        record = json.loads(line)
    except ValueError:  # half written, or empty
        return None
    return record if isinstance(record, dict) else None


def shortened(record: dict, digits: int) -> dict:
    """Cut a record's numbers to so many digits, as an eye on a curve sees no more; processor time is left out."""
    return {
        key: float(f"{value:.{digits}g}") if isinstance(value, float) else value
        for key, value in record.items()
        if key != "cpu_seconds"
    }


def last_words(path: Path) -> str:
    """Return the last line that a trainer printed: what people can mend is said there in one sentence."""
    lines = [line.strip() for line in re.split(r"[\r\n]", _tail(path)) if line.strip()]
    return lines[-1][:300] if lines else ""


def _tail(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
