"""Some minutes of mixed calls: neither the server's memory nor its waits nor its open files may grow with time."""

import asyncio
import base64
import io
import itertools
import os
import random
import time

import numpy as np
import psutil
import pytest
from PIL import Image

from tests.load.visitors import ask, crowd, fetch, picture, server_of
from tests.ui.conftest import SHIPPED, running_app

MINUTES = float(os.environ.get("GANSCOPE_TEST_SOAK_MINUTES", "10"))
pytestmark = [pytest.mark.soak, pytest.mark.timeout(60 * MINUTES + 600)]
VISITORS, THINK_S = 8, 0.2
PARTS = 10
GROWTH_MB, MORE_FILES, SLOWER = 50, 20, 2.0


def drawing(seed):
    """A picture as a visitor sends it, in the call itself."""
    pixels = np.random.default_rng(seed).integers(0, 40, (280, 280), dtype=np.uint8)
    pixels[60:220, 120:160] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return {"url": "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()}


CALLS = (  # name, arguments of a seed, how often
    ("infogan_generate", lambda seed: {"seed": seed, "category": seed % 10}, 6),
    ("lapgan_generate", lambda seed: {"seed": seed, "label": seed % 10}, 4),
    ("bigan_reconstruct", lambda seed: {"image": drawing(seed)}, 3),
    ("infogan_infer", lambda seed: {"image": drawing(seed)}, 2),
    ("infogan_sweep", lambda seed: {"seed": seed}, 1),
    ("bigan_encode", lambda seed: {"image": {"url": "data:image/png;base64,AAAA"}}, 1),  # refused with a sentence
)
REFUSED = "error"


async def visitor(app, number, end, heard):
    choose = random.Random(number)
    for turn in itertools.count():
        if time.monotonic() > end:
            return
        if turn % 20 == 0:
            start = time.monotonic()
            status, _ = await fetch(app, "/")
            heard.append((time.monotonic(), time.monotonic() - start, "page", status == 200))
        name, arguments, _ = choose.choices(CALLS, [often for *_, often in CALLS])[0]
        answer = await ask(app, name, **arguments(choose.randrange(2**32)))
        fits = answer.kind.startswith(REFUSED) if name == "bigan_encode" else answer.kind == "complete"
        heard.append((time.monotonic(), answer.seconds, name, fits))
        if fits and name.endswith(("generate", "sweep", "reconstruct")):
            await picture(app, answer)
        await asyncio.sleep(choose.uniform(0, 2 * THINK_S))


async def watch(server, begin, end, seen):
    """Note the server's memory, open files and threads at the end of every part of the time."""
    for part in range(PARTS):
        await asyncio.sleep(max(0, begin + (part + 1) * (end - begin) / PARTS - time.monotonic()))
        seen.append((time.monotonic(), server.memory_info().rss / 2**20, server.num_fds(), server.num_threads()))


def p95(seconds):
    return sorted(seconds)[int(len(seconds) * 0.95)]


def test_soak():
    with running_app(SHIPPED, GANSCOPE_TRAINING="off", GANSCOPE_DECODE_APART="on") as app:
        server, heard, seen = server_of(app), [], []
        begin = time.monotonic()
        end = begin + 60 * MINUTES
        crowd([watch(server, begin, end, seen), *(visitor(app, number, end, heard) for number in range(VISITORS))])
        children = [child.memory_info().rss / 2**20 for child in server.children(recursive=True)]
    print(f"\n{MINUTES:g} minutes, {VISITORS} visitors, load average {psutil.getloadavg()[0]:.1f}, decoders {children}")
    print("minute  calls    p50    p95  memory  files  threads")
    last, waits = begin, []
    for when, memory, files, threads in seen:
        part = [seconds for at, seconds, _, _ in heard if last <= at < when]
        last = when
        waits.append(p95(part))
        print(
            f"{(when - begin) / 60:6.1f} {len(part):6} {1000 * sorted(part)[len(part) // 2]:4.0f}ms "
            f"{1000 * waits[-1]:4.0f}ms {memory:5.0f}MB {files:6} {threads:8}"
        )
    wrong = [(name, seconds) for _, seconds, name, fits in heard if not fits]
    settled = seen[PARTS // 5 - 1]  # a fifth of the time warms up
    growth, more = seen[-1][1] - settled[1], seen[-1][2] - settled[2]
    print(f"{len(heard)} answers, {len(wrong)} wrong; since the first fifth {growth:+.0f} MB and {more:+} open files")
    assert wrong == []
    assert growth <= GROWTH_MB
    assert more <= MORE_FILES
    assert min(waits[-3:]) <= SLOWER * max(waits[1:4])
