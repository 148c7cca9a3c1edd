"""Hostile .zip files of pictures: data or one sentence, no file outside, no more memory than they are worth."""

import io
import os
import random
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.training.making import PICTURE, classed, encoded, zipped

pytestmark = [
    pytest.mark.hostile,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore:Duplicate name"),
]
ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = 2000
MOST_MB = 300
NAMES = (
    *("../x.png", "../../etc/cron.d/x.png", "/etc/x.png", "a/../../x.png", "./x.png", "a//x.png", "C:\\x.png"),
    *("\\\\host\\share\\x.png", "..\\x.png", "cat/..\\..\\x.png", "x\x00.png", "x\n.png", "~/x.png"),
    *("cat/" + "a" * 5000 + ".png", "a/" * 300 + "x.png", "con.png/x.png", "x.png/.."),
)
# One process for all: it opens each file, says what came of it, and at the end the most memory it ever had.
SCRIPT = """
import resource, sys, time
from training.data import DataError, open_dataset
slowest, base = 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for line in sys.stdin:
    start = time.process_time()
    try:
        answer = f"data {len(open_dataset('folder:' + line.strip(), split='train', size=None, channels=None).images)}"
    except DataError as error:
        answer = f"refused {error}"
    assert "\\n" not in answer
    slowest = max(slowest, time.process_time() - start)
    print(answer, flush=True)
print(f"{slowest:.2f} {(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024}")
"""


def entry(name, mode=0):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def packed(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in members:
            archive.writestr(name, data)


def hostile_zips():
    """Give (name, function that writes the file)."""
    for number, name in enumerate(NAMES):
        yield f"name {number}", lambda path, name=name: zipped(path, {**classed(), name: PICTURE})
    for kind, mode in {"link": 0o120777, "pipe": 0o010666, "device": 0o060666, "socket": 0o140777}.items():
        members = [*classed().items(), (entry("train/cat/z.png", mode), b"/etc/passwd")]
        yield kind, lambda path, members=members: packed(path, members)
    yield "a bomb", lambda path: zipped(path, {"cat/0.bmp": bytes(10**9)}, compression=zipfile.ZIP_DEFLATED)
    yield (
        "many bombs",
        lambda path: zipped(path, {f"cat/{i}.bmp": bytes(10**6) for i in range(900)}, compression=zipfile.ZIP_DEFLATED),
    )
    yield "100,000 entries", lambda path: zipped(path, {f"cat/{i}.png": b"" for i in range(100_000)})
    yield "300,000 entries", lambda path: zipped(path, {f"cat/{i}.png": b"" for i in range(300_000)})
    yield "100,000 folders", lambda path: zipped(path, {f"a{i}/": b"" for i in range(100_000)})
    yield "100,000 classes", lambda path: zipped(path, {f"a{i}/x.png": PICTURE for i in range(100_000)})
    inside = io.BytesIO()
    zipped(inside, classed())
    yield "nested", lambda path: zipped(path, {"cat/0.zip": inside.getvalue()})
    yield "nested as a picture", lambda path: zipped(path, {"cat/0.png": inside.getvalue()})
    for name, data in {
        "text": b"hello",
        "script": b"#!/bin/sh\ntouch canary",
        "EPS": b"%!PS-Adobe-3.0 EPSF-3.0",
        "TIFF": encoded(kind="TIFF"),
        "nothing": b"",
        "bomb": _bomb(),
    }.items():
        yield f"{name} as a picture", lambda path, data=data: zipped(path, {"cat/0.png": data, "cat/1.png": data})
        yield f"{name} beside pictures", lambda path, data=data: zipped(path, {**classed(), "train/cat/x.py": data})
    yield "twice", lambda path: packed(path, [*classed().items(), *classed().items()])
    yield "encrypted", lambda path: _flagged(path, 1)
    yield "strongly encrypted", lambda path: _flagged(path, 0x40)
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield f"method {method}", lambda path, method=method: zipped(path, classed(), compression=method)
    yield "overlapping entries", _overlapping
    yield "nothing", lambda path: path.write_bytes(b"")
    yield "no entries", lambda path: zipped(path, {})
    yield "no zip", lambda path: path.write_bytes(b"PK\x03\x04" + bytes(1000))
    yield "a pickle", lambda path: path.write_bytes(b"\x80\x04cos\nsystem\n(S'touch canary'\ntR.")
    yield "a long comment", lambda path: path.write_bytes(zipped(path, classed()).read_bytes() + bytes(70_000))


def _bomb():
    from tests.hostile.hostile_files import png

    return png(12_000, 12_000, bytes(1501 * 12_000), depth=1)


def _flagged(path, bit):
    data = bytearray(zipped(path, classed()).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= bit
    path.write_bytes(data)


def _overlapping(path):
    """Thousands of entries that all point at one file, as David Fifield's bomb does."""
    data = zipped(path, {"cat/00000.png": encoded(size=(900, 900), kind="BMP")}, compression=zipfile.ZIP_DEFLATED)
    whole = data.read_bytes()
    start, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    record = whole[start:end]
    records = b"".join(record.replace(b"00000", b"%05d" % number) for number in range(20_000))
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 20_000, 20_000, len(records), start, 0)
    path.write_bytes(whole[:start] + records + tail)


def opened(folder, files):
    """Open files in a process with a limit; return the answers, the slowest in seconds and the memory in MB."""
    before = sorted(path for path in folder.rglob("*"))
    environment = {**os.environ, "GANSCOPE_DATA": str(folder / "cache"), "PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=folder,
        env=environment,
        input="\n".join(map(str, files)),
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *answers, last = done.stdout.splitlines()
    left = {path for path in folder.rglob("*") if path.is_file() and folder / "cache" not in path.parents}
    assert left <= set(before)
    slowest, memory = last.split()
    return answers, float(slowest), int(memory)


def test_hostile_zips(tmp_path):
    names, files = [], []
    for number, (name, write) in enumerate(hostile_zips()):
        names.append(name)
        files.append(tmp_path / f"{number}.zip")
        write(files[-1])
    answers, slowest, memory = opened(tmp_path, files)
    assert len(answers) == len(files)
    for name, answer in zip(names, answers, strict=True):
        assert answer.startswith("refused") or name in ("100,000 folders", "a long comment", "name 12", "name 13"), (
            name,
            answer,
        )
    refused = sum(answer.startswith("refused") for answer in answers)
    print(f"\nhostile zips: {len(files)} files, {refused} refused, slowest {slowest:.2f} s, at most {memory} MB")
    assert memory <= MOST_MB


def test_mutations(tmp_path):
    rng, files = random.Random(9), []
    sound = [
        zipped(tmp_path / "set.zip", classed(), compression=method).read_bytes()
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    ]
    for number in range(MUTATIONS):
        data = bytearray(rng.choice(sound))
        for _ in range(rng.randint(1, 4)):
            place, length = rng.randrange(len(data)), rng.choice((1, 2, 4))
            data[place : place + length] = rng.choice((rng.randbytes(length), b"", b"\xff" * length))
        files.append(tmp_path / f"{number}.zip")
        files[-1].write_bytes(data)
    answers, slowest, memory = opened(tmp_path, files)
    assert len(answers) == MUTATIONS
    refused = sum(answer.startswith("refused") for answer in answers)
    print(f"\nmutated zips: {MUTATIONS:,} files, {refused:,} refused, slowest {slowest:.2f} s, at most {memory} MB")
    assert 0 < refused < MUTATIONS
    assert memory <= MOST_MB
