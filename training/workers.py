"""Runs handed to workers by RQ on Redis: any number of machines, which see the same run folders on shared storage.

The run folder stays the truth. What travels through Redis is JSON: where the folder is, and the words of the command.

beat     touched by the worker every half second while its trainer lives
"""

import contextlib
import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path

from models.checkpoint import write_json
from training.processes import GRACE_S, start_trainer
from training.runs import QueueError

try:
    import redis
    import rq
    from rq.serializers import JSONSerializer  # RQ's default is pickle, which executes what it reads
except ImportError:
    rq = None  # type: ignore[assignment]  # told below

QUEUE = "ganscope"
LOOK_S = 0.5


class Workers:
    """The workers at a Redis address.

    Raises:
        QueueError: the packages for it are not installed, or the address is none.
    """

    def __init__(self, address: str) -> None:
        if rq is None:
            raise QueueError(
                "Workers need the packages redis and rq; install them: pip install -r requirements-queue.txt."
            )
        try:
            self.connection = redis.Redis.from_url(address)
        except ValueError as error:
            raise QueueError(f"{address!r} is no address of a Redis ({error}).") from error
        self.queue = rq.Queue(QUEUE, connection=self.connection, serializer=JSONSerializer)

    def hand_over(self, path: Path, words: list[str]) -> None:
        """Have a run trained by the worker that is free first; what is handed over already is left alone."""
        job = self.queue.fetch_job(_id(path))
        if job is not None and _older(job, path / "status.json"):  # its worker was lost, and the run is resumed
            job.delete()
            job = None
        if job is None:
            self.queue.enqueue_call(train, (str(path.resolve()), words), job_id=_id(path), timeout=-1, result_ttl=0)
        elif job.is_failed:
            result = job.latest_result()
            lines = (result.exc_string or "").strip().splitlines() if result else []
            reason = f"its worker could not start it: {lines[-1] if lines else 'it ended'}"
            write_json(path / "status.json", {"state": "failed", "step": 0, "reason": reason})
            job.delete()

    def take_back(self, path: Path) -> None:
        """Take a run out of the queue, if it waits there."""
        with contextlib.suppress(redis.RedisError):  # a worker looks for the cancel file before it starts
            job = self.queue.fetch_job(_id(path))
            if job is not None and not job.is_started:
                job.delete()

    def work(self, *, burst: bool = False) -> None:
        """Be a worker, until it is told to end; then the run at hand is finished first.

        burst: end when nothing is left to do.
        """
        try:
            rq.Worker([self.queue], connection=self.connection, serializer=JSONSerializer).work(burst=burst)
        except redis.RedisError as error:
            raise QueueError(f"Redis does not answer ({error}); check the address and that it runs.") from error


def train(path: str, words: list[str]) -> int:
    """Run the command in a worker and see that it ends when the run was asked to stop; return its exit code.

    Raises:
        QueueError: this machine does not see the run folder.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise QueueError(f"{path} is not there for the worker on {os.uname().nodename}; share the storage of the runs.")
    if (folder / "cancel").exists():
        return 0
    (folder / "beat").touch()
    child = start_trainer(folder, words, outlives=False)  # who ends a worker at once ends its trainer
    asked = None
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.wait(LOOK_S)
            (folder / "beat").touch()
            if asked is None and (folder / "cancel").exists():
                asked = time.monotonic()
                child.send_signal(signal.SIGTERM)
            if asked is not None and time.monotonic() - asked > GRACE_S:
                child.kill()
    finally:
        (folder / "beat").unlink(missing_ok=True)


def worker_command(queue: str | None = None, burst: bool = False) -> None:
    """Train what the page queues, as one of any number of workers that see the same run folders.

    Args:
        queue: address of the Redis, GANSCOPE_QUEUE by default.
        burst: end when nothing is left to do.
    """
    address = queue or os.environ.get("GANSCOPE_QUEUE")
    if not address:
        raise QueueError("Say where the queue is: --queue redis://HOST:6379/0, or set GANSCOPE_QUEUE.")
    Workers(address).work(burst=burst)


def _older(job: "rq.job.Job", status: Path) -> bool:
    """Tell whether a job was queued before a run's status was noted, both by the page's clock."""
    try:
        return job.enqueued_at is not None and job.enqueued_at.timestamp() < status.stat().st_mtime
    except OSError:
        return False


def _id(path: Path) -> str:
    """Return the RQ job's name: of the folder, and of where it lies, as several pages may share a Redis."""
    return f"{path.name}-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
