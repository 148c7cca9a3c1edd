"""The loop, driven by a stand-in for a model's training: ticks, saves, limits, and nothing broken ever saved."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from training import loop
from training.data import normalise, open_dataset
from training.loop import Limits, eta, finished, train, update_average
from training.run import RunFolder, load_state

CPU = torch.device("cpu")
SHORT = Limits(steps=12, tick_steps=2, save_steps=4)


class StandIn:
    """A weight that counts steps, whose loss, score, weights or optimiser state can be spoiled at one of them."""

    config = None

    def __init__(self, spoil=lambda training, step: None, scores=()):
        self.settings = SimpleNamespace(batch_size=4, ema=0.5)
        torch.manual_seed(0)
        self.model = nn.Linear(2, 1)
        self.optimizers = {"only": torch.optim.Adam(self.model.parameters(), 0.01)}
        self.generators = {"draws": torch.Generator().manual_seed(0)}
        self.spoil, self.scores, self.loss, self.seen = spoil, list(scores), 1.0, []

    def step(self, images, labels, step):
        assert images.shape == (4, 1, 8, 8)
        assert images.abs().max() <= 1
        for parameter in self.model.parameters():
            own = torch.rand(1, generator=self.generators["draws"])
            parameter.grad = torch.ones_like(parameter) + torch.rand(1) + own
        self.optimizers["only"].step()
        self.loss = 1.0
        self.spoil(self, step)
        self.seen.append(step)
        return {"loss/only": torch.tensor(self.loss)}

    def calibrate(self, model):
        """Nothing to do."""

    def preview(self, model):
        return torch.zeros(4, 1, 8, 8), 2

    def score(self, model, images):
        return self.scores.pop(0) if self.scores else None

    def probe(self, model):
        return {"diversity": 1.0}


@pytest.fixture(scope="module")
def dataset():
    return open_dataset("fake", split="train", size=8, channels=1, limit=30)


@pytest.fixture
def run(tmp_path):
    run = RunFolder(tmp_path / "run")
    with run.locked():
        yield run


def trained(training, dataset, run, limits=SHORT, **options):
    return train(training, dataset, run, limits, seed=0, device=CPU, **options)


def steps_logged(run):
    return [record["step"] for record in run.read_metrics()]


def test_a_run_ends_at_its_last_step(dataset, run):
    training = StandIn()
    assert trained(training, dataset, run, Limits(steps=11, tick_steps=2, save_steps=4)) == "done"
    assert training.seen == list(range(11))
    assert steps_logged(run) == [2, 4, 6, 8, 10, 11]
    assert run.checkpoint_steps() == [8, 11]
    assert run.status()["state"] == "done"
    assert sorted(path.name for path in run.samples.iterdir()) == [f"step-0000{step:02}.png" for step in (4, 8, 11)]


def test_going_on_from_an_uneven_step_falls_back_into_the_ticks(dataset, run):
    trained(StandIn(), dataset, run, Limits(steps=5, tick_steps=2, save_steps=4))
    training = StandIn()
    trained(training, dataset, run, Limits(steps=11, tick_steps=2, save_steps=4))
    assert training.seen == list(range(5, 11))
    assert steps_logged(run) == [2, 4, 5, 6, 8, 10, 11]
    assert run.checkpoint_steps() == [8, 11]


def test_parts_equal_the_whole(dataset, run, tmp_path):
    trained(StandIn(), dataset, run)
    parts = RunFolder(tmp_path / "parts")
    with parts.locked():
        for steps in (4, 8, 12):
            trained(StandIn(), dataset, parts, Limits(steps=steps, tick_steps=2, save_steps=4))
    whole, sum_of_parts = (load_state(folder.checkpoint_path(12)) for folder in (run, parts))
    assert whole.tensors.keys() == sum_of_parts.tensors.keys()
    assert all(torch.equal(tensor, sum_of_parts.tensors[key]) for key, tensor in whole.tensors.items())


def test_checkpoints_are_judged_on_pictures_from_all_over_the_data(dataset, run, monkeypatch):
    monkeypatch.setattr(loop, "HELD_OUT", 10)  # of 30; a folder's pictures come class by class
    training, judged = StandIn(), []
    training.score = lambda model, images: judged.append(images) or 0.0
    trained(training, dataset, run)
    assert all(torch.equal(images, normalise(dataset.images[::3])) for images in judged)
    assert len(judged) == 3


def test_a_finished_run_is_left_as_it_is(dataset, run):
    trained(StandIn(), dataset, run)
    training = StandIn()
    assert trained(training, dataset, run) == "done"
    assert training.seen == []


def test_asked_to_stop_it_saves_first(dataset, run):
    training = StandIn()
    stop = {"after": 6}
    assert trained(training, dataset, run, should_stop=lambda: len(training.seen) >= stop["after"]) == "cancelled"
    assert run.checkpoint_steps() == [4, 6]
    assert (run.status()["state"], run.status()["step"]) == ("cancelled", 6)


@pytest.mark.parametrize("held", [True, False])
def test_time_that_a_run_was_held_is_not_its_own(dataset, run, held, monkeypatch):
    clock = {"now": 0.0}
    training = StandIn(lambda training, step: clock.update(now=clock["now"] + (60 if step == 3 else 1)))
    monkeypatch.setattr(loop.time, "perf_counter", lambda: clock["now"])
    pauses = [held]
    outcome = trained(
        training, dataset, run, was_paused=lambda: len(training.seen) == 4 and bool(pauses) and pauses.pop()
    )
    assert outcome == "done"
    assert run.read_metrics()[-1]["seconds"] == (11 if held else 71)


def test_the_best_is_kept_by_score(dataset, run):
    trained(StandIn(scores=[0.5, 0.9, 0.7]), dataset, run)
    assert load_state(run.checkpoints / "best.safetensors").step == 8
    trained(StandIn(scores=[0.8, 0.95]), dataset, run, Limits(steps=20, tick_steps=2, save_steps=4))
    assert load_state(run.checkpoints / "best.safetensors").step == 20


def test_without_a_score_the_newest_is_best(dataset, run):
    trained(StandIn(), dataset, run)
    assert load_state(run.checkpoints / "best.safetensors").step == 12


@pytest.mark.parametrize("scores", [(), (0.5, 0.9)])
def test_a_kill_between_a_checkpoint_and_its_mark_is_made_good(dataset, run, scores):
    trained(StandIn(scores=scores), dataset, run, Limits(steps=8, tick_steps=2, save_steps=4))
    (run.checkpoints / "best.safetensors").unlink()
    trained(StandIn(scores=[0.1] if scores else ()), dataset, run)
    assert load_state(run.checkpoints / "best.safetensors").step == (8 if scores else 12)


def spoil_loss(value):
    return lambda training: setattr(training, "loss", value)


@torch.no_grad()
def spoil_weight(training):
    training.model.weight[0, 1] = torch.nan


@torch.no_grad()
def spoil_state(training):
    training.optimizers["only"].state[training.model.weight]["exp_avg_sq"][0, 0] = torch.inf


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_loss(math.nan), "loss/only was nan at step 8"),
        (spoil_loss(math.inf), "loss/only was inf at step 8"),
        (spoil_loss(-1e9), "loss/only was -5e+08 at step 8"),
        (spoil_weight, "weight was not finite at step 8"),
        (spoil_state, "optimizer/only/0/exp_avg_sq was not finite at step 8"),
    ],
    ids=["nan", "infinite", "huge", "weight", "optimiser"],
)
@pytest.mark.parametrize("at", [6, 7])
def test_a_divergence_ends_the_run_within_a_tick_and_is_never_saved(dataset, run, spoil, reason, at):
    training = StandIn(lambda training, step: spoil(training) if step == at else None)
    assert trained(training, dataset, run) == "diverged"
    assert training.seen[-1] == 7
    assert run.status() == {**run.status(), "state": "diverged", "step": 8, "reason": reason}
    assert run.checkpoint_steps() == [4]
    assert load_state(run.checkpoint_path(4)).step == 4
    assert "The last checkpoint is step 4" in (run.path / "log.txt").read_text()
    assert trained(StandIn(), dataset, run) == "done"  # from that checkpoint
    assert steps_logged(run) == [2, 4, 6, 8, 10, 12]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps must be more than 0, got 0"),
        ({"minutes": -1.0}, "minutes must be more than 0"),
        ({"minutes": math.nan}, "minutes must be more than 0, got nan"),
        ({"tick_steps": 0}, "tick_steps must be more than 0"),
        ({"save_steps": 5, "tick_steps": 2}, "save_steps 5 must be a multiple of tick_steps 2"),
    ],
)
def test_limits_that_no_run_can_keep(wrong, message):
    with pytest.raises(ValueError, match=message):
        Limits(**wrong)


def test_limits_end_a_run_whichever_comes_first():
    limits = Limits(steps=100, minutes=2)
    assert not finished(99, 119, limits)
    assert finished(100, 0, limits)
    assert finished(0, 120, limits)
    assert not finished(10**9, 10**9, Limits())
    assert eta(50, 60, limits) == "1.0 min left"
    assert eta(10, 60, limits) == "1.0 min left"
    assert eta(5, 5, Limits()) == "no limit"


def test_the_average_forgets_its_start_and_then_lags():
    model, average = nn.Linear(1, 1), nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(1)
        average.weight.fill_(0)
    update_average(average, model, 0.999, 0)
    assert average.weight.item() == pytest.approx(0.9)
    with torch.no_grad():
        average.weight.fill_(0)
    update_average(average, model, 0.999, 10**6)
    assert average.weight.item() == pytest.approx(0.001)
    update_average(average, model, 0.0, 10**6)
    assert average.weight.item() == 1
