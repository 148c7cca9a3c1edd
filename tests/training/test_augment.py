"""Differentiable augmentation: what an image and its coarse one share, what is moved, and that gradients pass."""

import pytest
import torch

from tests.training.steps import step, training_of
from training.augment import draw_augmentation, shifted

CPU = torch.device("cpu")


def drawn(count=64, size=8, strength=1.0, seed=0):
    return draw_augmentation(count, size, strength, torch.Generator().manual_seed(seed), CPU)


def test_no_strength_changes_nothing_and_full_strength_changes_every_image():
    images = torch.rand(64, 3, 8, 8) * 2 - 1
    assert torch.allclose(drawn(strength=0.0)(images), images, atol=1e-6)
    assert ((drawn()(images) - images).abs().amax(dim=(1, 2, 3)) > 1e-3).all()


def test_an_image_and_its_enlarged_one_are_changed_alike():
    images = torch.rand(64, 3, 8, 8) * 2 - 1
    change = drawn()
    assert torch.equal(change(images), change(images))
    assert not torch.allclose(change(images), drawn(seed=1)(images))


@pytest.mark.parametrize(("size", "reach"), [(4, 1), (8, 1), (32, 4)])
def test_shifts_reach_an_eighth_of_the_side_either_way(size, reach):
    image = torch.zeros(1, 1, size, size)
    image[..., size // 2, size // 2] = 1
    offsets = torch.tensor([[reach, -reach]])
    moved = shifted(image, offsets)
    assert moved[0, 0, size // 2 + reach, size // 2 - reach] == 1
    assert moved.sum() == 1
    # Of many draws some go so far and none farther.
    grey = torch.zeros(400, 1, size, size)
    grey[..., size // 2, size // 2] = 1
    change = draw_augmentation(400, size, 1.0, torch.Generator().manual_seed(0), CPU)
    rows = (change(grey) - change(torch.zeros_like(grey))).flatten(2).argmax(2)[:, 0] // size - size // 2
    assert set(rows.tolist()) == set(range(-reach, reach + 1))


def test_what_a_shift_uncovers_is_grey():
    moved = shifted(torch.ones(1, 3, 4, 4), torch.tensor([[1, -2]]))
    assert (moved[0, :, 0] == 0).all()
    assert (moved[0, :, :, 2:] == 0).all()
    assert (moved[0, :, 1:, :2] == 1).all()


def test_gradients_pass_to_the_pixels():
    images = torch.rand(8, 3, 8, 8, requires_grad=True)
    drawn(count=8)(images).square().sum().backward()
    assert (images.grad.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_a_level_trains_with_it_and_only_d_sees_it():
    plain, augmented = (training_of("lapgan", "modern", f"augmentation={strength}") for strength in (0, 1))
    assert step(plain)["loss/level0/discriminator"] != step(augmented)["loss/level0/discriminator"]
    enlarged = torch.zeros(4, 1, 8, 8)
    classes = plain.model.one_hot([0, 1, 2, 3], 4)
    plain.model.load_state_dict(augmented.model.state_dict())
    fakes = [one.generate(0, enlarged, classes, 4, torch.Generator().manual_seed(3)) for one in (plain, augmented)]
    assert torch.equal(*fakes)
