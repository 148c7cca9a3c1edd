"""Who cannot see, aim or bear motion well: texts for pictures, contrast, targets, what is announced and when."""

import itertools

import pytest

from tests.ui.access import CONTRASTS, SILENT, SMALL
from tests.ui.calls import first
from tests.ui.conftest import TABS
from tests.ui.test_links import settled

READY = {"Train": "#train-curves .gs-root[data-drawn] canvas", "Report": ".gs-report-figures tbody tr"}
PICTURED = [*TABS.values(), "Train"]
ALL = [*PICTURED, "Quiz", "Report"]


def shown(page, tab):
    """Open a tab and wait until its pictures are there."""
    page.get_by_role("tab", name=tab).click()
    if tab in PICTURED:
        page.locator(".gs-root[data-drawn] canvas:visible, .gs-film canvas:visible").first.wait_for()
    if tab in READY:
        page.locator(f"{READY[tab]}:visible").first.wait_for()
    page.wait_for_timeout(1200)  # what moves in or fades
    if tab in TABS.values():
        page.locator("[data-tool=export]:visible").click()


@pytest.mark.browser
@pytest.mark.parametrize(("theme", "width"), first(itertools.product(["dark", "light"], [390, 1280])))
def test_every_text_stands_out_and_every_canvas_has_one(shipped, visit, theme, width):
    page = visit(shipped, theme=theme, width=width, height=844)
    for tab in ALL:
        shown(page, tab)
        found = page.evaluate(CONTRASTS)
        assert len(found) > (40 if tab in PICTURED else 20), tab
        assert [text for text in found if text["ratio"] < text["wanted"]] == [], tab
        assert page.evaluate(SILENT) == [], tab
    page.click("#gs-header [data-tool=help]")
    assert [text for text in page.evaluate(CONTRASTS) if text["ratio"] < text["wanted"]] == []


def test_the_measures_find_what_is_planted(chromium):
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    page.set_content(
        "<body style='background:#fff'><p style='color:#777'>grey</p><p style='color:#767676'>dark enough</p>"
        "<div style='background:rgb(0 0 0 / 50%)'><b style='color:#888'>on half a black</b></div>"
        "<canvas></canvas><canvas role='img' aria-label='said'></canvas>"
        "<button style='height:30px;width:80px'>low</button><button style='height:40px;width:40px'>fine</button>"
    )
    faint = [text["text"] for text in page.evaluate(CONTRASTS) if text["ratio"] < text["wanted"]]
    assert faint == ["grey", "on half a black"]
    assert len(page.evaluate(SILENT)) == 1
    assert [line.split()[2] for line in page.evaluate(SMALL)] == ["low"]
    page.close()


@pytest.mark.broad
@pytest.mark.browser
def test_fingers_reach_everything_on_a_phone(shipped, visit):
    page = visit(shipped, width=390, height=844)
    for tab in ALL:
        shown(page, tab)
        assert page.evaluate(SMALL) == [], tab
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.broad
@pytest.mark.browser
@pytest.mark.parametrize("kind", TABS)
def test_the_badge_is_read_whole_on_a_phone(shipped, visit, kind):
    page = visit(shipped, tab=TABS[kind], width=390, height=844)
    settled(page, kind)
    badge = page.locator(f"#{kind}-engine .gs-badge")
    badge.evaluate("(node) => (node.textContent = '⚡ Drawn in your browser · 123.4 ms')")
    box = badge.bounding_box()
    assert badge.evaluate(
        "(node) => node.scrollWidth <= node.clientWidth && node.scrollHeight <= node.clientHeight + 1"
    )
    row = page.locator(f"#{kind}-tools .gs-tools-row button").first.bounding_box()
    assert box["x"] + box["width"] <= row["x"] + 1


@pytest.mark.broad
@pytest.mark.browser
def test_a_drag_is_announced_once_it_rests(opened):
    page = opened("infogan")
    settled(page, "infogan")
    page.evaluate(
        """() => {
          window.said = [];
          const live = document.querySelector("#infogan-stage .gs-live");
          new MutationObserver(() => window.said.push(live.textContent)).observe(live, { childList: true });
        }"""
    )
    slider = page.locator(".gs-code input[type=range]:visible").first
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(box["x"] + box["width"] * (0.5 + step / 60), box["y"] + box["height"] / 2)
        page.wait_for_timeout(60)
    assert page.evaluate("window.said") == []
    page.mouse.up()
    page.wait_for_function("window.said.length > 0")
    settled(page, "infogan")
    label = page.get_attribute("#infogan-stage .gs-root", "aria-label")
    assert page.evaluate("window.said") == [label]


@pytest.mark.broad
@pytest.mark.browser
def test_with_less_motion_nothing_plays_by_itself(shipped, visit):
    page = visit(shipped, motion="reduce")
    page.get_by_role("tab", name="Train").click()
    page.wait_for_selector(".gs-film canvas:visible")
    page.wait_for_timeout(2500)
    step = page.get_attribute("#train-film .gs-root", "data-step")
    page.wait_for_timeout(1500)
    assert page.get_attribute("#train-film .gs-root", "data-step") == step
    assert page.evaluate("document.getAnimations().length") == 0
    page.get_by_role("tab", name="LAPGAN").click()
    page.wait_for_selector("#lapgan-stage canvas:visible")
    page.get_by_role("button", name="Watch it grow").click()
    assert page.evaluate("document.getAnimations().length") == 0
