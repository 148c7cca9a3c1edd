"""Fifty visitors at once, drawn for by the server: short waits, no errors, no growth, and nobody sees a neighbour."""

import io
import json
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from tests.ui.conftest import SHIPPED, running_app
from ui import inference

pytestmark = [pytest.mark.load, pytest.mark.timeout(1800)]
CLIENTS, CALLS = 50, 20
P95_S, GROWTH_MB = 1.5, 50


def server_of(address):
    port = int(address.rsplit(":", 1)[1])
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
            return psutil.Process(connection.pid)
    raise AssertionError(f"nobody listens on {address}")


def ask(client, seed):
    """Return how long an answer took, its kind ("complete", "full" or an error), and its picture's address."""
    start = time.monotonic()
    call = client.post("/gradio_api/call/v2/infogan_generate", json={"seed": seed, "category": seed % 10})
    if call.status_code == 503 and "full" in call.text:
        return time.monotonic() - start, "full", None
    if call.status_code != 200:
        return time.monotonic() - start, f"{call.status_code} {call.text[:200]}", None
    lines = client.get(f"/gradio_api/call/infogan_generate/{call.json()['event_id']}").text.split("\n")
    kind, data = (line.split(": ", 1)[1] for line in [line for line in lines if line][-2:])
    took = time.monotonic() - start
    return took, kind if kind == "complete" else data, json.loads(data)[0]["url"] if kind == "complete" else None


@pytest.fixture(scope="module")
def app():
    with running_app(SHIPPED, GANSCOPE_TRAINING="off", GRADIO_ANALYTICS_ENABLED="False") as address:
        yield address


def crowd(app, calls):
    def visitor(number):
        with httpx.Client(base_url=app, timeout=120) as client:
            return [ask(client, number * calls + call) for call in range(calls)]

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [answer for answers in pool.map(visitor, range(CLIENTS)) for answer in answers]


def test_crowd(app):
    server = server_of(app)
    crowd(app, 2)
    before = server.memory_info().rss
    start = time.monotonic()
    answers = crowd(app, CALLS)
    wall = time.monotonic() - start
    growth = (server.memory_info().rss - before) / 2**20
    times = sorted(took for took, kind, _ in answers if kind == "complete")
    full = sum(kind == "full" for _, kind, _ in answers)
    odd = {kind for _, kind, _ in answers} - {"complete", "full"}
    p50, p95 = statistics.median(times), times[int(len(times) * 0.95)]
    print(
        f"\n{CLIENTS} clients x {CALLS} calls: {len(times)} answers, {full} told of a full queue, {len(odd)} odd, "
        f"p50 {p50:.2f} s, p95 {p95:.2f} s, {len(times) / wall:.0f} a second, {growth:+.0f} MB, "
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )
    assert odd == set()
    assert growth <= GROWTH_MB
    assert p95 <= P95_S


def test_same_seed_gives_the_same_picture_alone_and_in_a_crowd(app):
    def pixels(client, seed):
        _, kind, url = ask(client, seed)
        assert kind == "complete", kind
        return np.asarray(Image.open(io.BytesIO(client.get(url).content))).tobytes()

    with httpx.Client(base_url=app, timeout=120) as client:
        alone = {seed: pixels(client, seed) for seed in range(100)}

    def visitor(seed):
        with httpx.Client(base_url=app, timeout=120) as client:
            return pixels(client, seed)

    with ThreadPoolExecutor(20) as pool:
        assert dict(zip(range(100), pool.map(visitor, range(100)), strict=True)) == alone
    assert len(set(alone.values())) == 100


@pytest.mark.parametrize("name", ["infogan-mnist", "bigan-mnist", "lapgan-cifar10"])
def test_what_a_batch_would_give(name):
    """Print what drawing sixteen pictures in one pass saves, the reason for and against batches of several visitors."""
    net = inference.weights(name).model
    draw = {
        "infogan-mnist": lambda seeds: net.generate(seeds, [[0]] * len(seeds), [[0.0, 0.0]] * len(seeds)),
        "bigan-mnist": lambda seeds: net.decode(net.latents(seeds)),
        "lapgan-cifar10": lambda seeds: net.grow([[seed] * net.levels for seed in seeds], [0] * len(seeds)),
    }[name]

    def took(seeds):
        times = []
        for _ in range(15):
            start = time.process_time()
            draw(seeds)
            times.append(time.process_time() - start)
        return statistics.median(times) * 1000

    with torch.inference_mode():
        one, sixteen = took([1]), took(list(range(16)))
    print(f"\n{name}: {one:.1f} ms a picture alone, {sixteen / 16:.1f} ms in a batch of 16")
    assert one < 100
