"""The Train tab as it is served: what may be fetched, what may be sent, and the whole way in a real browser."""

import http.client
import json
import os
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from models.checkpoint import read_json, write_json
from tests.training.making import shared
from tests.ui.training_page import RECORDING, TINY, pictures, story, training_app
from ui import train_view


@pytest.fixture(scope="module")
def live(weights_dir, tmp_path_factory):
    """The address of an app that trains, and its folder of runs."""
    with training_app(weights_dir, tmp_path_factory.mktemp("live")) as (address, runs):
        yield address, runs


@pytest.mark.parametrize(
    "path",
    [
        f"{RECORDING}/recording.json",
        f"{RECORDING}/samples/recording.json",
        f"{RECORDING}/samples/..%2frecording.json",
        f"{RECORDING}/samples/step-000001.png",
        "recordings/infogan-mnist/../infogan-mnist/config.json",
        "recordings/infogan-mnist/%2e%2e/curves",
        "recordings/infogan-mnist/model.safetensors/curves",
        "recordings/..%2fweights/recording/curves",
        "runs/..%2fweights/curves",
        "runs/%2e%2e/curves",
        "runs/none/curves",
        "runs/secret/run.json",
        "runs/secret/checkpoints/step-000001.safetensors",
        "runs/secret/samples/..%2frun.json",
        "runs/secret/samples/notes.txt",
        "runs/index.sqlite/log",
        "runs/data/curves",
    ],
)
def test_nothing_but_curves_samples_and_the_log_is_served(live, path):
    address, runs = live
    if not (runs / "secret").exists():
        (runs / "secret" / "samples").mkdir(parents=True)
        (runs / "secret" / "samples" / "notes.txt").write_text("secret words")
        write_json(runs / "secret" / "run.json", {"request": {"model": "gan"}, "secret": "secret words"})
        (runs / "secret" / "log.txt").write_text("one line")
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    connection.request("GET", f"/{path}")  # raw, because a client would tidy the dots away
    answer = connection.getresponse()
    body = answer.read().decode("utf-8", "replace")
    assert answer.status == 404 or "<!doctype html>" in body
    assert "secret words" not in body
    assert httpx.get(f"{address}/runs/secret/log", timeout=60).text == "one line"


def test_sample_grids_may_be_kept_and_curves_not(live):
    with httpx.Client(base_url=live[0], timeout=60) as client:
        sample = client.get(f"/{RECORDING}/samples/step-000001.webp")
        assert (sample.status_code, sample.headers["content-type"]) == (200, "image/webp")
        assert "immutable" in sample.headers["cache-control"]
        assert client.get(f"/{RECORDING}/curves").headers["cache-control"] == "no-store"
        assert [r["step"] for r in story(client, RECORDING, since=1998)["records"]] == [1999, 2000]
        for odd in ("", "-5", "x", "9" * 30, "²"):
            assert len(story(client, RECORDING, since=odd)["records"]) == 2000


def test_pictures_are_taken_from_our_own_page_only(live):
    with httpx.Client(base_url=live[0], timeout=60) as client:
        name = {"X-Ganscope-Name": "shapes.zip"}
        assert client.post("/pictures", content=pictures(4)).status_code == 403  # no header: another site's form
        assert client.get("/pictures").status_code == 405
        told = client.post("/pictures", content=b"MZ no zip", headers=name)
        assert (told.status_code, told.json()["error"]) == (415, train_view.TEXT["upload_zip"])
        key = client.post(
            "/pictures", content=pictures(4), headers={"X-Ganscope-Name": "..%2F..%2FOdd%20N%C3%A4me.zip"}
        )
        assert key.json()["key"].startswith("odd-n-me-")
        assert [path.name for path in (live[1] / "data").glob("*.zip")] == [f"{key.json()['key']}.zip"]
        assert list((live[1] / "data").glob(".sent-*")) == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_whole_way_from_a_zip_to_pictures_in_the_tab(live, visit, tmp_path):
    address, runs = live
    page = visit(address, tab="Train", height=1000, motion="reduce")
    page.wait_for_selector("#train-sender input[type=file]", state="attached")
    try:
        file = shared("scenes64.zip")
    except pytest.skip.Exception:
        file = tmp_path / "shapes.zip"
        file.write_bytes(pictures())
    page.click("#train-model input")
    page.get_by_role("option", name="LAPGAN").click()
    page.set_input_files("#train-sender input[type=file]", str(file))
    page.wait_for_selector("#train-sheet img", timeout=120_000)
    expect(page.locator("#train-seen")).to_contain_text("pictures of 64 × 64 pixels, in colour")

    page.click("#train-advanced button")
    page.fill("#train-others :is(textarea, input)", TINY)
    page.click("#train-start")
    began = time.monotonic()
    page.wait_for_function("document.querySelector('.gs-film-title').textContent.startsWith('lapgan-')")
    page.wait_for_selector("#train-film .gs-root[data-step]", timeout=300_000)
    took = time.monotonic() - began
    name = page.inner_text(".gs-film-title").split()[0]
    assert took - held_up(runs / name) <= 60 * max(1, os.getloadavg()[0] / os.cpu_count())

    page.click("#train-stop")
    page.wait_for_selector("#train-facts .gs-root[data-state^=cancelled]")
    stopped = last_step(runs / name)
    page.click("#train-resume")
    page.wait_for_selector("#train-facts .gs-root[data-state^=running]")
    page.click("#train-use")
    page.wait_for_function("document.querySelector('#lapgan-stage .gs-root').ariaLabel.includes('64')")
    expect(page.get_by_role("tab", name="LAPGAN")).to_have_attribute("aria-selected", "true")
    assert page.locator("#lapgan-stage .gs-group").count() == 6  # five levels and the picture
    assert (runs / "weights" / name / "model.safetensors").is_file()

    page.get_by_role("tab", name="Train").click()
    deadline = time.monotonic() + 150  # a busy machine reads the pictures again meanwhile
    while last_step(runs / name) <= stopped and time.monotonic() < deadline:
        time.sleep(0.2)
    assert last_step(runs / name) > stopped
    page.click("#train-stop")
    page.wait_for_selector("#train-facts .gs-root[data-state^=cancelled]")


def held_up(folder):
    """Return the seconds that a trainer, which gives way to everything else, has waited for a processor."""
    statistics = Path(f"/proc/{read_json(folder / 'process.json')['pid']}/schedstat")
    return int(statistics.read_text().split()[1]) / 1e9 if statistics.exists() else 0


def last_step(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return json.loads(lines[-1])["step"] if lines else 0
