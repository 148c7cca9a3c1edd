"""What is on screen before Gradio is, and what the page costs to fetch."""

import gzip
import io

import httpx
import numpy as np
import pytest
from PIL import Image

PAGE_LIMIT_MB = 5
POSTER = "getComputedStyle(document.body, '::after').backgroundImage"
# Told from inside the page, for it may be there so soon that asking from outside comes too late.
WATCH = f"""
window.posterSeen = false;
new MutationObserver(() => {{ posterSeen ||= document.body !== null && {POSTER}.startsWith('url('); }})
    .observe(document, {{ childList: true, subtree: true }});
"""


def fetched_bytes(request):
    """Return the bytes of a request's answer, as they came."""
    sizes = request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


@pytest.mark.browser
@pytest.mark.parametrize("tab", ["", "?v=1&m=infogan", "?v=1&m=bigan"])
def test_a_picture_is_there_before_gradio_is(shipped, chromium, tab):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.route("**/assets/**", lambda route: route.abort())
    page.goto(f"{shipped}/{tab}", wait_until="domcontentloaded")
    page.wait_for_timeout(300)
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))[392:512, 300:980]
    page.close()
    assert shot.std() > 20, "no picture where one should be"


@pytest.mark.browser
def test_it_makes_room_for_the_page_and_nets_are_fetched_once(shipped, chromium):
    page = chromium.new_page()
    nets = []
    page.on("request", lambda request: nets.append(request.url) if request.url.endswith(".onnx") else None)
    page.add_init_script(WATCH)
    page.goto(shipped)
    page.wait_for_selector("#lapgan-engine [data-engine=browser]", state="attached")
    assert page.evaluate("posterSeen"), "no picture before the page was put together"
    assert page.evaluate(POSTER) == "none"
    page.close()
    assert len(nets) == len(set(nets)) > 0


@pytest.mark.browser
def test_a_first_visit_fetches_little(shipped, chromium):
    page = chromium.new_page()
    done = []
    page.on("requestfinished", lambda request: done.append(request))  # the worker's, too
    page.goto(shipped)
    page.wait_for_selector("#lapgan-engine [data-engine=browser]", state="attached")
    fetched = {request.url.rpartition("/")[2]: fetched_bytes(request) for request in done}
    page.close()
    assert fetched["ort-wasm-simd-threaded.wasm"] > 2e6
    assert fetched["level0.onnx"] > 2e5
    assert sum(fetched.values()) <= PAGE_LIMIT_MB * 1e6


def test_the_page_is_sent_compressed_to_whom_can_read_it(shipped):
    plain = httpx.get(f"{shipped}/", headers={"Accept-Encoding": "identity"})
    with httpx.stream("GET", f"{shipped}/", headers={"Accept-Encoding": "gzip"}) as answer:
        body = b"".join(answer.iter_raw())
    assert len(body) < len(plain.content) / 2
    assert b"gs-early" in gzip.decompress(body)
    assert b"gs-early" in plain.content
