"""The run queue: trainers started as processes of their own, one at a time on a device, and ended when asked to.

The run folder is the truth (training/runs.py reads it), so any number of apps may keep the same queue: a lock makes one
of them act at a time, and an app that starts again finds the trainers that outlived it.

job.json       what the queue was asked for
process.json   number and birth of the trainer that the queue started
cancel         left here when the run was asked to stop
trainer.log    what the trainer printed
"""

import contextlib
import fcntl
import shutil
import signal
import subprocess
import sys
import threading
import time
import typing
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil

from models.checkpoint import CheckpointError, write_json
from training.job import Job, read_job
from training.processes import GRACE_S, find, send, start_trainer
from training.runs import QueueError, Run, RunIndex, folder_of, names, read_run

if typing.TYPE_CHECKING:
    from training.workers import Workers

TICK_S = 0.5
NICENESS = 10
MB = 1_000_000


@dataclass(frozen=True)
class QueueLimits:
    """What an operator lets visitors ask for.

    Attributes:
        minutes, steps: most of a run; None for no limit.
        queued: most runs that may wait.
        free_mb: room that must be left on the disk.
    """

    minutes: float | None = None
    steps: int | None = None
    queued: int = 20
    free_mb: int = 1000


class Queue:
    """The runs under one root folder, and what may be done with them.

    redis: address of the Redis whose workers are to train, instead of this machine; they take several runs at a time.

    Every method that acts raises QueueError, one sentence, where a run is not what it must be for that.
    """

    def __init__(self, root: Path, limits: QueueLimits | None = None, *, redis: str | None = None) -> None:
        self.root, self.limits = Path(root), limits or QueueLimits()
        self.index = RunIndex(self.root)
        self.workers = workers_at(redis) if redis else None
        self.launch: Callable[[Path, list[str]], None] = self.workers.hand_over if self.workers else self.spawn
        self._children: list[subprocess.Popen] = []
        self._settled: dict[str, tuple[object, Run]] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def runs(self) -> list[Run]:
        """List all runs, the newest first; a run that has ended is read again only when its folder changes."""
        found = []
        for name in names(self.root):
            mark = _mark(self.root / name)
            kept = self._settled.get(name)
            if kept is None or kept[0] != mark:
                with contextlib.suppress(QueueError):  # removed meanwhile
                    run = read_run(self.root, name)
                    self._settled.pop(name, None)
                    if run.state not in ("running", "queued"):
                        self._settled[name] = (mark, run)
                    if kept is None or kept[1] != run:
                        self.index.update(run)
                    found.append(run)
            else:
                found.append(kept[1])
        return found

    def submit(self, job: Job) -> str:
        """Queue a run and return its name."""
        with self._acting():
            self._admit(job)
            stem = job.stem()
            for number in range(1, 100_000):
                name = f"{stem}-{number}"
                with contextlib.suppress(FileExistsError):
                    (self.root / name).mkdir()
                    write_json(self.root / name / "job.json", asdict(replace(job, created=time.time())))
                    self.index.update(read_run(self.root, name))
                    return name
        raise QueueError(f"There are 100,000 runs named {stem}; remove some.")

    def _admit(self, job: Job) -> None:
        """Refuse what the limits do not allow, be it new or resumed."""
        limits, waiting = self.limits, sum(run.state == "queued" for run in self.runs())
        if job.steps is None and job.minutes is None:
            raise QueueError("Say how long to train: steps or minutes.")
        for name in ("minutes", "steps"):
            value, most = getattr(job, name), getattr(limits, name)
            if value is not None and not 0 < value <= (most or float("inf")):
                raise QueueError(f"{value:g} {name} is not allowed here; choose more than 0, at most {most or 'any'}.")
        if waiting >= limits.queued:
            raise QueueError(f"{waiting} runs are waiting already, {limits.queued} may; try again when one has ended.")
        free = shutil.disk_usage(self.root).free
        if free < limits.free_mb * MB:
            raise QueueError(f"Only {free // MB} MB are free on the disk, {limits.free_mb} must stay; remove old runs.")

    def tick(self) -> None:
        """Reap, end what was asked to end and did not, and start what waits for a free device."""
        self._children = [child for child in self._children if child.poll() is None]
        with self._acting(wait=False) as mine:
            if not mine:
                return  # another app is at it
            runs = self.runs()
            busy = {run.device for run in runs if run.state == "running"}
            for run in runs:
                with contextlib.suppress(OSError):
                    asked = (self.root / run.name / "cancel").stat().st_mtime
                    process = find(run.pid or 0, run.born or -1.0)
                    # One that was started since, by hand for instance, was not asked to end.
                    if process and process.create_time() - 1 < asked < time.time() - GRACE_S:
                        send(process, signal.SIGKILL)
            for run in reversed(runs):
                if run.state == "queued" and (self.workers or run.device not in busy):
                    path = self.root / run.name
                    try:
                        words = self.job(run.name).words(path.resolve())
                    except QueueError as error:  # another version's, or damaged: those behind it are not to wait
                        write_json(path / "status.json", {"state": "failed", "step": run.step, "reason": str(error)})
                        continue
                    busy.add(run.device)
                    self.launch(path, words)

    def spawn(self, path: Path, words: list[str]) -> None:
        """Start a trainer in a session of its own, which outlives the app, at low priority."""
        child = start_trainer(path, words, outlives=True)
        self._children.append(child)
        with contextlib.suppress(psutil.Error):
            psutil.Process(child.pid).nice(NICENESS)
        with contextlib.suppress(OSError):  # where Linux groups processes by session, the group's niceness counts
            Path(f"/proc/{child.pid}/autogroup").write_text(str(NICENESS))

    def cancel(self, name: str) -> None:
        """Take a run from the queue, or have its trainer save a checkpoint and end (after 10 s it is killed)."""
        with self._acting():
            run = read_run(self.root, name)
            if run.state not in ("queued", "running"):
                raise QueueError(f"{name} is {run.state}; only what runs or waits can be stopped.")
            asked = self.root / name / "cancel"
            asked.touch()
            if self.workers:
                self.workers.take_back(self.root / name)
            if run.state == "running" and not run.host:  # elsewhere its worker sees to it
                try:
                    self._signal(run, signal.SIGTERM)
                    self._signal(run, signal.SIGCONT)
                except QueueError:
                    asked.unlink(missing_ok=True)
                    raise
            self.index.update(read_run(self.root, name))

    def pause(self, name: str) -> None:
        """Stop a trainer where it is, in memory; `go_on` lets it continue at once."""
        self._signal(self._running(name), signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        """Let a paused trainer continue."""
        self._signal(self._running(name), signal.SIGCONT)

    def resume(self, name: str, *, steps: int | None = None, minutes: float | None = None) -> None:
        """Queue a run again that ended before its time, or with new limits one that is done."""
        with self._acting():
            run = read_run(self.root, name)
            if not run.resumable and not (run.state == "done" and (steps or minutes)):
                raise QueueError(f"{name} is {run.state}; only what ended before its time can be resumed.")
            path, job = self.root / name, self.job(name)
            if steps or minutes:
                job = replace(job, steps=steps, minutes=minutes)
            self._admit(job)
            write_json(path / "job.json", asdict(job))
            write_json(path / "status.json", {"state": "queued", "step": run.step, "reason": ""})
            for left in ("process.json", "cancel"):
                (path / left).unlink(missing_ok=True)
            if self.workers:
                self.workers.take_back(path)
            self.index.update(read_run(self.root, name))

    def remove(self, name: str) -> None:
        """Delete a run that is not running, with its checkpoints."""
        with self._acting():
            run = read_run(self.root, name)
            if run.state == "running":
                raise QueueError(f"{name} is running; stop it first.")
            if self.workers:
                self.workers.take_back(self.root / name)
            gone = self.root / f".removed-{name}-{time.time_ns()}"
            (self.root / name).rename(gone)
            shutil.rmtree(gone, ignore_errors=True)
            self.index.remove(name)

    def ship(self, name: str) -> Path:
        """Write the averaged nets of a run's newest checkpoint as a weights folder, and return it."""
        from training.run import RunError, RunFolder  # what only watches or starts runs does without torch's weight
        from training.ship import ship

        model, path = self.job(name).model, folder_of(self.root, name)
        folder = self.root / "weights" / (name if name.startswith(f"{model}-") else f"{model}-{name}")
        try:
            ship([RunFolder(path)], folder, half=True, newest=True)
        except (RunError, CheckpointError, OSError) as error:
            raise QueueError(str(error)) from error
        return folder

    def job(self, name: str) -> Job:
        """Return what a run was asked to be; a run that the queue did not start tells it by its request."""
        return read_job(folder_of(self.root, name))

    def start(self) -> None:
        """Keep the queue from now on, in a thread of this process."""
        if self._thread is None:
            self.root.mkdir(parents=True, exist_ok=True)
            self.index.rebuild()
            self._thread = threading.Thread(target=self._keep, name="run-queue", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Keep it no longer; trainers go on."""
        self._stopping.set()

    def _keep(self) -> None:
        while not self._stopping.wait(TICK_S):
            try:
                self.tick()
            except Exception as error:  # the thread must outlive a full disk or a folder removed by hand
                print(f"The run queue could not act: {type(error).__name__}: {error}.", file=sys.stderr, flush=True)

    def _running(self, name: str) -> Run:
        run = read_run(self.root, name)
        if run.state != "running":
            raise QueueError(f"{name} is {run.state}, not running.")
        return run

    def _signal(self, run: Run, number: signal.Signals) -> None:
        process = find(run.pid or 0, run.born or -1.0)
        if process is not None:
            send(process, number)
        elif read_run(self.root, run.name).state == "running":
            raise QueueError(f"The trainer of {run.name} is not known to this machine; end it where it was started.")

    @contextlib.contextmanager
    def _acting(self, *, wait: bool = True) -> Iterator[bool]:
        """Let one app, and one thread of it, act at a time."""
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self.root / ".queue.lock", "a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True


def workers_at(address: str) -> "Workers":
    """Reach the workers at a Redis; without one, no start of the app waits for those packages to load."""
    from training.workers import Workers

    return Workers(address)


def _mark(path: Path) -> tuple[int | None, ...]:
    """Return what changes when a run that has ended does anything again."""
    times: list[int | None] = []
    for name in ("status.json", "job.json", "process.json", "cancel", "metrics.jsonl"):
        try:
            times.append((path / name).stat().st_mtime_ns)
        except OSError:
            times.append(None)
    return tuple(times)
