"""What the page knows of training: the run queue and who may use it, and the stories of runs and recordings.

A story is what the browser draws: what is new in a run since a step that it has already. Its key is "runs/NAME", or
"recordings/WEIGHTS/RECORDING" for a recorded run that came with some weights.
"""

import contextlib
import functools
import hmac
import itertools
import json
import re
from pathlib import Path

import gradio as gr

from models.checkpoint import CheckpointError, read_json
from training.job import Job
from training.jobs import Queue, QueueLimits
from training.runs import QueueError, Run, folder_of, last_words, read_run, records_since, shortened
from ui import inference
from ui import train_view as view
from ui.train_view import TEXT

PART = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
FRAME = re.compile(r"step-\d{6,12}\.(png|webp)")
LOG_LINES = 40
DIGITS = 5  # of what goes to the browser
MOST_JUDGED = 10_000  # last steps by which a run is judged, every second anew
_turns = itertools.count()  # the same run again is news, too: something may have been done to it


@functools.cache
def queue() -> Queue:
    """Return the one queue of this app, which runs nothing until it is `started`."""
    where = inference.settings()
    limits = QueueLimits(
        minutes=where.training_minutes,
        steps=where.training_steps,
        queued=where.training_queued,
        free_mb=where.training_free_mb,
    )
    return Queue(where.runs_dir, limits, redis=where.queue)


def started() -> Queue:
    """Return the queue, kept by this app from now on where training is on."""
    if inference.settings().trains:
        queue().start()
    return queue()


def allow(token: str | None) -> Queue:
    """Let only those act who may: every function that changes anything asks here first.

    Raises:
        gr.Error: training is off, or the token is not the right one.
    """
    where = inference.settings()
    if not where.trains:
        raise gr.Error(TEXT["off"], print_exception=False)
    if not token_fits(token):
        raise gr.Error(TEXT["bad_token"], print_exception=False)
    return started()


def token_fits(token: str | None) -> bool:
    """Tell whether a visitor gave the token, where one is asked for."""
    wanted = inference.settings().training_token
    return not wanted or hmac.compare_digest((token or "").encode(), wanted.encode())


def runs() -> list[Run]:
    """List the runs, the newest first."""
    return queue().runs()


def choices() -> list[tuple[str, str]]:
    """List everything that can be watched as (text, key): runs, the newest first, then recordings."""
    mine = [(view.run_title(run), f"runs/{run.name}") for run in runs()]
    return [*mine, *((view.recording_title(key, told), key) for key, told in recordings().items())]


def first_key() -> str:
    """Choose what is on show at first: the run that trains, else a recording."""
    live = [f"runs/{run.name}" for run in runs() if run.state == "running"]
    return next(iter([*live, *recordings(), *(f"runs/{run.name}" for run in runs())]), "")


def recordings() -> dict[str, dict]:
    """Return the recordings that came with weights: what was asked for and noted, by key, the best told first."""
    found = {}
    for path in inference.settings().weights_dir.glob("*/recording*/recording.json"):
        weights, recording = path.parts[-3:-1]
        with contextlib.suppress(CheckpointError):
            if PART.fullmatch(weights) and PART.fullmatch(recording):
                found[f"recordings/{weights}/{recording}"] = _recording(path, path.stat().st_mtime_ns)
    order = [*inference.DEFAULTS.values()]
    rank = {"infogan": 0, "bigan": 1, "lapgan": 2}
    return dict(
        sorted(
            found.items(),
            key=lambda item: (
                rank.get(item[1]["request"]["model"], 3),
                item[0].split("/")[1] not in order,
                item[0],
            ),
        )
    )


@functools.lru_cache(maxsize=64)
def _recording(path: Path, changed: int) -> dict:
    return read_json(path)


def folder(key: str) -> Path:
    """Return the folder behind a key.

    Raises:
        QueueError: there is none; one sentence.
    """
    kind, _, name = key.partition("/")
    if kind == "runs":
        return folder_of(inference.settings().runs_dir, name)
    weights, _, recording = name.partition("/")
    path = inference.settings().weights_dir / weights / recording
    known = kind == "recordings" and PART.fullmatch(weights) and PART.fullmatch(recording)
    if not known or not recording.startswith("recording") or not (path / "recording.json").is_file():
        raise QueueError(f"There is no recording {key[:80]!r}; choose one from the list.")
    return path


def frame(key: str, name: str) -> Path:
    """Return the file of one sample grid.

    Raises:
        QueueError: there is none; one sentence.
    """
    path = folder(key)
    path = (path / "samples" if key.startswith("runs/") else path) / name
    if not FRAME.fullmatch(name) or not path.is_file():
        raise QueueError(f"There is no sample {name[:80]!r} in {key}.")
    return path


def log(key: str) -> str:
    """Return the last lines of a run's log; a recording keeps none."""
    path = folder(key) / "log.txt"
    return "\n".join(path.read_text("utf-8", "replace").splitlines()[-LOG_LINES:]) if path.is_file() else ""


def job(name: str) -> Job:
    """Return what a run was asked to be."""
    return queue().job(name)


def story(key: str, since: int = -1, measured: int = -1, drawn: int = -1) -> dict:
    """Tell what is new since a step; with -1, everything and how to draw it.

    Args:
        key: of the run or recording.
        since, measured, drawn: the last steps of metrics, measures and samples that the browser has; what belongs to
            one step is not written at one time.

    Raises:
        QueueError: there is no such run or recording; one sentence.
    """
    if key.startswith("recordings/"):
        return _recorded(key, since, measured, drawn)
    path = folder(key)
    run = read_run(path.parent, path.name)
    records = records_since(path / "metrics.jsonl", since)
    measures = records_since(path / "measures.jsonl", measured)
    samples = sorted(file.name for file in (path / "samples").glob("step-*.png"))
    shown = [name for name in samples if step_of(name) > drawn]
    judged = max(int(0.8 * run.step), run.step - MOST_JUDGED)
    recent = records_since(path / "metrics.jsonl", judged) if run.step else []
    told = {
        "title": view.run_title(run),
        "last": max([run.step, *(record.get("step", 0) for record in records)]),  # or one that came meanwhile
        "records": [shortened(record, DIGITS) for record in records],
        "measures": [shortened(record, DIGITS) for record in measures],
        "samples": shown,
        "live": run.state in ("running", "queued"),
        "state": view.state(run),
        "facts": view.facts(run, recent),
        "warnings": view.warnings(
            run,
            recent,
            last_words(path / "trainer.log") if not run.step else "",
            touched=_touched(path / "metrics.jsonl"),
        ),
        "news": f"{run.state} {run.paused} {bool(samples)}",
    }
    if records or measures:
        told["figures"] = view.figures(run.last, run.measured)
    if since < 0 or (measured < 0 and measures):  # the first measures bring charts of their own
        config = _config(path)
        told |= {"note": "", "marks": view.marks(config), "charts": view.charts(config, run.last, run.measured)}
    return told


def _touched(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _config(path: Path) -> dict:
    with contextlib.suppress(CheckpointError):
        return read_json(path / "run.json").get("config", {})
    return {}


def _recorded(key: str, since: int, seen: int, drawn: int) -> dict:
    path = folder(key) / "recording.json"
    try:
        told = _recording(path, path.stat().st_mtime_ns)
    except CheckpointError as error:
        raise QueueError(str(error)) from error
    records, measures = told["records"], told["measures"]
    last, measured = (records or [{}])[-1], (measures or [{}])[-1]
    story = {
        "last": last.get("step", 0),
        "records": [record for record in records if record["step"] > since],
        "measures": [record for record in measures if record["step"] > seen],
        "samples": [name for name in told["samples"] if step_of(name) > drawn],
        "live": False,
        "state": {"text": TEXT["recorded"], "tone": "plain"},
        "facts": view.recorded_facts(told, last),
        "warnings": [],
        "news": "recorded",
    }
    if since < 0:
        story |= {"title": view.recording_title(key, told), "note": told["note"], "marks": view.marks(told["config"])}
        story["charts"] = view.charts(told["config"], last, measured)
        story["figures"] = view.figures(last, measured)
    return story


def step_of(name: str) -> int:
    """Return the step that a sample grid's file name tells."""
    return int(name.split("-")[1].split(".")[0]) if FRAME.fullmatch(name) else -1


def film_value(key: str) -> str:
    """Return what the film and the facts show of a key; its last picture can be there before anything else."""
    poster = ""
    with contextlib.suppress(QueueError):
        names = story(key)["samples"]
        poster = f"{key}/samples/{names[-1]}" if names else ""
    return json.dumps({"key": key, "poster": poster, "turn": next(_turns)})


def curves_value(keys: list[str]) -> str:
    """Return what the curves show: the stories of these keys, in one chart each."""
    return json.dumps({"keys": keys, "turn": next(_turns)})
