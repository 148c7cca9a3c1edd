"""One step of every model: what moves, what repeats, and what judging it leaves alone."""

import copy

import pytest
import torch

from tests.training.steps import DEEP, changed, equal_weights, parameters, step, training_of
from training.data import normalise
from training.recipes import RECIPES

PRESETS = [(kind, preset) for kind in RECIPES for preset in RECIPES[kind].presets]


@pytest.mark.parametrize(("kind", "preset"), PRESETS, ids=str)
def test_one_step_moves_every_parameter(kind, preset):
    deep, size = (DEEP, {"image_size": 16}) if kind == "lapgan" else ((), {})
    training = training_of(kind, preset, *deep, **size)
    if (kind, preset) == ("lapgan", "paper"):
        with torch.no_grad():  # its dense D starts so small that at this width G's step is lost in rounding
            for parameter in training.model.discriminators[-1].parameters():
                parameter.mul_(20)
    before = parameters(training.model)
    stats = step(training)
    assert changed(before, training.model) == set(before)
    assert all(torch.isfinite(value).all() and not value.requires_grad for value in stats.values())
    assert {key.split("/")[0] for key in stats} <= {"loss", "accuracy", "information", "band"}


@pytest.mark.parametrize(("kind", "preset"), PRESETS, ids=str)
def test_nets_in_bfloat16_have_their_losses_in_float32(kind, preset):
    exact = step(training_of(kind, preset))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = step(training_of(kind, preset))
    for key, value in rounded.items():
        if key.startswith(("loss", "information")):
            assert value.dtype == torch.float32, key
            assert value != value.bfloat16(), key
            assert value.item() == pytest.approx(exact[key].item(), rel=0.05, abs=0.05), key


@pytest.mark.parametrize(("kind", "preset"), PRESETS, ids=str)
def test_the_same_seed_takes_the_same_step(kind, preset):
    first, again, other = (training_of(kind, preset, seed=seed) for seed in (1, 1, 2))
    for training in (first, again, other):
        step(training)
    assert equal_weights(first.model, again.model)
    assert not equal_weights(first.model, other.model)


@pytest.mark.parametrize("kind", RECIPES)
def test_what_judges_checkpoints_changes_nothing(kind):
    training = training_of(kind)
    step(training)
    average = copy.deepcopy(training.model)
    states = [generator.get_state() for generator in training.generators.values()]
    before, random = parameters(training.model), torch.get_rng_state()
    training.calibrate(average)
    average.eval()
    scores = [training.score(average, normalise(training.dataset.images[:100])) for _ in range(2)]
    assert scores[0] == scores[1]
    training.preview(average)
    assert changed(before, training.model) == set()
    assert torch.equal(random, torch.get_rng_state())
    for generator, state in zip(training.generators.values(), states, strict=True):
        assert torch.equal(generator.get_state(), state)


@pytest.mark.parametrize("kind", RECIPES)
def test_fused_adam_steps_as_the_plain_one_does_however_gradients_lie(kind):
    deep, size = (DEEP, {"image_size": 16}) if kind == "lapgan" else ((), {})
    fused, plain = (training_of(kind, "modern", *deep, **size) for _ in range(2))
    for optimizer in plain.optimizers.values():
        for group in optimizer.param_groups:
            group["fused"] = False
    for training in (fused, plain):
        training.model.to(memory_format=torch.channels_last)
        step(training)  # with R1, where it is used
    for name, parameter in fused.model.named_parameters():
        torch.testing.assert_close(parameter, plain.model.get_parameter(name), rtol=1e-3, atol=1e-5)
