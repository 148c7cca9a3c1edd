"""The dialog about the API: every public call is in it, and what it gives to copy works as it stands."""

import io
import json
import shutil
import subprocess
import sys

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.ui.calls import call, picture
from tests.ui.test_page import ENDPOINTS
from ui import api
from ui.bigan_examples import draw
from ui.lapgan_tab import START_SEED

WORDS = """() => Object.fromEntries(
  [...document.querySelectorAll(".gs-api-dialog details")]
    .map((node) => [node.dataset.call, node.querySelector("pre").textContent])
)"""


@pytest.fixture
def words(shipped, visit, tmp_path):
    """Open the dialog; gives a function that returns the words of a language by call, and a folder with a picture."""
    page = visit(f"{shipped}/?#api")
    page.wait_for_selector("dialog[open].gs-api-dialog")
    draw(lambda pen: pen.line([(600, 200), (520, 900)], fill=255, width=90)).save(tmp_path / "digit.png")

    def in_language(language):
        page.locator(f".gs-api-dialog input[value={language}]").check()
        return page.evaluate(WORDS)

    return page, in_language, tmp_path


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.browser
def test_every_call_is_told_and_every_word_of_its_arguments(words):
    page, in_language, _ = words
    assert [f"/{name}" for name in in_language("python")] == list(ENDPOINTS)
    for function in api.FUNCTIONS:
        told = api.documented(function)
        assert [argument["name"] for argument in told["arguments"]] == ENDPOINTS[f"/{told['name']}"]
        assert all(argument["text"].endswith(".") for argument in told["arguments"])
    details = page.locator(".gs-api-dialog details").nth(1)
    details.locator("summary").click()
    assert "Index of the level kept" in details.inner_text()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    details.get_by_role("button", name="Copy").click()
    details.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == in_language("python")["lapgan_refine"]
    page.keyboard.press("Escape")
    page.wait_for_function("location.hash === ''")
    page.locator("#gs-footer a").click()
    page.wait_for_selector("dialog[open].gs-api-dialog")


@pytest.mark.browser
def test_the_words_for_python_work(words):
    _, in_language, folder = words
    lines = run([sys.executable, "-c", "\n".join(in_language("python").values())], folder).splitlines()
    answers = [line for line in lines if not line.startswith("Loaded as API")]
    assert len(answers) == len(ENDPOINTS)
    for name, answer in zip(ENDPOINTS, answers, strict=True):
        if answer.startswith("/"):
            assert Image.open(answer).format == "PNG", name
        else:
            assert name in ("/infogan_infer", "/bigan_encode"), answer


@pytest.mark.browser
def test_the_words_for_curl_work(words):
    _, in_language, folder = words
    events = run(["bash", "-c", "\n".join(in_language("curl").values())], folder)
    assert events.count("event: complete") == len(ENDPOINTS), events[-3000:]
    urls = [json.loads(line[6:])[0] for line in events.splitlines() if line.startswith("data: [{")]
    pictures = [answer["url"] for answer in urls if "url" in answer]
    assert len(pictures) == len(ENDPOINTS) - 2
    for url in pictures:
        assert httpx.get(url, timeout=60).content.startswith(b"\x89PNG")


@pytest.mark.browser
def test_the_words_for_javascript_work(words):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    _, in_language, folder = words
    blocks = "\n".join(f"{{\n{text}\n}}" for text in in_language("javascript").values())
    (folder / "calls.mjs").write_text(blocks)
    urls = [line for line in run(["node", "calls.mjs"], folder).splitlines() if line.startswith("http")]
    assert len(urls) == len(ENDPOINTS) - 2
    for url in urls:
        assert Image.open(io.BytesIO(httpx.get(url, timeout=60).content)).format == "PNG"


def test_seeds_and_gains_of_single_levels_can_be_asked(app):
    plain = picture(app, "lapgan_generate", label=3)
    same = picture(app, "lapgan_generate", label=3, seed=9, level_seeds=[START_SEED] * 4, gains=[1, 1, 1, 1])
    assert np.array_equal(plain, same)
    rolled = picture(app, "lapgan_generate", label=3, level_seeds=[START_SEED, 1, 2, 3])
    softer = picture(app, "lapgan_generate", label=3, gains=[1, 1, 1, 0.5])
    assert not np.array_equal(plain, rolled)
    assert not np.array_equal(plain, softer)
    assert np.array_equal(plain, picture(app, "lapgan_generate", label=3, gains=[0, 1, 1, 1]))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"level_seeds": [1, 2]}, "level_seeds needs a list of 4 numbers, one for each level of this model, not 2."),
        ({"level_seeds": "1"}, "level_seeds needs a list of 4 numbers, one for each level of this model, not"),
        (
            {"level_seeds": [1, 2, 3, 0.5]},
            "0.5 in level_seeds is not allowed: give whole numbers from 0 to",
        ),
        ({"level_seeds": [1, 2, 3, 2**32]}, "4294967296 in level_seeds is not allowed"),
        ({"gains": [1, 1, 1, 2.5]}, "2.5 in gains is not allowed: give numbers from 0 to 2."),
        ({"gains": [1, 1, 1, True]}, "True in gains is not allowed"),
        ({"gains": [1, 1, 1, None]}, "None in gains is not allowed"),
    ],
)
def test_wrong_lists_get_a_sentence(app, arguments, sentence):
    kind, data = call(app, "lapgan_generate", **arguments)
    assert kind == "error"
    assert sentence in str(data)


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("lapgan_generate", {"seed": None}, "seed is None: give a whole number from 0 to 4294967295."),
        ("lapgan_generate", {"seed": "42"}, "seed is 42: give a whole number"),
        ("lapgan_generate", {"seed": 1.5}, "seed is 1.5: give a whole number"),
        ("lapgan_generate", {"seed": 2**32}, "seed is 4294967296: give a whole number"),
        ("lapgan_generate", {"label": True}, "label is True: give a whole number"),
        ("infogan_generate", {"category": 4.6}, "category is 4.6: give a whole number"),
        ("infogan_generate", {"c1": None}, "c1 is None: give a number from -2 to 2."),
        ("infogan_generate", {"c1": 2.5}, "c1 is 2.5: give a number from -2 to 2."),
        ("bigan_interpolate", {"t": None}, "t is None: give a number from 0 to 1."),
    ],
)
def test_wrong_numbers_get_a_sentence(app, name, arguments, sentence):
    kind, data = call(app, name, **arguments)
    assert kind == "error"
    assert sentence in str(data)
