"""The command line: help, errors in one sentence, and pictures that are the models' own."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor

from models.checkpoint import read_json, save_weights
from tests.training.making import REPOSITORY, encoded, zipped
from tests.training.tiny import SMALL, signals_kept, untrained
from training.__main__ import main
from training.card import BEGIN, END

torch.set_num_threads(1)

OPTIONS = {
    "train": ("--data", "--preset", "--minutes", "--steps", "--seed", "--run-dir", "--resume", "--dry-run", "--set"),
    "ship": ("--to", "--no-half", "--newest"),
    "evaluate": ("--data", "--data-root", "--classifier", "--samples", "--inception", "--write"),
    "infogan-factors": ("--control", "--newest", "--samples"),
    "infogan-seeds": ("--paper", "--modern", "--newest", "--classifier"),
    "publish": ("--private",),
    "figures": ("--readme", "--weights-dir"),
    "quiz": ("--to", "--count", "--seed", "--size", "--channels", "--download"),
    "sample": ("--seed", "--seeds", "--label", "--codes", "--out", "--scale", "--level-seeds", "--gains"),
}
# Starting Python takes longest, so one process stands for all.
AS_MODULE = """
import contextlib, io, json, runpy, sys
LATE = ("gradio", "torchmetrics")  # the page's alone, and what takes seconds to import
answers = []
for words in json.loads(sys.argv[1]):
    sys.argv, code, out, err = ["training", *words], 0, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_module("training", run_name="__main__", alter_sys=True)
        except SystemExit as stop:
            code = stop.code or 0
    answers.append([code, out.getvalue(), err.getvalue()])
print(json.dumps({"answers": answers, "late": [name for name in LATE if name in sys.modules]}))
"""


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Run a command in a folder of its own; returns its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["training", *map(str, words)])
        capsys.readouterr()
        code = 0
        with signals_kept():
            try:
                main()
            except SystemExit as stop:
                code = stop.code
        return code, *capsys.readouterr()

    return run


def saved(folder, kind, **changes):
    """Random nets in a weights folder; returns the model as it will be loaded."""
    weights = untrained(kind, **changes)
    save_weights(folder, kind, weights.config, weights.model)
    return weights.model


def test_help_of_the_module_and_of_every_command():
    asked = [["--help"], *([command, "--help"] for command in OPTIONS), ["sample", "nowhere"]]
    command = [sys.executable, "-c", AS_MODULE, json.dumps(asked)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=280, check=True)
    told = json.loads(done.stdout)
    assert told["late"] == []
    (code, overview, _), *helps, (wrong, _, error) = told["answers"]
    assert code == 0
    assert "python -m training" in overview
    for command, (code, text, _) in zip(OPTIONS, helps, strict=True):
        assert code == 0
        assert command in overview
        for option in OPTIONS[command]:
            assert option in text
    assert (wrong, error) == (2, "CheckpointError: nowhere/config.json is missing.\n")


FAKE = ("--data", "fake", "--image-size", "8", "--channels", "1")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("train", "gan", "--data", "nonsense", "--steps", 1), "Unknown data 'nonsense'"),
        (("train", "gan", *FAKE), "Say how long to train"),
        (("train", "gan", *FAKE, "--steps", 0), "steps must be more than 0"),
        (("train", "gan", *FAKE, "--steps", 1, "--preset", "best"), "no preset 'best'"),
        (("train", "gan", *FAKE, "--steps", 1, "--set", "depth=9"), "no setting 'depth'"),
        (("train", "gan", *FAKE, "--steps", 1, "--set", "noise=many"), "noise cannot be 'many'"),
        (("train", "gan", *FAKE, "--steps", 1, "--levels", 0), "gan has no levels"),
        (("train", "gan", *FAKE, "--steps", 1, "--device", "abacus"), "Device 'abacus' is not available"),
        (("train", "lapgan", *FAKE, "--steps", 1, "--levels", 7), "Levels must be among 0 to 1"),
        (("train", "lapgan", *FAKE, "--steps", 1, "--only-class", "z"), "no class 'z'"),
        (("ship", "--to", "weights"), "at least one run"),
        (("ship", "run", "--to", "weights"), "run/run.json is missing"),
        (("evaluate", "weights", "--data", "fake"), "weights/config.json is missing"),
        (("evaluate", "gan-x", "--data", "fake", "--samples", 3), "3 samples are too few"),
        (("evaluate", "gan-x", "--data", "fake", "--classifier", "gan-x"), "not a classifier"),
        (("evaluate",), "Say which weights folder"),
        (("evaluate", "gan-x"), "on which --data"),
        (("evaluate", "gan-x", "--all"), "leave out the folder"),
        (("evaluate", "--all", "--weights-dir", "."), "gan-x (never measured"),
        (("publish", "weights", "someone/repo"), "weights/config.json is missing"),
        (("publish", "gan-x", "someone/repo"), "gan-x has no"),
        (("figures", "--readme", "empty.md"), "The README must hold"),
        (("figures",), "README.md"),
        (("sample", "classifier-x"), "draws nothing"),
        (("sample", "gan-x", "--seed", -1), "seed must be a whole number"),
        (("sample", "infogan-x", "--codes", 0.5), "has 2 continuous codes"),
        (("sample", "infogan-x", "--label", 10), "Category must be from 0 to 9"),
    ],
)
def test_errors_are_one_sentence(cli, tmp_path, words, reason):
    for kind in ("gan", "classifier", "infogan"):
        saved(tmp_path / f"{kind}-x", kind)
    (tmp_path / "empty.md").touch()
    before = sorted(tmp_path.rglob("*"))
    code, _, error = cli(*words)
    assert code == 2
    assert reason in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", [(), ("train", "nonsense"), ("evaluate", "weights"), ("sample", "x", "--seed", "y")])
def test_a_command_that_cannot_be_parsed_ends_with_2(cli, words):
    code, _, error = cli(*words)
    assert code == 2
    assert "Traceback" not in error


def test_a_dry_run_tells_all_and_writes_nothing(cli, tmp_path):
    code, out, _ = cli("train", "bigan", *FAKE, "--dry-run", "--set", *SMALL["bigan"], "--seed", 5)
    plan = json.loads(out)
    assert code == 0
    assert plan["request"]["seed"] == 5
    assert plan["config"]["hidden"] == 12
    assert plan["settings"]["batch_size"] == 10
    assert plan["first batch"] == {"images": [10, 1, 8, 8], "labels": [10]}
    assert set(plan["parameters"]) == {"generator", "encoder", "discriminator"}
    assert list(tmp_path.iterdir()) == []


def test_from_training_to_the_table_of_figures(cli, tmp_path):
    saved(tmp_path / "weights/classifier-fake", "classifier", image_size=8)
    (tmp_path / "README.md").write_text(f"{BEGIN}\n{END}\n")
    assert cli("train", "gan", *FAKE, "--steps", 2, "--run-dir", "run", "--set", *SMALL["gan"])[0] == 0
    assert "gan-fake: 0.0 MB in weights/gan-fake" in cli("ship", "run", "--to", "weights/gan-fake")[1]
    measuring = ("evaluate", "weights/gan-fake", "--data", "fake", "--samples", 50)
    figures = json.loads(cli(*measuring)[1])
    of_the_classifier = {"frechet", "precision", "recall"}  # the one beside it was found
    of_the_pictures = {"distance_to_training", "near_copies", "parzen_log_likelihood", "parzen_standard_error"}
    assert set(figures) == {"swd_8px", "swd_4px"} | of_the_classifier | of_the_pictures
    assert "figures" not in read_json(tmp_path / "weights/gan-fake/metrics.json")

    written = json.loads(cli(*measuring, "--write", "--classifier", "weights/classifier-fake")[1])
    metrics = read_json(tmp_path / "weights/gan-fake/metrics.json")
    assert written == metrics["figures"] == pytest.approx(figures, abs=1e-4)
    assert metrics["evaluated"]["command"] == (
        "python -m training evaluate weights/gan-fake --data fake --samples 50 --classifier weights/classifier-fake"
    )
    (tmp_path / "weights/gan-fake").rename(tmp_path / "weights/gan-cifar10")
    code, _, error = cli("figures")
    assert (code, error) == (
        2,
        "CheckpointError: gan-cifar10 has no figure swd_32px: run `evaluate --write` on it with a classifier.\n",
    )


def test_all_weights_are_measured_as_they_were_and_the_report_follows(cli, tmp_path):
    for kind in ("classifier", "gan"):
        assert cli("train", kind, *FAKE, "--steps", 2, "--run-dir", kind, "--set", *SMALL[kind])[0] == 0
        assert cli("ship", kind, "--to", f"weights/{kind}-fake")[0] == 0
        assert cli("evaluate", f"weights/{kind}-fake", "--data", "fake", "--samples", 50, "--write")[0] == 0
    path = tmp_path / "weights/gan-fake/metrics.json"
    before = path.read_text()
    path.write_text(before.replace('"swd_8px": ', '"swd_8px": 1'))
    assert cli("evaluate", "--all", "--markdown")[0] == 0
    assert path.read_text() == before
    report = (tmp_path / "REPORT.md").read_text()
    assert "## gan-fake" in report
    assert (tmp_path / "weights/report.json").is_file()

    # A folder or zip is known by its name; --data-root says where it lies here.
    (tmp_path / "there").mkdir()
    drawn = np.random.default_rng(0).integers(256, size=(240, 8, 8), dtype=np.uint8)
    names = [f"{split}/{k % 2}/{k}.png" for split in ("train", "test") for k in range(120)]
    pictures = {name: encoded(picture) for name, picture in zip(names, drawn, strict=True)}
    zipped(tmp_path / "there/small.zip", pictures)
    shutil.copytree(path.parent, tmp_path / "weights/gan-zip")
    measuring = ("evaluate", "weights/gan-zip", "--data", "folder:there/small.zip", "--samples", 50, "--write")
    figures = json.loads(cli(*measuring)[1])
    code, out, error = cli("evaluate", "--all")
    assert code == 2
    assert "Not measured: gan-zip (" in error
    assert "gan-zip" not in out
    code, out, _ = cli("evaluate", "--all", "--data-root", "there")
    assert code == 0
    assert json.loads(out[out.index('{\n "gan-zip"') :]) == {"gan-zip": figures}


# Pictures


def pixels(image):
    return ((image[0].clamp(-1, 1) + 1) * 127.5).round().byte()


def drawn(cli, folder, *words):
    """Draw by the command line; returns the picture's bytes (C, H, W)."""
    assert cli("sample", folder, *words)[0] == 0
    with Image.open("sample.png" if "--out" not in words else words[words.index("--out") + 1]) as picture:
        assert picture.format == "PNG"
        return pil_to_tensor(picture)


def test_an_infogan_draws_the_digit_asked_for(cli, tmp_path):
    names = tuple("3140592687")
    model = saved(tmp_path / "infogan-x", "infogan", category_names=names)
    asked = ("--seed", 7, "--label", 9, "--codes", -1.5, 0.5, "--out", "nine.png")
    own = model.generate([7], [[names.index("9")]], [[-1.5, 0.5]])
    assert torch.equal(drawn(cli, "infogan-x", *asked), pixels(own))
    assert torch.equal(drawn(cli, "infogan-x"), pixels(model.generate([42], [[3]], [[0.0, 0.0]])))
    several = saved(tmp_path / "infogan-y", "infogan", categorical=(3, 2))
    own = several.generate([42], [[2, 0]], [[0.0, 0.0]])
    assert torch.equal(drawn(cli, "infogan-y", "--label", 2), pixels(own))


def test_a_lapgan_draws_the_class_asked_for(cli, tmp_path):
    model = saved(tmp_path / "lapgan-x", "lapgan")
    own = model.grow([[4294967295] * 3], [6])[-1].image
    assert torch.equal(drawn(cli, "lapgan-x", "--seed", 4294967295, "--label", 6), pixels(own))
    model = saved(tmp_path / "lapgan-y", "lapgan", classes=0, class_names=())
    assert torch.equal(drawn(cli, "lapgan-y", "--seed", 5), pixels(model.grow([[5] * 3])[-1].image))


@pytest.mark.parametrize("kind", ["bigan", "gan"])
def test_the_others_draw_their_seed(cli, tmp_path, kind):
    model = saved(tmp_path / "x", kind)
    own = model.decode(model.latents([7])) if kind == "bigan" else model.sample([7])
    enlarged = pixels(own).repeat_interleave(3, dim=1).repeat_interleave(3, dim=2)
    assert torch.equal(drawn(cli, "x", "--seed", 7), pixels(own))
    assert torch.equal(drawn(cli, "x", "--seed", 7, "--scale", 3), enlarged)
