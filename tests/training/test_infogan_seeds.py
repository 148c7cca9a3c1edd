"""InfoGAN over seeds: medians and bests of known figures, those of `evaluate` for each run, and runs that differ."""

import pytest
import torch

from models.checkpoint import load_weights, read_json, save_weights, write_json
from tests.training.tiny import request, trained, untrained
from training.averaged import average_nets
from training.bench import load_bench
from training.evaluate import evaluate
from training.experiments import EXPERIMENTS, read_experiments
from training.infogan_seeds import BEST, infogan_seeds_command, open_run, over_seeds
from training.run import RunError, RunFolder

torch.set_num_threads(1)

SEEDS = {"paper": (3, 7, 5), "modern": (1, 2)}
SAMPLES = 60


def asked(preset, seed, *overrides, **changes):
    return request("infogan", *overrides, image_size=16, preset=preset, seed=seed, **changes)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Short runs of both presets, by preset and seed."""
    root = tmp_path_factory.mktemp("runs")
    return {
        (preset, seed): trained(asked(preset, seed), root / f"{preset}-{seed}").path
        for preset, seeds in SEEDS.items()
        for seed in seeds
    }


@pytest.fixture
def shelf(tmp_path):
    """A folder of weights with the classifier of the fake data."""
    weights = untrained("classifier", channels=1)
    save_weights(tmp_path / "classifier-fake", "classifier", weights.config, weights.model)
    return tmp_path


def of(runs, preset):
    return tuple(runs[preset, seed] for seed in SEEDS[preset])


def copied(run, to, **changes):
    """A run's folder again, with something else in its run.json; the checkpoints are the same files."""
    to.mkdir()
    (to / "checkpoints").symlink_to(run / "checkpoints")
    record = read_json(run / "run.json")
    for part, values in changes.items():
        record[part] |= values
    write_json(to / "run.json", record)
    return to


def test_median_and_best_of_known_figures():
    known = [
        {"category_error": 0.3, "mutual_information_nats": 1.0, "digit_agreement": 0.2},
        {"category_error": 0.1, "mutual_information_nats": 2.0, "digit_agreement": 0.9},
        {"category_error": 0.2, "mutual_information_nats": 2.3, "digit_agreement": 0.5},
    ]
    known = [{**one, "spearman_slant": 0.1 * i, "spearman_width": 0.9 - 0.1 * i} for i, one in enumerate(known)]
    found = over_seeds(known)
    assert list(found["median"].values()) == pytest.approx([0.2, 2.0, 0.5, 0.1, 0.8])
    assert list(found["best"].values()) == pytest.approx([0.1, 2.3, 0.9, 0.2, 0.9])  # each column's own
    assert over_seeds(known[:2])["median"]["category_error"] == pytest.approx(0.2)  # of an even number, the middle
    assert over_seeds(known[:1])["median"] == over_seeds(known[:1])["best"] == known[0]


def bench_of(shelf):
    classifier = load_weights(shelf / "classifier-fake")
    return load_bench("fake", data_root=None, size=16, channels=1, classifier=classifier, samples=SAMPLES)


def test_the_table_follows_from_what_evaluate_says_of_each_run(runs, shelf):
    paths = {preset: of(runs, preset) for preset in SEEDS}
    infogan_seeds_command(**paths, samples=SAMPLES, weights_dir=shelf)
    made = read_json(shelf / "experiments" / "infogan-seeds.json")
    assert set(made["figures"]) == set(EXPERIMENTS["infogan-seeds"].rows)
    bench = bench_of(shelf)
    for preset, seeds in SEEDS.items():
        each = []
        for path in paths[preset]:
            figures = evaluate(average_nets([RunFolder(path)], newest=False), bench)["figures"]
            figures |= {key: abs(figures[key]) for key in ("spearman_slant", "spearman_width")}
            each.append({key: round(figures[key], 5) for key in BEST})
        told = [one for one in made["runs"] if one["preset"] == preset]
        assert [(one["seed"], one["figures"]) for one in told] == list(zip(seeds, each, strict=True))
        assert all(one["checkpoint"] == 3 and one["command"].endswith("--steps 3") for one in told)
        for which, row in over_seeds(each).items():
            assert made["figures"][f"{preset}-{which}"] == {**row, "seeds": len(seeds), "steps": 3}
    assert (made["seeds"], made["samples"]) == ([1, 2, 3, 5, 7], SAMPLES)
    assert made["command"] == (
        "python -m training infogan-seeds --paper runs/paper-3 runs/paper-7 runs/paper-5 "
        f"--modern runs/modern-1 runs/modern-2 --samples {SAMPLES}"
    )
    (shown,) = read_experiments(shelf)
    assert [row["paper"] for row in shown["rows"]] == ["5 %", "5 %", None, None]
    assert [row["cells"][-2:] for row in shown["rows"]] == [["3", "3"]] * 2 + [["2", "3"]] * 2


def test_one_preset_alone_fills_its_own_rows(runs, shelf):
    judge = shelf / "classifier-fake"
    infogan_seeds_command(modern=of(runs, "modern"), classifier=judge, samples=SAMPLES, weights_dir=shelf, newest=True)
    made = read_json(shelf / "experiments" / "infogan-seeds.json")
    assert set(made["figures"]) == {"modern-median", "modern-best"}
    assert "--paper" not in made["command"]
    assert made["command"].endswith(f"--classifier weights/classifier-fake --newest --samples {SAMPLES}")


def test_the_best_checkpoint_may_be_early_but_all_must_have_been_trained_alike(runs, shelf, tmp_path):
    early = copied(runs["paper", 3], tmp_path / "early")
    (early / "checkpoints").unlink()
    (early / "checkpoints").mkdir()
    for name, source in (("best", "best"), ("step-000009", "step-000003")):
        found = runs["paper", 3] / "checkpoints" / f"{source}.safetensors"
        (early / "checkpoints" / f"{name}.safetensors").symlink_to(found)
    assert open_run(early, "paper", newest=False).steps == 9
    with pytest.raises(RunError, match=r"but steps is 9 in early and 3 in paper-7; train them alike\.$"):
        infogan_seeds_command(paper=(early, runs["paper", 7]), weights_dir=shelf)


@pytest.mark.parametrize(
    ("part", "values", "words"),
    [
        ("settings", {"batch_size": 11}, "batch_size is 10 in paper-3 and 11 in other"),
        ("settings", {"info_weight": 0.5}, r"info_weight is 1\.0 in paper-3 and 0\.5 in other"),
        ("request", {"seed": 3}, "paper-3 and other have the same seed, 3"),
        ("request", {"data": "mnist"}, "data is fake in paper-3 and mnist in other"),
    ],
)
def test_runs_that_differ_by_more_than_their_seed_are_refused(runs, shelf, tmp_path, part, values, words):
    other = copied(runs["paper", 7], tmp_path / "other", **{part: values})
    with pytest.raises(RunError, match=words):
        infogan_seeds_command(paper=(runs["paper", 3], other), weights_dir=shelf)
    assert not (shelf / "experiments").exists()


def test_a_setting_that_came_later_has_its_default(runs, shelf, tmp_path):
    older = copied(runs["paper", 7], tmp_path / "older")
    record = read_json(older / "run.json")
    del record["settings"]["copying_from"], record["config"]["category_names"]
    write_json(older / "run.json", record)
    infogan_seeds_command(paper=(runs["paper", 3], older), samples=SAMPLES, weights_dir=shelf)
    assert (shelf / "experiments" / "infogan-seeds.json").is_file()


def test_other_runs_are_refused(runs, shelf, tmp_path):
    with pytest.raises(RunError, match=r"paper-3 is a run of infogan, preset paper; name infogan's of modern here\.$"):
        infogan_seeds_command(modern=(runs["paper", 3],), weights_dir=shelf)
    wider = trained(asked("paper", 7, "noise=6"), tmp_path / "wider").path
    with pytest.raises(RunError, match="noise is 5 in paper-3 and 6 in wider"):
        infogan_seeds_command(paper=(runs["paper", 3], wider), weights_dir=shelf)
    plain = trained(request("gan"), tmp_path / "gan").path
    with pytest.raises(RunError, match=r"is a run of gan, preset modern; name infogan's of paper here\.$"):
        infogan_seeds_command(paper=(plain,), weights_dir=shelf)
    with pytest.raises(RunError, match="--paper RUN"):
        infogan_seeds_command(weights_dir=shelf)
    elsewhere = copied(runs["modern", 1], tmp_path / "elsewhere", request={"data": "mnist"})
    with pytest.raises(RunError, match="The runs of the two presets differ in data;"):
        infogan_seeds_command(paper=of(runs, "paper"), modern=(elsewhere,), weights_dir=shelf)
