"""The browser's own engine on the shipped weights: it draws what the server draws, and asks it for nothing."""

import base64
import hashlib
import json
import subprocess
import sys

import httpx
import numpy as np
import pytest
from PIL import Image

from models.checkpoint import load_weights
from models.random import latents
from tests.ui.calls import picture
from tests.ui.conftest import SHIPPED, STATE, TABS
from ui import engine_files, live

SEEDS = (0, 1, 7, 42, 30, 999, 12345, 2**31, 2**32 - 1, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610)
SCENES = {"lapgan": "lapgan_scenes.js", "infogan": "infogan.js", "bigan": "bigan_scenes.js"}
DRAG = """async ([kind, seconds]) => {
  const sliders = [...document.querySelectorAll('.gs-code input[type=range]')].filter((input) => input.offsetParent);
  const slider = kind === 'lapgan' ? sliders.findLast((input) => input.closest('.gs-gain')) : sliders[0];
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  const picture = document.querySelector(`#${kind}-stage [data-tile=picture] canvas`);
  const steps = Math.round((slider.max - slider.min) / slider.step);
  let [frames, changes, before] = [0, 0, ''];
  const started = performance.now();
  while (performance.now() - started < seconds * 1000) {
    const place = frames % (2 * steps); // one step a frame, there and back
    set.call(slider, Number(slider.min) + slider.step * (place < steps ? place : 2 * steps - place));
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise(requestAnimationFrame);
    frames += 1;
    const now = picture.toDataURL();
    changes += now !== before;
    before = now;
  }
  return [frames / seconds, changes / seconds];
}"""


def drawn(kind, model, jobs):
    """Let the page's own modules draw pictures: one job a picture, PNG bytes back as (H, W, 3)."""
    return f"""async () => {{
      const at = (file) => new URL(`web/{{v}}/${{file}}`, document.baseURI);
      const {{ openModel, toBytes }} = await import(at("engine.js"));
      const {{ makeScenes }} = await import(at("{SCENES[kind]}"));
      const live = {json.dumps(model)};
      const model = await openModel(live.runtime, live.model, []);
      const scenes = makeScenes({{ model, config: live.config }});
      const tiles = [];
      for (const job of {json.dumps(jobs)}) {{
        if ("{kind}" === "infogan") tiles.push((await scenes.picture(job)).stage.patch[0]);
        if ("{kind}" === "lapgan") tiles.push((await scenes.stage(job)).patch.find((tile) => tile.id === "picture"));
        if ("{kind}" === "bigan") tiles.push({{ pixels: (await scenes.linked(job)).seen, shape: [28, 28, 1] }});
      }}
      return tiles.map(({{ pixels, shape }}) => [btoa(String.fromCharCode(...pixels)), shape]);
    }}"""


@pytest.mark.browser
@pytest.mark.parametrize("kind", TABS)
def test_the_engine_gets_ready_and_says_so(opened, kind):
    page = opened(kind)
    badge = page.locator(f"#{kind}-engine button")
    assert page.evaluate(STATE.format(kind)) == "browser", badge.get_attribute("title")
    assert "in your browser" in badge.inner_text()
    assert badge.bounding_box()["height"] >= 40
    badge.click()  # and back to the server, which is remembered
    page.wait_for_function(f"{STATE.format(kind)} === 'server'")
    page.reload()
    page.get_by_role("tab", name=TABS[kind]).click()
    page.wait_for_function(f"{STATE.format(kind)} === 'server'")


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["lapgan", "infogan"])
def test_a_drag_redraws_without_a_request(opened, kind):
    page = opened(kind)
    assert page.evaluate(STATE.format(kind)) == "browser"
    page.evaluate(DRAG, [kind, 0.5])
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    # Nearly every frame shows a new picture; where a machine is busy for a while, in one of three drags.
    drags = (page.evaluate(DRAG, [kind, 2]) for _ in range(3))
    assert any(pictures > 0.6 * min(frames, 50) for frames, pictures in drags)
    assert asked == []


@pytest.mark.browser
def test_the_class_that_the_browser_draws_is_named_under_the_picture(opened):
    page = opened("lapgan")
    page.wait_for_selector("#lapgan-classes [data-tile=class-3]")
    page.click("#lapgan-classes [data-tile=class-3]")
    page.wait_for_function("document.querySelector('#lapgan-stage .gs-root').ariaLabel.startsWith('cat ')")
    assert page.inner_text("#lapgan-stage [data-tile=picture]") == "32 px: cat"


@pytest.mark.browser
@pytest.mark.parametrize("kind", TABS)
def test_the_same_seed_gives_the_same_pixels_in_page_api_and_command_line(opened, shipped, kind, tmp_path):
    name = {"lapgan": "lapgan-cifar10", "infogan": "infogan-mnist", "bigan": "bigan-mnist"}[kind]
    page = opened(kind)
    told = page.evaluate(f"window.ganscope.told['{kind}']")
    version = page.evaluate("document.head.innerHTML.match(/web\\/(\\w{12})\\/engine.js/)[1]")
    words = ["--label", 3]
    if kind == "infogan":
        words += ["--codes", 1.25, -0.5]
        jobs = [{"seed": seed, "row": 3, "codes": [1.25, -0.5]} for seed in SEEDS]
        wanted = [picture(shipped, "infogan_generate", seed=seed, category=3, c1=1.25, c2=-0.5) for seed in SEEDS]
    elif kind == "lapgan":
        jobs = [{"label": 3, "seeds": [seed] * 4, "gains": [1] * 4} for seed in SEEDS]
        wanted = [picture(shipped, "lapgan_generate", label=3, seed=seed) for seed in SEEDS]
    else:
        size = load_weights(SHIPPED / name).config.latent
        jobs = [latents([seed], (size,))[0].tolist() for seed in SEEDS]
        wanted = [picture(shipped, "bigan_decode", code=job) for job in jobs]
    made = page.evaluate(drawn(kind, told, jobs).replace("{v}", version))
    line = ["sample", SHIPPED / name, "--seeds", *SEEDS, *words, "--out", tmp_path / "row.png"]
    done = subprocess.run(
        [sys.executable, "-m", "training", *map(str, line)],
        cwd=SHIPPED.parent, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    row = np.asarray(Image.open(tmp_path / "row.png")).astype(int)
    assert len(made) == len(SEEDS)
    for place, ((text, shape), theirs) in enumerate(zip(made, wanted, strict=True)):
        mine = np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(shape).astype(int)
        assert np.abs(mine - theirs.astype(int).reshape(shape)).max() <= 1
        ours = row[:, place * shape[1] : (place + 1) * shape[1]].reshape(shape)
        assert np.abs(mine - ours).max() <= 1


@pytest.mark.browser
@pytest.mark.parametrize(("width", "locale"), [(1280, "en-US"), (390, "ko-KR")])
def test_the_longest_badge_leaves_the_buttons_beside_it_free(opened, width, locale):
    page = opened("infogan", width=width, locale=locale)
    korean = json.loads((engine_files.ROOT / "ui" / "web" / "ko.json").read_text(encoding="utf-8"))
    texts = [korean[live.TEXT[key]] if locale == "ko-KR" else live.TEXT[key] for key in ("loading", "server")]
    box = """(text) => {
      const badge = [...document.querySelectorAll('.gs-badge')].find((node) => node.offsetParent);
      badge.textContent = text;
      const first = badge.closest('.gs-below').querySelector('.gs-tools-row button');
      const [here, there] = [badge.getBoundingClientRect(), first.getBoundingClientRect()];
      return [there.left - here.right, badge.scrollWidth - badge.clientWidth, here.height];
    }"""
    for text in texts:
        gap, cut, height = page.evaluate(box, text)
        assert gap >= 0
        assert cut <= 0
        assert height <= 48


@pytest.mark.browser
def test_without_the_runtime_the_server_draws_and_the_badge_says_so(shipped, chromium):
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.route("**/*.wasm", lambda route: route.abort())
    page.goto(shipped)
    page.get_by_role("tab", name="InfoGAN").click()
    page.wait_for_function(f"{STATE.format('infogan')} === 'server'", timeout=60_000)
    badge = page.locator("#infogan-engine button")
    assert "server" in badge.inner_text()
    assert badge.get_attribute("title").startswith("This browser cannot draw: ")
    before = page.evaluate("document.querySelector('#infogan-stage canvas').toDataURL()")
    page.locator(".gs-code input[type=range]:visible").first.focus()
    page.keyboard.press("End")
    page.wait_for_function(
        "before => document.querySelector('#infogan-stage canvas').toDataURL() !== before", arg=before
    )
    page.context.close()


@pytest.mark.parametrize(
    "path",
    [
        "/ort/1.30.0/package.json",
        "/ort/1.30.0/../package.json",
        "/ort/0.0.0/ort.wasm.min.mjs",
        "/nets/x/infogan-mnist/golden.json",
        "/nets/x/infogan-mnist/%2e%2e%2fmodel.safetensors",
        "/nets/x/classifier-mnist/generator.onnx",
        "/nets/x/../../etc/passwd",
        "/nets/x/none/generator.onnx",
    ],
)
def test_nothing_else_is_served(shipped, path):
    assert httpx.get(shipped + path, timeout=30).status_code == 404


def test_files_come_compressed_and_may_be_kept(shipped):
    wasm = "/ort/1.30.0/ort-wasm-simd-threaded.wasm"
    with httpx.Client(base_url=shipped, timeout=60) as client:
        small = client.send(client.build_request("GET", wasm, headers={"accept-encoding": "br"}), stream=True)
        assert small.headers["content-encoding"] == "br"
        assert int(small.headers["content-length"]) < 3_000_000
        small.close()
        plain = client.send(client.build_request("GET", wasm, headers={"accept-encoding": "identity"}), stream=True)
        assert "content-encoding" not in plain.headers
        assert plain.headers["content-type"] == "application/wasm"
        assert "immutable" in plain.headers["cache-control"]
        plain.close()


def test_the_pinned_runtime_has_the_digests_for_the_cdn():
    package = json.loads((engine_files.ROOT / "package.json").read_text())
    assert package["dependencies"]["onnxruntime-web"] == engine_files.ORT_VERSION
    for name, digest in engine_files.ORT_FILES.items():
        found = hashlib.sha384((engine_files.DIST / name).read_bytes()).digest()
        assert digest == "sha384-" + base64.b64encode(found).decode()


@pytest.mark.parametrize("name", ["lapgan-cifar10", "infogan-mnist", "bigan-mnist"])
def test_the_exported_nets_are_those_of_the_weights(name, monkeypatch):
    monkeypatch.setattr(engine_files.inference, "weights", lambda _: load_weights(SHIPPED / name))
    assert engine_files.exported(name), f"weights/{name} has changed: run `python -m training export weights/{name}`."
