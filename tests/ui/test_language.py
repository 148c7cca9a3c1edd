"""Korean and English: a catalogue that knows every text, and a page that shows no other language than the chosen."""

import json
import re
import shutil
import subprocess

import pytest

from tests.ui.calls import first
from tests.ui.conftest import SHIPPED, running_app
from tests.ui.test_engine import DRAG
from tests.ui.written import CATALOGUE, KEPT, PLACE, ROOT, citations, everything, needs_translation, places, written

HANGUL = re.compile(r"[가-힣]")
ENGLISH = re.compile(r"[A-Za-z]{3,}")
# Titles of papers are names; so are those of weights and runs, which people give them.
TITLES = citations()
GIVEN = re.compile(r"\b[a-z]+-(?:mnist|cifar10|chairs|faces|scenes64)[\w-]*|\bscenes64\b", re.ASCII)
TABS = ("LAPGAN", "InfoGAN", "BiGAN", "학습")
# Every text that is there to see or to be read out: text nodes, attributes, and what menus show.
TEXTS = """() => {
  const found = [];
  const value = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").get;
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    node.nodeType === 1 && node.matches("script, style, pre, code, [translate=no]") ? 2 : 1);
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
    const element = node.nodeType === 3 ? node.parentElement : node;
    if (!element.checkVisibility()) continue;
    if (node.nodeType === 3) found.push(node.data);
    else {
      for (const name of ["aria-label", "aria-valuetext", "title", "placeholder", "alt"]) {
        found.push(node.getAttribute(name) ?? "");
      }
      if (node.matches("input[role=combobox]")) found.push(value.call(node));
    }
  }
  return found.map((text) => text.trim()).filter(Boolean);
}"""
TRANSLATE = """
import { readFileSync } from "node:fs";
import { makeTranslator } from "./ui/web/translate.js";
const { translate } = makeTranslator(JSON.parse(readFileSync("ui/web/ko.json", "utf8")));
const texts = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map(translate)));
"""


@pytest.fixture(scope="module")
def catalogue():
    return json.loads(CATALOGUE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    """The address of an app that shows everything, the cards to train with too."""
    with running_app(
        SHIPPED, GANSCOPE_TRAINING="on", GANSCOPE_RUNS_DIR=str(tmp_path_factory.mktemp("runs"))
    ) as address:
        yield address


def english(text):
    """Return the English words of a text that should be Korean."""
    for title in TITLES:
        text = text.replace(title, "")
    return ENGLISH.findall(GIVEN.sub(" ", KEPT.sub(" ", text)))


def test_every_text_has_a_korean_one(catalogue):
    missing = [f"{text!r} ({where})" for text, where in written().items() if text not in catalogue]
    assert not missing, "Add to ui/web/ko.json:\n" + "\n".join(missing)


def test_no_translation_is_of_a_text_that_is_gone(catalogue):
    gone = sorted(set(catalogue) - set(everything()))
    assert not gone, "Nothing says this any more; take it out of ui/web/ko.json:\n" + "\n".join(gone)


def test_translations_are_korean_and_keep_places_and_marks(catalogue):
    for text, korean in catalogue.items():
        assert places(text) == places(korean), text
        assert HANGUL.search(korean) or not needs_translation(text), text
        # Markdown becomes several texts of the page, and they are matched in order.
        assert len(re.split(r"\*\*|`", text)) == len(re.split(r"\*\*|`", korean)), text
        assert english(PLACE.sub(" ", re.sub(r"`[^`]*`", " ", korean))) == [], korean


def test_every_text_is_recognised_with_its_places_filled():
    texts = [text for text in written() if "**" not in text and "`" not in text]
    filled = [PLACE.sub(lambda place: _value(place[0]), text) for text in texts]
    done = subprocess.run(
        [shutil.which("node"), "--input-type=module", "-e", TRANSLATE],
        cwd=ROOT, input=json.dumps(filled), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    korean = json.loads(done.stdout)
    assert [pair for pair in zip(filled, korean, strict=True) if english(pair[1])] == []


def _value(place):
    form = PLACE.fullmatch(place) and place.strip("{}").partition(":")[2]
    return "'1'" if "!r" in place else "12%" if form.endswith("%") else "3.5" if form else "12"


@pytest.mark.browser
def test_a_korean_browser_sees_nothing_but_korean(training, visit):
    page = visit(training, locale="ko-KR")
    page.get_by_role("tab", name="학습", exact=True).wait_for()
    seen = {}
    tabs = [tab.inner_text() for tab in page.get_by_role("tab").all() if tab.is_visible()]
    assert set(tabs) >= set(TABS)
    for tab in tabs:
        page.get_by_role("tab", name=tab, exact=True).click()
        _open_everything(page)
        for text in page.evaluate(TEXTS):
            seen.setdefault(text, tab)
        for menu in page.locator("input[role=combobox]:visible").all():
            menu.click()
            page.wait_for_selector("ul[role=listbox]")
            seen |= dict.fromkeys(page.locator("ul[role=listbox]").all_inner_texts(), f"a menu of {tab}")
            page.keyboard.press("Escape")
    for opener in ("#gs-header [data-tool=help]", "#gs-footer a"):
        page.click(opener)
        page.wait_for_selector("dialog[open]")
        page.evaluate("document.querySelectorAll('dialog[open] details').forEach((node) => (node.open = true))")
        page.wait_for_timeout(500)
        seen |= dict.fromkeys(page.evaluate(TEXTS), f"the dialog of {opener}")
        page.keyboard.press("Escape")
    assert len(seen) > 200
    assert {text: tab for text, tab in seen.items() if english(text)} == {}
    assert page.evaluate("document.documentElement.lang") == "ko"


def _open_everything(page):
    """Open what a tab keeps shut: panels below the picture, and more settings."""
    page.wait_for_selector(".gs-root:visible")
    page.wait_for_timeout(1500)
    for name in ("export", "walk"):
        for button in page.locator(f"button[data-tool={name}]:visible").all():
            button.click()
            page.wait_for_timeout(300)
            assert [text for text in page.evaluate(TEXTS) if english(text)] == []
    shut = page.locator("button.label-wrap:not(.open):visible")
    while shut.count():
        shut.first.click()
    page.wait_for_timeout(500)


@pytest.mark.broad
@pytest.mark.browser
def test_the_switch_gives_back_every_english_word_and_is_remembered(training, visit):
    page = visit(training, locale="ko-KR")
    for tab in TABS:
        page.get_by_role("tab", name=tab, exact=True).click()
        _open_everything(page)
    page.click("#gs-language")
    page.wait_for_function("document.documentElement.lang === 'en'")
    for tab in ("LAPGAN", "InfoGAN", "BiGAN", "Train"):
        page.get_by_role("tab", name=tab, exact=True).click()
        page.wait_for_timeout(1000)
        assert [text for text in page.evaluate(TEXTS) if HANGUL.search(text)] == []
    assert page.locator("#gs-language").inner_text() == "한국어"
    page.reload()
    page.get_by_role("tab", name="Train", exact=True).wait_for()
    page.wait_for_function("document.documentElement.lang === 'en'")
    page.wait_for_selector("#lapgan-engine [data-engine=browser]", state="attached")  # behind the tab in the address


@pytest.mark.broad
@pytest.mark.browser
def test_an_english_browser_can_switch_and_the_address_can_ask(opened, shipped, visit):
    page = opened("lapgan")
    page.click("#gs-language")
    page.get_by_role("tab", name="학습", exact=True).wait_for()
    page = visit(f"{shipped}/?lang=en", locale="ko-KR")
    page.get_by_role("tab", name="Train", exact=True).wait_for()
    page.click("#gs-language")
    page.get_by_role("tab", name="학습", exact=True).wait_for()
    assert "lang=" not in page.url  # or a reload would undo the switch
    page.wait_for_selector("#lapgan-engine [data-engine=browser]")


@pytest.mark.browser
def test_a_refused_picture_is_refused_in_korean(opened, tmp_path):
    page = opened("infogan", locale="ko-KR")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture at all")
    upload = page.locator("xpath=//*[@id='infogan-upload']/preceding-sibling::input[@type='file']")
    upload.set_input_files(broken)
    page.locator("#infogan-upload-well [role=alert]").get_by_text("PNG나 JPEG로 저장해 주세요").wait_for()
    page.locator("#infogan-engine button").click()
    page.wait_for_selector("#infogan-engine [data-engine=server]")
    upload.set_input_files(broken)
    toast = page.wait_for_selector("[data-testid=toast-body]")
    assert "PNG, JPEG, WebP, GIF, BMP 그림 파일이 아닙니다" in toast.inner_text()
    assert english(toast.inner_text()) == []


@pytest.mark.broad
@pytest.mark.browser
def test_a_choice_of_a_menu_is_korean_to_see_and_english_to_gradio(opened):
    page = opened("lapgan", locale="ko-KR")
    page.get_by_role("tab", name="학습", exact=True).wait_for()
    menu = page.locator("input[role=combobox]:visible").nth(1)  # after that of the weights, whose names stay
    shown = "node => Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').get.call(node)"
    assert menu.evaluate(shown) == "말"
    menu.click()
    page.get_by_role("option", name="트럭").click()
    page.wait_for_function("document.querySelector('#lapgan-stage .gs-root').ariaLabel.includes('트럭')")
    assert menu.evaluate(shown) == "트럭"
    assert menu.evaluate("node => node.value") == "truck"


@pytest.mark.browser
@pytest.mark.parametrize("kind", first(["lapgan", "infogan"]))
def test_a_drag_keeps_its_pace_in_korean_and_asks_for_nothing(opened, kind):
    page = opened(kind, locale="ko-KR")
    page.evaluate(DRAG, [kind, 0.5])
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    drags = (page.evaluate(DRAG, [kind, 2]) for _ in range(3))  # as in the engine's own test
    assert any(pictures > 0.6 * min(frames, 50) for frames, pictures in drags)
    assert asked == []
    assert HANGUL.search(page.locator(f"#{kind}-stage .gs-root").get_attribute("aria-label"))


@pytest.mark.browser
@pytest.mark.broad
@pytest.mark.parametrize("tab", TABS)
def test_no_phone_scrolls_sideways_in_korean(training, visit, tab):
    page = visit(training, tab=tab, width=390, height=844, locale="ko-KR")
    _open_everything(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_readmes_name_each_other_and_show_the_same_figures():
    mine, theirs = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md"))
    assert "(README.ko.md)" in mine
    assert "(README.md)" in theirs

    def figures(text):
        rows = re.findall(r"^\| ([\w-]+-(?:mnist|cifar10)) \|[^|]*\|([^|]*)\|([^|]*)\|$", text, re.MULTILINE)
        return sorted(tuple(part.strip() for part in row) for row in rows)

    assert figures(mine)
    assert [(name, here) for name, _, here in figures(mine)] == [(name, here) for name, _, here in figures(theirs)]
    assert set(re.findall(r"`(GANSCOPE_\w+)`", mine)) == set(re.findall(r"`(GANSCOPE_\w+)`", theirs))
    assert mine.count("\n## ") == theirs.count("\n## ")
    assert mine.count("\n**") == theirs.count("\n**")  # parts that begin with what they are about
    assert mine.count("\n| ") == theirs.count("\n| ")

    def commands(text):
        blocks = re.findall(r"^```(?:sh|nginx)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        return [[line.partition("#")[0].rstrip() for line in block.splitlines()] for block in blocks]

    assert commands(mine) == commands(theirs) != []
