"""The report card: it follows from the metrics.json files, knows every figure, and its check finds a false one."""

import json
import re
import shutil

import pytest

import training.__main__ as command_line
from models.checkpoint import CheckpointError, load_weights, read_json, write_json
from tests.training.making import REPOSITORY, shared
from training.figures import FIGURES, figure
from training.measured import number, tolerance
from training.report import as_json, as_markdown, build_report, measure_again
from training.run import RunError

WEIGHTS = REPOSITORY / "weights"
EVALUATED = {"command": "python -m training evaluate X", "date": "2026-01-02", "samples": 10_000}


def trained(model):
    return [{"request": {"seed": 3, "model": model}}]


def measured(root, name, figures, **more):
    (root / name).mkdir(parents=True)
    found = {"figures": figures, "evaluated": EVALUATED, "training": trained(name.split("-")[0].removeprefix("dc"))}
    write_json(root / name / "metrics.json", {**found, **more})


def test_the_committed_report_follows_from_the_metrics():
    report = build_report(WEIGHTS)
    again = "run `python -m training report`."
    assert (REPOSITORY / "REPORT.md").read_text(encoding="utf-8") == as_markdown(report), f"REPORT.md is old: {again}"
    assert (WEIGHTS / "report.json").read_text(encoding="utf-8") == as_json(report), f"report.json is old: {again}"


def test_every_shipped_figure_is_in_it_as_measured():
    text = (REPOSITORY / "REPORT.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\S+-\S+)\n\n((?:.+\n|\n(?!##))*)", text, re.MULTILINE))
    for path in WEIGHTS.glob("*/metrics.json"):
        metrics, section = read_json(path), sections.pop(path.parent.name)
        assert metrics["evaluated"]["command"] in section
        for key, value in metrics["figures"].items():
            known = figure(key)
            row = next(line for line in section.splitlines() if line.startswith(f"| {known.name} |"))
            assert row.split(" | ")[2] == known.form.format(value)
    assert sections == {}


def test_weights_stand_as_the_tabs_do_and_baselines_after_what_they_are_beside(tmp_path):
    for name in ("bigan-x", "classifier-x", "dcgan-x", "gan-x", "infogan-a", "infogan-mnist-control", "lapgan-x"):
        measured(tmp_path, name, {"frechet": 1.0})
    measured(tmp_path, "infogan-mnist", {"frechet": 1.0, "category_error": 0.01})  # the paper has this figure, too
    measured(tmp_path, "gan-alone", {"frechet": 1.0})
    assert [entry["name"] for entry in build_report(tmp_path)["weights"]] == [
        *("lapgan-x", "gan-x", "dcgan-x", "infogan-mnist", "infogan-mnist-control", "infogan-a", "bigan-x"),
        *("gan-alone", "classifier-x"),
    ]


def test_the_plain_gans_a_control_and_an_ablation_stand_beside(tmp_path):
    changed = {"note": "Without noise", "figures": {"frechet": 40.0}, "training": trained("lapgan")}
    other = {"note": "A plain GAN", "figures": {"frechet": 95.0}, "training": trained("gan")}
    measured(tmp_path, "lapgan-x", {"frechet": 30.0, "swd_32px": 5.0}, ablations=[changed, other])
    measured(tmp_path, "gan-x", {"frechet": 90.0})
    measured(tmp_path, "dcgan-x", {"frechet": 60.0})
    measured(tmp_path, "infogan-mnist", {"category_error": 0.01})
    measured(tmp_path, "infogan-mnist-control", {"category_error": 0.6})
    report = {entry["name"]: entry for entry in build_report(tmp_path)["weights"]}
    assert {report[name]["kind"] for name in ("gan-x", "dcgan-x")} == {"gan"}
    assert report["lapgan-x"]["others"] == ["gan-x", "dcgan-x", "A plain GAN", "Without noise"]
    first, second = report["lapgan-x"]["rows"]
    assert {name: cell["text"] for name, cell in first["others"].items()} == {
        "gan-x": "90.00",
        "dcgan-x": "60.00",
        "A plain GAN": "95.00",
        "Without noise": "40.00",
    }
    assert second["others"] == {}
    error = report["infogan-mnist"]["rows"][0]
    assert (error["paper"], error["here"]["text"]) == ({"text": "5 %", "value": 0.05}, "1.00%")
    assert error["others"]["infogan-mnist-control"]["value"] == 0.6
    assert [name for name, entry in report.items() if entry["baseline"]] == [
        "gan-x",
        "dcgan-x",
        "infogan-mnist-control",
    ]
    text = as_markdown(build_report(tmp_path))
    assert "| figure | paper | here | gan-x | dcgan-x | A plain GAN | Without noise | n |" in text
    assert "trained with seed 3" in text


def test_places_of_a_key_are_filled_and_any_factor_is_known():
    assert figure("rho_code12_rotation").name == "Code 12 with rotation: rho"
    assert "true shoe size" in figure("rho_shoe_size").definition
    assert figure("swd_7px_from_real_14px").name == "7 px band from real 14 px pictures on"
    assert all(re.fullmatch(r"[^.].*\.\)?", known.definition, re.DOTALL) for known in FIGURES.values())


def test_a_figure_without_definition_is_said(tmp_path):
    measured(tmp_path, "bigan-mnist", {"charm": 1.0})
    with pytest.raises(CheckpointError, match=r"'charm' has no definition; add one to training/figures.py"):
        build_report(tmp_path)


def test_what_a_sample_can_tell():
    assert number("97.39 %") == pytest.approx(0.9739)
    assert number("0.62") == 0.62
    assert number("-1799, not comparable") == -1799
    assert tolerance(figure("category_error"), 0.5, 1000) == pytest.approx(4 * 0.0158 + 0.001, abs=1e-3)
    assert tolerance(figure("rho_azimuth"), 0.9, 1000) == pytest.approx(4 * 0.19 / 31.6 + 0.01, abs=1e-3)
    assert tolerance(figure("frechet"), 30.0, 1000) is None


@pytest.mark.data
@pytest.mark.slow
def test_infogan_again_on_a_thousand_test_digits_and_a_false_figure_is_found(tmp_path, capsys):
    root = shared("MNIST").parent
    for name in ("infogan-mnist", "classifier-mnist"):
        shutil.copytree(WEIGHTS / name, tmp_path / name)
    again = {one.key: one for one in measure_again(load_weights(tmp_path / "infogan-mnist"), root)}
    assert {"category_error", "digit_agreement", "spearman_slant", "spearman_width"} <= again.keys()
    assert [str(one) for one in again.values() if not one.holds] == []

    path = tmp_path / "infogan-mnist" / "metrics.json"
    false = read_json(path)
    false["figures"]["category_error"] = 0.1
    write_json(path, false)
    words = ["report", "--weights-dir", str(tmp_path), "--to", str(tmp_path / "REPORT.md")]
    command_line.app.cli(args=words)
    with pytest.raises(RunError, match=r"1 figures of a sample are not what metrics\.json says"):
        command_line.app.cli(args=[*words, "--check", "--data-root", str(root)])
    assert "infogan-mnist category_error: 0.1, again" in capsys.readouterr().out


def test_the_check_says_what_is_stale_and_skips_what_is_not_there(tmp_path, capsys):
    (tmp_path / "none").mkdir()
    weights = tmp_path / "weights"
    for name in ("infogan-mnist", "classifier-mnist"):
        shutil.copytree(WEIGHTS / name, weights / name)
    words = ["report", "--weights-dir", str(weights), "--to", str(tmp_path / "REPORT.md")]
    check = [*words, "--check", "--data-root", str(tmp_path / "none")]
    command_line.app.cli(args=words)
    command_line.app.cli(args=check)
    assert "infogan-mnist: skipped, " in capsys.readouterr().out
    kept = json.loads((weights / "report.json").read_text(encoding="utf-8"))
    write_json(weights / "report.json", {"weights": kept["weights"][:1]})
    with pytest.raises(RunError, match=r"report\.json do not follow from metrics\.json"):
        command_line.app.cli(args=check)
