"""LAPGAN's levels: each trained apart from the others, by the paper's loss and sign or the article's."""

import pytest
import torch

from tests.training.steps import DEEP, changed, equal_weights, parameters, step, training_of


def test_a_chosen_level_moves_alone():
    training = training_of("lapgan", "modern", *DEEP, image_size=16, levels=(1,))
    before = parameters(training.model)
    stats = step(training)
    assert {key.split("/")[1] for key in stats} == {"level1"}
    own = {name for name in before if name.startswith(("generators.1.", "discriminators.1."))}
    assert changed(before, training.model) == own


@pytest.mark.parametrize("preset", ["modern", "paper"])
def test_a_level_trained_alone_equals_itself_trained_beside_the_others(preset):
    alone = training_of("lapgan", preset, *DEEP, image_size=16, levels=(1,))
    beside = training_of("lapgan", preset, *DEEP, image_size=16)
    for at in range(3):
        step(alone, at=at)
        step(beside, at=at)
    for net in ("generators", "discriminators"):
        assert equal_weights(alone.model, beside.model, f"{net}.1.")
        assert not equal_weights(alone.model, beside.model, f"{net}.0.")


def test_levels_and_seeds_draw_apart():
    drawn = set()
    for seed in (0, 1):
        generators = training_of("lapgan", "modern", *DEEP, image_size=16, seed=seed).generators
        drawn |= {float(torch.rand((), generator=generators[f"level{level}"])) for level in range(3)}
    assert len(drawn) == 6


@pytest.mark.parametrize("levels", [(3,), (-1,), (1, 1)])
def test_levels_that_are_not_there_are_refused(levels):
    with pytest.raises(ValueError, match="Levels must be among 0 to 2, each once"):
        training_of("lapgan", "modern", *DEEP, image_size=16, levels=levels)


@pytest.mark.parametrize("loss", ["log", "article"])
def test_the_article_wants_least_squares_but_at_the_coarsest(loss, monkeypatch):
    kinds = []
    training = training_of("lapgan", "paper", *DEEP, f"loss={loss}", image_size=16)
    for name in ("discriminator_loss", "generator_loss"):
        real = getattr(__import__("training.losses", fromlist=[name]), name)
        monkeypatch.setattr(
            f"training.lapgan.{name}", lambda *args, real=real: (kinds.append(args[-1]), real(*args))[1]
        )
    step(training)
    conditional = "least-squares" if loss == "article" else "log"
    assert kinds == [conditional] * 4 + ["log"] * 2


@pytest.mark.parametrize("sign", ["paper", "article"])
def test_training_adds_the_band_as_sampling_does(sign):
    training = training_of("lapgan", "modern", f"residual_sign={sign}")
    enlarged, classes = torch.zeros(4, 1, 8, 8), training.model.one_hot([0, 1, 2, 3], 4)
    noise = [torch.rand(4, *shape, generator=torch.Generator().manual_seed(5)) for shape in ((5,), (2, 8, 8))]
    band = training.model.draw(0, noise, classes, enlarged + 0.5)
    training.model.draw = lambda *arguments: band
    image = training.generate(0, enlarged + 0.5, classes, 4, torch.Generator())
    assert torch.allclose(image, 0.5 + band if sign == "paper" else 0.5 - band, atol=1e-6)


def test_the_penalty_is_taken_every_sixteenth_step(monkeypatch):
    taken = []
    training = training_of("lapgan", "modern", "penalty=1")
    monkeypatch.setattr("training.lapgan.gradient_penalty", lambda judge, images: taken.append(1) or images.sum() * 0)
    for at in (0, 1, 15, 16, 17, 32):
        step(training, at=at)
    assert len(taken) == 3 * 2  # two levels


def test_noisy_coarse_images_are_an_option():
    coarse = torch.zeros(4, 1, 4, 4)
    clean, noisy = (training_of("lapgan", "modern", f"coarse_noise={strength}") for strength in (0, 0.5))
    assert not clean.enlarge(coarse, 0, torch.Generator().manual_seed(0)).any()
    spread = noisy.enlarge(coarse, 0, torch.Generator().manual_seed(0)).std(dim=(1, 2, 3))
    assert (spread > 0).all()
    assert spread.max() < 0.8


def rates(training, key="lr"):
    return [group[key] for optimizer in training.optimizers.values() for group in optimizer.param_groups]


@pytest.mark.parametrize(("at", "factor"), [(0, 1), (10, 1), (20, 0.525), (30, 0.05), (99, 0.05)])
def test_adams_rate_falls_to_a_twentieth(at, factor):
    training = training_of("lapgan", "modern", "lr=0.001", "decay_from=10", "decay_steps=20")
    step(training, at=at)
    assert rates(training) == pytest.approx([0.001 * factor] * 4)


def test_the_papers_momentum_grows_and_its_rate_falls():
    training = training_of("lapgan", "paper")
    step(training)
    assert rates(training, "momentum") == pytest.approx([0.5] * 4)
    epochs = 100
    training.set_momentum(epochs * 512 // 8)
    assert rates(training, "momentum") == pytest.approx([0.58] * 4)
    assert rates(training) == pytest.approx([0.02 / 1.000004**epochs] * 4)
    training.set_momentum(10**9)
    assert rates(training, "momentum") == pytest.approx([0.7] * 4)
    assert rates(training) == pytest.approx([1e-6] * 4)


@pytest.mark.parametrize("levels", [(), (0,), (1,), (2,), (0, 2)])
def test_every_choice_of_levels_has_a_preview(levels):
    training = training_of("lapgan", "modern", *DEEP, image_size=16, levels=levels)
    finest = {(): 0, (2,): 2, (0, 2): 2}.get(levels, min(levels, default=0))
    images, columns = training.preview(training.model.eval())
    assert images.shape == (40, 1, *[training.config.image_sizes[finest]] * 2)
    assert columns == 10
