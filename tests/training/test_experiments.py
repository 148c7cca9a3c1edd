"""Experiments: what is written is what the report shows, and nothing that has no words gets in."""

import pytest

from models.checkpoint import CheckpointError, read_json, write_json
from tests.training.making import REPOSITORY
from training import experiments
from training.experiments import EXPERIMENTS, Experiment, read_experiments, write_experiment
from training.report import as_markdown, build_report

KNOWN = {
    "table": Experiment(
        "A table",
        "What was done.",
        rows={"ours": "Ours", "theirs": "Theirs", "never": "Never run"},
        columns={"accuracy": "Accuracy", "minutes": "Minutes"},
        paper={"ours": "97.39 %"},
        form="{:.2%}",
        forms={"minutes": "{:.0f}"},
        shaded=("accuracy",),
    ),
    "picture": Experiment("A picture", "What was drawn.", pictures={"bound.svg": "Two curves"}),
}
FIGURES = {"theirs": {"accuracy": 0.5, "minutes": 7}, "ours": {"accuracy": 0.9755}}
HOW = {"command": "python -m training x", "samples": 10_000, "seeds": [2, 1]}


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setattr(experiments, "EXPERIMENTS", KNOWN)


def test_what_is_written_is_read_with_its_words(tmp_path):
    write_experiment(tmp_path, "table", FIGURES, **HOW)
    (one,) = read_experiments(tmp_path)
    assert (one["name"], one["title"], one["n"], one["seeds"]) == ("table", "A table", 10_000, [1, 2])
    assert (one["columns"], one["shaded"]) == (["Accuracy", "Minutes"], [0])
    assert one["rows"] == [
        {"name": "Ours", "paper": "97.39 %", "cells": ["97.55%", None]},
        {"name": "Theirs", "paper": None, "cells": ["50.00%", "7"]},
    ]


def test_what_is_known_of_each_training_is_kept_and_not_shown(tmp_path):
    write_experiment(tmp_path, "table", FIGURES, **HOW)
    (plain,), bare = read_experiments(tmp_path), read_json(tmp_path / "experiments" / "table.json")
    runs = [{"seed": 1, "figures": {"accuracy": 0.4}}, {"seed": 2, "figures": {"accuracy": 0.6}}]
    made = read_json(write_experiment(tmp_path, "table", FIGURES, **HOW, runs=runs))
    assert made == {**bare, "runs": runs}
    assert read_experiments(tmp_path) == [plain]


def test_what_was_not_made_is_not_shown(tmp_path):
    assert read_experiments(tmp_path) == []
    write_experiment(tmp_path, "table", FIGURES, **HOW)
    assert [one["name"] for one in build_report(tmp_path)["experiments"]] == ["table"]
    assert "A picture" not in as_markdown(build_report(tmp_path))


def test_the_report_shows_tables_and_pictures(tmp_path):
    write_experiment(tmp_path, "table", FIGURES, **HOW)
    (tmp_path / "experiments" / "bound.svg").write_text("<svg/>")
    write_experiment(tmp_path, "picture", {}, **HOW)
    text = as_markdown(build_report(tmp_path))
    assert "| Ours | 97.39 % | 97.55% | - |\n| Theirs | - | 50.00% | 7 |" in text
    assert "![Two curves](weights/experiments/bound.svg)" in text
    assert "`python -m training x` on" in text


@pytest.mark.parametrize(
    ("figures", "odd"), [({"nobody": {"accuracy": 1.0}}, "'nobody'"), ({"ours": {"beauty": 1.0}}, "'beauty'")]
)
def test_what_has_no_words_is_not_written(tmp_path, figures, odd):
    with pytest.raises(CheckpointError, match=odd):
        write_experiment(tmp_path, "table", figures, **HOW)
    assert not (tmp_path / "experiments").exists()


def test_a_file_without_words_and_a_missing_picture_are_told(tmp_path):
    write_experiment(tmp_path, "picture", {}, **HOW)
    with pytest.raises(CheckpointError, match=r"experiments/bound\.svg is missing"):
        read_experiments(tmp_path)
    write_json(tmp_path / "experiments" / "other.json", read_json(tmp_path / "experiments" / "picture.json"))
    with pytest.raises(CheckpointError, match=r"experiments/other\.json is not described"):
        read_experiments(tmp_path)


def test_papers_figures_stand_at_rows_that_there_are():
    for name, known in EXPERIMENTS.items():
        assert set(known.paper) <= set(known.rows), name
        assert set(known.forms) <= set(known.columns), name


def test_what_is_committed_is_complete():
    made = {path.name for path in (REPOSITORY / "weights" / "experiments").glob("*")}
    wanted = {f"{name}.json" for name in EXPERIMENTS} & made
    for name in EXPERIMENTS:
        if f"{name}.json" in made:
            wanted |= set(EXPERIMENTS[name].pictures)
    assert made == wanted
