"""The run queue with real trainers: what outlives what, who may be signalled, and that nothing is lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from models.checkpoint import write_json
from tests.training import forks
from tests.training.tiny import LONG, SHORT, idle
from training import jobs, processes
from training.jobs import Queue, QueueLimits
from training.processes import born, find
from training.run import RunFolder, load_state
from training.runs import QueueError, read_run

KILLS = int(os.environ.get("GANSCOPE_TEST_KILLS", "8"))


@pytest.fixture(scope="module")
def server():
    with forks.server() as running:
        yield running


@pytest.fixture
def root(tmp_path):
    yield tmp_path / "runs"
    for path in (tmp_path / "runs").glob("*"):  # no trainer outlives its test
        with suppress(QueueError):
            run = read_run(tmp_path / "runs", path.name)
            process = find(run.pid or 0, run.born or -1)
            if process is not None:
                process.kill()


@pytest.fixture
def app(server, root):
    """Start apps that keep the queue; those left over are killed."""
    apps = []

    def start():
        apps.append(forks.App(server, root))
        return apps[-1]

    yield start
    for one in apps:
        with suppress(ProcessLookupError):
            one.kill()


def until(condition, seconds=20):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "waited too long"
        time.sleep(0.01)


def state(root, name):
    return read_run(root, name).state


def trained(root, name, steps=1):
    run = read_run(root, name)
    return run.state == "running" and run.pid is not None and run.step >= steps


def test_one_runs_the_rest_wait_and_all_get_done(app, root):
    queue = idle(root)
    names = [queue.submit(SHORT) for _ in range(3)]
    app()
    seen = set()

    def all_done():
        states = [state(root, name) for name in names]
        if states.count("running") > 1:  # one may have ended, and the next begun, while they were read
            states = [state(root, name) for name in names]
        seen.add(states.count("running"))
        return states == ["done"] * 3

    until(all_done)
    assert max(seen) == 1
    order = [(root / name / "checkpoints").stat().st_ctime_ns for name in names]
    assert order == sorted(order)
    assert [run.step for run in queue.index.runs()] == [40] * 3 or [run.step for run in queue.runs()] == [40] * 3


def test_an_app_that_is_killed_leaves_its_trainer_and_the_next_adopts_it(app, root):
    queue, chance = idle(root), random.Random(3)
    name = queue.submit(LONG)
    adopted = interrupted = 0
    took = []
    for round_ in range(KILLS):
        keeper = app()
        until(lambda: trained(root, name))
        time.sleep(chance.uniform(0, 0.05))
        before = read_run(root, name)
        keeper.kill()
        if round_ % 2:
            os.kill(before.pid, signal.SIGKILL)
        started = time.monotonic()
        until(lambda before=before: find(before.pid, before.born) is None or state(root, name) == "running")
        after = read_run(root, name)
        if round_ % 2:
            until(lambda: state(root, name) == "interrupted")
            interrupted += 1
            queue.resume(name)
        else:
            assert (after.state, after.pid, after.born) == ("running", before.pid, before.born)
            adopted += 1
        took.append(time.monotonic() - started)
    print(f"{adopted} adopted, {interrupted} interrupted, the slowest known after {max(took):.2f} s")
    assert max(took) < 10
    assert adopted + interrupted == KILLS


def test_cancel_saves_a_checkpoint_and_resume_goes_on_from_it(app, root):
    queue = idle(root)
    name = queue.submit(LONG)
    app()
    took = []
    for _ in range(max(5, KILLS // 10)):
        until(lambda: trained(root, name))
        at = read_run(root, name).step
        started = time.monotonic()
        queue.cancel(name)
        until(lambda: state(root, name) != "running")
        took.append(time.monotonic() - started)
        folder = RunFolder(root / name)
        assert state(root, name) == "cancelled"
        assert folder.checkpoint_steps()[-1] == folder.status()["step"] >= at
        load_state(folder.checkpoint_path(folder.checkpoint_steps()[-1]))
        queue.resume(name)
    print(f"{len(took)} cancels, the slowest in {max(took):.2f} s")
    assert max(took) < 5  # stricter than the 95th of a hundred


def test_a_trainer_that_will_not_end_is_killed_with_all_it_started(root, monkeypatch):
    stubborn = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)\n"
        "time.sleep(60)"
    )
    queue = idle(root)
    name = queue.submit(LONG)
    child = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE, text=True)
    worker = int(child.stdout.readline())
    worker_born = born(worker)
    write_json(root / name / "process.json", {"pid": child.pid, "born": born(child.pid)})
    queue.cancel(name)
    queue.tick()
    assert child.poll() is None  # it has ten seconds
    monkeypatch.setattr(jobs, "GRACE_S", 0.0)
    queue.tick()
    assert child.wait(5) == -signal.SIGKILL
    until(lambda: find(worker, worker_born) is None)
    assert state(root, name) == "cancelled"


def test_a_run_that_was_started_again_by_hand_is_not_killed_for_an_old_cancel(root):
    queue = idle(root)
    name = queue.submit(LONG)
    queue.cancel(name)
    long_ago = time.time() - 60
    os.utime(root / name / "cancel", (long_ago, long_ago))
    again = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        write_json(root / name / "status.json", {"state": "running", "pid": again.pid, "born": born(again.pid)})
        assert state(root, name) == "running"
        queue.tick()
        assert again.poll() is None
    finally:
        again.kill()
        again.wait()


def test_a_job_that_cannot_be_read_keeps_nobody_waiting(root):
    queue = idle(root)
    first, second = queue.submit(LONG), queue.submit(LONG)
    job = json.loads((root / first / "job.json").read_text())
    write_json(root / first / "job.json", {**job, "of_a_later_version": 1})
    begun = []
    queue.launch = lambda path, words: begun.append(path.name)
    queue.tick()
    assert begun == [second]
    assert (state(root, first), "holds no job that can be read" in read_run(root, first).reason) == ("failed", True)


def test_what_is_resumed_keeps_the_limits_too(root):
    queue = idle(root)
    name = queue.submit(LONG)
    queue.cancel(name)
    for limits, part in (
        (QueueLimits(minutes=1), "2 minutes is not allowed"),
        (QueueLimits(queued=0), "0 runs are waiting already"),
        (QueueLimits(free_mb=10**9), "MB are free"),
    ):
        with pytest.raises(QueueError, match=part):
            Queue(root, limits).resume(name)
        assert state(root, name) == "cancelled"
    queue.resume(name)
    assert state(root, name) == "queued"


def test_a_process_of_another_boot_is_another_process(monkeypatch):
    here = born(os.getpid())
    assert find(os.getpid(), here)
    monkeypatch.setattr(processes, "boot", lambda: 0.123)
    assert find(os.getpid(), here) is None


def test_a_number_that_was_given_to_another_process_is_never_signalled(root):
    queue = idle(root)
    name = queue.submit(LONG)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        write_json(root / name / "process.json", {"pid": bystander.pid, "born": born(bystander.pid) - 1})
        write_json(root / name / "status.json", {"state": "running", "pid": bystander.pid, "born": 1.0, "step": 3})
        assert state(root, name) == "interrupted"
        with pytest.raises(QueueError, match="only what runs or waits"):
            queue.cancel(name)
        queue.tick()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_pause_stops_and_going_on_continues(app, root):
    queue = idle(root)
    name = queue.submit(LONG)
    app()
    until(lambda: trained(root, name))
    queue.pause(name)
    until(lambda: read_run(root, name).paused)
    size, trained_s = (root / name / "metrics.jsonl").stat().st_size, read_run(root, name).seconds
    time.sleep(3)
    assert (root / name / "metrics.jsonl").stat().st_size == size
    queue.go_on(name)
    until(lambda: (root / name / "metrics.jsonl").stat().st_size > size)
    assert read_run(root, name).seconds - trained_s < 2.5  # the pause is not taken for training
    queue.pause(name)
    queue.cancel(name)  # a paused run can be stopped, too
    until(lambda: state(root, name) == "cancelled")


def test_eight_trainers_on_one_folder_one_runs(server, root, tmp_path):
    queue = idle(root)
    name = queue.submit(LONG)
    words = queue.job(name).words(root / name)
    trainers = [forks.Trainer(server, words, tmp_path / f"out-{i}") for i in range(8)]
    until(lambda: sum(trainer.ended() for trainer in trainers) == 7)
    until(lambda: trained(root, name))
    assert sum("Another trainer is working" in trainer.errors() for trainer in trainers) == 7
    queue.cancel(name)
    until(lambda: all(trainer.ended() for trainer in trainers))
    assert sorted(trainer.wait() for trainer in trainers) == [0] + [2] * 7


def test_a_failure_before_the_start_says_what_the_trainer_said(root):
    queue = Queue(root)  # really starts a process
    name = queue.submit(replace(SHORT, data="nonsense"))
    queue.tick()
    until(lambda: state(root, name) != "running", 180)
    queue.tick()
    run = read_run(root, name)
    assert run.state == "failed"
    assert run.reason.startswith("DataError: Unknown data 'nonsense'")
    queue.resume(name)
    assert state(root, name) == "queued"
    queue.remove(name)
    assert queue.runs() == []
    assert queue.index.runs() == []
