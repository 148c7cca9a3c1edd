"""`/healthz`: is the app up, on which device, with which weights from where, and what goes wrong."""

import os
import shutil
from pathlib import Path

from gradio.utils import get_upload_folder
from starlette.requests import Request
from starlette.responses import JSONResponse

from models.device import describe
from ui import inference

ROOM_BYTES = 20 * 10**6  # for pictures on their way
TEXT = {
    "memory": "A computation ran out of memory in the last minutes.",
    "unwritable": "The folder of training runs, {name}, cannot be written: nothing can be trained or uploaded.",
    "no_room": "The folder of temporary files has no room left: pictures cannot be sent or fetched.",
    "temporary": "The folder of temporary files cannot be written: pictures cannot be sent or fetched.",
    "full": "The disk of the folder of training runs has {free} MB left, {wanted} are wanted: no training can start.",
}


def report() -> dict:
    """Say which weights are loaded or failed, without loading any.

    Returns:
        `status` ("ok", or "degraded" while something is wrong), `device`, `trouble` in sentences, and for each
        weights name `loaded`, `source` and `error`.
    """
    weights = {
        name: {
            "loaded": inference.source(name) is not None,
            "source": inference.source(name),
            "error": inference.error(name),
        }
        for kind in inference.DEFAULTS
        for name in inference.names(kind)
    }
    trouble = [sentence for sentence in (_memory(), _storage(), no_room_for_pictures()) if sentence]
    failed = any(entry["error"] for entry in weights.values())
    return {
        "status": "degraded" if failed or trouble else "ok",
        "device": describe(inference.device()),
        "trouble": trouble,
        "weights": weights,
    }


def _memory() -> str | None:
    return TEXT["memory"] if inference.lacked_memory() else None


def _storage() -> str | None:
    where = inference.settings()
    if not where.trains:
        return None
    there = _nearest(where.runs_dir.absolute())
    if not there.is_dir() or not os.access(there, os.W_OK):
        return TEXT["unwritable"].format(name=where.runs_dir.name)
    free = shutil.disk_usage(there).free // 10**6
    if free < where.training_free_mb:
        return TEXT["full"].format(free=free, wanted=where.training_free_mb)
    return None


def no_room_for_pictures() -> str | None:
    """Say why pictures cannot be sent or fetched at the moment, if so: both go through Gradio's temporary files."""
    there = _nearest(Path(get_upload_folder()).absolute())
    if not there.is_dir() or not os.access(there, os.W_OK):
        return TEXT["temporary"]
    return TEXT["no_room"] if shutil.disk_usage(there).free < ROOM_BYTES else None


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


async def healthz(_: Request) -> JSONResponse:
    """Answer GET /healthz: 200 as long as the app can serve its page."""
    return JSONResponse(report(), headers={"Cache-Control": "no-store"})
