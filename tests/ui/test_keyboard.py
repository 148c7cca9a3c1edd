"""Single keys act on the open tab, the list of them opens and closes, and text fields keep what is typed."""

import numpy as np
import pytest
from PIL import Image

from tests.ui.calls import first
from tests.ui.test_links import pixels, settled
from ui.lapgan_tab import START_SEED

SEED = ".gs-controls .gs-line input[type=number]:visible"
LABEL = "document.querySelector('#{}-stage .gs-root').getAttribute('aria-label')"


def pressed(page, kind, key, *parts):
    """Press a key with nothing focused, and wait until the stage tells of what it should do."""
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(key)
    for part in parts:
        page.wait_for_function(f"{LABEL.format(kind)}.includes({part!r})")


@pytest.mark.browser
def test_keys_turn_infogans_codes(opened):
    page = opened("infogan")
    settled(page, "infogan")
    pressed(page, "infogan", "ArrowRight", "seed 43")
    pressed(page, "infogan", "3", "Digit 3", "seed 43")
    pressed(page, "infogan", "]", "slant 0.10")
    pressed(page, "infogan", ";", "width -0.10")
    pressed(page, "infogan", "ArrowLeft", "Digit 3, slant 0.10, width -0.10, seed 42")
    pressed(page, "infogan", "[", "slant 0.00")
    pressed(page, "infogan", "'", "width 0.00")
    before = page.evaluate(LABEL.format("infogan"))
    pressed(page, "infogan", "r")
    page.wait_for_function(f"{LABEL.format('infogan')} !== {before!r}")
    settled(page, "infogan")
    assert "m=infogan" in page.url
    assert page.locator(SEED).first.input_value() in page.url


@pytest.mark.broad
@pytest.mark.browser
def test_keys_keep_lapgans_other_controls(opened):
    page = opened("lapgan")
    settled(page, "lapgan")
    pressed(page, "lapgan", "[", f"seed {START_SEED}")
    settled(page, "lapgan")
    assert "g=1.00_1.00_1.00_0.90" in page.url
    pressed(page, "lapgan", "8", "ship")
    settled(page, "lapgan")
    assert "g=1.00_1.00_1.00_0.90" in page.url
    pressed(page, "lapgan", "ArrowLeft", "ship", f"seed {START_SEED - 1}")
    pressed(page, "lapgan", ";")
    settled(page, "lapgan")
    assert "g=1.00_1.00_0.90_0.90" in page.url
    pressed(page, "lapgan", " ")
    page.wait_for_function("document.querySelector('#lapgan-stage').getAnimations({ subtree: true }).length > 0")


@pytest.mark.broad
@pytest.mark.browser
def test_keys_choose_bigans_examples(opened):
    page = opened("bigan")
    settled(page, "bigan")
    chosen = "document.querySelector('#bigan-examples [data-tile=example-{}]').getAttribute('aria-pressed') === 'true'"
    for key, place in (("4", 4), ("ArrowRight", 5), ("ArrowLeft", 4), ("ArrowLeft", 3)):
        pressed(page, "bigan", key)
        page.wait_for_function(chosen.format(place))
    pressed(page, "bigan", "r")
    page.wait_for_function(f"!({chosen.format(3)})")


@pytest.mark.browser
@pytest.mark.parametrize("kind", first(["bigan", "infogan", "lapgan"]))
def test_keys_save_and_copy(opened, kind):
    page = opened(kind)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown = settled(page, kind)
    page.evaluate("document.activeElement.blur()")
    with page.expect_download() as download:
        page.keyboard.press("s")
    assert np.array_equal(np.asarray(Image.open(download.value.path()).convert("RGB"), dtype=int), shown)
    page.keyboard.press("l")
    page.wait_for_function(f"document.querySelector('#{kind}-tools [data-tool=link]').textContent === 'Copied'")
    assert f"m={kind}" in page.evaluate("navigator.clipboard.readText()")
    if kind != "bigan":
        with page.expect_download() as download:
            page.keyboard.press("g")
        assert download.value.path().read_bytes()[:4] == b"GIF8"


@pytest.mark.broad
@pytest.mark.browser
def test_space_plays_and_stops_a_walk(opened):
    page = opened("infogan")
    first = settled(page, "infogan")
    pressed(page, "infogan", " ")
    page.wait_for_function("document.querySelector('#infogan-tools [data-play]').textContent === 'Stop'")
    page.wait_for_timeout(700)
    pressed(page, "infogan", " ")
    page.wait_for_function("document.querySelector('#infogan-tools [data-play]').textContent === 'Play'")
    assert not np.array_equal(settled(page, "infogan"), first)


@pytest.mark.browser
def test_what_is_typed_or_belongs_to_the_browser_is_left_alone(opened):
    page = opened("infogan")
    shown = settled(page, "infogan")
    seed = page.locator(SEED).first
    seed.focus()
    for key in ("r", "d", "l", "?"):
        page.keyboard.press(key)
    assert seed.input_value() == "42"
    for key in ("Control+r", "Control+l", "Alt+d", "Meta+s"):
        page.evaluate(
            """(key) => {
              const [modifier, letter] = key.split("+");
              const options = { key: letter, bubbles: true, cancelable: true };
              options[{ Control: "ctrlKey", Alt: "altKey", Meta: "metaKey" }[modifier]] = true;
              document.body.dispatchEvent(new KeyboardEvent("keydown", options));
            }""",
            key,
        )
    slider = page.locator(".gs-code input[type=range]:visible").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{LABEL.format('infogan')}.includes('slant 0.05')")
    assert "seed 42" in page.evaluate(LABEL.format("infogan"))
    assert page.evaluate("document.body.classList.contains('dark')") is False
    assert page.locator("dialog[open]").count() == 0
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"{LABEL.format('infogan')}.includes('slant 0.00')")
    assert np.abs(pixels(page, "infogan") - shown).max() <= 1


@pytest.mark.browser
def test_the_list_opens_closes_and_turns_keys_off(opened):
    page = opened("infogan")
    button = page.locator("#gs-header [data-tool=help]")
    button.click()
    dialog = page.locator("dialog[open]")
    assert dialog.locator("kbd").all_inner_texts()[:3] == ["R", "←", "→"]
    assert len(dialog.locator("td").all_inner_texts()) == 11
    page.keyboard.press("d")  # under an open dialog nothing moves
    page.keyboard.press("Escape")
    assert dialog.count() == 0
    assert page.evaluate("document.activeElement.dataset.tool") == "help"
    assert page.evaluate("document.body.classList.contains('dark')") is False
    page.keyboard.press("d")
    assert page.evaluate("document.body.classList.contains('dark')") is True
    page.keyboard.press("?")
    dialog.get_by_label("Single keys act on the open tab").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    assert page.evaluate("document.body.classList.contains('dark')") is True
    page.reload()
    page.wait_for_selector("dialog.gs-help-dialog[data-ready]", state="attached")
    page.keyboard.press("?")
    assert page.locator("dialog[open]").count() == 0
