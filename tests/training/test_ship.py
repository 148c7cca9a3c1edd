"""Shipping runs: the averaged nets exactly, what fits together only, and cards that tell how to repeat a run."""

import json
import shutil
from dataclasses import asdict

import pytest
import torch
import yaml
from PIL import Image

from models.checkpoint import CheckpointError, load_weights, read_json, write_json
from tests.training.tiny import CONFIGS, SMALL, all_finite, request, trained, untrained
from training.bench import load_bench
from training.card import card, train_command
from training.run import RunError, RunFolder, load_state
from training.ship import draw_one, measure, note_ablation, sample_picture, ship

torch.set_num_threads(1)

KINDS = tuple(SMALL)
DIGITS = list("0123456789")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One short run of every kind."""
    return {kind: trained(request(kind), tmp_path_factory.mktemp("run") / kind) for kind in KINDS}


@pytest.fixture(scope="module")
def levels(tmp_path_factory):
    """Runs of one LAPGAN level each, the finest first."""
    folder = tmp_path_factory.mktemp("levels")
    return [trained(request("lapgan", levels=(k,), seed=k), folder / f"level{k}", steps=2 + k) for k in (0, 1)]


def averages(run):
    tensors = load_state(run.checkpoints / "best.safetensors").tensors
    return {key.removeprefix("average/"): value for key, value in tensors.items() if key.startswith("average/")}


# What is shipped


@pytest.mark.parametrize("kind", KINDS)
def test_shipped_weights_are_the_averaged_nets(runs, tmp_path, kind):
    average = averages(runs[kind])
    exact = ship([runs[kind]], tmp_path / "exact", half=False, newest=False)
    half = ship([runs[kind]], tmp_path / "half", half=True, newest=False)
    assert exact.kind == half.kind == kind
    assert exact.model.state_dict().keys() <= average.keys()
    for key, tensor in exact.model.state_dict().items():
        assert torch.equal(tensor, average[key])
    for key, tensor in half.model.state_dict().items():
        assert torch.allclose(tensor, average[key], rtol=2**-11, atol=2**-25)
    assert not any("discriminator" in key or "d_head" in key for key in exact.model.state_dict())
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("exact", "half")]
    assert sizes[1] < sizes[0]


def test_the_history_says_how_the_weights_came_about(runs, tmp_path):
    (history,) = ship([runs["bigan"]], tmp_path / "b", half=True, newest=False).metrics["training"]
    assert history["request"] == json.loads(json.dumps(asdict(request("bigan"))))
    assert history["step"] == 3
    assert history["settings"]["batch_size"] == 10
    assert history["minutes"] >= 0 <= history["cpu_minutes"]


def test_the_best_checkpoint_is_taken_and_the_newest_on_demand(runs, tmp_path):
    run = trained(request("gan"), tmp_path / "run", steps=2)
    run.checkpoint_path(3).write_bytes(runs["gan"].checkpoint_path(3).read_bytes())
    for newest, step in ((False, 2), (True, 3)):
        weights = ship([run], tmp_path / "weights", half=False, newest=newest)
        assert weights.metrics["training"][0]["step"] == step


def test_levels_of_different_runs_are_joined(levels, tmp_path):
    shipped = ship(levels, tmp_path / "joined", half=False, newest=False)
    for level, run in enumerate(levels):
        average = averages(run)
        for key, tensor in shipped.model.generators[level].state_dict().items():
            assert torch.equal(tensor, average[f"generators.{level}.{key}"])
    steps = [(part["request"]["levels"], part["step"]) for part in shipped.metrics["training"]]
    assert steps == [([0], 2), ([1], 3)]
    backwards = ship(levels[::-1], tmp_path / "backwards", half=False, newest=False)
    for one, other in zip(shipped.model.parameters(), backwards.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_levels_that_no_run_trained_are_taken_from_other_weights(levels, tmp_path):
    old = ship(levels, tmp_path / "joined", half=True, newest=False)
    run = trained(request("lapgan", levels=(1,), seed=7), tmp_path / "run", steps=1)
    mixed = ship([run], old.folder, half=True, newest=False, rest=old.folder)
    for key, tensor in mixed.model.state_dict().items():
        wanted = averages(run)[key].half().float() if key.startswith("generators.1.") else old.model.state_dict()[key]
        assert torch.equal(tensor, wanted)
    assert [(part["request"]["seed"], part["step"]) for part in mixed.metrics["training"]] == [(0, 2), (7, 1)]


def test_a_baseline_without_a_joint_discriminator_is_shipped_as_what_it_is(tmp_path):
    run = trained(request("bigan", "variant=latent-regressor"), tmp_path / "run", steps=2)
    weights = ship([run], tmp_path / "weights", half=True, newest=False)
    assert not weights.config.joint
    assert weights.metrics["training"][0]["settings"]["variant"] == "latent-regressor"


# What is refused


def copied(run, path, **changes):
    """A copy of a run folder with changes to its run.json."""
    other = RunFolder(path)
    other.checkpoints.mkdir(parents=True)
    write_json(other.path / "run.json", {**read_json(run.path / "run.json"), **changes})
    for checkpoint in run.checkpoints.iterdir():
        (other.checkpoints / checkpoint.name).write_bytes(checkpoint.read_bytes())
    return other


def refused(runs, folder):
    """Return the refusal to ship these runs, one sentence, after which nothing is written."""
    with pytest.raises(RunError) as caught:
        ship(runs, folder, half=True, newest=False)
    assert not folder.exists()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_runs_that_do_not_fit_together_are_refused(levels, tmp_path):
    record = read_json(levels[1].path / "run.json")
    config = {**record["config"], "band_scale": [9.0]}
    other = copied(levels[1], tmp_path / "other", config=config)
    assert "differ in config" in refused([levels[0], other], tmp_path / "weights")
    other = copied(levels[1], tmp_path / "elsewhere", data_digest="0" * 16)
    assert "differ in data_digest" in refused([levels[0], other], tmp_path / "weights")


def test_levels_of_other_nets_are_refused(levels, runs, tmp_path):
    other = ship([runs["gan"]], tmp_path / "gan", half=True, newest=False)
    with pytest.raises(RunError, match="gan has another config than these runs"):
        ship(levels[:1], tmp_path / "weights", half=True, newest=False, rest=other.folder)
    assert not (tmp_path / "weights").exists()


def test_a_level_that_no_run_trained_is_refused(levels, tmp_path):
    assert "generators.1" in refused([levels[0]], tmp_path / "weights")


def test_a_level_that_two_runs_trained_is_refused(levels, runs, tmp_path):
    assert "one run a level" in refused([*levels, levels[0]], tmp_path / "weights")
    assert "one run a level" in refused([runs["gan"], runs["gan"]], tmp_path / "weights")


def test_a_run_without_a_checkpoint_is_refused(runs, tmp_path):
    run = copied(runs["gan"], tmp_path / "run")
    for checkpoint in run.checkpoints.iterdir():
        checkpoint.unlink()
    assert "holds no checkpoint yet" in refused([run], tmp_path / "weights")


def test_no_run_at_all_is_refused(tmp_path):
    assert "at least one run" in refused([], tmp_path / "weights")


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="is missing"):
        ship([RunFolder(tmp_path)], tmp_path / "weights", half=True, newest=False)


# What measuring writes


@pytest.fixture(scope="module")
def measured(runs, tmp_path_factory):
    """Shipped and measured folders of InfoGAN and the classifier, the kinds that differ most."""
    root, found = tmp_path_factory.mktemp("weights"), {}
    judge = untrained("classifier", image_size=8)
    for kind in ("infogan", "classifier"):
        weights = ship([runs[kind]], root / f"{kind}-fake", half=True, newest=False)
        bench = load_bench("fake", data_root=None, size=8, channels=1, classifier=judge, samples=60)
        measure(weights, bench, f"python -m training evaluate weights/{kind}-fake --data fake --samples 60")
        found[kind] = weights.folder
    return found


def test_measuring_writes_the_whole_folder(measured):
    folder = measured["infogan"]
    names = ["README.md", "config.json", "metrics.json", "model.safetensors", "sample.png"]
    assert sorted(path.name for path in folder.iterdir()) == names
    metrics = read_json(folder / "metrics.json")
    assert set(metrics) == {"figures", "evaluated", "training"}
    assert all_finite(metrics["figures"])
    assert metrics["evaluated"]["samples"] == 60
    assert "512 pictures" in metrics["evaluated"]["data"]
    assert metrics["training"][0]["step"] == 3
    with Image.open(folder / "sample.png") as picture:
        assert (picture.format, picture.mode) == ("PNG", "L")
        assert picture.size == (3 * (10 * 9 + 1), 3 * (6 * 9 + 1))  # ten columns, six rows, a border, three times


def test_categories_are_named_by_digits_and_codes_by_what_they_change(measured):
    config = load_weights(measured["infogan"]).config
    assert sorted(config.category_names) == DIGITS
    assert sorted(config.continuous_names) == ["slant", "width"]


def test_a_classifier_has_a_card_but_no_sample(measured):
    assert not (measured["classifier"] / "sample.png").exists()
    assert "sample.png" not in (measured["classifier"] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["infogan", "classifier"])
def test_the_card_is_one_that_the_hub_can_read(measured, kind):
    text = (measured[kind] / "README.md").read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    assert yaml.safe_load(front) == {"license": "apache-2.0", "library_name": "ganscope", "tags": ["gan", kind]}
    assert body.startswith(f"# {kind}-fake\n")
    metrics = read_json(measured[kind] / "metrics.json")
    for name, value in metrics["figures"].items():
        assert f"| {name} | {value:g} |" in body
    assert metrics["evaluated"]["command"] in body
    assert f"{train_command(metrics['training'][0]['request'])} --steps 3" in body


def test_an_ablation_stands_beside_the_figures_and_outlives_a_new_measurement(measured, tmp_path):
    folder = tmp_path / "infogan-fake"
    shutil.copytree(measured["infogan"], folder)
    own = load_weights(folder).metrics["figures"]
    other = {"figures": {"category_error": 0.123456789, "of_its_own": 1.0}}
    for note in ("Without the term", "Without the term", "Twice the rate"):
        note_ablation(folder, other, load_weights(measured["infogan"]), "evaluate other", note)
    weights = load_weights(folder)
    assert [entry["note"] for entry in weights.metrics["ablations"]] == ["Without the term", "Twice the rate"]
    assert weights.metrics["figures"] == own
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text.count("## Without the term") == 1
    assert f"| category_error | {own['category_error']:g} | 0.12346 |" in text
    assert "of_its_own" not in text
    bench = load_bench(
        "fake", data_root=None, size=8, channels=1, classifier=untrained("classifier", image_size=8), samples=60
    )
    assert len(measure(weights, bench, "again")["ablations"]) == 2


def test_shipping_anew_drops_the_old_figures_and_card(runs, tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("README.md", "sample.png", "metrics.json"):
        (folder / name).write_text("of other weights")
    assert set(ship([runs["gan"]], folder, half=True, newest=False).metrics) == {"training"}
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "metrics.json", "model.safetensors"]


def test_a_card_of_published_nets_claims_no_extension(measured):
    weights = load_weights(measured["infogan"])
    (history,) = weights.metrics["training"]
    as_published = {**history, "request": {**history["request"], "preset": "paper"}}
    assert "Beyond the paper" in card(weights, weights.metrics)
    assert "Beyond the paper" not in card(weights, {**weights.metrics, "training": [as_published]})


def test_sample_pictures_are_generated_ones_in_order_of_the_digits():
    weights = untrained("infogan", category_names=tuple("3140592687"))
    images, columns = sample_picture(weights)
    category = [weights.config.category_names.index(digit) for digit in DIGITS]
    row = weights.model.generate([2] * 10, [[k] for k in category], [[0.0, 0.0]] * 10)
    assert columns == 10
    assert torch.allclose(images[20:30], row, atol=1e-6)
    three = untrained("infogan", categorical=(3, 2))
    images, columns = sample_picture(three)
    assert (len(images), columns) == (18, 3)


@pytest.mark.parametrize("kind", ["lapgan", "bigan", "gan"])
def test_sample_pictures_of_the_others(kind):
    images, columns = sample_picture(untrained(kind))
    config = CONFIGS[kind]
    assert (len(images), columns) == (60, 10)
    assert images.shape[1] == config.channels


def test_a_category_is_drawn_by_its_place_in_the_order_of_names_as_on_the_page():
    weights = untrained("infogan", categorical=(3,), category_names=("stool", "bench", "chair"))
    assert weights.config.rows == (1, 2, 0)
    for place, value in enumerate(weights.config.rows):
        assert torch.equal(draw_one(weights, 7, place), weights.model.generate([7], [[value]], [[0.0, 0.0]]))
