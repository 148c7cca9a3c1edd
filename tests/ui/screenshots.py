"""The README's screenshots, for when weights or the look of a tab have changed: `make screenshots`."""

from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.ui.conftest import CHROMIUM_ARGUMENTS, ROOT, SHIPPED, find_chromium, running_app

DOCS = ROOT / "docs"
# What has to be seen in a tab before its picture is taken.
READY = {
    "lapgan": "#lapgan-engine [data-engine=browser]",
    "infogan": "#infogan-engine [data-engine=browser]",
    "bigan": "#bigan-engine [data-engine=browser]",
    "quiz": ".gs-quiz-line",
    "report": ".gs-report tbody tr",
    "train": ".gs-film[id] .gs-root[data-step]",
}


def take(page: Page, address: str, tab: str, to: Path) -> None:
    """Write what the first screen of a tab shows as a PNG, in full colour: a palette would fade what is rare."""
    page.goto(f"{address}/?v=1&m={tab}")
    page.wait_for_selector(READY[tab], state="attached")
    page.wait_for_timeout(2000)  # what fades in, and the curves
    page.screenshot(path=to)
    print(f"{to.relative_to(ROOT)}: {to.stat().st_size:,} bytes")


def main() -> None:
    """Take all of them, of the weights that are shipped."""
    with running_app(SHIPPED) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        # Less motion: the film of a training stands still at its end.
        window = {"width": 1280, "height": 860}
        page = browser.new_page(viewport=window, locale="en-US", color_scheme="light", reduced_motion="reduce")
        page.set_default_timeout(60_000)
        for tab in READY:
            take(page, address, tab, DOCS / f"{tab}.png")
        browser.close()


if __name__ == "__main__":
    main()
