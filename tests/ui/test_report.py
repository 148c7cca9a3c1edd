"""The report tab in a real browser: its table is what was measured, sorts, opens each figure, and fits a phone."""

import io
import json
import shutil

import httpx
import pytest
from PIL import Image

from tests.ui.conftest import SHIPPED, running_app

REPORT = json.loads((SHIPPED / "report.json").read_text(encoding="utf-8"))["weights"]
ROWS = ".gs-report-figures tbody tr"
VALUES = """(column) => [...document.querySelectorAll(`.gs-report-figures td[data-column=${column}] b`)]
  .map((node) => node.textContent)
  .map((text) => (text === "–" ? null : parseFloat(text) / (text.includes("%") ? 100 : 1)))"""
SHOWN = """[...document.querySelectorAll('.gs-report-samples img')]
  .every((image) => image.complete && image.naturalWidth > 0)"""


def opened_report(visit, address, tab="Report", **options):
    page = visit(address, tab=tab, **options)
    page.wait_for_selector(ROWS)
    return page


def heading(page, name):
    return page.get_by_role("columnheader").filter(has=page.get_by_role("button", name=name))


def row(page, weights, figure):
    found = page.locator(ROWS).filter(has=page.get_by_text(weights, exact=True))
    return found.filter(has=page.get_by_role("button", name=figure, exact=True))


@pytest.mark.browser
def test_the_table_shows_the_paper_and_the_baseline_beside_ours(shipped, visit):
    page = opened_report(visit, shipped)
    entries = {entry["name"]: {one["key"]: one for one in entry["rows"]} for entry in REPORT}
    error = entries["infogan-mnist"]["category_error"]
    texts = row(page, "infogan-mnist", error["name"]).locator("td b").all_inner_texts()
    assert texts[1:3] == ["5 %", error["here"]["text"]]
    frechet = entries["lapgan-cifar10"]["frechet"]
    line = row(page, "lapgan-cifar10", frechet["name"])
    baselines = ["gan-cifar10", "dcgan-cifar10"]
    theirs = [entries[name]["frechet"]["here"]["text"] for name in baselines]
    assert line.locator("td b").all_inner_texts()[1:] == ["–", frechet["here"]["text"], *theirs]
    assert line.locator("small").all_inner_texts() == baselines

    assert page.locator(ROWS).filter(has_text="classifier-mnist").count() == 0
    page.locator(".gs-report-bar input").check()
    assert page.locator(ROWS).count() == sum(len(entry["rows"]) for entry in REPORT)
    page.locator(".gs-report-bar select").select_option("bigan-mnist")
    assert page.locator(ROWS).count() == len(entries["bigan-mnist"])


@pytest.mark.broad
@pytest.mark.browser
def test_a_heading_sorts_by_its_column_by_click_and_by_key(shipped, visit):
    page = opened_report(visit, shipped)
    here = heading(page, "Here")
    here.get_by_role("button").click()
    assert here.get_attribute("aria-sort") == "ascending"
    values = page.evaluate(VALUES, "here")
    assert len(values) > 10
    assert values == sorted(values)
    page.keyboard.press("Enter")
    assert here.get_attribute("aria-sort") == "descending"
    assert page.evaluate(VALUES, "here") == sorted(values, reverse=True)
    paper = heading(page, "Paper")
    paper.get_by_role("button").focus()
    page.keyboard.press("Space")
    assert (paper.get_attribute("aria-sort"), here.get_attribute("aria-sort")) == ("ascending", None)
    known = [value for value in page.evaluate(VALUES, "in_paper") if value is not None]
    assert known == sorted(known)
    assert page.evaluate(VALUES, "in_paper")[: len(known)] == known  # what no paper has comes last


@pytest.mark.browser
def test_a_figure_opens_what_it_is_and_how_to_compute_it_again(shipped, visit):
    page = opened_report(visit, shipped)
    entry = next(entry for entry in REPORT if entry["name"] == "lapgan-cifar10")
    figure = next(one for one in entry["rows"] if one["key"] == "frechet")
    button = row(page, entry["name"], figure["name"]).get_by_role("button")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=figure["name"])
    for text in (figure["definition"], entry["command"], entry["date"], "10,000", figure["here"]["text"]):
        assert dialog.get_by_text(text, exact=True).is_visible()
    for name, cell in figure["others"].items():
        term = dialog.locator(f"dt:text-is({json.dumps(name)})")
        assert term.locator("xpath=following-sibling::dd[1]").inner_text() == cell["text"]
    for name in ("lapgan-cifar10", "gan-cifar10", "dcgan-cifar10"):  # what the figure is of, and what it stands beside
        picture = dialog.get_by_role("img", name=f"Ten samples of {name}")
        page.wait_for_function("(node) => node.naturalWidth === 160", arg=picture.element_handle())
    assert dialog.get_by_role("img").count() == 3
    address = dialog.get_by_role("link").get_attribute("href")
    told = httpx.get(address, timeout=60)
    assert told.json() == json.loads((SHIPPED / entry["name"] / "metrics.json").read_text(encoding="utf-8"))
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert button.evaluate("node => node === document.activeElement")


@pytest.mark.broad
@pytest.mark.browser
@pytest.mark.parametrize(("tab", "locale"), [("Report", "en-US"), ("성적표", "ko-KR")])
def test_a_phone_reads_figures_line_by_line_and_scrolls_one_way_only(shipped, visit, tab, locale):
    page = opened_report(visit, shipped, tab, width=390, height=844, locale=locale)
    page.locator(".gs-report-bar input").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(ROWS).locator("td[data-column=weights]:visible").count() == len(REPORT)
    card = page.locator(ROWS).filter(has=page.locator("td[data-column=in_paper]:not(.gs-none)")).first
    label, value = card.locator("td[data-column=in_paper] .gs-report-label"), card.locator("td[data-column=in_paper] b")
    assert label.bounding_box()["x"] < value.bounding_box()["x"]
    assert card.locator("td[data-column=here] b").bounding_box()["y"] < value.bounding_box()["y"]
    assert card.bounding_box()["width"] <= 390 - 20
    assert min(box["height"] for one in card.get_by_role("button").all() if (box := one.bounding_box())) >= 40
    card.get_by_role("button").click()
    dialog = page.locator(".gs-report-dialog[open]")
    dialog.wait_for()
    assert dialog.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert dialog.bounding_box()["width"] <= 390


@pytest.mark.browser
def test_samples_stand_side_by_side_drawn_by_the_shipped_weights(shipped, visit):
    page = opened_report(visit, shipped)
    page.locator(".gs-report-samples").scroll_into_view_if_needed()
    page.locator(".gs-report-samples figure").last.scroll_into_view_if_needed()
    page.wait_for_function(SHOWN)
    drawing = [entry["name"] for entry in REPORT if entry["kind"] != "classifier"]
    assert page.locator(".gs-report-samples figcaption").all_inner_texts() == drawing
    for name in drawing:
        answer = httpx.get(f"{shipped}/report/{name}/sample.png", timeout=60)
        assert answer.content == httpx.get(f"{shipped}/report/{name}/sample.png", timeout=60).content
        with Image.open(io.BytesIO(answer.content)) as sheet:
            side = sheet.height // 2
            assert sheet.size == (5 * side, 2 * side)
            tiles = {
                sheet.crop((x * side, y * side, (x + 1) * side, (y + 1) * side)).tobytes()
                for x in range(5)
                for y in (0, 1)
            }
        assert len(tiles) == 10, name


@pytest.mark.browser
def test_experiments_show_their_tables_pictures_and_commands(shipped, visit):
    page = opened_report(visit, shipped)
    made = json.loads((SHIPPED / "report.json").read_text(encoding="utf-8"))["experiments"]
    cards = page.locator(".gs-experiments article")
    assert cards.locator("h4").all_inner_texts() == [one["title"] for one in made]
    for card, one in zip(cards.all(), made, strict=True):
        papers = any(row["paper"] for row in one["rows"])
        wanted = [[row["name"], *([row["paper"]] if papers else []), *row["cells"]] for row in one["rows"]]
        shown = card.locator("tbody :is(th, td)").all_inner_texts()
        assert shown == [text or "–" for row in wanted for text in row]
        shades = card.locator("td").evaluate_all("all => all.map((cell) => cell.style.getPropertyValue('--share'))")
        cells = [row["cells"][place] for row in one["rows"] for place in one["shaded"]]
        assert [float(shade) for shade in shades if shade] == [float(text) for text in cells if text]
        card.locator("summary").click()
        assert card.get_by_text(one["command"], exact=True).is_visible()
        for address in (card.get_by_role("link").get_attribute("href"), *_sources(card)):
            assert httpx.get(address, timeout=60).status_code == 200
    assert httpx.get(f"{shipped}/report/experiments/..%2freport.json", timeout=60).status_code == 404


def _sources(card):
    return [picture.evaluate("image => image.src") for picture in card.locator("img").all()]


@pytest.mark.parametrize(
    "name", ["classifier-mnist", "nothing", "..", "%2e%2e", "..%2f..", "infogan-mnist%00", "report.json"]
)
def test_nothing_else_is_drawn_or_given(shipped, name):
    assert httpx.get(f"{shipped}/report/{name}/sample.png", timeout=60).status_code != 200
    if name != "classifier-mnist":
        answer = httpx.get(f"{shipped}/report/{name}/metrics.json", timeout=60)
        assert answer.status_code != 200 or "figures" not in answer.text


@pytest.mark.broad
@pytest.mark.browser
def test_without_a_report_the_tab_says_how_to_write_one(visit, tmp_path):
    shutil.copytree(SHIPPED / "infogan-mnist", tmp_path / "infogan-mnist")
    with running_app(tmp_path, GANSCOPE_TRAINING="off") as address:
        page = visit(address, tab="Report")
        page.get_by_text("There are no figures beside these weights").wait_for()
        assert httpx.get(f"{address}/report/figures.json", timeout=60).status_code == 404
        page.context.close()


@pytest.mark.parametrize(
    "path", ["nothing/metrics.json", "nothing/sample.png", "classifier-mnist/sample.png", "experiments/nothing.json"]
)
def test_what_is_not_in_the_report_is_not_there(shipped, path):
    answer = httpx.get(f"{shipped}/report/{path}", timeout=60)
    assert answer.status_code == 404
    assert "\n" not in answer.text.strip()
