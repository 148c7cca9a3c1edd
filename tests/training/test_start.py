"""From words to a run: overrides, refusals in one sentence, and what a run folder remembers."""

import json
import signal
from dataclasses import replace
from typing import get_args

import pytest
import torch

from models.checkpoint import CheckpointError, write_json
from tests.training.tiny import request, signals_kept
from training.data import DataError
from training.loop import Limits
from training.recipes import RECIPES, ModelName
from training.run import RunError, RunFolder
from training.start import first_batch, parse, prepare, reopen, resolve, start

CPU = torch.device("cpu")
ONE_STEP = Limits(steps=1, tick_steps=1)


def started(asked, run, *, resume=False, limits=ONE_STEP):
    with signals_kept():
        return start(resolve(asked), run, limits, resume=resume, device_name="cpu")


def test_overrides_go_to_settings_and_config():
    plan = resolve(request("lapgan", "loss=article", "lr=0.5", "image_sizes=8,5,2", "widths=4,3", "band_scale=1,0.5"))
    assert (plan.settings.loss, plan.settings.lr) == ("article", 0.5)
    assert plan.config.image_sizes == (8, 5, 2)
    assert plan.config.widths == (4, 3)
    assert plan.config.band_scale == (1.0, 0.5)
    last = resolve(request("gan", "lr=1", "lr=2"))
    assert last.settings.lr == 2.0


@pytest.mark.parametrize(
    ("text", "like", "value"),
    [
        ("3", 1, 3),
        ("1e-3", 1.0, 1e-3),
        ("true", False, True),
        ("False", True, False),
        ("a b", "x", "a b"),
        ("1,2", (5,), (1, 2)),
        ("a,b", (), ("a", "b")),
        ("", (5,), ()),
    ],
)
def test_a_value_is_read_as_the_one_it_replaces(text, like, value):
    assert parse(text, like, "key") == value
    assert type(parse(text, like, "key")) is type(like)


@pytest.mark.parametrize(
    ("kind", "override", "reason"),
    [
        ("gan", "colour=1", "There is no setting 'colour'; choose one of: batch_size, lr, ema"),
        ("gan", "lr", "lr cannot be ''"),
        ("gan", "lr=fast", "lr cannot be 'fast'; give a value like"),
        ("gan", "batch_size=1.5", "batch_size cannot be '1.5'"),
        ("gan", "width=-1", "gan.width must be int within bounds, got '-1'"),
        ("gan", "arch=big", "gan.arch must be"),
        ("bigan", "affine=yes", "affine cannot be 'yes'"),
        ("bigan", "variant=vae", "variant cannot be 'vae'; choose one of: bigan, latent-regressor"),
        ("lapgan", "optimizer=lion", "optimizer cannot be 'lion'; choose one of: sgd, adam"),
        ("lapgan", "loss=hinge", "loss cannot be 'hinge'; choose one of: log, article"),
        ("lapgan", "widths=4,4,4", "widths needs one value for each of the 1 bands"),
        ("infogan", "trunk_widths=4,4,4,4", "image_size 8 must be divisible by 2"),
        (
            "gan",
            "image_size=16",
            "take pictures of 16 pixels a side with 1 channel(s), but those of fake have 8 with 1",
        ),
        ("bigan", "channels=3", "of 8 pixels a side with 3 channel(s), but those of fake have 8 with 1"),
        ("lapgan", "image_sizes=16,8", "take pictures of 16 pixels"),
    ],
)
def test_overrides_that_cannot_be(kind, override, reason):
    with pytest.raises(RunError) as caught:
        resolve(request(kind, override))
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"preset": "best"}, "gan has no preset 'best'; choose paper, modern"),
        ({"levels": (0,)}, "gan has no levels"),
        ({"data": "imagenet"}, "Unknown data 'imagenet'"),
        ({"only_class": "cat"}, "There is no class 'cat'"),
        ({"channels": 2}, "2 channels"),
    ],
)
def test_requests_that_cannot_be(changes, reason):
    with pytest.raises((RunError, DataError), match=reason):
        resolve(replace(request("gan"), **changes))


def test_one_class_alone_has_one_label():
    plan = resolve(replace(request("lapgan"), only_class="7"))
    assert plan.config.classes == 0
    assert plan.dataset.class_names == ("7",)
    assert 0 < len(plan.dataset.images) < 512


def test_the_seed_decides_the_first_weights():
    first, again, other = (prepare(resolve(request("gan", seed=seed)), CPU).model.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


def test_a_dry_run_tells_config_and_shapes():
    told = json.loads(first_batch(resolve(request("infogan")), CPU))
    assert told["request"]["model"] == "infogan"
    assert told["config"]["generator_widths"] == [8, 6]
    assert told["settings"]["batch_size"] == 10
    assert told["first batch"] == {"images": [10, 1, 8, 8], "labels": [10]}
    assert set(told["parameters"]) == {"generator", "trunk", "q_head", "d_head"}


def test_a_run_remembers_its_request(tmp_path):
    run = RunFolder(tmp_path / "run")
    asked = request("lapgan", "lr=0.001", levels=(1,), seed=3)
    assert started(asked, run) == "done"
    assert reopen(run) == asked
    record = json.loads((run.path / "run.json").read_text())
    assert record["data_digest"] == resolve(asked).dataset.digest
    assert started(asked, run, resume=True) == "done"


def test_a_part_of_the_config_that_came_later_is_taken_as_its_default(tmp_path):
    run = RunFolder(tmp_path / "run")
    started(request("bigan"), run)
    record = json.loads((run.path / "run.json").read_text())
    assert record["config"].pop("arch") == "fc"
    write_json(run.path / "run.json", record)
    assert started(request("bigan"), run, resume=True) == "done"
    write_json(run.path / "run.json", record | {"config": record["config"] | {"latent": 7}})
    with pytest.raises(RunError, match="another config"):
        started(request("bigan"), run, resume=True)


def test_a_setting_that_came_later_is_taken_as_its_default(tmp_path):
    run = RunFolder(tmp_path / "run")
    started(request("infogan"), run)
    record = json.loads((run.path / "run.json").read_text())
    assert record["settings"].pop("informed") is True
    write_json(run.path / "run.json", record)
    assert started(request("infogan"), run, resume=True) == "done"
    write_json(run.path / "run.json", record | {"settings": record["settings"] | {"informed": False}})
    with pytest.raises(RunError, match="another settings"):
        started(request("infogan"), run, resume=True)


def test_a_folder_with_a_run_is_not_begun_anew(tmp_path):
    run = RunFolder(tmp_path / "run")
    started(request("gan"), run)
    before = (run.path / "run.json").read_bytes(), run.status()
    with pytest.raises(RunError, match="already holds a run; add --resume to go on with it"):
        started(request("gan"), run)
    for other in (request("gan", "lr=1"), request("gan", seed=5), request("bigan")):
        with pytest.raises(RunError, match="holds a run with another request"):
            started(other, run, resume=True)
    assert before == ((run.path / "run.json").read_bytes(), run.status())


def test_a_refused_setting_leaves_the_folder_free(tmp_path):
    run = RunFolder(tmp_path / "run")
    with pytest.raises(ValueError, match="Levels must be among 0 to 1"):
        started(request("lapgan", levels=(5,)), run)
    assert started(request("lapgan", levels=(1,)), run) == "done"


@pytest.mark.parametrize(
    ("text", "error"),
    [("{", CheckpointError), ("{}", RunError), ('{"request": {"mode": 1}}', RunError), ('{"request": []}', RunError)],
)
def test_a_run_folder_of_something_else_is_refused(tmp_path, text, error):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(error, match=r"run\.json"):
        reopen(RunFolder(tmp_path))


def test_a_failure_is_recorded(tmp_path, monkeypatch):
    run, kept = RunFolder(tmp_path / "run"), signal.getsignal(signal.SIGINT)

    def broken(*arguments, **options):
        raise RuntimeError("out of luck")

    monkeypatch.setattr("training.start.train", broken)
    with pytest.raises(RuntimeError, match="out of luck"):
        started(request("gan"), run)
    assert run.status() == {**run.status(), "state": "failed", "step": 0, "reason": "RuntimeError: out of luck"}
    assert signal.getsignal(signal.SIGINT) is kept


def test_the_command_line_knows_every_model():
    assert get_args(ModelName) == tuple(RECIPES)
