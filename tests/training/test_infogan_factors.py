"""Codes against true factors, with the term and without: the very matrix of `evaluate`, and pairs that are none."""

from dataclasses import replace

import pytest
import torch

from models.checkpoint import load_weights, read_json, write_json
from tests.training.tiny import request, trained
from training.averaged import run_or_weights
from training.bench import load_bench
from training.evaluate import evaluate
from training.experiments import EXPERIMENTS, read_experiments
from training.infogan_factors import infogan_factors_command
from training.rendered import SCENES
from training.run import RunError, RunFolder
from training.ship import ship

torch.set_num_threads(1)

SIZES = {"faces": (6, 4), "chairs": (8, 3)}  # styles and codes
SAMPLES = 60


@pytest.fixture(autouse=True)
def _few_pictures(monkeypatch):
    monkeypatch.setattr("training.rendered.COUNTS", {"train": 64, "test": SAMPLES})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """By data: shipped weights trained with the term, and the run of their control."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.rendered.COUNTS", {"train": 64, "test": SAMPLES})
        return {data: pair(data, tmp_path_factory.mktemp(data)) for data in SIZES}


def pair(data, root):
    ours, control = (run(data, root / name, *more) for name, more in (("ours", ()), ("control", ("informed=false",))))
    return ship([ours], root / f"infogan-{data}", half=True, newest=False).folder, control.path


def run(data, path, *overrides, codes=None):
    styles, usual = SIZES[data]
    wanted = (f"categorical={styles}", f"continuous={codes or usual}", *overrides)
    seed = 6 if "informed=false" in overrides else 2
    return trained(replace(request("infogan", *wanted, seed=seed), data=data, image_size=16), path)


@pytest.mark.parametrize("data", SIZES)
def test_the_matrix_is_what_evaluate_says_of_the_same_nets(made, tmp_path, data):
    weights, control = made[data]
    infogan_factors_command(weights, control=control, weights_dir=tmp_path)
    written = read_json(tmp_path / "experiments" / f"infogan-factors-{data}.json")
    bench = load_bench(data, data_root=None, size=16, channels=1, classifier=None, samples=1000)
    factors, codes = tuple(SCENES[data].factors), SIZES[data][1]
    rows = {name: [f"{name}-{code}" for code in (*range(codes), "all")] for name in ("with", "without")}
    assert list(written["figures"]) == [*rows["with"], *rows["without"]]
    for name, path in (("with", weights), ("without", control)):
        figures = {key: round(value, 5) for key, value in evaluate(run_or_weights(path), bench)["figures"].items()}
        *matrix, whole = (written["figures"][row] for row in rows[name])
        for code, values in enumerate(matrix):
            assert values == {factor: abs(figures[f"rho_code{code}_{factor}"]) for factor in factors}
        paired = {factor for factor in factors if factor in whole}
        assert len(paired) == min(codes, len(factors))
        assert all(whole[factor] == figures[f"rho_{factor}"] for factor in paired)
        for key in ("mutual_information_gap", "category_error", "mutual_information_nats"):
            assert whole[key] == figures[key]
        assert whole["steps"] == 3
    assert (written["samples"], written["seeds"]) == (SAMPLES, [2, 6])
    assert [(one["row"], one["seed"]) for one in written["runs"]] == [("with", 2), ("without", 6)]
    assert "informed=false" in written["runs"][1]["command"]
    assert written["command"] == (
        f"python -m training infogan-factors weights/infogan-{data} --control runs/control --samples 10000"
    )


def test_the_report_shows_it_and_a_factor_without_code_stays_empty(made, tmp_path):
    weights, control = made["faces"]
    infogan_factors_command(weights, control=control, weights_dir=tmp_path)
    (shown,) = read_experiments(tmp_path)
    assert shown["name"] == "infogan-factors-faces"
    assert [row["name"] for row in shown["rows"]] == list(EXPERIMENTS["infogan-factors-faces"].rows.values())
    for row in shown["rows"]:
        whole = "all codes" in row["name"]
        assert sum(cell is None for cell in row["cells"][:5]) == whole  # five factors, four codes
        assert all((cell is not None) == whole for cell in row["cells"][5:])


def test_a_control_may_be_weights_and_ours_a_run(made, tmp_path):
    weights, control = made["chairs"]
    infogan_factors_command(weights, control=control, weights_dir=tmp_path)
    first = read_json(tmp_path / "experiments" / "infogan-factors-chairs.json")
    shipped = ship([RunFolder(control)], tmp_path / "infogan-chairs-control", half=False, newest=False).folder
    infogan_factors_command(weights, control=shipped, weights_dir=tmp_path)
    again = read_json(tmp_path / "experiments" / "infogan-factors-chairs.json")
    assert again["figures"] == first["figures"]
    assert "--control weights/infogan-chairs-control" in again["command"]


def without_history(weights, to):
    to.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (to / name).symlink_to(weights / name)
    return to


def settings_changed(weights, to, **changes):
    """The same weights that say they were trained otherwise."""
    (training,) = load_weights(weights).metrics["training"]
    copy = without_history(weights, to / weights.name)
    settings = {**training["settings"], **changes}
    write_json(copy / "metrics.json", {"training": [{**training, "settings": settings}]})
    return copy


def test_only_lambda_0_is_a_control(made, tmp_path):
    weights, control = made["chairs"]
    words = r"was trained with the information term; name a run of --set informed=false as --control\.$"
    half = settings_changed(weights, tmp_path, info_weight=0.0)  # the continuous codes still inform G
    for other in (weights, half):
        with pytest.raises(RunError, match=words):
            infogan_factors_command(weights, control=other, weights_dir=tmp_path)
    with pytest.raises(RunError, match=r"control was trained without the information term; name it as --control\.$"):
        infogan_factors_command(control, control=control, weights_dir=tmp_path)
    neither = settings_changed(weights, tmp_path / "both", info_weight=0.0, continuous_weight=0.0)
    infogan_factors_command(weights, control=neither, weights_dir=tmp_path)


def test_pairs_that_do_not_fit_are_refused(made, tmp_path):
    weights, _ = made["chairs"]
    other = run("chairs", tmp_path / "other", "informed=false", codes=2).path
    with pytest.raises(RunError, match=r"infogan-chairs has continuous 3 and other has 2; train them alike\.$"):
        infogan_factors_command(weights, control=other, weights_dir=tmp_path)
    fake = ("categorical=8", "continuous=3")
    digits = [
        trained(request("infogan", *fake, *more, image_size=16), tmp_path / name).path
        for name, more in (("fake", ()), ("fake-control", ("informed=false",)))
    ]
    for ours, said in ((weights, "infogan-chairs on chairs and"), (digits[0], "fake on fake and")):
        with pytest.raises(RunError, match=f"but it was {said} fake-control on fake"):
            infogan_factors_command(ours, control=digits[1], weights_dir=tmp_path)
    bare = without_history(weights, tmp_path / "bare")
    with pytest.raises(RunError, match="bare does not say by which run it was trained"):
        infogan_factors_command(bare, control=digits[1], weights_dir=tmp_path)
    assert not (tmp_path / "experiments").exists()
