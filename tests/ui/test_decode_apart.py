"""Decoding in a child process: the same answers, and whatever happens to the child stays its own affair."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ui import decode, decode_apart
from ui.decode import ImageError
from ui.decode_apart import Decoders
from ui.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COLOUR = np.random.default_rng(7).integers(0, 256, (19, 33, 3), dtype=np.uint8)


def encode(mode, file_format, **options):
    file = io.BytesIO()
    Image.fromarray(COLOUR).convert(mode).save(file, file_format, **options)
    return file.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


PICTURES = [
    *(encode(mode, "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    *(encode("RGB", "JPEG", exif=turned(turn)) for turn in (1, 6, 8)),
    *(encode(mode, "JPEG", progressive=True) for mode in ("L", "CMYK")),
    encode("RGBA", "WEBP"),
    encode("P", "GIF"),
    encode("RGB", "BMP"),
]
REFUSED = [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(60), PICTURES[4][:300], b"%!PS-Adobe-3.0 EPSF"]


@pytest.fixture
def decoders():
    made = Decoders(1)
    yield made
    made.close()


def child(decoders):
    return decoders._idle[0].process


def test_answers_are_those_of_decoding_here(decoders, tmp_path):
    for data in PICTURES:
        here, there = decode.read_image(data), decoders.read_image(data)
        assert there.mode == here.mode
        assert np.array_equal(np.asarray(there), np.asarray(here))
    for data in REFUSED:
        with pytest.raises(ImageError) as here:
            decode.read_image(data)
        with pytest.raises(ImageError) as there:
            decoders.read_image(data)
        assert str(there.value) == str(here.value)
    (tmp_path / "a.png").write_bytes(PICTURES[0])
    assert decoders.read_image(tmp_path / "a.png").size == (33, 19)
    with pytest.raises(ImageError, match="no file"):
        decoders.read_image(str(tmp_path / "b.png"))


def test_child_is_kept_warm_and_replaced_in_time(decoders, monkeypatch):
    decoders.read_image(PICTURES[0])
    first = child(decoders).pid
    decoders.read_image(PICTURES[1])
    assert child(decoders).pid == first
    monkeypatch.setattr(decode_apart, "PICTURES", 3)
    decoders.read_image(PICTURES[2])
    decoders.read_image(PICTURES[3])
    assert child(decoders).pid != first
    assert not Path(f"/proc/{first}").exists()


@pytest.mark.parametrize("harm", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP])
def test_child_that_dies_or_hangs_costs_one_sentence(decoders, monkeypatch, harm):
    decoders.read_image(PICTURES[0])
    process = child(decoders)
    os.kill(process.pid, harm)
    if harm != signal.SIGSTOP:
        process.wait(timeout=10)
    with monkeypatch.context() as short:
        short.setattr(decode_apart, "WALL_S", 0.5)
        with pytest.raises(ImageError, match="more memory or time"):
            decoders.read_image(PICTURES[0])
    assert process.poll() is not None
    assert decoders.read_image(PICTURES[0]).size == (33, 19)


def test_child_that_lies_is_not_believed(decoders, monkeypatch):
    decoders.read_image(PICTURES[0])
    for answer in (b"", b"L", decode_apart.HEADER.pack(b"R", 9, 9) + b"0" * 9, decode_apart.HEADER.pack(b"X", 0, 0)):
        decoders.read_image(PICTURES[0])
        monkeypatch.setattr(decoders._idle[0], "_receive", lambda seconds, answer=answer: answer)
        with pytest.raises(ImageError, match="more memory or time"):
            decoders.read_image(PICTURES[0])


def test_full_house_is_told(decoders, monkeypatch):
    monkeypatch.setattr(decode_apart, "WAIT_S", 0.05)
    with decoders._places, pytest.raises(ImageError, match="Too many pictures"):
        decoders.read_image(PICTURES[0])


@pytest.mark.parametrize(
    ("attempt", "outcome"),
    [
        ("open('/etc/passwd')", "OSError"),
        ("open('x', 'w')", "OSError"),
        ("import socket; socket.socket()", "OSError"),
        ("import subprocess; subprocess.run(['true'])", "OSError"),
        ("bytes(2**28 + 2**27)", "MemoryError"),
        ("resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass", "killed"),
    ],
)
def test_child_has_no_rights(tmp_path, attempt, outcome):
    script = (
        "import resource, socket, subprocess\nfrom ui import decode_apart\n"
        f"decode_apart._practise()\ndecode_apart._give_up_rights()\ntry:\n  exec({attempt!r})\n"
        "except MemoryError:\n  print('MemoryError')\nexcept OSError:\n  print('OSError')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout.strip() or ("killed" if done.returncode < 0 else done.stderr)) == outcome
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="decoding apart is made of Linux's limits")
@pytest.mark.parametrize(
    ("host", "wanted", "apart"),
    [("127.0.0.1", None, False), ("localhost", None, False), ("0.0.0.0", None, True), ("127.0.0.1", True, True)],
)
def test_strangers_pictures_are_decoded_apart(host, wanted, apart):
    assert Settings(host=host, decode_apart=wanted).decodes_apart is apart
    assert Settings(host="0.0.0.0", decode_apart=False).decodes_apart is False
