"""Processes by number and birth, so that a number the system has given to another program is never signalled."""

import contextlib
import functools
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil

from models.checkpoint import write_json

ROOT = Path(__file__).resolve().parent.parent
GRACE_S = 10.0  # for a trainer that was asked to end, until it is killed
PAUSED = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)


def born(pid: int) -> float | None:
    """Return when a process started, in a unit of the system's own that no clock change moves; None if it is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # Linux, ticks since boot; psutil's time is reckoned from the clock, which may be set.
        text = Path(f"/proc/{pid}/stat").read_text()
        return float(text.rpartition(")")[2].split()[19]) + boot()
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).create_time()
    return None


@functools.cache
def boot() -> float:
    """Return a number from 0 to 1 that tells one boot of the system from the next, which counts its ticks anew."""
    return int(Path("/proc/sys/kernel/random/boot_id").read_text()[:4], 16) / 2**16


def find(pid: int, birth: float) -> psutil.Process | None:
    """Return the living process of that number and birth, or None."""
    if pid <= 1 or born(pid) != birth:
        return None
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def paused(process: psutil.Process) -> bool:
    """Tell whether a process is stopped and may be continued."""
    try:
        return process.status() in PAUSED
    except psutil.Error:
        return False


def send(process: psutil.Process, number: signal.Signals) -> None:
    """Signal a process and, since a trainer may have workers, those it has started; the gone are passed over."""
    with contextlib.suppress(psutil.Error):
        family = [process, *process.children(recursive=True)] if number == signal.SIGKILL else [process]
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.send_signal(number)


def start_trainer(path: Path, words: list[str], *, outlives: bool) -> subprocess.Popen:
    """Start `python -m training WORDS` for a run's folder, note it in process.json, and leave what it prints there.

    outlives: give it a session of its own, so that it goes on where the process that started it is ended.
    """
    command = [sys.executable, "-m", "training", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    with open(path / "trainer.log", "ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own program, its words checked
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=outlives,
        )  # fmt: skip
    write_json(path / "process.json", {"pid": child.pid, "born": born(child.pid), "host": socket.gethostname()})
    return child
