"""The run queue as a page that only looks sees it: what is asked, noted, indexed and refused; no trainer runs."""

import json
import os
import threading
from dataclasses import asdict, replace

import pytest

from models.checkpoint import write_json
from tests.training.tiny import LONG, SHORT, idle
from training.job import Job
from training.jobs import Queue, QueueLimits
from training.runs import QueueError, Run, RunIndex, read_run

KILLS = int(os.environ.get("GANSCOPE_TEST_KILLS", "8"))


@pytest.fixture
def root(tmp_path):
    return tmp_path / "runs"


def test_eight_threads_lose_no_index_update(root):
    index = RunIndex(root)

    def work(thread):
        for number in range(KILLS * 5 if KILLS < 200 else 1000):
            index.update(Run(f"run-{thread}-{number}", "done", created=float(number)))

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    each = KILLS * 5 if KILLS < 200 else 1000
    assert len(index.runs()) == 8 * each


def test_the_index_is_made_again_from_the_folders(root):
    queue = idle(root)
    names = [queue.submit(SHORT), queue.submit(LONG)]
    first = queue.index.runs()
    assert [run.name for run in first] == names[::-1]
    queue.index.path.write_bytes(b"no database at all" * 100)
    for extra in root.glob("index.sqlite-*"):
        extra.unlink()
    assert queue.index.rebuild() == first
    assert queue.index.runs() == first


def test_refusals_are_one_sentence(root):
    queue = Queue(root, QueueLimits(minutes=10, steps=50, queued=1))
    for job, part in (
        (replace(LONG, minutes=None), "Say how long"),
        (replace(LONG, minutes=11.0), "11 minutes is not allowed"),
        (replace(LONG, minutes=float("nan")), "nan minutes is not allowed"),
        (replace(LONG, steps=51), "51 steps is not allowed"),
    ):
        with pytest.raises(QueueError, match=part):
            queue.submit(job)
    name = queue.submit(LONG)
    with pytest.raises(QueueError, match="1 runs are waiting already"):
        queue.submit(LONG)
    for act in (queue.pause, queue.go_on, queue.resume):
        with pytest.raises(QueueError, match="is queued"):
            act(name)
    with pytest.raises(QueueError, match="MB are free"):
        Queue(root, QueueLimits(free_mb=10**9)).submit(LONG)
    for odd in ("../x", "", "none", "a/b", ".hidden", "x" * 200):
        with pytest.raises(QueueError, match="There is no run"):
            read_run(root, odd)


@pytest.mark.parametrize("noted", ["done", "cancelled", "failed", "diverged"])
def test_what_ended_is_told_as_it_was_noted(root, noted):
    queue = idle(root)
    name = queue.submit(LONG)
    write_json(root / name / "status.json", {"state": noted, "step": 7, "reason": "why"})
    (root / name / "metrics.jsonl").write_text('{"step": 6}\n{"step": 7, "seconds": 2.5}\n{"step": 8, "sec')
    run = read_run(root, name)
    assert (run.state, run.reason, run.step, run.seconds) == (noted, "why", 7, 2.5)
    assert run.resumable == (noted != "done")
    if noted == "done":
        with pytest.raises(QueueError):
            queue.resume(name)
        queue.resume(name, steps=500)
        assert queue.job(name).steps == 500
        assert queue.job(name).minutes is None


def test_damaged_files_are_taken_as_absent(root):
    queue = idle(root)
    name = queue.submit(LONG)
    for file in ("status.json", "process.json", "run.json"):
        (root / name / file).write_text("{" * 50)
    assert read_run(root, name).state in ("failed", "interrupted", "queued")
    for odd in ({"pid": "x"}, {"state": "running", "pid": []}, {"state": "running", "born": "never", "pid": {}}):
        write_json(root / name / "status.json", odd)
        assert read_run(root, name).state in ("failed", "interrupted", "queued")
    write_json(root / name / "run.json", {"request": [1, 2]})
    (root / name / "metrics.jsonl").write_text('{"step": null}\n')
    run = read_run(root, name)
    assert (run.state, run.reason[:27]) == ("failed", "its folder cannot be read (")
    assert queue.runs() == [run]
    (root / name / "job.json").write_text("[]")
    with pytest.raises(QueueError, match="no job that can be read"):
        queue.job(name)


def test_a_job_becomes_the_words_of_one_command(tmp_path):
    words = LONG.words(tmp_path)
    assert words[:2] == ["train", "gan"]
    assert words[-3:] == ["--run-dir", str(tmp_path), "--resume"]
    assert words[words.index("--minutes") + 1] == "2"
    assert Job(**json.loads(json.dumps(asdict(LONG)))).words(tmp_path) == words
