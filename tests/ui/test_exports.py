"""Walks and exports: what leaves the page is what it shows, and reproduces it."""

import base64
import hashlib
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from models.random import latents
from tests.ui.calls import first
from tests.ui.conftest import TABS
from tests.ui.test_links import pixels, settled
from ui import engine_files
from ui.lapgan_tab import START_SEED

FRAMES = 48
DRAWS = {"infogan", "lapgan"}


def picture(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=int)


@pytest.fixture
def exported(opened):
    """Open a tab's export: gives the page and a function that returns what a button makes."""

    def open_export(kind):
        page = opened(kind)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        settled(page, kind)
        page.click(f"#{kind}-tools [data-tool=export]")

        def take(key):
            button = f"#{kind}-tools [data-export={key}]"
            if key in ("python", "curl"):
                page.click(button)
                page.wait_for_function(f"document.querySelector('#{kind}-tools .gs-said').textContent === 'Copied'")
                return page.evaluate("navigator.clipboard.readText()")
            with page.expect_download() as download:
                page.click(button)
            return download.value.path().read_bytes()

        return page, take

    return open_export


@pytest.mark.browser
@pytest.mark.parametrize("kind", first(sorted(DRAWS)))
def test_files_hold_what_is_shown(exported, kind):
    page, take = exported(kind)
    shown = pixels(page, kind)
    side = shown.shape[0]
    assert np.array_equal(picture(take("png")), shown)
    assert np.array_equal(picture(take("png8")), shown.repeat(8, axis=0).repeat(8, axis=1))
    grid = picture(take("grid"))
    assert grid.shape == (6 * side * 2, 8 * side * 2, 3)
    assert np.abs(grid[: 2 * side : 2, : 2 * side : 2] - shown).max() <= 1
    film = Image.open(io.BytesIO(take("gif")))
    assert (film.n_frames, film.size, film.info["loop"]) == (FRAMES, (side * 8, side * 8), 0)
    frame = np.asarray(film.convert("RGB"), dtype=int)[::8, ::8]
    assert np.abs(frame - shown).mean() < (0.5 if kind == "infogan" else 8)  # 256 colours
    assert take("webm")[:4] == b"\x1a\x45\xdf\xa3"
    recipe = json.loads(take("json"))
    assert recipe["link"].startswith(page.url.split("?")[0])
    assert recipe["api"]["arguments"]["seed"] == recipe["state"]["s"]
    code = np.load(io.BytesIO(take("npy")))
    if kind == "infogan":
        assert np.array_equal(code[:62], latents([42], (62,))[0].numpy())
        assert code[62:72].sum() == 1
        assert code[72:].tolist() == [0, 0]
    else:
        assert np.array_equal(code[:100], latents([START_SEED], (100,), 6)[0].numpy())


@pytest.mark.browser
@pytest.mark.parametrize("kind", first(TABS))
def test_the_copied_words_draw_the_same_picture(exported, kind):
    page, take = exported(kind)
    shown = pixels(page, kind)
    run = subprocess.run(
        [sys.executable, "-c", take("python")], capture_output=True, text=True, timeout=120, check=True
    )
    answer = np.asarray(Image.open(run.stdout.strip().splitlines()[-1]).convert("RGB"), dtype=int)
    assert np.abs(answer - shown).max() <= 1
    told = subprocess.run(["bash", "-c", take("curl")], capture_output=True, text=True, timeout=120, check=True).stdout
    address = json.loads(next(line for line in told.splitlines() if line.startswith("data: "))[6:])[0]["url"]
    data = subprocess.run(["curl", "-s", address], capture_output=True, timeout=60, check=True).stdout
    assert np.abs(picture(data) - shown).max() <= 1


@pytest.mark.browser
@pytest.mark.parametrize("kind", first(sorted(DRAWS)))
@pytest.mark.parametrize("motion", first(["no-preference", "reduce"]))
def test_a_walk_plays_without_a_request_and_stops_where_it_is(opened, kind, motion):
    page = opened(kind, motion=motion)
    settled(page, kind)
    page.click(f"#{kind}-tools [data-tool=walk]")
    page.select_option(f"#{kind}-tools select", "c1" if kind == "infogan" else "g")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    drawn = f"Number(document.querySelector('#{kind}-stage .gs-root').dataset.drawn)"
    before = page.evaluate(drawn)
    page.click(f"#{kind}-tools [data-play]")
    page.wait_for_timeout(1600)
    steps = page.evaluate(drawn) - before
    assert asked == []
    assert steps <= 4 if motion == "reduce" else steps > 6
    page.click(f"#{kind}-tools [data-play]")
    shown = settled(page, kind)
    assert "v=1" in page.url
    page.goto(page.url)
    assert np.abs(settled(page, kind) - shown).max() <= 1


@pytest.mark.browser
def test_where_the_server_draws_walks_say_so(opened):
    page = opened("infogan")
    page.click("#infogan-engine button")
    page.click("#infogan-tools [data-tool=walk]")
    assert page.locator("#infogan-tools [data-play]").is_hidden()
    assert page.locator("#infogan-tools").get_by_text("Walks are drawn by your browser").is_visible()
    page.click("#infogan-tools [data-tool=export]")
    assert page.locator("#infogan-tools [data-export=gif]").is_hidden()
    assert page.locator("#infogan-tools [data-export=png]").is_visible()


def test_the_pinned_gif_maker_has_the_digest_for_the_cdn():
    package = json.loads((engine_files.ROOT / "package.json").read_text())
    assert package["dependencies"]["gifenc"] == engine_files.GIF_VERSION
    found = hashlib.sha384((engine_files.GIF_DIST / engine_files.GIF_FILE).read_bytes()).digest()
    assert "sha384-" + base64.b64encode(found).decode() == engine_files.GIF_INTEGRITY
