"""The quiz, played in a real browser: times, keys, no request per answer, and what it says without real pictures."""

import os
from pathlib import Path

import pytest

from tests.ui.calls import first
from tests.ui.conftest import SHIPPED, running_app

DATA = os.environ.get("GANSCOPE_TEST_DATA")
SAID = "document.querySelector('.gs-quiz-said').textContent"


def opened_quiz(visit, address, model, ms):
    page = visit(address, tab="Quiz")
    page.locator(".gs-quiz select").nth(0).select_option(model)
    page.locator(".gs-quiz select").nth(1).select_option(str(ms))
    page.click("[data-quiz=start]")
    return page


@pytest.mark.browser
@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="GANSCOPE_TEST_DATA names no folder with MNIST/")
def test_a_round_is_played_by_keys_without_a_request(visit):
    with running_app(SHIPPED, GANSCOPE_TRAINING="off", GANSCOPE_DATA=str(Path(DATA).resolve())) as address:
        page = opened_quiz(visit, address, "infogan-mnist", 200)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        asked, times = [], []
        for number in range(1, 21):
            page.wait_for_function(f"{SAID}.startsWith('Picture {number} of 20')")
            if number == 1:
                page.on("request", lambda request: asked.append(request.url))
            times.append(float(page.get_attribute("#quiz .gs-root", "data-shown-ms")))
            page.keyboard.press("ArrowRight" if number <= 10 else "ArrowLeft")
        page.wait_for_selector(".gs-quiz-score")
        assert asked == []
        # To a frame where the machine draws all of them; a busy one shows a picture longer, never shorter.
        assert min(times) >= 200 - 1000 / 60 / 2 - 1
        assert sorted(times)[len(times) // 2] <= 200 + 3 * 1000 / 60
        shares = [int(text.rstrip("%")) for text in page.locator(".gs-quiz-score b").all_inner_texts()]
        assert sum(shares) == 100  # ten of twenty were called real, ten of twenty are
        for kind in ("These were generated", "These were real"):
            assert page.get_by_role("img", name=kind).count() == 1
        assert page.locator(".gs-quiz-score u").count() == 2  # the intervals, drawn
        page.get_by_role("button", name="Copy the result").click()
        page.get_by_role("button", name="Copied").wait_for()
        told = page.evaluate("navigator.clipboard.readText()")
        assert told.startswith("Ganscope, infogan-mnist at 200 ms: of 10 generated pictures I called ")
        page.context.close()  # before its server ends


@pytest.mark.browser
@pytest.mark.parametrize("training", first(["off", "on"]))
def test_without_the_pictures_it_says_so_and_offers_them_where_training_is_on(visit, tmp_path, training):
    with running_app(SHIPPED, GANSCOPE_TRAINING=training, GANSCOPE_DATA=str(tmp_path)) as address:
        page = opened_quiz(visit, address, "infogan-mnist", 50)
        page.get_by_text("The real pictures of mnist are not on this machine").wait_for()
        assert page.get_by_role("button", name="Download them now").count() == (training == "on")
        page.get_by_role("button", name="Play with infogan-chairs instead").click()  # rendered, so always to be had
        page.wait_for_function(f"{SAID}.startsWith('Picture 1 of 20')")
        page.context.close()
