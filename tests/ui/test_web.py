"""The browser's modules: their own tests under node, and their random numbers against Python's."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from models.random import SEED_LIMIT, latents, uniform

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def node():
    found = shutil.which("node")
    if found is None and os.environ.get("CI"):
        pytest.fail("node is not installed, so ui/web is untested; install it (apt-get install nodejs).")
    if found is None:
        pytest.skip("node is not installed")
    return found


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_modules_pass_their_own_tests(node):
    tests = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "ui" / "web").glob("*.test.js"))
    result = run(node, "--test", *tests)
    failed = result.stdout.partition("not ok")[2]
    assert tests
    assert result.returncode == 0, failed[:4000] + result.stderr[-2000:]


def test_random_numbers_equal_pythons(node):
    cases = [(seed, stream) for seed in (0, 1, 42, 2**31, SEED_LIMIT - 1) for stream in (0, 1, 5, SEED_LIMIT - 1)]
    script = (
        'import { latent, uniform } from "./ui/web/random.js";'
        f"const cases = {json.dumps(cases)};"
        "console.log(JSON.stringify(cases.map(([seed, stream]) => "
        "[[...uniform(seed, stream, 200)], [...latent(seed, 62, stream)]])));"
    )
    result = run(node, "--input-type=module", "--eval", script)
    assert result.returncode == 0, result.stderr
    for (seed, stream), (numbers, latent) in zip(cases, json.loads(result.stdout), strict=True):
        np.testing.assert_allclose(numbers, uniform(seed, stream, 200), rtol=0, atol=1e-12)
        np.testing.assert_array_equal(np.float32(latent), latents([seed], (62,), stream)[0].numpy())
