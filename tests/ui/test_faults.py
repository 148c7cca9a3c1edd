"""A real server under what machines do: no disk, no memory, damaged weights, another time, an order to end."""

import asyncio
import concurrent.futures
import json
import shutil
import socket
import subprocess
import time

import httpx
import psutil
import pytest

from tests.load.visitors import ask, fetch, hear, server_of, take
from tests.ui.calls import call
from tests.ui.conftest import SHIPPED, running_app
from ui.inference import NO_MEMORY

# time.time as a machine whose clock is set would give it; the file holds by how many seconds.
CLOCK = """
import pathlib, time
_real, _moved = time.time, pathlib.Path({path!r})
time.time = lambda: _real() + float(_moved.read_text())
"""


def run(coroutine):
    with concurrent.futures.ThreadPoolExecutor(1) as apart:  # the browser of other tests may have a loop running here
        return apart.submit(asyncio.run, coroutine).result()


@pytest.fixture
def damaged(weights_dir, tmp_path):
    """Weights of which LAPGAN's are cut off, BiGAN's are InfoGAN's, and InfoGAN's alone are whole."""
    folder = tmp_path / "weights"
    shutil.copytree(weights_dir, folder)
    cut = folder / "lapgan-cifar10" / "model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-1000])
    shutil.copy(folder / "infogan-mnist" / "model.safetensors", folder / "bigan-mnist" / "model.safetensors")
    return folder


def test_what_is_damaged_or_jumps_is_told_and_the_rest_goes_on(damaged, tmp_path):
    (tmp_path / "clock").write_text("0")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(CLOCK.format(path=str(tmp_path / "clock")))
    (tmp_path / "file").touch()
    settings = {"GANSCOPE_RUNS_DIR": str(tmp_path / "file" / "runs"), "PYTHONPATH": str(tmp_path / "site")}
    with running_app(damaged, **settings) as app:
        health = httpx.get(f"{app}/healthz", timeout=60).json()
        assert health["status"] == "degraded"
        assert any("runs" in sentence and "cannot be written" in sentence for sentence in health["trouble"])
        told = {name: entry["error"] for name, entry in health["weights"].items()}
        assert told["infogan-mnist"] is None
        page = httpx.get(f"{app}/config", timeout=60).text
        for name in ("lapgan-cifar10", "bigan-mnist"):
            assert "model.safetensors" in told[name] or "weights" in told[name]
            assert json.dumps(told[name])[1:-1] in page, "its tab does not say so"
        kind, answer = call(app, "bigan_decode")
        assert (kind, answer["error"]) == ("error", told["bigan-mnist"])
        for seconds in ("0", "100000", "-200000", "0"):
            (tmp_path / "clock").write_text(seconds)
            kind, answer = call(app, "infogan_generate")
            assert kind == "complete", (seconds, answer)


def test_no_room_for_pictures_is_told_and_ends_with_the_need(weights_dir, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=25m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("only root may make a small disk")
    try:
        with running_app(weights_dir, GANSCOPE_TRAINING="off", GRADIO_TEMP_DIR=str(disk / "gradio")) as app:
            assert httpx.get(f"{app}/healthz", timeout=60).json()["status"] == "ok"
            (disk / "fill").write_bytes(bytes(10**7))
            health = httpx.get(f"{app}/healthz", timeout=60).json()
            assert health["status"] == "degraded"
            assert "no room left" in health["trouble"][0]
            kind, answer = call(app, "infogan_generate")
            assert (kind, answer["error"]) == ("error", health["trouble"][0])
            sent = httpx.post(f"{app}/gradio_api/upload", files={"files": ("a.png", b"x")}, timeout=60)
            assert (sent.status_code, sent.text) == (507, health["trouble"][0])
            page = httpx.get(app, timeout=60)
            assert page.status_code == 200
            assert "infogan-stage" in page.text
            assert call(app, "infogan_infer")[0] == "complete"  # it answers in numbers
            (disk / "fill").unlink()
            assert call(app, "infogan_generate")[0] == "complete"
            assert httpx.get(f"{app}/healthz", timeout=60).json()["status"] == "ok"
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="memory is limited as Linux does it")
def test_out_of_memory_is_told_and_ends_with_the_need():
    # So that each large tensor asks the system for its memory, instead of taking what an earlier one left.
    settings = {"GANSCOPE_TRAINING": "off", "MALLOC_MMAP_THRESHOLD_": str(2**19), "MALLOC_ARENA_MAX": "1"}
    with running_app(SHIPPED, **settings) as app:
        with concurrent.futures.ThreadPoolExecutor(6) as visitors:  # their threads are there before the shortage
            list(visitors.map(lambda seed: call(app, "infogan_sweep", seed=seed), range(12)))
        assert [call(app, "infogan_sweep")[0] for _ in range(2)] == ["complete"] * 2
        server = server_of(app)
        before = server.rlimit(psutil.RLIMIT_AS)
        server.rlimit(psutil.RLIMIT_AS, (server.memory_info().vms + 8 * 2**20, before[1]))
        answers = [call(app, "infogan_sweep", seed=seed) for seed in range(5)]
        health = httpx.get(f"{app}/healthz", timeout=60).json()
        server.rlimit(psutil.RLIMIT_AS, before)
        assert {(kind, answer["error"] if kind == "error" else "") for kind, answer in answers} == {
            ("error", NO_MEMORY)
        }
        assert health["status"] == "degraded"
        assert "out of memory" in health["trouble"][0]
        assert call(app, "infogan_sweep")[0] == "complete"


def test_order_to_end_answers_what_was_taken_and_turns_away_the_rest(weights_dir):
    calls = 12

    async def visit(app, server):
        taken = await asyncio.gather(*(take(app, "infogan_sweep", seed=seed) for seed in range(calls)))
        assert {refusal for refusal, _ in taken} == {""}
        heard = [asyncio.create_task(hear(app, "infogan_sweep", event)) for _, event in taken]
        server.terminate()
        start = time.monotonic()
        async with asyncio.timeout(5):  # the order is heard
            while (await fetch(app, "/healthz"))[0] != 503:
                await asyncio.sleep(0.01)
        late = await ask(app, "infogan_generate")
        health = await fetch(app, "/healthz")
        answers = await asyncio.gather(*heard)
        return answers, late, health, start

    with running_app(weights_dir, GANSCOPE_TRAINING="off", GANSCOPE_CONCURRENCY="1") as app:
        server = server_of(app)
        answers, late, (status, health), start = run(visit(app, server))
        psutil.wait_procs([server], timeout=30)
        took = time.monotonic() - start
    assert {kind for kind, _ in answers} == {"complete"}
    assert late.kind.startswith("503 b'Ganscope is ending")
    assert (status, json.loads(health)["status"]) == (503, "ending")
    assert took <= 10
    print(f"\n{calls} calls under way were answered, and the server was gone after {took:.1f} s")


def test_order_to_end_does_not_wait_for_who_never_finishes(weights_dir):
    with running_app(weights_dir, GANSCOPE_TRAINING="off") as app:
        server = server_of(app)
        host, port = app.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9999\r\n\r\n".encode())
            time.sleep(0.5)
            start = time.monotonic()
            server.terminate()
            psutil.wait_procs([server], timeout=30)
            took = time.monotonic() - start
    assert took <= 10, took
