"""Runs handed to a real worker by a real Redis."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zlib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import redis
import rq

from models.checkpoint import write_json
from tests.training.tiny import SMALL, signals_kept
from training import workers
from training.job import Job
from training.jobs import Queue
from training.processes import born
from training.runs import QueueError, read_run
from training.workers import Workers, train

ROOT = Path(__file__).resolve().parents[2]
SHORT = Job("gan", "fake", "cpu", steps=20, image_size=8, channels=1, overrides=SMALL["gan"], save_seconds=0.2)
LONG = replace(SHORT, steps=None, minutes=2)  # far longer than the test lets it run, but no orphan for ever
PATIENCE_S = 120


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Start a Redis of our own; give its address."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.fail("Redis is not installed, so workers are untested; install it (apt-get install redis-server).")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path_factory.mktemp("redis"))]
    process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL)
    connection = redis.Redis(port=port)
    try:
        until(lambda: process.poll() is None and answers(connection))
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def answers(connection):
    try:
        return connection.ping()
    except redis.ConnectionError:
        return False


@pytest.fixture
def address(server):
    redis.Redis.from_url(server).flushall()
    return server


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
    return value


@contextmanager
def worker(address, log):
    environment = {**os.environ, "GANSCOPE_QUEUE": address}
    command = [sys.executable, "-m", "training", "worker"]
    with open(log, "w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, log.read_text()


def test_a_worker_trains_what_is_queued_and_ends_what_is_cancelled(address, tmp_path, monkeypatch):
    root = tmp_path / "runs"
    queue = Queue(root, redis=address)
    short, long, never = names = [queue.submit(job) for job in (SHORT, LONG, LONG)]
    for _ in range(2):
        queue.tick()  # all at once, and each once
    waiting = rq.Queue("ganscope", connection=queue.workers.connection, serializer=workers.JSONSerializer)
    assert [read_run(root, name).state for name in names] == ["queued"] * 3
    assert len(waiting) == 3
    for key in waiting.connection.keys("rq:job:*"):
        assert json.loads(zlib.decompress(waiting.connection.hget(key, "data")))[0] == "training.workers.train"

    with worker(address, tmp_path / "worker.log"):
        until(lambda: read_run(root, short).state == "done")
        assert read_run(root, short).step == 20
        queue.cancel(never)
        assert read_run(root, never).state == "cancelled"
        assert not [job for job in waiting.job_ids if job.startswith(never)]
        until(lambda: read_run(root, long).step > 0)

        # The page may be on another machine: it then knows no process, only what the worker leaves in the folder.
        here, noted = socket.gethostname(), read_run(root, long)
        with monkeypatch.context() as patch:
            patch.setattr(socket, "gethostname", lambda: "elsewhere")
            run = read_run(root, long)
            assert (run.state, run.pid, run.host) == ("running", None, here)
            with pytest.raises(QueueError, match="is not known to this machine"):
                queue.pause(long)
            queue.cancel(long)
            until(lambda: read_run(root, long).state == "cancelled")
        assert noted.pid
        assert read_run(root, long).step > 0
        assert not (root / never / "trainer.log").exists()

        queue.resume(long, steps=read_run(root, long).step + 5)
        until(lambda: queue.tick() or read_run(root, long).state == "done")  # the worker may still put the former away
    assert not waiting.connection.keys("rq:job:*")


def test_a_worker_that_does_not_see_the_folder_fails_the_run_in_a_sentence(address, tmp_path):
    queue = Queue(tmp_path / "runs", redis=address)
    name = queue.submit(SHORT)
    queue.tick()
    (tmp_path / "runs").rename(tmp_path / "hidden")
    with signals_kept():
        rq.SimpleWorker(
            [queue.workers.queue], connection=queue.workers.connection, serializer=workers.JSONSerializer
        ).work(burst=True, logging_level="ERROR")
    (tmp_path / "hidden").rename(tmp_path / "runs")
    queue.tick()
    run = read_run(queue.root, name)
    assert run.state == "failed"
    assert run.reason.startswith("its worker could not start it: training.runs.QueueError: ")
    assert "share the storage of the runs" in run.reason
    queue.resume(name)
    queue.tick()
    assert len(queue.workers.queue) == 1


def test_a_run_whose_worker_was_lost_can_be_resumed_at_once(address, tmp_path):
    queue = Queue(tmp_path / "runs", redis=address)
    name = queue.submit(SHORT)
    queue.tick()
    (lost,) = queue.workers.queue.jobs
    queue.workers.queue.remove(lost)
    lost.set_status(rq.job.JobStatus.STARTED)  # and Redis does not know yet that nobody is at it
    write_json(queue.root / name / "status.json", {"state": "running", "step": 3, "pid": 2**22 + 1, "born": 1.0})
    assert read_run(queue.root, name).state == "interrupted"
    queue.resume(name)
    for _ in range(2):
        queue.tick()
    assert [job.get_status() for job in queue.workers.queue.jobs] == [rq.job.JobStatus.QUEUED]
    assert read_run(queue.root, name).state == "queued"


def test_a_run_that_was_cancelled_before_it_began_is_not_begun(tmp_path):
    (tmp_path / "cancel").touch()
    assert train(str(tmp_path), ["no command"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["cancel"]


def test_a_number_noted_on_another_host_is_no_process_here(tmp_path):
    path = tmp_path / "run-1"
    path.mkdir()
    write_json(path / "job.json", {"model": "gan", "data": "fake", "device": "cpu"})
    own = {"pid": os.getpid(), "born": born(os.getpid())}
    write_json(path / "process.json", {**own, "host": socket.gethostname()})
    assert read_run(tmp_path, "run-1").pid == os.getpid()
    write_json(path / "process.json", {**own, "host": "elsewhere"})
    assert read_run(tmp_path, "run-1").state == "interrupted"
    (path / "beat").touch()
    run = read_run(tmp_path, "run-1")
    assert (run.state, run.pid, run.host) == ("running", None, "elsewhere")
    os.utime(path / "beat", (time.time() - 100,) * 2)
    assert read_run(tmp_path, "run-1").state == "interrupted"


def test_workers_without_their_packages_or_with_no_address_are_refused(monkeypatch, tmp_path):
    with pytest.raises(QueueError, match="'nowhere' is no address of a Redis"):
        Queue(tmp_path, redis="nowhere")
    monkeypatch.setattr(workers, "rq", None)
    with pytest.raises(QueueError, match=r"pip install -r requirements-queue.txt"):
        Workers("redis://127.0.0.1:1/0")


def test_a_redis_that_is_down_delays_but_does_not_lose_a_run(tmp_path):
    queue = Queue(tmp_path, redis="redis://127.0.0.1:1/0")
    name = queue.submit(SHORT)
    with pytest.raises(redis.ConnectionError):
        queue.tick()
    queue.cancel(name)
    assert read_run(tmp_path, name).state == "cancelled"
