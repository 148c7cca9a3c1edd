"""LAPGAN's sampling, stage by stage: what each seed, gain, class and coarse picture decides."""

from itertools import pairwise

import pytest
import torch

from models.lapgan import LAPGAN, LAPGANConfig
from models.pyramid import down, up
from tests.models.tiny import TINY, noise


@pytest.fixture(scope="module", params=["lapgan, modern", "lapgan, paper"])
def lapgan(request):
    torch.manual_seed(0)
    model = LAPGAN(TINY[request.param][1]).eval()
    with torch.no_grad():  # bands as large as trained ones, so that a change of one shows
        for parameter in model.generators.parameters():
            parameter.mul_(2)
    return model


SEEDS = [[1, 2, 3], [4, 5, 6]]
LABELS = [0, 2]


def test_stages_run_from_coarse_to_fine_and_add_up(lapgan):
    stages = lapgan.grow(SEEDS, LABELS)
    assert [stage.level for stage in stages] == [2, 1, 0]
    assert (stages[0].enlarged, stages[0].residual) == (None, None)
    for below, stage in pairwise(stages):
        size = lapgan.config.image_sizes[stage.level]
        assert stage.image.shape == stage.enlarged.shape == stage.residual.shape == (2, 1, size, size)
        assert torch.equal(stage.enlarged, up(below.image, size))
        total = stage.enlarged + stage.residual
        assert torch.equal(stage.image, total if stage.level else total.clamp(-1, 1))


def test_gain_scales_the_band_and_none_removes_it(lapgan):
    full = lapgan.grow(SEEDS, LABELS)
    halved = lapgan.grow(SEEDS, LABELS, gains=[1, 0.5, 7])
    assert torch.equal(halved[0].image, full[0].image)
    assert torch.allclose(halved[1].residual, 0.5 * full[1].residual)
    bare = lapgan.grow(SEEDS, LABELS, gains=[0, 0, 1])
    assert all(not stage.residual.any() for stage in bare[1:])
    assert torch.equal(bare[-1].image, up(up(full[0].image, 8), 16))
    loud = lapgan.grow(SEEDS, LABELS, gains=[500, 500, 1])
    assert loud[1].image.abs().max() > 1  # what the next level reads is not clipped
    assert loud[2].image.abs().max() == 1


@pytest.mark.parametrize("level", [0, 1, 2])
def test_rolling_a_level_again_changes_it_and_the_finer_ones_alone(lapgan, level):
    before = lapgan.grow(SEEDS, LABELS)
    rolled = [[seed + 100 * (k == level) for k, seed in enumerate(row)] for row in SEEDS]
    for old, new in zip(before, lapgan.grow(rolled, LABELS), strict=True):
        assert torch.equal(old.image, new.image) == (old.level > level)


def test_levels_draw_apart_from_the_same_seed(lapgan):
    drawn = [noise.flatten()[:5] for level in range(3) for noise in lapgan.seeded_noise([7], level)]
    assert len({tuple(numbers.tolist()) for numbers in drawn}) == len(drawn)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_noise_spreads_at_every_level(lapgan, level):
    rows = [[seed if k == level else 3 for k in range(3)] for seed in range(30)]
    stage = next(stage for stage in lapgan.grow(rows, [1] * 30) if stage.level == level)
    assert stage.image.std(dim=0).mean() > 1e-3


def test_the_class_and_its_order_matter(lapgan):
    first = lapgan.grow([[1, 1, 1]] * 3, [0, 1, 2])
    assert all((stage.image[0] - stage.image[1]).abs().max() > 1e-4 for stage in first)
    again = lapgan.grow([[1, 1, 1]] * 3, [2, 1, 0])
    assert torch.allclose(first[-1].image[0], again[-1].image[2], atol=1e-5)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_refining_keeps_the_coarse_shape(lapgan, level):
    images = noise(2, 1, 16, 16)
    stages = lapgan.refine(images, level, SEEDS, LABELS)
    assert [stage.level for stage in stages] == list(range(level, -1, -1))
    assert torch.equal(stages[0].image, down(images, lapgan.config.image_sizes[level]))
    other = lapgan.refine(images, level, [[9, 9, 9], [8, 8, 8]], LABELS)
    assert torch.equal(stages[0].image, other[0].image)
    assert torch.equal(stages[-1].image, other[-1].image) == (level == 0)


def test_the_articles_sign_is_undone_by_its_own_inverse():
    _, config = TINY["lapgan, modern"]
    model = LAPGAN(LAPGANConfig(**{**vars(config), "residual_sign": "article"})).eval()
    for stage in model.grow(SEEDS, LABELS)[1:]:
        total = stage.enlarged - stage.residual
        assert torch.equal(stage.image, total if stage.level else total.clamp(-1, 1))


def test_a_model_without_classes_needs_no_labels():
    _, config = TINY["lapgan, modern"]
    model = LAPGAN(LAPGANConfig(**{**vars(config), "classes": 0, "class_names": ()})).eval()
    assert torch.equal(model.grow(SEEDS)[-1].image, model.grow(SEEDS, [5, 7])[-1].image)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": None}, "needs 2 labels from 0 to 2"),
        ({"labels": [0, 3]}, r"must be from 0 to 2, got \[0, 3\]"),
        ({"labels": [0, -1]}, "must be from 0 to 2"),
        ({"labels": [0]}, "2 images need 2 labels, got 1"),
        ({"seeds": [[1, 2], [3, 4]]}, "every image 3 seeds"),
        ({"gains": [1, 1]}, "every image 3 seeds, and as many gains"),
        ({"seeds": [[1, 2, 2**32]] * 2}, "seed must be a whole number"),
        ({"coarse": noise(2, 1, 8, 8)}, r"side 8; name a level of \(16, 8, 4\)"),
        ({"coarse": noise(2, 1, 8, 8), "start": 0}, "side 8"),
    ],
)
def test_what_lapgan_refuses(lapgan, arguments, message):
    with pytest.raises(ValueError, match=message):
        lapgan.grow(**{"seeds": SEEDS, "labels": LABELS, **arguments})


@pytest.mark.parametrize(
    "wrong", [{"widths": (8,)}, {"band_scale": (1.0,) * 4}, {"class_names": ("a",)}, {"image_sizes": (8, 16)}]
)
def test_lapgan_shapes_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValueError, match=r"widths|band_scale|class_names|Pyramid sizes"):
        LAPGANConfig(**wrong)
