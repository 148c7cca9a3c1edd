"""Pictures to train on: the built-in sets, and .zip files that visitors send, looked through by another process.

runs/data/NAME-DIGEST.zip    as it was sent
runs/data/NAME-DIGEST.json   what is in it
"""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from models.checkpoint import CheckpointError, read_json, write_json
from training.runs import QueueError
from ui import inference
from ui import train_runs as runs
from ui import train_view as view
from ui.settings import ROOT
from ui.train_texts import TEXT

MB = 1_000_000
LOOK_S = 180
KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
ZIP_START = b"PK\x03\x04"
LOOKING = threading.BoundedSemaphore(1)
SIZES = {"lapgan": 64}  # of pictures that come in many sizes, by model
OTHER_SIZE = 32
RENDERED = ("chairs", "faces")


def data_dir() -> Path:
    """Return the folder of what visitors sent."""
    return inference.settings().runs_dir / "data"


def choices() -> list[tuple[str, str]]:
    """List the pictures there are as (text, key): what was sent, the newest first, after the built-in sets."""
    sent = sorted(data_dir().glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [*((text, key) for key, text in TEXT["built_in"].items()), *((path.stem, path.stem) for path in sent)]


def was_sent(key: str) -> bool:
    """Tell whether pictures of this name lie here, looked through or not."""
    return bool(KEY.fullmatch(key)) and (data_dir() / f"{key}.zip").is_file()


def spec(key: str) -> str:
    """Return how the trainer calls some pictures.

    Raises:
        QueueError: there are none of that name.
    """
    if key in TEXT["built_in"]:
        return key
    if not was_sent(key):
        raise QueueError(f"There are no pictures called {str(key)[:60]!r}; choose others.")
    return f"folder:{(data_dir() / f'{key}.zip').resolve()}"


def shape(key: str, model: str, size: int | None, channels: int | None) -> tuple[int | None, int | None]:
    """Choose side and colours where nothing was asked: a set's own, and for sent pictures what suits the model."""
    if key in RENDERED:
        return size or OTHER_SIZE, channels
    if key in TEXT["built_in"]:
        return size, channels
    try:
        told = read_json(data_dir() / f"{key}.json")
    except CheckpointError:
        told = {}
    return size or SIZES.get(model, OTHER_SIZE), channels or told.get("channels")


async def receive(request: Request) -> Response:
    """Answer POST /pictures: keep the .zip in its body; the name and the password come as headers.

    Only a page of this server can send these headers, so no other site can make a visitor's browser send files.
    """
    where = inference.settings()
    name = unquote(request.headers.get("x-ganscope-name", ""))
    if not where.trains or not name or not runs.token_fits(unquote(request.headers.get("x-ganscope-token", ""))):
        return _refused(TEXT["bad_token"] if where.trains else TEXT["off"], 403)
    length = request.headers.get("content-length", "0")
    most = where.training_data_mb * MB
    if length.isdecimal() and int(length) > most:
        return _refused(TEXT["upload_big"].format(mb=where.training_data_mb), 413)
    folder = data_dir()
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < where.training_free_mb * MB + most:
        return _refused(TEXT["disk_full"], 507)
    digest, size, start = hashlib.sha256(), 0, b""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".sent-", delete=False) as file:
        kept = Path(file.name)
        try:
            async for chunk in request.stream():
                size += len(chunk)
                start = (start + chunk[:4])[:4] if len(start) < 4 else start
                if size > most or (len(start) == 4 and start != ZIP_START):
                    break
                digest.update(chunk)
                await run_in_threadpool(file.write, chunk)
            if size > most:
                return _refused(TEXT["upload_big"].format(mb=where.training_data_mb), 413)
            if start != ZIP_START:
                return _refused(TEXT["upload_zip"], 415)
            file.flush()
            key = f"{_slug(name)}-{digest.hexdigest()[:8]}"
            os.replace(kept, folder / f"{key}.zip")
        finally:
            kept.unlink(missing_ok=True)
    return JSONResponse({"key": key})


def look(key: str, model: str, size: int | None, channels: int | None) -> tuple[str, str]:
    """Look through pictures in a process of its own, so that a hostile file hurts nobody else.

    Returns:
        What is in them, and a sheet of what a network will see, as HTML.

    Raises:
        QueueError: they cannot be used, which forgets those that were sent; one sentence.
    """
    sent, wanted = key not in TEXT["built_in"], spec(key)
    size, channels = shape(key, model, size, channels)
    with LOOKING, tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder) / "sheet.png"
        told, sentence = _ask(wanted, sheet, size, channels)
        if told is None and sent and channels is None and "channel" in sentence:
            told, sentence = _ask(wanted, sheet, size, 3)  # greys among colours: as colours
        if told is None:
            if sent and not (data_dir() / f"{key}.json").exists():  # what was usable once may be a run's
                (data_dir() / f"{key}.zip").unlink(missing_ok=True)
            raise QueueError(sentence)
        picture = base64.b64encode(sheet.read_bytes()).decode("ascii")
    if sent:
        write_json(data_dir() / f"{key}.json", told)
    return view.looked(
        told
    ), f'<img class="gs-sheet-seen" alt="{TEXT["sheet_alt"]}" src="data:image/png;base64,{picture}">'


def _ask(wanted: str, sheet: Path, size: int | None, channels: int | None) -> tuple[dict | None, str]:
    words = ["look", wanted, "--to", str(sheet)]
    words += [] if size is None else ["--size", str(size)]
    words += [] if channels is None else ["--channels", str(channels)]
    answer, sentence = run_training(words, LOOK_S)
    try:
        return (json.loads(answer.splitlines()[-1]), "") if answer else (None, sentence)
    except (ValueError, IndexError):
        return None, TEXT["look_failed"]


def run_training(words: list[str], seconds: float) -> tuple[str, str]:
    """Run a command of the training module; return what it printed or, where it failed, "" and why in one sentence."""
    command = [sys.executable, "-m", "training", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own program, its words checked
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return "", TEXT["look_slow"]
    if done.returncode == 0:
        return done.stdout.strip() or " ", ""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    text = lines[-1] if lines else TEXT["look_failed"]
    text = re.sub(r"^[\w.]+(Error|Exception): ", "", text).replace(f"{data_dir().resolve()}{os.sep}", "")
    return "", text[:400]


def _slug(name: str) -> str:
    letters = "".join(c if c.isalnum() and c.isascii() else "-" for c in Path(name).stem.lower())
    return re.sub("-+", "-", letters).strip("-")[:40].strip("-") or "pictures"


def _refused(sentence: str, status: int) -> Response:
    return JSONResponse({"error": sentence}, status_code=status)
