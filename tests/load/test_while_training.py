"""A run trains beside the page: the sliders stay quick, and the trainer keeps most of its speed."""

import asyncio
import os
import statistics
import time

import pytest

from tests.load.visitors import ask
from tests.ui.conftest import SHIPPED, running_app
from training.job import Job
from training.jobs import Queue
from training.run import RunFolder, read_records

pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]
CALLS, CALLS_A_SECOND = 150, 10  # a hand on a slider, where the server draws
WARM_S, MEASURED_S = 20, 40
MOST_SLOWER, LEAST_SPEED = 2.0, 0.6


def slide(app, calls):
    """Return the seconds that each call took."""

    async def hand():
        times = []
        for seed in range(calls):
            due = time.monotonic() + 1 / CALLS_A_SECOND
            answer = await ask(app, "infogan_generate", seed=seed, category=seed % 10)
            assert answer.kind == "complete", answer
            times.append(answer.seconds)
            await asyncio.sleep(max(0, due - time.monotonic()))
        return times

    return asyncio.run(hand())


def p95(times):
    return sorted(times)[int(len(times) * 0.95)]


def steps_a_second(run, work):
    """Return how fast a run went while `work` did, by the run's own clock."""
    first = last(run)
    work()
    after = last(run)
    return (after["step"] - first["step"]) / (after["seconds"] - first["seconds"])


def last(run):
    records = read_records(run.path / "metrics.jsonl")
    return records[-1] if records else {"step": 0, "seconds": 0}


def test_sliders_and_a_run_leave_each_other_room(tmp_path):
    with running_app(SHIPPED, GANSCOPE_TRAINING="off") as app:
        slide(app, 30)
        idle = slide(app, CALLS)
        queue = Queue(tmp_path / "runs")
        name = queue.submit(Job("infogan", "fake", "cpu", minutes=10, save_seconds=600))
        queue.tick()
        try:
            run = RunFolder(tmp_path / "runs" / name)
            deadline = time.monotonic() + 120
            while last(run)["step"] < 1 and time.monotonic() < deadline:
                time.sleep(1)
            time.sleep(WARM_S)
            alone = steps_a_second(run, lambda: time.sleep(MEASURED_S))
            busy = []
            beside = steps_a_second(run, lambda: busy.extend(slide(app, CALLS_A_SECOND * MEASURED_S)))
        finally:
            queue.cancel(name)
            queue.stop()
    print(
        f"\nslider calls, {CALLS_A_SECOND} a second: p50 {1000 * statistics.median(idle):.0f} ms, "
        f"p95 {1000 * p95(idle):.0f} ms; beside a run p50 {1000 * statistics.median(busy):.0f} ms, "
        f"p95 {1000 * p95(busy):.0f} ms; the run {alone:.2f} steps a second, {beside:.2f} beside the calls; "
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )
    assert p95(busy) < MOST_SLOWER * p95(idle)
    assert beside >= LEAST_SPEED * alone
