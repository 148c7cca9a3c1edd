"""The frame of the page: how it is served, what it makes public, how it behaves on any screen."""

import http.client

import httpx
import pytest

from ui.canvas import WEB, web_version

# Every public endpoint there is; anything else would be an event that leaked.
ENDPOINTS = {
    "/lapgan_generate": ["model", "label", "seed", "level_seeds", "gains"],
    "/lapgan_refine": ["image", "model", "level", "label", "seed"],
    "/infogan_generate": ["model", "seed", "category", "c1", "c2", "c3", "c4", "c5", "c6"],
    "/infogan_sweep": ["model", "seed", "code"],
    "/infogan_infer": ["image", "model"],
    "/bigan_reconstruct": ["image", "model"],
    "/bigan_encode": ["image", "model"],
    "/bigan_decode": ["code", "model"],
    "/bigan_interpolate": ["image_a", "image_b", "t", "model"],
}
WIDTHS = [390, 768, 1280]


@pytest.fixture(scope="module")
def web(app):
    with httpx.Client(base_url=app, timeout=60) as client:
        yield client


def test_public_endpoints_are_the_documented_ones(web):
    info = web.get("/gradio_api/info").json()["named_endpoints"]
    found = {name: [parameter["parameter_name"] for parameter in entry["parameters"]] for name, entry in info.items()}
    assert found == ENDPOINTS


def test_every_argument_has_a_default_and_every_endpoint_a_description(web):
    for name, entry in web.get("/gradio_api/info").json()["named_endpoints"].items():
        assert all(parameter["parameter_has_default"] for parameter in entry["parameters"]), name
        assert entry["description"], name


def test_health_says_what_is_loaded_from_where_on_what(web):
    answer = web.get("/healthz")
    report = answer.json()
    assert answer.status_code == 200
    assert report["status"] == "ok"
    assert report["device"].startswith("CPU")
    assert report["weights"]["infogan-mnist"]["loaded"] is True
    assert report["weights"]["infogan-mnist"]["source"].endswith("/infogan-mnist")


def test_web_files_are_kept_for_ever_under_their_version_only(web):
    answer = web.get(f"/web/{web_version()}/scene.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert web.get("/web/older/scene.js").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["../canvas.py", "..%2fcanvas.py", "%2e%2e/canvas.py", "%2e%2e%2fcanvas.py", "..%5ccanvas.py", "/etc/passwd", ""],
)
def test_nothing_outside_the_web_folder_is_served(app, path):
    # A raw request line, because a client would tidy the dots away.
    connection = http.client.HTTPConnection(app.removeprefix("http://"), timeout=60)
    connection.request("GET", f"/web/{web_version()}/{path}")
    answer = connection.getresponse()
    body = answer.read().decode()
    assert answer.status != 200 or "<!doctype html>" in body
    assert "hashlib" not in body
    assert "root:" not in body


def test_monitoring_is_shut_and_large_uploads_are_refused(web):
    assert web.get("/monitoring/summary").status_code in (403, 404)
    large = {"files": ("large.png", b"0" * (11 * 2**20), "image/png")}
    assert web.post("/gradio_api/upload", files=large).status_code == 413


def test_web_folder_holds_our_own_small_modules_only():
    for path in WEB.rglob("*"):
        if path.name == "ko.json":  # the one catalogue of translations
            continue
        assert path.suffix in (".js", ".css"), path
        assert path.stat().st_size < 40_000, path


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_first_paint_shows_pictures(app, visit, theme):
    page = visit(app, tab="InfoGAN", theme=theme)
    page.wait_for_selector("#infogan-stage .gs-root[data-drawn]")
    shades = page.evaluate(
        """() => [...document.querySelectorAll("#infogan-stage canvas")].map((canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return new Set(data).size;
        })"""
    )
    assert len(shades) == 11
    assert min(shades) > 8
    assert page.evaluate("document.body.classList.contains('dark')") is (theme == "dark")


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
def test_no_screen_scrolls_sideways(app, visit, width):
    page = visit(app, tab="InfoGAN", width=width)
    page.wait_for_selector("#infogan-stage .gs-root[data-drawn]")
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_phone_keeps_the_picture_in_sight_and_targets_large(app, visit):
    page = visit(app, tab="InfoGAN", width=390, height=844)
    page.wait_for_selector("#infogan-stage .gs-root[data-drawn]")
    page.wait_for_selector("#infogan-engine [data-engine=server]")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=checkbox], [type=radio]), .gs-field")]
          .map((node) => [node.className || node.type, node.getBoundingClientRect()])
          .filter(([, box]) => box.width > 0 && (box.width < 40 || box.height < 40))
          .map(([name, box]) => `${name} ${box.width} x ${box.height}`)"""
    )
    assert small == []
    page.evaluate("document.querySelector('#infogan-plane').scrollIntoView({ block: 'end' })")
    page.wait_for_timeout(300)
    stage = page.locator("#infogan-stage").bounding_box()
    assert 0 <= stage["y"] < 20
    assert stage["height"] < 844 * 0.4


@pytest.mark.browser
def test_theme_button_switches_and_is_remembered(app, visit):
    page = visit(app)
    page.wait_for_selector("#gs-header [data-tool=theme]")
    page.click("#gs-header [data-tool=theme]")
    assert page.evaluate("document.body.classList.contains('dark')") is True
    page.reload()
    page.wait_for_function("document.body.classList.contains('dark')")


@pytest.mark.browser
@pytest.mark.parametrize(("tab", "name"), [("LAPGAN", "lapgan-cifar10"), ("InfoGAN", "infogan-mnist")])
def test_missing_weights_take_one_sentence_and_no_tab_with_them(empty_app, visit, tab, name):
    page = visit(empty_app, tab=tab)
    notice = page.wait_for_selector(".gs-notice:visible")
    assert name in notice.inner_text()
    assert notice.inner_text().strip().endswith(".")
    report = httpx.get(f"{empty_app}/healthz", timeout=60).json()
    assert report["status"] == "degraded"
    assert name in report["weights"][name]["error"]
    for file in ("figures.json", f"{name}/metrics.json", "experiments/table1.json"):
        assert httpx.get(f"{empty_app}/report/{file}", timeout=60).status_code == 404
