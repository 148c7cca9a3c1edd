"""The weights that come with the code: they load, they are small, and their figures are what the product claims."""

import json
import math
import re

import pytest
import torch
import yaml
from PIL import Image

from models.checkpoint import Weights, load_weights, read_json
from tests.training.making import REPOSITORY, shared
from training.bench import load_bench
from training.card import EXTENSIONS, PUBLISHED, fill_readme, train_command
from training.evaluate import draw_codes, generate
from training.metrics import relative_reconstruction_distance
from training.rendered import COUNTS, SCENES

torch.set_num_threads(1)

ROOT = REPOSITORY / "weights"
REQUIRED = ("infogan-mnist", "bigan-mnist", "lapgan-cifar10")
NAMES = sorted({*REQUIRED, *(path.parent.name for path in ROOT.glob("*/config.json"))})
MB = 1_000_000
MAX_PARAMETERS = 2_000_000  # of a net that a visitor's browser is to run
SAMPLES = 1000
SMALLER = {**dict.fromkeys(SCENES, COUNTS["test"]), "scenes64": 750}  # test splits of fewer than 10,000 pictures

# What the figures must reach: at most, or at least.
AT_MOST, AT_LEAST = "<=", ">="
THRESHOLDS = [
    ("infogan-mnist", "category_error", AT_MOST, 0.05),
    ("infogan-mnist", "mutual_information_nats", AT_LEAST, 2.25),
    ("infogan-mnist", "digit_agreement", AT_LEAST, 0.97),
    ("infogan-mnist", "digits_drawn", AT_LEAST, 10),
    ("infogan-mnist", "spearman_slant", AT_LEAST, 0.85),
    ("infogan-mnist", "spearman_width", AT_LEAST, 0.85),
    ("bigan-mnist", "nearest_neighbour_accuracy", AT_LEAST, 0.974),
    ("bigan-mnist", "distance_ratio", AT_MOST, 0.62),
    ("bigan-mnist", "digit_kept", AT_LEAST, 0.85),
    *(("infogan-faces", f"rho_{factor}", AT_LEAST, 0.9) for factor in ("azimuth", "elevation", "lighting", "width")),
    *(("infogan-chairs", f"rho_{factor}", AT_LEAST, 0.9) for factor in ("rotation", "width")),
]


def metrics(name):
    assert (ROOT / name / "metrics.json").is_file(), f"weights/{name} is missing: train, ship and evaluate it."
    found = read_json(ROOT / name / "metrics.json")
    assert "figures" in found, f"weights/{name} has no figures: run `python -m training evaluate --write` on it."
    return found


def cpu_minutes(found) -> float:
    """Return what training took, of weights or of what stands beside them."""
    return sum(run["cpu_minutes"] for run in found["training"])


def kind_of(name) -> str:
    """Return what a folder's name begins with: its model; DCGAN is a plain GAN's net."""
    return name.split("-")[0].removeprefix("dc")


def weights(name) -> Weights:
    assert (ROOT / name / "config.json").is_file(), f"weights/{name} is missing: train and ship it."
    return load_weights(ROOT / name)


# The folders


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_loads_strictly_and_is_small(name):
    loaded = weights(name)
    assert loaded.kind == kind_of(name)
    assert (ROOT / name / "model.safetensors").stat().st_size <= 10 * MB
    for part in ("generator", "encoder", "generators.0", "generators.1", "generators.2", "generators.3"):
        # The plain GAN is only measured against; no tab runs it.
        net = dict(loaded.model.named_modules()).get(part) if loaded.kind != "gan" else None
        assert net is None or sum(p.numel() for p in net.parameters()) <= MAX_PARAMETERS
    if loaded.kind == "infogan":
        reader = [*loaded.model.trunk.parameters(), *loaded.model.q_head.parameters()]
        assert sum(p.numel() for p in reader) <= MAX_PARAMETERS


def test_all_folders_together_are_small():
    assert sum(path.stat().st_size for path in ROOT.rglob("*") if path.is_file()) <= 60 * MB


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_holds_what_a_model_card_needs(name):
    kind = weights(name).kind
    wanted = {"README.md", "config.json", "metrics.json", "model.safetensors"}
    wanted |= {"sample.png"} if kind != "classifier" else set()
    assert {path.name for path in (ROOT / name).iterdir() if path.is_file()} == wanted
    folders = {path.name for path in (ROOT / name).iterdir() if path.is_dir()}
    assert ("onnx" in folders) == (kind in ("lapgan", "infogan", "bigan"))
    assert all(folder == "onnx" or folder.startswith("recording") for folder in folders)
    if kind != "classifier":
        with Image.open(ROOT / name / "sample.png") as picture:
            picture.load()
            assert picture.format == "PNG"


@pytest.mark.parametrize("name", NAMES)
def test_metrics_say_what_was_measured_and_how_it_was_trained(name):
    found = metrics(name)
    assert {"figures", "evaluated", "training"} <= set(found)
    assert all(math.isfinite(value) for value in found["figures"].values())
    assert set(found["evaluated"]) == {"command", "date", "samples", "data"}
    assert found["evaluated"]["samples"] == SMALLER.get(name.split("-", 1)[1], 10_000)
    assert f"evaluate weights/{name} " in found["evaluated"]["command"]
    assert found["training"]
    for run in found["training"]:
        assert run["request"]["model"] == kind_of(name)
        assert run["step"] > 0 < run["cpu_minutes"]


@pytest.mark.parametrize("name", NAMES)
def test_the_card_tells_the_same(name):
    found = metrics(name)
    text = (ROOT / name / "README.md").read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    kind = kind_of(name)
    assert yaml.safe_load(front)["tags"] == ["gan", kind]
    for figure, value in found["figures"].items():
        assert f"| {figure} | {value:g} |" in body
    for run in found["training"]:
        assert f"{train_command(run['request'])} --steps {run['step']}" in body
    published = any(run["request"]["preset"] == "paper" for run in found["training"])
    departures = PUBLISHED if published else EXTENSIONS.get(name, EXTENSIONS[kind])
    for part in (found["evaluated"]["command"], found["evaluated"]["data"], departures, "## Limits"):
        assert part in body
    assert not re.search(r"(?<![\w.-])/(?:work|tmp|home)/", text + json.dumps(found))


def test_the_readme_shows_these_figures():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert fill_readme(text, ROOT) == text, "The README's figures are old: run `python -m training figures`."


# The figures


@pytest.mark.parametrize(("name", "figure", "side", "threshold"), THRESHOLDS)
def test_a_figure_reaches_its_threshold(name, figure, side, threshold):
    value = metrics(name)["figures"][figure]
    value = abs(value) if figure.startswith("spearman") else value
    assert value <= threshold if side == AT_MOST else value >= threshold


def test_lapgan_is_better_than_the_plain_gan_on_every_figure():
    chained, plain = metrics("lapgan-cifar10")["figures"], metrics("gan-cifar10")["figures"]
    compared = [figure for figure in plain if figure.startswith("swd_") or figure == "frechet"]
    assert sorted(compared) == ["frechet", "swd_16px", "swd_32px", "swd_4px", "swd_8px"]
    assert {figure: chained[figure] for figure in compared if not chained[figure] < plain[figure]} == {}


@pytest.mark.parametrize("size", [32, 16, 8, 4])
def test_lapgan_is_at_half_of_the_plain_gans_distance_in_every_band(size):
    chained, plain = (metrics(name)["figures"][f"swd_{size}px"] for name in ("lapgan-cifar10", "gan-cifar10"))
    assert chained <= plain / 2


@pytest.mark.parametrize("baseline", ["gan-cifar10", "dcgan-cifar10"])
def test_a_baseline_had_as_much_time_and_the_same_data(baseline):
    chained, plain = metrics("lapgan-cifar10"), metrics(baseline)
    assert cpu_minutes(plain) >= 0.95 * cpu_minutes(chained)
    assert chained["evaluated"]["data"] == plain["evaluated"]["data"]


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_beside_in_equal_time_had_as_much(name):
    found = metrics(name)
    beside = [entry for entry in found.get("ablations", []) if "in equal time" in entry["note"]]
    assert [entry["note"] for entry in beside if cpu_minutes(entry) < 0.95 * cpu_minutes(found)] == []


def test_infogan_names_its_codes():
    config = weights("infogan-mnist").config
    assert sorted(config.category_names) == list("0123456789")
    assert sorted(config.continuous_names) == ["slant", "width"]


def test_bigan_knows_how_far_test_digits_come_back():
    quantiles = metrics("bigan-mnist")["distance_quantiles"]
    assert len(quantiles) == 101
    assert quantiles == sorted(quantiles)
    assert 0 < quantiles[0] < quantiles[-1]


# The cheap figures again, from a sample


@pytest.fixture(scope="module")
def digits():
    shared("MNIST")
    return load_bench("mnist", data_root=shared("MNIST").parent, size=28, channels=1, classifier=None, samples=SAMPLES)


@pytest.mark.data
def test_category_error_again(digits):
    """By the stored names, on 1,000 digits: within four standard deviations of a share, and one digit."""
    loaded = weights("infogan-mnist")
    recorded = metrics("infogan-mnist")["figures"]["category_error"]
    read = loaded.model.infer(digits.real()).categories[0].argmax(dim=1)
    named = torch.tensor([int(loaded.config.category_names[k]) for k in read])
    error = float((named != digits.labels()).float().mean())
    assert abs(error - recorded) <= 4 * math.sqrt(recorded * (1 - recorded) / SAMPLES) + 1 / SAMPLES


def test_mutual_information_again():
    """On 1,000 generated digits: within four standard errors of their own mean, and 0.002 nats."""
    loaded = weights("infogan-mnist")
    recorded = metrics("infogan-mnist")["figures"]["mutual_information_nats"]
    categories, continuous = draw_codes(loaded.model, SAMPLES, limit=1.0)
    read = loaded.model.infer(generate(loaded.model, categories, continuous)).categories[0]
    logs = read[torch.arange(SAMPLES), categories].double().log()
    found = math.log(10) + float(logs.mean())
    assert abs(found - recorded) <= 4 * float(logs.std()) / math.sqrt(SAMPLES) + 0.002


@pytest.mark.data
def test_distance_ratio_again(digits):
    """On 1,000 digits: distances deviate by some 30 %, so their mean by 1 %; four of that, and pairs drawn anew."""
    loaded, real = weights("bigan-mnist"), digits.real()
    found = metrics("bigan-mnist")
    copies = loaded.model.decode(loaded.model.encode(real))
    assert relative_reconstruction_distance(real, copies) == pytest.approx(found["figures"]["distance_ratio"], rel=0.05)
    median = float((copies - real).flatten(1).norm(dim=1).median())
    assert median == pytest.approx(found["distance_quantiles"][50], rel=0.05)
