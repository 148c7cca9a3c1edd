"""BiGAN's swapped labels and its baselines: which net each term pulls, and which way."""

import math

import pytest
import torch
import torch.nn.functional as F

from tests.training.steps import changed, equal_weights, parameters, step, training_of
from training.bigan import info_nce, regression_loss
from training.data import normalise
from training.moves import BEND, bend


@torch.no_grad()
def judged(training, count=8):
    """Mean logits of both pairs, on the images and latents of the next step."""
    model, images = training.model, normalise(training.dataset.images[:count])
    z = torch.rand((count, 6), generator=torch.Generator().manual_seed(4)) * 2 - 1
    return model.discriminator(images, model.encoder(images)).mean(), model.discriminator(model.generator(z), z).mean()


def test_both_labels_are_swapped_for_encoder_and_generator():
    training = training_of("bigan", "paper", "lr=0.001")
    del training.optimizers["discriminator"]  # D stands still, so that only the players' moves are seen
    before = parameters(training.model)
    real, fake = judged(training)
    for at in range(8):
        step(training, at=at)
    moved = {name.split(".")[0] for name in changed(before, training.model)}
    assert moved == {"generator", "encoder"}
    real_after, fake_after = judged(training)
    assert real_after < real  # E makes (x, E(x)) look generated
    assert fake_after > fake  # G makes (G(z), z) look real


@pytest.mark.parametrize("variant", ["latent-regressor", "joint-latent-regressor"])
def test_a_generator_that_always_draws_the_same_does_not_please_a_baselines_discriminator(variant):
    training = training_of("bigan", "paper", f"variant={variant}", "lr=0.01", "weight_decay=0")
    del training.optimizers["generator"]
    with torch.no_grad():
        training.model.generator.last.weight.zero_()
    stats = [step(training, at=at) for at in range(60)]
    assert stats[-1]["accuracy/discriminator"] == 1
    assert stats[-1]["loss/discriminator"] < 0.2


def test_the_discriminator_moves_the_other_way():
    training = training_of("bigan", "paper", "lr=0.001")
    del training.optimizers["generator"]
    real, fake = judged(training)
    for at in range(8):
        step(training, at=at)
    real_after, fake_after = judged(training)
    assert real_after - fake_after > real - fake


@pytest.mark.parametrize(
    ("variant", "moved"),
    [
        ("bigan", {"generator", "encoder", "discriminator"}),
        ("latent-regressor", {"generator", "encoder", "discriminator"}),
        ("joint-latent-regressor", {"generator", "encoder", "discriminator"}),
        ("autoencoder-l1", {"generator", "encoder"}),
        ("autoencoder-l2", {"generator", "encoder"}),
    ],
)
def test_every_variant_trains_its_own_nets(variant, moved):
    training = training_of("bigan", "paper", f"variant={variant}")
    assert (training.model.discriminator.second_latent is not None) == (variant == "bigan")
    before = parameters(training.model)
    stats = step(training)
    assert all(torch.isfinite(value) for value in stats.values())
    assert {name.split(".")[0] for name in changed(before, training.model)} == moved
    training.calibrate(training.model)
    assert math.isfinite(training.score(training.model, normalise(training.dataset.images[:50])))
    assert training.preview(training.model)[0].shape == (60, 1, 8, 8)


@pytest.mark.parametrize(
    ("variant", "reaches"), [("bigan", False), ("latent-regressor", False), ("joint-latent-regressor", True)]
)
def test_only_the_joint_regressor_trains_the_generator_through_the_encoder(variant, reaches):
    here, there = (training_of("bigan", "paper", f"variant={variant}") for _ in range(2))
    with torch.no_grad():
        there.model.encoder.last.weight.mul_(-3)
    for training in (here, there):
        step(training)
    assert equal_weights(here.model, there.model, "generator.") != reaches


@pytest.mark.parametrize(("variant", "error"), [("autoencoder-l1", F.l1_loss), ("autoencoder-l2", F.mse_loss)])
def test_autoencoders_lower_their_own_error(variant, error):
    training = training_of("bigan", "paper", f"variant={variant}", "lr=0.01", "weight_decay=0")
    images = normalise(training.dataset.images[:8])
    first = error(training.model.generator(training.model.encoder(images)), images).item()
    stats = [step(training, at=at)["loss/reconstruction"].item() for at in range(30)]
    assert stats[0] == pytest.approx(first, rel=1e-5)
    assert stats[-1] < 0.8 * stats[0]


def test_regressing_a_code_is_least_at_the_code_itself():
    z = torch.linspace(-0.9, 0.9, 7)
    codes = z.clone().requires_grad_()
    (slope,) = torch.autograd.grad(regression_loss(codes, z), codes)
    assert slope.abs().max() < 1e-5
    assert regression_loss(z, z) < regression_loss(0.5 * z, z)
    assert torch.isfinite(regression_loss(torch.tensor([1.0, -1.0]), torch.tensor([-1.0, 1.0])))


@pytest.mark.parametrize(("at", "factor"), [(0, 1), (10, 1), (15, 0.1), (20, 0.01), (99, 0.01)])
def test_the_rate_falls_to_a_hundredth(at, factor):
    training = training_of("bigan", "paper", "lr=0.5", "decay_from=10", "decay_steps=10")
    training.set_rate(at)
    rates = [group["lr"] for optimizer in training.optimizers.values() for group in optimizer.param_groups]
    assert rates == pytest.approx([0.5 * factor] * 2)


@pytest.mark.parametrize("variant", ["bigan", "latent-regressor", "autoencoder-l2"])
def test_natural_images_get_convolutions_which_every_variant_trains(variant):
    training = training_of("bigan", "modern", f"variant={variant}", "width=4", channels=3, image_size=16)
    assert training.config.arch == "conv"
    before = parameters(training.model)
    stats = step(training)
    assert all(torch.isfinite(value) for value in stats.values())
    moved = {name.split(".")[0] for name in changed(before, training.model)}
    assert moved >= {"generator", "encoder"}
    assert ("discriminator" in moved) == (variant != "autoencoder-l2")
    assert changed(before, training.model) >= {name for name in before if name.startswith(tuple(moved))}
    training.calibrate(training.model)
    assert training.preview(training.model)[0].shape == (60, 3, 16, 16)


def test_colour_images_of_other_sides_keep_dense_nets():
    assert training_of("bigan", "modern", channels=3, image_size=10).config.arch == "fc"


def test_a_bigan_without_z_in_its_discriminator_is_refused():
    with pytest.raises(ValueError, match="joint cannot be false"):
        training_of("bigan", "paper", "joint=false")


def test_the_contrast_is_low_where_every_copy_is_nearest_to_its_own_image():
    points = 5 * torch.eye(8)
    assert info_nce(points, points + 0.01) < 1e-3
    assert info_nce(points, points.roll(1, dims=0)) > 5
    assert info_nce(torch.zeros(8, 3) + 1e-3 * torch.randn(8, 3), torch.randn(8, 3)) > 0.5


def test_a_bent_picture_is_the_same_where_nothing_is_displaced_and_near_it_elsewhere(monkeypatch):
    spot = torch.full((6, 1, 28, 28), -1.0)
    spot[:, :, 14, 10] = 1
    bent = bend(spot, torch.Generator().manual_seed(0))
    mass = (bent + 1).sum(dim=(1, 2, 3))
    rows, columns = torch.arange(28.0)[:, None], torch.arange(28.0)
    shift = torch.stack([((bent + 1)[:, 0] * at).sum(dim=(1, 2)) / mass for at in (rows, columns)], dim=1)
    shift = shift - torch.tensor([14.0, 10.0])
    assert (shift.abs() > 0.05).any(dim=1).all()  # every one otherwise
    assert shift.abs().max() < 1.5 * BEND * 14
    assert shift.std(dim=0).min() > 0.1
    assert torch.equal(bend(torch.full((2, 1, 28, 28), -1.0), torch.Generator()), torch.full((2, 1, 28, 28), -1.0))
    monkeypatch.setattr("training.moves.BEND", 0.0)
    assert torch.allclose(bend(spot, torch.Generator()), spot, atol=1e-4)


def test_copies_may_differ_in_strokes_and_bends_too(monkeypatch):
    bent = []
    monkeypatch.setattr("training.bigan.bend", lambda images, generator: bent.append(images) or bend(images, generator))
    first = {}
    for moves in ("affine", "strokes"):
        training = training_of("bigan", "modern", f"contrast_moves={moves}")
        first[moves] = step(training)["loss/contrast"]
        assert len(bent) == (moves == "strokes")
    assert first["strokes"] != first["affine"]


def test_an_encoder_is_asked_to_know_reconstructions_again(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "training.bigan.BiGANTraining.contrast",
        lambda self, images, others: seen.append(others) or (others - images).square().mean(),
    )
    settings = ("contrast_weight=0", "reconstruction_weight=0")
    plain, asked = (training_of("bigan", "modern", *settings, f"recognition_weight={w}") for w in (0, 2))
    for training in (plain, asked):
        step(training)
    assert len(seen) == 1
    assert seen[0].requires_grad  # it is what G drew, and both nets answer for it
    assert not equal_weights(plain.model, asked.model, "generator")
    assert not equal_weights(plain.model, asked.model, "encoder")
    assert equal_weights(plain.model, asked.model, "discriminator")
