"""BiGAN's encoder, and where z enters its nets."""

import pytest
import torch

from models.bigan import BiGAN, BiGANConfig, halvings
from tests.models.tiny import TINY, noise


def slope(output, source):
    return torch.autograd.grad(output.sum(), source, allow_unused=True)[0]


@pytest.mark.parametrize("affine", [False, True])
def test_the_encoder_stays_in_the_priors_range(affine):
    torch.manual_seed(0)
    model = BiGAN(BiGANConfig(image_size=8, latent=6, hidden=12, affine=affine)).eval()
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.mul_(50)
    codes = model.encode(torch.cat([noise(4, 1, 8, 8), 1000 * noise(4, 1, 8, 8)]))
    assert codes.abs().max() <= 1
    assert codes.abs().max() > 0.99
    assert model.features(noise(4, 1, 8, 8)).shape == (4, 12)


@pytest.mark.parametrize("path", ["second_latent", "last_latent"])
def test_z_enters_the_discriminator_at_each_layer_after_the_first(path):
    torch.manual_seed(0)
    discriminator = BiGAN(TINY["bigan"][1]).discriminator.eval()
    paths = ("second_latent", "last_latent")
    with torch.no_grad():
        for other in paths:
            if other != path:
                getattr(discriminator, other).weight.zero_()
    z = noise(4, 6).requires_grad_()
    assert bool(slope(discriminator(noise(4, 1, 8, 8), z), z).any())
    with torch.no_grad():
        getattr(discriminator, path).weight.zero_()
    assert not bool(slope(discriminator(noise(4, 1, 8, 8), z), z).any())


@pytest.mark.parametrize("path", ["first", "second_latent"])
def test_z_enters_both_hidden_layers_of_the_generator(path):
    torch.manual_seed(0)
    generator = BiGAN(TINY["bigan"][1]).generator.eval()
    with torch.no_grad():
        getattr(generator, {"first": "second_latent", "second_latent": "first"}[path]).weight.zero_()
    z = noise(4, 6).requires_grad_()
    assert bool(slope(generator(z), z).any())


def test_a_baselines_discriminator_does_not_see_z():
    model = BiGAN(BiGANConfig(image_size=8, latent=6, hidden=12, joint=False)).eval()
    images = noise(4, 1, 8, 8)
    assert torch.equal(model.discriminator(images, noise(4, 6)), model.discriminator(images, None))


def test_interpolation_runs_from_one_code_to_the_other():
    torch.manual_seed(0)
    model = BiGAN(TINY["bigan"][1]).eval()
    a, b = noise(1, 1, 8, 8), noise(1, 1, 8, 8, seed=1)
    for t, image in ((0.0, a), (1.0, b)):
        assert torch.allclose(model.interpolate(a, b, t), model.decode(model.encode(image)), atol=1e-6)
    half = model.decode((model.encode(a) + model.encode(b)) / 2)
    assert torch.allclose(model.interpolate(a, b, 0.5), half, atol=1e-6)


CONV = BiGANConfig(image_size=16, channels=3, latent=6, affine=True, arch="conv", width=4)


@pytest.mark.parametrize(("side", "count"), [(32, 3), (28, 2), (16, 2), (8, 1), (14, 1), (64, 4), (4, 0), (7, 0)])
def test_a_side_halves_down_to_four_or_seven(side, count):
    assert halvings(side) == count


@pytest.mark.parametrize("side", [30, 48, 4, 33])
def test_other_sides_have_no_convolutional_bigan(side):
    assert halvings(side) == 0
    with pytest.raises(ValueError, match=f"must be 4 or 7 times 2, 4, 8, ..., got {side}"):
        BiGANConfig(image_size=side, arch="conv")


def test_every_hidden_layer_of_the_convolutional_nets_has_its_own_way_in_for_z():
    torch.manual_seed(0)
    model = BiGAN(CONV).eval()
    ways = [*model.discriminator.latents, model.discriminator.last_latent]
    for kept in ways:
        weights = [way.weight.detach().clone() for way in ways]
        with torch.no_grad():
            for other in ways:
                if other is not kept:
                    other.weight.zero_()
        z = noise(2, 6).requires_grad_()
        assert bool(slope(model.discriminator(noise(2, 3, 16, 16), z), z).any())
        with torch.no_grad():
            kept.weight.zero_()
        assert not bool(slope(model.discriminator(noise(2, 3, 16, 16), z), z).any())
        with torch.no_grad():
            for way, weight in zip(ways, weights, strict=True):
                way.weight.copy_(weight)
    with torch.no_grad():
        model.generator.first.weight.zero_()
    z = noise(2, 6).requires_grad_()
    assert bool(slope(model.generator(z), z).any())


def test_blocks_of_the_convolutional_encoder_halve_the_side_and_make_the_features():
    torch.manual_seed(0)
    encoder = BiGAN(CONV).encoder.eval()
    images = noise(2, 3, 16, 16)
    assert [tuple(encoder.maps(images, k).shape[1:]) for k in range(3)] == [(3, 16, 16), (4, 8, 8), (8, 4, 4)]
    maps = encoder.maps(images)
    means = torch.stack([maps[:, :, i : i + 2, j : j + 2].mean((2, 3)) for i in (0, 2) for j in (0, 2)], dim=2)
    assert torch.allclose(encoder.features(images), means.flatten(1), atol=1e-6)
