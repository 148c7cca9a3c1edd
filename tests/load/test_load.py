"""Fifty visitors at once, drawn for by the server: short waits, no errors, no growth, and nobody sees a neighbour."""

import os
import statistics
import time

import numpy as np
import pytest
import torch

from tests.load.visitors import ask, crowd, picture, server_of
from tests.ui.conftest import SHIPPED, running_app
from ui import images, inference

pytestmark = [pytest.mark.load, pytest.mark.timeout(1800)]
CLIENTS, CALLS = 50, 20
P95_S, GROWTH_MB = 1.5, 50


@pytest.fixture(scope="module")
def app():
    with running_app(SHIPPED, GANSCOPE_TRAINING="off") as address:
        yield address


def visitors(app, calls):
    async def visitor(number):
        seeds = range(number * calls, (number + 1) * calls)
        return [await ask(app, "infogan_generate", seed=seed, category=seed % 10) for seed in seeds]

    return [answer for answers in crowd(visitor(number) for number in range(CLIENTS)) for answer in answers]


def test_crowd(app):
    server = server_of(app)
    visitors(app, 2)  # the first crowd warms up: threads, connections, what Gradio reads late
    before, worked = server.memory_info().rss, sum(server.cpu_times()[:2])
    start, own = time.monotonic(), time.process_time()
    answers = visitors(app, CALLS)
    wall = time.monotonic() - start
    growth = (server.memory_info().rss - before) / 2**20
    times = sorted(answer.seconds for answer in answers if answer.kind == "complete")
    full = sum(answer.kind == "full" for answer in answers)
    odd = {answer.kind for answer in answers} - {"complete", "full"}
    p50, p95 = statistics.median(times), times[int(len(times) * 0.95)]
    print(
        f"\n{CLIENTS} clients x {CALLS} calls: {len(times)} answers, {full} told of a full queue, {len(odd)} odd, "
        f"p50 {p50:.2f} s, p95 {p95:.2f} s, {len(times) / wall:.0f} a second, {growth:+.0f} MB resident, "
        f"{1000 * (sum(server.cpu_times()[:2]) - worked) / len(answers):.1f} ms of processor time a call for the "
        f"server and {1000 * (time.process_time() - own) / len(answers):.1f} ms for its client, "
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )
    assert odd == set()
    assert growth <= GROWTH_MB
    assert p95 <= P95_S


def test_a_larger_crowd_is_told_that_the_queue_is_full():
    with running_app(SHIPPED, GANSCOPE_TRAINING="off", GANSCOPE_QUEUE_SIZE="10") as app:
        answers = visitors(app, 2)  # the very first that this server sees
    kinds = {answer.kind for answer in answers}
    assert kinds == {"complete", "full"}
    full = max(answer.seconds for answer in answers if answer.kind == "full")
    print(f"\na queue of 10 under {CLIENTS} clients: {len(answers)} answers, a refusal takes at most {full:.2f} s")


def test_same_seed_gives_the_same_picture_alone_and_in_a_crowd(app):
    async def pictures(name, seeds):
        return [await picture(app, await ask(app, name, seed=seed)) for seed in seeds]

    for name in ("infogan_generate", "lapgan_generate"):
        (alone,) = crowd([pictures(name, range(100))])
        by_25_visitors = crowd(pictures(name, range(first, 100, 25)) for first in range(25))
        assert [by_25_visitors[seed % 25][seed // 25] for seed in range(100)] == alone
        assert len(set(alone)) == 100


@pytest.mark.parametrize("name", ["infogan-mnist", "bigan-mnist", "lapgan-cifar10"])
def test_what_a_batch_would_give(name):
    """Print what drawing sixteen pictures in one pass saves and changes: why strangers' calls are not put together."""
    net = inference.weights(name).model
    draw = {
        "infogan-mnist": lambda seeds: net.generate(seeds, [[0]] * len(seeds), [[0.0, 0.0]] * len(seeds)),
        "bigan-mnist": lambda seeds: net.decode(net.latents(seeds)),
        "lapgan-cifar10": lambda seeds: (
            net.grow([[seed] * net.config.levels for seed in seeds], [0] * len(seeds))[-1].image
        ),
    }[name]

    def took(seeds):
        times = []
        for _ in range(15):
            start = time.process_time()
            draw(seeds)
            times.append(time.process_time() - start)
        return statistics.median(times) * 1000

    def pixels(pictures):
        return [np.asarray(images.to_png(one), np.int16) for one in pictures]

    with torch.inference_mode():
        one, sixteen = took([1]), took(list(range(16)))
        alone = [pixels(draw([seed]))[0] for seed in range(96)]
        beside = [each for first in range(0, 96, 16) for each in pixels(draw(list(range(first, first + 16))))]
    apart = [int(np.abs(a - b).max()) for a, b in zip(alone, beside, strict=True)]
    print(
        f"\n{name}: {one:.1f} ms a picture alone, {sixteen / 16:.1f} ms in a batch of 16, where "
        f"{sum(map(bool, apart))} of 96 pictures are other than alone, by {max(apart)} grey level(s)"
    )
    assert one < 100
    assert max(apart) <= 1
