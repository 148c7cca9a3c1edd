"""A real server and a real browser for the tests of the page."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import torch
from playwright.sync_api import expect, sync_playwright

from models.bigan import BiGAN, BiGANConfig
from models.checkpoint import save_weights, write_json
from models.infogan import InfoGAN, InfoGANConfig
from models.lapgan import LAPGAN, LAPGANConfig

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "weights"
TABS = {"lapgan": "LAPGAN", "infogan": "InfoGAN", "bigan": "BiGAN"}
STATE = "document.querySelector('#{}-engine .gs-root')?.dataset.engine"
expect.set_options(timeout=60_000)
START_S = 180  # a shared machine may be slow; how long a start may take is measured elsewhere
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Every window would load the browser's own omnibox as pages. The rest is of Playwright's list, which this replaces.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,"
    "HttpsUpgrades,MediaRouter,OptimizationHints,PaintHolding",
    # Every window compiles the engine anew: only what runs ten times as often as usual is worth the better code.
    "--js-flags=--wasm-tiering-budget=130000000",
)

# How many of the server's answers are still to come.
UNDER_WAY = """{
  const { fetch } = window;
  window.underWay = 0;
  window.fetch = async (...asked) => {
    const mine = String(asked[0]).includes("/gradio_api/run");
    window.underWay += mine;
    try { return await fetch(...asked); } finally { window.underWay -= mine; }
  };
}"""


@pytest.fixture(scope="session")
def weights_dir(tmp_path_factory):
    """Untrained nets that answer visibly to every code; the digits of the categories are out of order on purpose."""
    folder = tmp_path_factory.mktemp("weights")
    torch.set_num_threads(1)
    torch.manual_seed(1)
    config = InfoGANConfig(
        generator_hidden=64,
        generator_widths=(32, 16),
        trunk_widths=(16, 32),
        trunk_hidden=64,
        head=32,
        category_names=tuple("3140592687"),
        continuous_names=("slant", "width"),
    )
    net = InfoGAN(config)
    for parameter in net.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.25)
    net.train()
    for _ in range(40):  # settles the running statistics that inference uses
        rows = torch.randint(10, (32, 1)).tolist()
        net.infer(net.generate(range(32), rows, (torch.rand(32, 2) * 2 - 1).tolist()))
    save_weights(folder / "infogan-mnist", "infogan", config, net.eval())
    save_weights(folder / "lapgan-cifar10", "lapgan", *_lapgan())
    save_weights(folder / "bigan-mnist", "bigan", *_bigan())
    write_json(folder / "bigan-mnist" / "metrics.json", {"distance_quantiles": [5 + 0.3 * i for i in range(101)]})
    return folder


def _lapgan():
    config = LAPGANConfig(
        classes=10,
        class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        widths=(16, 16, 16),
        base_width=64,
        band_scale=(0.13, 0.17, 0.2),
    )
    net = LAPGAN(config, adversary=False)
    for parameter in net.parameters():
        if parameter.ndim > 1:
            parameter.data *= 2
    return config, net.eval()


def _bigan():
    config = BiGANConfig(hidden=64, affine=True)
    net = BiGAN(config, adversary=False)
    for parameter in net.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.15)
    return config, net.eval()


@contextmanager
def running_app(weights_dir, **environment):
    """Start app.py on a free port and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GANSCOPE_", "GRADIO_"))}
    runs = tempfile.TemporaryDirectory(prefix="ganscope-runs-")
    settings = {
        "GANSCOPE_WEIGHTS_DIR": str(weights_dir),
        "GANSCOPE_RUNS_DIR": runs.name,
        "GANSCOPE_PORT": str(port),
        "GANSCOPE_DEVICE": "cpu",
    }
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**kept, **settings, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        runs.cleanup()


@pytest.fixture(scope="session")
def app(weights_dir):
    """The address of an app with every model there is weights for."""
    with running_app(weights_dir) as address:
        yield address


@pytest.fixture(scope="session")
def empty_app(tmp_path_factory):
    """The address of an app that finds no weights at all."""
    with running_app(tmp_path_factory.mktemp("no-weights")) as address:
        yield address


def find_chromium():
    """Return the path of the browser; without one a test fails."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail("Chromium is not installed, so the page is untested; install it (apt-get install chromium).")
    return path


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


def _failed(request):
    """A request that no answer came to. What the page itself gave up by leaving (aborted) is no fault of anybody."""
    if request.failure != "net::ERR_ABORTED":
        yield f"failed: {request.url} ({request.failure})"


@pytest.fixture
def visit(chromium):
    """Open addresses in fresh browser windows; at the end nothing may have gone wrong in them unseen."""
    contexts, problems = [], []

    def open_page(address, *, tab=None, width=1280, height=800, theme="light", motion="no-preference", locale="en-US"):
        context = chromium.new_context(
            locale=locale,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion=motion,
            has_touch=width < 500,
            is_mobile=width < 500,
            device_scale_factor=2 if width < 500 else 1,
        )
        contexts.append(context)
        context.add_init_script(UNDER_WAY)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda entry: problems.append(entry.text) if entry.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("requestfailed", lambda request: problems.extend(_failed(request)))
        page.on("request", lambda request: problems.extend(_foreign(request.url, address.split("/?")[0])))
        page.goto(address)
        if tab:
            page.get_by_role("tab", name=tab).click()
        return page

    yield open_page
    for context in contexts:
        context.close()
    # Answers still under way when a window closes are no fault of the page.
    assert [problem for problem in problems if "/gradio_api/" not in problem] == []


@pytest.fixture(scope="session")
def shipped():
    """The address of an app with the weights of this repository, which trains nothing."""
    with running_app(SHIPPED, GANSCOPE_TRAINING="off") as address:
        yield address


@pytest.fixture
def opened(shipped, visit):
    """Open a tab and wait until its engine has decided who draws."""

    def open_tab(kind, **options):
        page = visit(shipped, tab=TABS[kind], **options)
        page.wait_for_selector(f"#{kind}-stage .gs-root[data-drawn]")
        state = STATE.format(kind)
        page.wait_for_function(f"{state} && {state} !== 'loading'")
        badge = page.locator(f"#{kind}-engine button")
        if "not ready within" in (badge.get_attribute("title") or ""):  # on a busy machine: once more
            badge.click()
            page.wait_for_function(f"{state} !== 'loading'")
        return page

    return open_tab


def until(page, holds):
    """Wait until something holds that only Python can tell; fail after half a minute."""
    deadline = time.monotonic() + 30
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail("What was waited for did not come within 30 s.")
        page.wait_for_timeout(50)


def _foreign(url, address):
    return [] if url.startswith((address, "data:", "blob:")) else [f"foreign: {url}"]


def _wait(process, address):
    deadline = time.monotonic() + START_S
    with httpx.Client(base_url=address, timeout=5) as client:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                pytest.fail(f"app.py ended with {process.returncode}:\n{process.stdout.read()[-3000:]}")
            try:
                if client.get("/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.2)
    process.kill()
    pytest.fail(f"app.py did not answer within {START_S} s:\n{process.stdout.read()[-3000:]}")
