"""Processes by number and birth, so that a number the system has given to another program is never signalled."""

import contextlib
import signal
from pathlib import Path

import psutil

PAUSED = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)


def born(pid: int) -> float | None:
    """Return when a process started, in a unit of the system's own that no clock change moves; None if it is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # Linux, ticks since boot; psutil's time is reckoned from the clock, which may be set.
        text = Path(f"/proc/{pid}/stat").read_text()
        return float(text.rpartition(")")[2].split()[19])
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).create_time()
    return None


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
