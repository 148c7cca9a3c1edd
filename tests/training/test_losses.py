"""The losses as pure functions, against torch's own and against formulas worked out by hand."""

import math

import pytest
import torch
import torch.nn.functional as F

from training.losses import accuracy, descend, discriminator_loss, generator_loss, gradient_penalty, present, uniform

CPU = torch.device("cpu")


def logits(seed, scale=3.0):
    return scale * torch.randn(50, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("scale", [0.1, 3.0, 500.0])
def test_the_log_loss_is_binary_cross_entropy(scale):
    real, fake = logits(0, scale), logits(1, scale)
    expected = F.binary_cross_entropy_with_logits(real, torch.ones(50))
    expected = expected + F.binary_cross_entropy_with_logits(fake, torch.zeros(50))
    assert torch.allclose(discriminator_loss(real, fake), expected, rtol=1e-5)
    fooling = F.binary_cross_entropy_with_logits(fake, torch.ones(50))
    assert torch.allclose(generator_loss(fake), fooling, rtol=1e-5)


def test_least_squares_is_the_squared_distance_to_one_and_nought():
    real, fake = logits(0), logits(1)
    expected = 0.5 * (F.mse_loss(real, torch.ones(50)) + F.mse_loss(fake, torch.zeros(50)))
    assert torch.allclose(discriminator_loss(real, fake, "least-squares"), expected)
    assert torch.allclose(generator_loss(fake, "least-squares"), 0.5 * F.mse_loss(fake, torch.ones(50)))


@pytest.mark.parametrize("kind", ["log", "least-squares"])
def test_an_undecided_discriminator(kind):
    undecided = torch.full((8,), 0.5 if kind == "least-squares" else 0.0)
    loss = discriminator_loss(undecided, undecided, kind)
    assert loss.item() == pytest.approx(0.25 if kind == "least-squares" else 2 * math.log(2))


@pytest.mark.parametrize("kind", ["log", "least-squares"])
def test_the_generator_does_not_saturate_where_it_is_found_out(kind):
    found_out = torch.full((4,), -20.0, requires_grad=True)
    (slope,) = torch.autograd.grad(generator_loss(found_out, kind), found_out)
    assert (slope < -0.2).all()  # the saturating loss, log(1 - D), has a slope of e-20 there
    (slope,) = torch.autograd.grad(discriminator_loss(torch.zeros(4), found_out, kind), found_out)
    assert (slope <= 0).all() == (kind == "least-squares")


def test_r1_of_a_linear_discriminator_is_half_its_squared_weights():
    weight = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(0), requires_grad=True)
    penalty = gradient_penalty(lambda images: (images * weight).flatten(1).sum(dim=1), torch.zeros(5, 3, 8, 8))
    assert torch.allclose(penalty, 0.5 * weight.square().sum())
    (slope,) = torch.autograd.grad(penalty, weight)  # d/dw of |w|^2 / 2
    assert torch.allclose(slope, weight, atol=1e-6)


def test_r1_looks_at_the_images_it_is_given():
    images = logits(0).reshape(5, 1, 2, 5)
    penalty = gradient_penalty(lambda x: x.square().flatten(1).sum(dim=1), images)
    assert torch.allclose(penalty, 2 * images.square().flatten(1).sum(dim=1).mean())
    assert not images.requires_grad


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [([1, 2], [-1, -2], 1.0), ([-1, -2], [1, 2], 0.0), ([1, -1], [1, -1], 0.5), ([0, 0], [0, 0], 0.5)],
)
def test_accuracy_is_the_share_told_apart(real, fake, expected):
    assert accuracy(torch.tensor(real), torch.tensor(fake)).item() == expected


def test_latents_come_from_the_runs_own_generator():
    first = uniform((20_000,), torch.Generator().manual_seed(1), CPU)
    torch.manual_seed(99)
    assert torch.equal(first, uniform((20_000,), torch.Generator().manual_seed(1), CPU))
    assert first.min() >= -1
    assert first.max() < 1
    assert abs(first.mean()) < 0.02


def test_what_was_left_out_is_not_trained():
    part = torch.nn.Linear(1, 1)
    assert present(part) is part
    with pytest.raises(ValueError, match="without its adversary"):
        present(None)


def test_after_a_step_the_new_weights_are_read_in_the_same_autocast_too():
    net, x = torch.nn.Linear(3, 1), torch.ones(4, 3)
    with torch.autocast("cpu", torch.bfloat16):
        before = net(x)
        descend(before.float().sum(), torch.optim.SGD(net.parameters(), lr=1.0))
        after = net(x)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(after, net(x))
    assert (before - after).abs().min() > 1
