"""What is asked last is what is shown in the end, whatever comes late or is asked while something else is under way."""

import json

import gradio as gr
import pytest

from tests.ui.test_own import SLOW, URLS, wait_for_change
from ui import quiz_tab

LABEL = "document.querySelector('#{}-stage .gs-root').ariaLabel"
LEVEL_SEEDS = "[...document.querySelectorAll('input[aria-label^=\"Seed\"]')].map((node) => node.value)"


def choose(page, name):
    """Choose weights in a tab's menu."""
    page.get_by_label("Weights", exact=True).locator("visible=true").first.click()
    page.get_by_role("option", name=name, exact=True).click()


@pytest.mark.browser
def test_a_key_on_the_plane_draws_map_and_sweep_anew(opened):
    page = opened("infogan")
    first = page.evaluate(URLS, "#infogan-sweep")
    page.get_by_role("radio", name="Width").check()  # of the sweep; a key to the right changes the slant
    wait_for_change(page, "#infogan-sweep", first)
    before = page.evaluate(URLS, "#infogan-sweep")
    page.locator("#infogan-plane .gs-field").press("Shift+ArrowRight")
    wait_for_change(page, "#infogan-sweep", before)


@pytest.mark.browser
def test_a_slider_that_is_let_go_draws_the_sweep_of_the_other_code_anew(opened):
    page = opened("infogan")
    box = page.locator(".gs-code input[type=range]:visible").nth(1).bounding_box()
    before = page.evaluate(URLS, "#infogan-sweep")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    wait_for_change(page, "#infogan-sweep", before)


@pytest.mark.browser
def test_work_of_one_kind_takes_no_turn_of_another(opened):
    page = opened("lapgan")
    before = page.evaluate(URLS, "#lapgan-own")
    page.evaluate("""() => {
      const controls = ganscope.rows.lapgan.session.controls();
      ganscope.lapgan("roll", controls); // under way
      ganscope.lapgan("roll", controls); // waits
      ganscope.lapgan_own("again", []);
    }""")
    wait_for_change(page, "#lapgan-own", before)
    page.wait_for_function(f"new Set({LEVEL_SEEDS}).size === 1")
    page.wait_for_function(f"{LABEL.format('lapgan')}.includes(`seed ${{{LEVEL_SEEDS}[0]}} `)")


@pytest.mark.browser
def test_the_position_that_a_gain_is_let_go_at_is_drawn(opened):
    page = opened("lapgan")
    drawn = "Number(document.querySelector('#lapgan-stage .gs-root').dataset.drawn)"
    before = page.evaluate(drawn)
    page.evaluate("""() => {
      const { session } = ganscope.rows.lapgan, controls = session.controls();
      const at = (gain) => controls.map((value, i) => (i === controls.length - 5 ? gain : value));
      ganscope.lapgan("drag", at(0.5)); // under way
      ganscope.lapgan("drag", at(2)); // waits
      ganscope.lapgan("sheets", at(2));
      window.wanted = at(2);
    }""")
    page.wait_for_function(f"{drawn} >= {before + 2}")
    shown = page.evaluate(URLS, "#lapgan-stage")
    page.evaluate("() => ganscope.lapgan('show', window.wanted)")
    page.wait_for_function(f"{drawn} >= {before + 3}")
    assert page.evaluate(URLS, "#lapgan-stage") == shown


@pytest.mark.browser
def test_the_weights_chosen_last_are_shown(opened):
    page = opened("infogan")
    page.evaluate(SLOW)
    choose(page, "infogan-faces")
    choose(page, "infogan-chairs")
    page.wait_for_function("JSON.stringify(ganscope.told.infogan).includes('infogan-chairs')")
    page.wait_for_function(f"{LABEL.format('infogan')}.includes('height')")


@pytest.mark.browser
def test_a_code_turned_with_other_weights_can_be_put_back(opened):
    page = opened("bigan")
    page.locator("#bigan-stage .gs-bar").nth(3).click(position={"x": 3, "y": 3})
    page.wait_for_selector("#bigan-reset:enabled")
    choose(page, "bigan-cifar10")
    page.wait_for_selector("#bigan-reset:disabled", state="attached")  # the page shows it only where it can be pressed
    page.wait_for_function("ganscope.told.bigan.config.latent === 128")
    page.wait_for_selector("#bigan-engine [data-engine=browser]")
    page.locator("#bigan-stage .gs-bar").nth(5).click(position={"x": 3, "y": 3})
    page.wait_for_selector("#bigan-reset:enabled")


def test_a_quiz_that_cannot_be_drawn_says_why(monkeypatch):
    def busy(*_):
        raise gr.Error("Too much is asked at once; try again.")

    monkeypatch.setattr(quiz_tab, "_real", lambda *_, **__: [])
    monkeypatch.setattr(quiz_tab, "_generated", busy)
    told = json.loads(quiz_tab._begin(gr.EventData(None, {"model": "infogan-faces"})))
    assert told["error"] == "Too much is asked at once; try again."


@pytest.mark.browser
def test_a_picture_that_waits_is_told_when_the_engine_fails_before_its_turn(opened):
    page = opened("infogan")
    told = page.evaluate("""() => {
      const { take } = ganscope.wells["infogan-upload"];
      const word = (picture) => take(picture).then(() => "taken", String);
      const words = Promise.all([word(null), word(new ImageData(28, 28))]); // the first fails, under way
      return Promise.race([words, new Promise((resolve) => setTimeout(resolve, 5000, ["no word"]))]);
    }""")
    assert len(told) == 2
    assert told[0] == told[1] != "taken"
    assert page.locator("#infogan-engine .gs-root").get_attribute("data-engine") == "server"
