"""What the folders under one root say of their runs: the state of each, and an index that can always be made again.

Nothing here starts, signals or ends a process: whoever only watches runs needs this file alone.
"""

import contextlib
import fcntl
import json
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from models.checkpoint import CheckpointError, read_json
from training.processes import find, paused
from training.tails import last_record, last_words
from training.tails import records_since as records_since  # for the page, which sees this module alone
from training.tails import shortened as shortened

RunState = Literal["queued", "running", "done", "cancelled", "failed", "diverged", "interrupted"]
RESUMABLE: tuple[RunState, ...] = ("cancelled", "failed", "diverged", "interrupted")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
FAILURE = re.compile(r"\w*(Error|Exception): ")  # how the trainer, like Python itself, ends what it prints
CONTROL = "informed=false"  # of an InfoGAN, whose G then is told nothing of its codes
KILLED = "its trainer ended without a word"
BEAT_PATIENCE_S = 60.0  # the clocks of two hosts may differ a little
INDEX_COLUMNS = "name TEXT PRIMARY KEY, state TEXT, model TEXT, created REAL, record TEXT"


class QueueError(Exception):
    """An order that the run queue refuses; one sentence for people."""


@dataclass(frozen=True)
class Run:
    """One run as its folder tells it.

    Attributes:
        name: of its folder.
        state: see `RunState`; "cancelled", "failed", "diverged" and "interrupted" can be resumed.
        reason: why it failed or diverged.
        model, data, preset, seed: what was asked for.
        step: last step that is known.
        steps, minutes: its limits, None where there is none.
        seconds: of training so far.
        device: it was asked to use, or uses.
        created: when it was asked for, in seconds of Unix time.
        paused: it is running, but stopped for the moment.
        pid, born: of its trainer, where one lives on this machine (see training/processes.py).
        host: the other machine that trains it.
        control: it is the control of another run, see `Job.control`.
        last: the newest line of its metrics.
        measured: the newest line of its measures.
    """

    name: str
    state: RunState
    reason: str = ""
    model: str = ""
    data: str = ""
    preset: str = ""
    seed: int = 0
    step: int = 0
    steps: int | None = None
    minutes: float | None = None
    seconds: float = 0.0
    device: str = ""
    created: float = 0.0
    paused: bool = False
    pid: int | None = None
    born: float | None = None
    host: str = ""
    control: bool = False
    last: dict = field(default_factory=dict)
    measured: dict = field(default_factory=dict)

    @property
    def resumable(self) -> bool:
        return self.state in RESUMABLE


def folder_of(root: Path, name: str) -> Path:
    """Return a run's folder.

    Raises:
        QueueError: there is no run of that name.
    """
    path = root / name
    if not NAME.fullmatch(name) or not is_run(path):
        raise QueueError(f"There is no run {name[:80]!r}; choose one from the list.")
    return path


def is_run(path: Path) -> bool:
    return (path / "job.json").is_file() or (path / "run.json").is_file()


def names(root: Path) -> list[str]:
    """List the runs under a root, the newest first."""
    found = [path for path in root.iterdir() if NAME.fullmatch(path.name) and is_run(path)] if root.is_dir() else []
    return [path.name for path in sorted(found, key=lambda path: (created(path), path.name), reverse=True)]


def created(path: Path) -> float:
    """Return when a run was asked for: noted in its job, else the age of its request."""
    with contextlib.suppress(CheckpointError, KeyError, TypeError, ValueError):
        return float(read_json(path / "job.json")["created"])
    with contextlib.suppress(OSError):
        return (path / "run.json").stat().st_mtime
    return 0.0


def read_run(root: Path, name: str) -> Run:
    """Read one run's folder; what is damaged in it is taken as absent.

    Raises:
        QueueError: there is no run of that name.
    """
    path = folder_of(root, name)
    try:
        return _told(path)
    except (TypeError, ValueError, AttributeError) as error:  # JSON, but not what a run writes
        return Run(name, "failed", f"its folder cannot be read ({error}); remove it", created=created(path))


def _told(path: Path) -> Run:
    status, job = _read(path / "status.json"), _read(path / "job.json")
    request = {**job, **_read(path / "run.json").get("request", {})}
    last, measured = last_record(path / "metrics.jsonl"), last_record(path / "measures.jsonl")
    run = Run(
        name=path.name,
        state="queued",
        **{key: request[key] for key in ("model", "data", "preset", "seed") if key in request},
        step=int(last.get("step", 0)),
        steps=status.get("steps", job.get("steps")),
        minutes=status.get("minutes", job.get("minutes")),
        seconds=float(last.get("seconds", 0.0)),
        device=status.get("device") or job.get("device", ""),
        created=created(path),
        control=CONTROL in (request.get("overrides") or ()),
        last=last,
        measured=measured,
    )
    state, reason, trainer = judge(path, status, job)
    if trainer is not None:
        run = replace(run, pid=trainer.pid, born=trainer.birth, paused=trainer.paused, host=trainer.host)
    return replace(run, state=state, reason=reason)


@dataclass(frozen=True)
class Trainer:
    """The living process that works on a run; on another host it has no number that means anything here."""

    pid: int | None = None
    birth: float | None = None
    paused: bool = False
    host: str = ""


def judge(path: Path, status: dict, job: dict) -> tuple[RunState, str, Trainer | None]:
    """Tell a run's state, its reason and its living trainer: the lock and the process count before what was noted."""
    trainer = None
    for noted in (_read(path / "process.json"), status):
        host = noted.get("host") or socket.gethostname()
        if host != socket.gethostname():
            trainer = Trainer(host=host) if trainer is None and (locked(path) or beats(path)) else trainer
            continue
        process = find(int(noted.get("pid") or 0), noted.get("born") or -1.0)
        if process is not None and trainer is None:
            trainer = Trainer(process.pid, noted["born"], paused(process))
    if locked(path) or trainer is not None:
        return "running", "", trainer
    noted, reason = status.get("state", ""), str(status.get("reason", ""))
    if (path / "cancel").exists() and noted in ("running", "queued", ""):
        return "cancelled", reason, None
    if noted == "running":
        return "interrupted", KILLED, None
    if noted in ("done", "cancelled", "failed", "diverged"):
        return noted, reason, None
    if (path / "process.json").exists():  # it was started, and ended before it could note anything
        words = last_words(path / "trainer.log")
        return ("failed", words, None) if FAILURE.match(words) else ("interrupted", KILLED, None)
    return ("queued" if job else "interrupted"), "", None


def beats(path: Path) -> bool:
    """Tell whether a worker lately said that it trains a run: not every shared storage shows locks to other hosts."""
    try:
        return time.time() - (path / "beat").stat().st_mtime < BEAT_PATIENCE_S
    except OSError:
        return False


def locked(path: Path) -> bool:
    """Tell whether a trainer holds a run's lock."""
    try:
        with open(path / ".lock", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


class RunIndex:
    """SQLite over a root, for lists of many runs; the folders stay the truth, and `rebuild` reads them again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "index.sqlite"

    @contextlib.contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        self.root.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=30.0)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(f"CREATE TABLE IF NOT EXISTS runs ({INDEX_COLUMNS})")
            with connection:
                yield connection
        finally:
            connection.close()

    def update(self, run: Run) -> None:
        """Put one run in, over what was known of it."""
        row = (run.name, run.state, run.model, run.created, json.dumps(asdict(run)))
        with self.connected() as connection:
            connection.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)", row)

    def remove(self, name: str) -> None:
        with self.connected() as connection:
            connection.execute("DELETE FROM runs WHERE name = ?", (name,))

    def runs(self) -> list[Run]:
        """List what is known, the newest first."""
        with self.connected() as connection:
            rows = connection.execute("SELECT record FROM runs ORDER BY created DESC, name DESC").fetchall()
        return [Run(**json.loads(record)) for (record,) in rows]

    def rebuild(self) -> list[Run]:
        """Make the index again from the folders; a damaged file is thrown away."""
        found = [read_run(self.root, name) for name in names(self.root)]
        try:
            self._fill(found)
        except sqlite3.DatabaseError:
            for path in self.root.glob("index.sqlite*"):
                path.unlink(missing_ok=True)
            self._fill(found)
        return found

    def _fill(self, found: list[Run]) -> None:
        rows = [(run.name, run.state, run.model, run.created, json.dumps(asdict(run))) for run in found]
        with self.connected() as connection:
            connection.execute("DELETE FROM runs")
            connection.executemany("INSERT INTO runs VALUES (?, ?, ?, ?, ?)", rows)


def _read(path: Path) -> dict:
    try:
        return read_json(path)
    except CheckpointError:
        return {}
