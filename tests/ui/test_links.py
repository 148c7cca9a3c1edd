"""Links and the states seen last: a link opens its own tab with the same pixels, whoever draws them."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.ui.calls import first, picture
from tests.ui.conftest import STATE, TABS, running_app

PICTURE = {"lapgan": "picture", "infogan": "picture", "bigan": "again"}
LINKS = {
    "infogan": ["s=7&k=3&c1=0.50&c2=-1.20", "s=4294967295&k=0&c1=-2.00&c2=2.00"],
    "lapgan": ["s=9&k=3", "s=7&k=8&z=5_6_7_8&g=1.00_0.50_2.00_0.00"],
}
WEIGHTS = {"lapgan": "lapgan-cifar10", "infogan": "infogan-mnist", "bigan": "bigan-mnist"}


def pixels(page, kind):
    text = page.evaluate(f"document.querySelector('#{kind}-stage [data-tile={PICTURE[kind]}] canvas').toDataURL()")
    picture = Image.open(io.BytesIO(base64.b64decode(text.split(",")[1])))
    return np.asarray(picture.convert("RGB"), dtype=int)


def copied(page):
    """Wait until a link is in the clipboard, and return what is there."""
    page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('v=1')")
    return page.evaluate("navigator.clipboard.readText()")


def settled(page, kind):
    """Wait until a tab's engine has decided, nothing is asked and its picture has stayed as it is for a while."""
    page.wait_for_selector(f"#{kind}-tools button:visible")
    page.wait_for_function(f"{STATE.format(kind)} && {STATE.format(kind)} !== 'loading'")
    page.evaluate(
        """async (kind) => {
          const root = document.querySelector(`#${kind}-stage .gs-root`);
          for (let last = "", since = performance.now(); performance.now() - since < 1200;) {
            if (underWay || root.dataset.drawn !== last) [last, since] = [root.dataset.drawn, performance.now()];
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        }""",
        kind,
    )
    return pixels(page, kind)


@pytest.mark.browser
@pytest.mark.parametrize(("kind", "rest"), [(kind, rest) for kind, all_ in LINKS.items() for rest in all_])
def test_a_link_shows_what_it_says_and_stays_as_it_is(shipped, visit, kind, rest):
    link = f"?v=1&m={kind}&w={WEIGHTS[kind]}&{rest}"
    page = visit(f"{shipped}/{link}")
    shown = settled(page, kind)
    assert page.url.endswith(link)
    values = dict(pair.split("=") for pair in rest.split("&"))
    if kind == "infogan":
        codes = {name: float(values[name]) for name in ("c1", "c2")}
        theirs = picture(shipped, "infogan_generate", seed=int(values["s"]), category=int(values["k"]), **codes)
    else:
        apart = {"level_seeds": values.get("z"), "gains": values.get("g")}
        apart = {name: [float(one) for one in text.split("_")] for name, text in apart.items() if text}
        theirs = picture(shipped, "lapgan_generate", seed=int(values["s"]), label=int(values["k"]), **apart)
    assert np.abs(shown - theirs.reshape(*theirs.shape[:2], -1).astype(int)).max() <= 1


@pytest.mark.browser
@pytest.mark.parametrize("kind", first(TABS))
def test_the_copied_link_shows_the_same_pixels(shipped, visit, kind):
    page = visit(shipped, tab=TABS[kind])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    settled(page, kind)
    assert "v=1" not in page.url  # nobody has moved anything yet
    if kind == "bigan":
        page.locator("#bigan-examples button").nth(3).click()
        settled(page, kind)
        page.locator("#bigan-stage .gs-bar").nth(4).click()
    else:
        slider = page.locator(".gs-code input[type=range]:visible").first
        slider.focus()
        page.keyboard.press("End")
        page.wait_for_timeout(300)
        page.keyboard.press("ArrowLeft")
    shown = settled(page, kind)
    page.click(f"#{kind}-tools [data-tool=link]")
    link = copied(page)
    assert link == page.url
    assert f"m={kind}" in link
    other = visit(link)
    assert np.abs(settled(other, kind) - shown).max() <= 1
    assert other.url == link


@pytest.mark.browser
def test_tabs_without_a_stage_are_in_the_address_too(shipped, visit):
    page = visit(shipped, tab="Quiz")
    page.route("**/sample.png", lambda route: route.fulfill(status=204))  # or leaving the page would cut some off
    page.locator(".gs-quiz select").nth(0).select_option("infogan-faces")
    page.locator(".gs-quiz select").nth(1).select_option("50")
    assert page.url.endswith("?v=1&m=quiz&w=infogan-faces&t=50")
    page.get_by_role("tab", name="Train").click()
    assert page.url.endswith("?v=1&m=train")
    page.get_by_role("tab", name="Report").click()
    page.locator(".gs-report select").select_option("bigan-mnist")
    assert page.url.endswith("?v=1&m=report&w=bigan-mnist")
    page.reload()
    page.wait_for_selector(".gs-report tbody tr")
    assert page.locator(".gs-report select").input_value() == "bigan-mnist"
    page.get_by_role("tab", name="LAPGAN").click()
    assert "?v=1&m=lapgan&w=lapgan-cifar10" in page.url
    page.goto(f"{shipped}/?v=1&m=quiz&w=infogan-faces&t=50")
    page.wait_for_function("document.querySelectorAll('.gs-quiz select')[1]?.value === '50'")
    assert page.locator(".gs-quiz select").nth(0).input_value() == "infogan-faces"


@pytest.mark.browser
def test_hostile_links_open_the_page_as_it_is(shipped, visit):
    for rest in ("v=1&m=trainer", "v=1&m=infogan&w=../../etc&s=-1&k=abc&c1=NaN&c2=<img src=x>", "v=1&m=infogan&k=9999"):
        page = visit(f"{shipped}/?{rest}")
        page.wait_for_selector(".gs-tools-row button:visible")
        if "infogan" in rest:
            settled(page, "infogan")
            label = page.get_attribute("#infogan-stage .gs-root", "aria-label")
            assert label.startswith("Digit 9" if "9999" in rest else "Digit 5, slant 0.00")


@pytest.mark.browser
def test_the_strip_goes_back_and_a_star_is_kept(shipped, visit):
    page = visit(shipped, tab="InfoGAN")
    first = settled(page, "infogan")
    strip = page.locator("#infogan-tools .gs-past")
    assert strip.locator(".gs-seen").count() == 1
    page.locator("#infogan-stage [data-tile=category-8]").click()
    second = settled(page, "infogan")
    assert strip.locator(".gs-seen").count() == 2
    strip.locator(".gs-star").click()
    strip.locator(".gs-seen").last.click()
    assert np.abs(settled(page, "infogan") - first).max() <= 1
    page.goto(shipped)
    page.get_by_role("tab", name="InfoGAN").click()
    settled(page, "infogan")
    kept = strip.locator(".gs-seen[data-starred]")
    assert kept.count() == 1
    kept.click()
    assert np.abs(settled(page, "infogan") - second).max() <= 1


@pytest.mark.browser
@pytest.mark.parametrize("kind", first(TABS))
def test_nothing_scrolls_sideways_and_fingers_reach_the_row(shipped, visit, kind):
    page = visit(shipped, tab=TABS[kind], width=390, height=844)
    settled(page, kind)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for box in [button.bounding_box() for button in page.locator(f"#{kind}-tools button:visible").all()]:
        assert box["width"] >= 40
        assert box["height"] >= 40
    if kind != "bigan":  # where the hand and the answer share the screen anyway
        page.evaluate("scrollTo({ top: 600, behavior: 'instant' })")
        stage, row = (page.locator(f"#{kind}-{part}").bounding_box() for part in ("stage", "tools"))
        assert row["y"] + row["height"] < 0 <= stage["y"] < 20, "the picture stays in sight, and only it"


@pytest.mark.browser
def test_a_space_gives_its_own_address(weights_dir, visit):
    with running_app(weights_dir, SPACE_ID="someone/ganscope", GANSCOPE_TRAINING="off") as address:
        page = visit(address, tab="InfoGAN")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.wait_for_selector("#infogan-tools button:visible")
        page.click("#infogan-tools [data-tool=link]")
        link = copied(page)
        assert link.startswith("https://huggingface.co/spaces/someone/ganscope?v=1&m=infogan&")
        page.context.close()  # before its server ends
