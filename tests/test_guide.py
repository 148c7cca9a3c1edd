"""CONTRIBUTING.md, followed: a copy of the tree gets a toy model, a data set and a tab, step by step as it says."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
MODEL = '''
"""A toy: one dense layer a net."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.random import latents


@dataclass(frozen=True)
class ToyConfig:
    """Shape of a toy."""

    image_size: int = 28
    channels: int = 1
    noise: int = 4


class Toy(nn.Module):
    """Generator and (where `adversary`) discriminator."""

    def __init__(self, config: ToyConfig, *, adversary: bool = True) -> None:
        super().__init__()
        self.config = config
        shape = (config.channels, config.image_size, config.image_size)
        pixels = config.channels * config.image_size**2
        self.generator = nn.Sequential(nn.Linear(config.noise, pixels), nn.Tanh(), nn.Unflatten(1, shape))
        self.discriminator = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 1)) if adversary else None

    @torch.no_grad()
    def sample(self, seeds: Sequence[int]) -> Tensor:
        """Draw images (N, C, s, s) in [-1, 1], one seed an image."""
        return self.generator(latents(seeds, (self.config.noise,)))
'''
TRAINING = '''
"""How the toy is trained."""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.toy import Toy, ToyConfig
from training.data import Dataset
from training.losses import descend, discriminator_loss, generator_loss, present, uniform


@dataclass(frozen=True)
class ToySettings:
    """Settings of a run."""

    batch_size: int = 16
    ema: float = 0.9


def modern(dataset: Dataset) -> tuple[ToyConfig, ToySettings]:
    return ToyConfig(dataset.images.shape[-1], dataset.images.shape[1]), ToySettings()


class ToyTraining:
    def __init__(
        self, config: ToyConfig, settings: ToySettings, dataset: Dataset, device: torch.device, seed: int
    ) -> None:
        self.config, self.settings, self.device = config, settings, device
        self.model = Toy(config).to(device)
        self.judge = present(self.model.discriminator)
        self.optimizers = {
            "discriminator": torch.optim.SGD(self.judge.parameters(), 0.01),
            "generator": torch.optim.SGD(self.model.generator.parameters(), 0.01),
        }
        self.generators = {"latents": torch.Generator().manual_seed(seed)}

    def step(self, images: Tensor, labels: Tensor, step: int) -> dict[str, Tensor]:
        fakes = self.model.generator(uniform((len(images), self.config.noise), self.generators["latents"], self.device))
        judged = discriminator_loss(self.judge(images), self.judge(fakes.detach()))
        descend(judged, self.optimizers["discriminator"])
        fooled = generator_loss(self.judge(fakes))
        descend(fooled, self.optimizers["generator"])
        return {"loss/discriminator": judged.detach(), "loss/generator": fooled.detach()}

    def calibrate(self, model: Toy) -> None: ...

    def preview(self, model: Toy) -> tuple[Tensor, int]:
        return model.sample(range(10)), 5

    def score(self, model: Toy, images: Tensor) -> None: ...

    def probe(self, model: Toy) -> dict[str, float]:
        return {}
'''
VIEW = '''
"""What the toy's tab shows."""

from torch import Tensor

from models.toy import Toy, ToyConfig
from ui import inference, scene

TEXT = {
    "id": "toy",
    "tab": "Toy",
    "title": "One layer",
    "intro": "A picture from four numbers.",
    "paper": "None",
    "paper_url": "https://example.org",
    "seed": "Seed",
    "alt": "Drawn from seed {seed}",
}


@inference.device_call
def draw(seed: int) -> Tensor:
    return Toy(ToyConfig(), adversary=False).sample([seed])[0]


def stage_scene(seed: int) -> str:
    alt = TEXT["alt"].format(seed=seed)
    return scene.scene(alt, scene.group("picture", scene.image("picture", draw(seed), alt=alt), layout="stack"))
'''
TAB = '''
"""The toy's tab."""

import gradio as gr
from PIL import Image

from ui import images
from ui import toy_view as view
from ui.canvas import NOW, canvas, endpoint, intro
from ui.toy_view import TEXT


def toy_draw(seed: int = 1) -> Image.Image:
    """Draw one picture.

    Args:
        seed: any whole number.
    """
    return images.to_png(view.draw(seed))


def build() -> None:
    with gr.Row(elem_classes="gs-bench"):
        with gr.Column(elem_classes="gs-stage"):
            stage = canvas(view.stage_scene(1), elem_id="toy-stage")
        with gr.Column(elem_classes="gs-controls"):
            intro(TEXT)
            seed = gr.Number(1, label=TEXT["seed"], precision=0)
    seed.input(view.stage_scene, seed, stage, **NOW)
    endpoint(toy_draw, [gr.Number(1, precision=0, visible=False)], gr.Image(format="png", visible=False))
'''

TRAIN = """
import sys
from training.__main__ import main
words = sys.argv
for more in (["--dry-run"], ["--steps", "3", "--run-dir", "runs/toy"]):
    sys.argv = [*words, *more]
    main()
"""
BUILD = """
import json
from ui.page import build_page
page = build_page()
tabs = [block["props"].get("id") for block in page.config["components"] if block["type"] == "tabitem"]
ends = {n: [p["parameter_name"] for p in e["parameters"]] for n, e in page.get_api_info()["named_endpoints"].items()}
stage = [block["props"]["value"] for block in page.config["components"] if block["props"].get("elem_id") == "toy-stage"]
print(json.dumps({"tabs": tabs, "endpoints": ends, "stage": stage}))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the tree with what the guide says about a model, a data set and a tab done to it."""
    tree = tmp_path_factory.mktemp("guide")
    for name in ("models", "pictures", "training", "ui", "tests"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    (tree / "no-weights").mkdir()

    def add(path, after, line):
        text = (tree / path).read_text(encoding="utf-8")
        assert text.count(after) == 1, f"{path} no longer has {after!r}; is the guide still right?"
        (tree / path).write_text(text.replace(after, after + line), encoding="utf-8")

    # Add a model, steps 1 to 4.
    (tree / "models/toy.py").write_text(MODEL.lstrip())
    add(
        "models/__init__.py",
        "from models.lapgan import LAPGAN, LAPGANConfig\n",
        "from models.toy import Toy, ToyConfig\n",
    )
    add("models/__init__.py", "\nConfig = LAPGANConfig", " | ToyConfig")
    add("models/__init__.py", "MODELS: dict[str, Kind] = {\n", '    "toy": Kind(ToyConfig, Toy),\n')
    add("tests/models/tiny.py", "from models.lapgan import LAPGANConfig\n", "from models.toy import ToyConfig\n")
    add("tests/models/tiny.py", "TINY = {\n", '    "toy": ("toy", ToyConfig(image_size=8)),\n')
    sample = "        return model.sample(seeds)\n"
    add("tests/models/tiny.py", sample, f'    if kind == "toy":\n{sample}')
    every = "        return [drawn, model.discriminator(images), model.discriminator(drawn)]\n"
    nets = "        drawn = model.generator(noise(count, config.noise))\n"
    add("tests/models/test_networks.py", every, f'    if kind == "toy":\n{nets}{every}')
    (tree / "training/toy.py").write_text(TRAINING.lstrip())
    add("training/recipes.py", "from training import bigan, classifier, gan, infogan, lapgan", ", toy")
    add("training/recipes.py", "\nSettings = (\n", "    toy.ToySettings |")
    add("training/recipes.py", 'ModelName = Literal["lapgan"', ', "toy"')
    add(
        "training/recipes.py",
        "RECIPES: dict[str, Recipe] = {\n",
        """\
    "toy": Recipe(toy.ToyTraining, toy.ToySettings, {"modern": toy.modern}),
""",
    )
    # Add a data set.
    add("training/data.py", "BUILT_IN = {\n", '    "kmnist": ("KMNIST", "KMNIST/raw"),\n')
    add("ui/train_texts.py", '"built_in": {\n', '        "kmnist": "Kuzushiji",\n')
    # Add a tab, steps 1, 2 and 4 of ui/canvas.py.
    (tree / "ui/toy_view.py").write_text(VIEW.lstrip())
    (tree / "ui/toy_tab.py").write_text(TAB.lstrip())
    add("ui/page.py", "    report_tab,\n", "    toy_tab,\n")
    add("ui/page.py", "TABS = (lapgan_tab,", " toy_tab,")
    return tree


def run(tree, *words):
    """Run Python in the tree as a contributor would, without weights; give what it printed."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tree), "GANSCOPE_WEIGHTS_DIR": str(tree / "no-weights")}
    done = subprocess.run(
        [sys.executable, *words], cwd=tree, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def idx(values):
    """Bytes of a file as MNIST and its kin are stored."""
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes() + values.tobytes()


def test_the_model_passes_the_tests_of_every_model(tree):
    tests = [f"tests/models/test_{name}.py" for name in ("checkpoint", "networks", "hostile_weights")]
    told = run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "toy", *tests)
    assert int(told.split(" passed")[0].split()[-1]) >= 5


def test_the_model_is_trained_on_the_new_data(tree):
    raw = tree / "data/KMNIST/raw"
    raw.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    for split in ("train", "t10k"):
        (raw / f"{split}-images-idx3-ubyte").write_bytes(idx(pixels))
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(idx(np.arange(20, dtype=np.uint8) % 10))
    told = run(tree, "-c", TRAIN, "train", "toy", "--data", "kmnist", "--data-root", "data")
    planned, _ = json.JSONDecoder().raw_decode(told)
    assert planned["first batch"]["images"] == [16, 1, 28, 28]
    assert planned["parameters"] == {"generator": 5 * 784, "discriminator": 785}
    assert json.loads((tree / "runs/toy/status.json").read_text())["state"] == "done"


def test_the_tab_is_on_the_page(tree):
    found = json.loads(run(tree, "-c", BUILD).splitlines()[-1])
    assert "toy" in found["tabs"]
    assert found["endpoints"]["/toy_draw"] == ["seed"]
    assert "Drawn from seed 1" in found["stage"][0]
