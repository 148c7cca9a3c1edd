"""Measure how fast every shipped model is on this machine, into weights/experiments/speed.json: `make speed`.

A real server, a real browser and the training step; nothing else should run beside.
"""

import json
import statistics
import time

import httpx
import torch
from playwright.sync_api import Page, sync_playwright

from models.checkpoint import Weights, load_weights, read_json
from models.device import describe, has_fast_bfloat16
from models.lapgan import LAPGANConfig
from tests.ui.conftest import CHROMIUM_ARGUMENTS, SHIPPED, find_chromium, running_app
from training.experiments import EXPERIMENTS, write_experiment
from training.run import RunError
from training.speed import Variant, step
from training.start import Request, prepare, resolve
from ui import engine_files

CALLS, PICTURES, STEPS = 60, 60, 5
COMMAND = "make speed"
READERS = {"q", "encoder"}
# A picture is made by all generating nets of a model, one after the other; each is warmed up and then timed alone.
TIME_NETS = """async ([base, nets, count]) => {
  const ort = await import(`${base}/ort.wasm.min.mjs`);
  ort.env.wasm.numThreads = 1;
  const took = [];
  for (const { url, inputs } of nets) {
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
    const feeds = {};
    for (const [name, shape] of Object.entries(inputs)) {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.random() * 2 - 1);
      feeds[name] = new ort.Tensor("float32", values, [1, ...shape]);
    }
    const times = [];
    for (let i = 0; i < count + 5; i += 1) {
      const start = performance.now();
      await session.run(feeds);
      if (i >= 5) times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    took.push(times[count >> 1]);
  }
  return took.reduce((a, b) => a + b, 0);
}"""


def browser_ms(page: Page, app: str, weights: Weights) -> float | None:
    """Return the median milliseconds of one picture in the browser, or None where the page runs no net of it."""
    told = engine_files.exported(weights.name) if weights.kind in ("lapgan", "infogan", "bigan") else None
    if told is None:
        return None
    nets = [
        {"url": f"{app}/{told['url']}/{name}.onnx", "inputs": net["inputs"]}
        for name, net in told["golden"]["nets"].items()
        if name not in READERS
    ]
    return page.evaluate(TIME_NETS, [f"{app}/{engine_files.runtime()['base']}", nets, PICTURES])


def server_ms(app: str, weights: Weights) -> list[float]:
    """Return the milliseconds of calls of the API, one after the other, sorted; none for what no tab draws."""
    calls = {
        "lapgan": ("lapgan_generate", "seed"),
        "infogan": ("infogan_generate", "seed"),
        "bigan": ("bigan_decode", ""),
    }
    if weights.kind not in calls:
        return []
    name, varied = calls[weights.kind]
    times = []
    with httpx.Client(base_url=app, timeout=60) as client:
        for number in range(CALLS + 5):
            arguments = {varied: number} if varied else {"code": [number / CALLS % 1] * weights.config.latent}
            start = time.perf_counter()
            call = client.post(f"/gradio_api/call/v2/{name}", json={"model": weights.name, **arguments})
            answer = client.get(f"/gradio_api/call/{name}/{call.json()['event_id']}").text
            picture = client.get(json.loads(answer.strip().rpartition("data: ")[2])[0]["url"])
            times.append(1000 * (time.perf_counter() - start))
            assert picture.content.startswith(b"\x89PNG"), answer
    return sorted(times[5:])


def images_a_second(weights: Weights) -> float | None:
    """Return how many pictures one thread trains on in a second, all levels together; None where it needs its data."""
    seconds = 0.0
    for run in weights.metrics["training"]:
        wanted = run["request"]
        config, fast = weights.config, has_fast_bfloat16(torch.device("cpu"))
        size = config.image_sizes[0] if isinstance(config, LAPGANConfig) else config.image_size
        request = Request(
            weights.kind,
            "fake",
            wanted["preset"],
            levels=tuple(wanted["levels"]),
            image_size=size,
            channels=config.channels,
            overrides=tuple(wanted["overrides"]),
        )
        try:
            plan = resolve(request)
            training = prepare(plan, torch.device("cpu"))
        except RunError:
            return None
        variant = Variant("as trained", training, 1, torch.channels_last, fast)
        times = [step(variant, plan, torch.device("cpu"), 1 + number)[0] for number in range(STEPS + 2)][2:]
        seconds += statistics.median(times) / plan.settings.batch_size
    return 1 / seconds


def megabytes(*paths) -> float:
    return sum(path.stat().st_size for path in paths) / 1e6


def main() -> None:
    """Measure, write the experiment and print it."""
    torch.set_num_threads(1)
    figures = {}
    with running_app(SHIPPED, GANSCOPE_TRAINING="off") as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page()
        page.goto(f"{app}/healthz")
        for name in EXPERIMENTS["speed"].rows:
            if not (SHIPPED / name / "config.json").is_file():
                continue
            weights = load_weights(SHIPPED / name)
            nets = list((weights.folder / "onnx").glob("*.onnx"))
            times = server_ms(app, weights)
            found = {
                "parameters": sum(p.numel() for p in weights.model.parameters()),
                "weights_mb": megabytes(weights.folder / "model.safetensors"),
                "nets_mb": megabytes(*nets) if nets else None,
                "browser_ms": browser_ms(page, app, weights),
                "server_p50_ms": statistics.median(times) if times else None,
                "server_p95_ms": times[int(len(times) * 0.95)] if times else None,
                "images_a_second": images_a_second(weights),
                "cpu_minutes": sum(run["cpu_minutes"] for run in weights.metrics["training"]),
            }
            figures[name] = {key: value for key, value in found.items() if value is not None}
            print(name, json.dumps(figures[name]))
        browser.close()
    path = write_experiment(SHIPPED, "speed", figures, command=COMMAND, samples=CALLS, seeds=[0])
    print(describe(torch.device("cpu")), path, len(read_json(path)["figures"]))


if __name__ == "__main__":
    main()
