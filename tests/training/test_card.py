"""Cards and the README: commands that can be repeated, and a table that holds what was measured."""

import json
import re
import shlex
from dataclasses import asdict

import pytest

import training.__main__ as command_line
from models.checkpoint import CheckpointError, write_json
from tests.training.making import REPOSITORY
from training.card import BEGIN, END, figures_table, fill_readme, train_command
from training.run import RunError
from training.start import Request

# Commands that can be repeated


@pytest.mark.parametrize(
    "asked",
    [
        Request("bigan", "mnist"),
        Request("lapgan", "cifar10", "paper", 7, only_class="truck", levels=(2, 0)),
        Request("infogan", "folder:my pictures", seed=1, image_size=32, channels=3, overrides=("noise=9", "ema=0.5")),
        Request("lapgan", "folder:it's.zip", only_class="a 'b' $c", overrides=("widths=64,64", "nets=paper")),
    ],
)
def test_the_printed_command_asks_for_the_same_run(monkeypatch, tmp_path, asked):
    seen = []

    def resolve(request, *, data_root):
        seen.append(request)
        raise RunError("Enough seen.")

    monkeypatch.setattr(command_line, "resolve", resolve)
    printed = train_command(json.loads(json.dumps(asdict(asked))))
    words = shlex.split(f"{printed} --steps 5   # 3 CPU minutes", comments=True)
    assert words[:4] == ["python", "-m", "training", "train"]
    with pytest.raises(RunError, match="Enough seen"):
        command_line.app.cli(args=[*words[3:], "--run-dir", str(tmp_path)])
    assert seen == [asked]


# The README's table


def weights_with(root, name, figures):
    (root / name).mkdir(parents=True)
    write_json(root / name / "metrics.json", {"figures": figures})


def test_filling_the_readme_twice_changes_nothing_more(tmp_path):
    weights_with(tmp_path, "lapgan-cifar10", {"frechet": 12.345, "swd_32px": 6.789, "parzen_log_likelihood": 1.0})
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    filled = fill_readme(text, tmp_path)
    assert filled.startswith(f"before\n{BEGIN}\n| weights |")
    assert filled.endswith(f"|\n{END}\nafter\n")
    assert "| lapgan-cifar10 | Frechet distance on a small classifier's features | - | 12.35 |" in filled
    assert "old" not in filled
    assert fill_readme(filled, tmp_path) == filled


def test_the_table_speaks_another_language(tmp_path):
    weights_with(tmp_path, "gan-cifar10", {"frechet": 12.345, "swd_32px": 6.789, "parzen_log_likelihood": -9.4})
    words = {
        "Figure": "수치",
        "-3617, not comparable": "-3617, 비교 불가",
        "Sliced Wasserstein distance x 1000, {size} px band": "거리, {size} px 대역",
    }
    table = fill_readme(f"{BEGIN}\n{END}", tmp_path, words)
    assert "| weights | 수치 | paper | here |" in table
    assert "| gan-cifar10 | 거리, 32 px 대역 | - | 6.8 |" in table
    assert "| -3617, 비교 불가 | -9 |" in table


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{END}", f"{BEGIN}{BEGIN}{END}"])
def test_odd_markers_are_refused_before_any_text_is_lost(text, tmp_path):
    with pytest.raises(ValueError, match="once each"):
        fill_readme(text, tmp_path)


def test_a_figure_that_was_not_measured_is_said(tmp_path):
    weights_with(tmp_path, "bigan-mnist", {"nearest_neighbour_accuracy": 0.9})
    with pytest.raises(CheckpointError, match="bigan-mnist has no figure distance_ratio"):
        figures_table(tmp_path)


def test_the_readme_has_the_markers():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert re.search(f"{re.escape(BEGIN)}\n(.*\n)*?{re.escape(END)}\n", text)
    assert text.count(BEGIN) == text.count(END) == 1
