"""InfoGAN's information term, and what the modern preset adds to it without labels."""

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from models.infogan import Reading
from tests.training.steps import changed, equal_weights, parameters, step, training_of
from training.data import normalise
from training.moves import change_strokes, move_slightly
from training.rendered import SCENES, render
from training.steering import FACING, LEAN_PER_CODE, WIDTH_PER_CODE, chairs, heads, unevenness


@pytest.fixture(scope="module")
def infogan():
    return training_of("infogan", "paper", "categorical=4,3", "continuous=2")


def reading(training, categories, continuous, certainty):
    """Q's raw output for a Q that is as sure of the right answer as said."""
    logits = [certainty * F.one_hot(categories[:, i], n) for i, n in enumerate(training.config.categorical)]
    return torch.cat([*logits, continuous], dim=1).float()


def test_the_bound_is_the_entropy_where_q_knows_and_nothing_where_it_does_not(infogan):
    _, categories, continuous = infogan.draw_codes(4000, torch.Generator().manual_seed(0))
    discrete, gaussian = infogan.information(reading(infogan, categories, continuous, 1e3), categories, continuous)
    assert discrete.item() == pytest.approx(math.log(4) + math.log(3))
    assert gaussian.item() == pytest.approx(2 / 6, rel=0.03)  # E[c^2] / 2 a code, for U(-1, 1)
    nothing = infogan.information(reading(infogan, categories, 0 * continuous, 0), categories, continuous)
    assert [value.item() for value in nothing] == pytest.approx([0, 0], abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_no_q_exceeds_the_bound(infogan, seed):
    generator = torch.Generator().manual_seed(seed)
    _, categories, continuous = infogan.draw_codes(200, generator)
    output = 5 * torch.randn(200, 9, generator=generator)
    discrete, gaussian = infogan.information(output, categories, continuous)
    assert discrete <= math.log(4) + math.log(3)
    assert gaussian <= 0.5 * continuous.square().sum(dim=1).mean() + 1e-6


def test_codes_are_drawn_evenly_and_go_into_the_generators_input(infogan):
    codes, categories, continuous = infogan.draw_codes(6000, torch.Generator().manual_seed(0))
    assert codes.shape == (6000, 5 + 4 + 3 + 2)
    assert torch.equal(codes[:, 5:9].argmax(dim=1), categories[:, 0])
    assert torch.equal(codes[:, 9:12].argmax(dim=1), categories[:, 1])
    assert torch.equal(codes[:, 12:], continuous)
    assert categories[:, 0].bincount().min() > 1350
    assert continuous.abs().max() <= 1


@pytest.mark.parametrize("weight", [0, 1])
def test_without_weight_no_information_reaches_the_generator(weight):
    settings = (f"info_weight={weight}", f"continuous_weight={weight}")
    here, there = (training_of("infogan", "paper", *settings) for _ in range(2))
    with torch.no_grad():
        for parameter in there.model.q_head.parameters():
            parameter.mul_(3)
    for training in (here, there):
        step(training)
        step(training, at=1)
    for part in ("generator.", "trunk.", "d_head."):
        assert equal_weights(here.model, there.model, part) == (weight == 0)


@pytest.mark.parametrize("informed", [True, False])
def test_in_the_control_q_learns_to_read_and_the_generator_is_not_told(informed):
    learning = training_of("infogan", "paper", f"informed={informed}")
    before = parameters(learning.model)
    step(learning)
    assert {name for name in before if name.startswith("q_head.")} <= changed(before, learning.model)

    here, there = (training_of("infogan", "paper", f"informed={informed}", "lr_discriminator=0") for _ in range(2))
    with torch.no_grad():
        for parameter in there.model.q_head.parameters():
            parameter.mul_(3)
    for training in (here, there):
        step(training)
    assert equal_weights(here.model, there.model, "generator.") == (not informed)


def test_information_rises_where_it_is_all_that_counts():
    training = training_of("infogan", "paper", "info_weight=10", "lr_generator=0.01", "lr_discriminator=0.01")
    stats = [step(training, at=at)["information/categorical"].item() for at in range(40)]
    assert sum(stats[-5:]) > sum(stats[:5]) + 1


@pytest.mark.parametrize(("at", "moves"), [(0, False), (700, False), (701, True), (9999, True)])
def test_the_consistency_term_is_ramped_in(monkeypatch, at, moves):
    training = training_of("infogan", "modern")
    taken = []
    monkeypatch.setattr(training, "consistency", lambda images, *rest: taken.append(1) or images.sum() * 0)
    step(training, at=at)
    assert bool(taken) == moves


def reading_of(training, *outputs):
    """Let Q answer with the outputs given, one after another, instead of looking."""
    answers, split = iter(outputs), training.model.split
    training.model = SimpleNamespace(trunk=lambda images: images, q_head=lambda features: next(answers), split=split)
    return training


def test_the_consistency_term_prefers_steady_and_even_readings():
    images = normalise(training_of("infogan").dataset.images[:10])

    def term(logits, moved=None):
        here, there = (
            torch.cat([part, torch.zeros(10, 2)], dim=1) for part in (logits, logits if moved is None else moved)
        )
        training = reading_of(training_of("infogan", "modern", "consistency_weight=2"), there)
        return training.consistency(images, here, 1500).item()

    sure = 50 * torch.eye(10)
    assert term(sure) == pytest.approx(-2 * math.log(10), abs=1e-3)
    assert term(sure[[0] * 10]) == pytest.approx(0, abs=1e-3)  # all the same
    assert term(torch.zeros(10, 10)) == pytest.approx(0, abs=1e-3)  # undecided
    assert term(sure, sure.roll(1, dims=0)) > 50  # another reading for the moved copy


# Steering


def bars(count, width):
    """Upright bars, bright on black."""
    images = torch.full((count, 1, 28, 28), -1.0)
    images[:, :, 6:22, 14 - width // 2 : 14 + width // 2] = 1.0
    return images


def lean(images):
    """How far each picture's ink moves to the right on the way up, in pixels a row."""
    ink = (images[:, 0] + 1) / 2
    total, places = ink.sum(dim=(1, 2)), torch.arange(28.0)
    x, y = ink.sum(dim=1) @ places / total, ink.sum(dim=2) @ places / total
    dx, dy = places[None] - x[:, None], places[None] - y[:, None]
    return -(ink * dy[:, :, None] * dx[:, None, :]).sum(dim=(1, 2)) / (ink.sum(dim=2) * dy.square()).sum(dim=1)


def test_a_moved_copy_leans_as_much_as_is_said():
    moved, leaning = move_slightly(bars(200, 4), torch.Generator().manual_seed(0))
    assert leaning.abs().max() > 0.25
    assert (lean(moved) - leaning).abs().max() < 0.06
    assert moved.min() >= -1 - 1e-5
    assert moved.max() <= 1 + 1e-5


def test_a_changed_stroke_is_as_much_wider_as_is_said():
    changed, wider = change_strokes(bars(200, 4), torch.Generator().manual_seed(0))
    measured = (changed[:, 0, 12] + 1).sum(dim=1) / 2 - 4
    assert torch.allclose(measured, wider, atol=1e-5)
    assert wider.min() < -0.8
    assert wider.max() > 0.8


def test_steering_asks_for_codes_in_proportion():
    images, nothing = bars(10, 4), torch.zeros(10, 12)
    generator = torch.Generator().manual_seed(0)
    _, leaning = move_slightly(images, generator)
    _, wider = change_strokes(images, generator)
    wanted = torch.stack([leaning / LEAN_PER_CODE, wider / WIDTH_PER_CODE], dim=1)

    def term(moved_means, at=10):
        moved = torch.cat([torch.zeros(10, 10), moved_means], dim=1)
        training = reading_of(training_of("infogan", "modern", "steering_weight=3", "steering_from=10"), moved)
        training.generators["latents"].manual_seed(0)
        return training.consistency(images, nothing, at).item()

    assert term(wanted) == pytest.approx(0, abs=1e-4)
    assert term(torch.zeros(10, 2)) == pytest.approx(3 * wanted.square().sum(dim=1).mean().item(), rel=1e-3)
    assert term(torch.zeros(10, 2), at=9) == pytest.approx(0, abs=1e-4)


def test_steering_may_come_before_categories_are_asked_to_agree():
    images, nothing = bars(10, 4), torch.zeros(10, 12)
    moved = torch.cat([4 * F.one_hot(torch.arange(10) % 10, 10).float(), torch.zeros(10, 2)], dim=1)
    settings = ("steering_weight=1", "consistency_from=20", "consistency_full=30")

    def term(steered, at):
        training = reading_of(training_of("infogan", "modern", *settings, f"steering_from={steered}"), moved)
        training.generators["latents"].manual_seed(0)
        return training.consistency(images, nothing, at).item()

    steering, agreeing = term(10, 20), term(100, 30)
    assert steering > 0.01
    assert term(10, 10) == pytest.approx(steering)
    assert term(10, 30) == pytest.approx(steering + agreeing, rel=1e-4)
    early = training_of("infogan", "modern", *settings, "steering_from=10")
    assert (early.copies_from, training_of("infogan").copies_from) == (10, 701)


@pytest.mark.parametrize(("at", "factor"), [(10, 1), (20, 0.525), (99, 0.05)])
def test_both_rates_fall_to_a_twentieth(at, factor):
    settings = ("lr_discriminator=0.001", "lr_generator=0.004", "decay_from=10", "decay_steps=20")
    training = training_of("infogan", "modern", *settings)
    step(training, at=at)
    rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in training.optimizers.items()}
    assert rates == pytest.approx({"discriminator": 0.001 * factor, "generator": 0.004 * factor})


def test_codes_that_lie_evenly_need_no_spreading():
    even = torch.tensor([[-0.75, 0.25], [-0.25, -0.75], [0.75, 0.75], [0.25, -0.25]])
    assert unevenness(even).item() == pytest.approx(0, abs=1e-12)
    assert unevenness(torch.zeros(4, 2)).item() == pytest.approx(2 * (0.75**2 + 0.25**2) / 2)
    assert unevenness(even + torch.tensor([0.5, 0.0])).item() == pytest.approx(0.25)


def test_codes_are_spread_beside_the_consistency_term():
    images, codes = bars(4, 4), torch.cat([torch.zeros(4, 10), torch.randn(4, 2)], dim=1)

    def term(weight):
        training = reading_of(training_of("infogan", "modern", f"spread_weight={weight}"), codes)
        return training.consistency(images, codes, 0).item()

    assert term(3) - term(0) == pytest.approx(3 * unevenness(codes[:, 10:]).item(), rel=1e-5)
    with pytest.raises(ValueError, match="give consistency_weight more than 0"):
        training_of("infogan", "modern", "spread_weight=1", "consistency_weight=0")


def test_copying_asks_g_to_draw_the_copy_of_its_picture():
    settings = ("continuous=4", "steering=heads", "copying_weight=1")
    training = training_of("infogan", "modern", *settings, channels=1)
    codes, _, continuous = training.draw_codes(6, torch.Generator().manual_seed(0))
    images = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    training.generators["latents"].manual_seed(0)
    copies, kept, change = heads(images, continuous, torch.Generator().manual_seed(0))
    asked = []

    def draw(changed):
        asked.append(changed)
        return copies

    training.model.generator.forward = draw
    assert training.copying(images, codes).item() == pytest.approx(0, abs=1e-10)
    assert torch.equal(asked[0][:, :-4], codes[:, :-4])
    assert torch.allclose(asked[0][:, -4:], kept * continuous + change)
    copies = copies + 0.5
    training.generators["latents"].manual_seed(0)
    assert training.copying(images, codes).item() == pytest.approx(0.25)


def test_copying_moves_the_generator_alone_and_from_its_step_on():
    settings = ("continuous=4", "steering=heads", "copying_from=5")
    plain, copying = (training_of("infogan", "modern", *settings, f"copying_weight={w}") for w in (0, 3))
    for training in (plain, copying):
        step(training, at=4)
    assert equal_weights(plain.model, copying.model)
    for training in (plain, copying):
        step(training, at=5)
    assert not equal_weights(plain.model, copying.model, "generator")
    assert equal_weights(plain.model, copying.model, "trunk")
    assert equal_weights(plain.model, copying.model, "q_head")


def test_the_score_counts_categories_that_change_in_copies_as_those_of_training_do():
    settings = ("categorical=2", "continuous=4", "steering=heads")
    images = torch.full((40, 1, 8, 8), -1.0)
    images[:20, :, :, :4] = images[20:, :, :, 4:] = 1.0  # half lie to the left, half to the right

    def score(*more):
        training = training_of("infogan", "modern", *settings, *more, channels=1)
        training.model.eval()

        def infer(copies):
            left = copies[..., :4].sum(dim=(1, 2, 3)) > copies[..., 4:].sum(dim=(1, 2, 3))
            return Reading([F.one_hot(left.long(), 2).float()], torch.zeros(len(copies), 4))

        training.model.infer = infer
        with torch.no_grad():
            return training.score(training.model, images)

    assert score() - score("steering_weight=1") > 5  # every other head is mirrored, and no category is to tell that


@pytest.mark.parametrize("setting", ["continuous=1", "continuous=3", "consistency_weight=0"])
def test_steering_that_cannot_be_is_refused(setting):
    with pytest.raises(ValueError, match="Steering by strokes needs 2 continuous codes and the consistency term"):
        training_of("infogan", "modern", "steering_weight=1", setting)


@pytest.mark.parametrize("codes", [("categorical=",), ("continuous=0",), ("categorical=2,3,4", "continuous=3")])
def test_any_number_of_codes_is_trained(codes):
    training = training_of("infogan", "modern", *codes)
    assert all(torch.isfinite(value) for value in step(training, at=2000).values())
    training.model.eval()
    training.preview(training.model)
    assert math.isfinite(training.score(training.model, normalise(training.dataset.images[:50])))


CODES = [
    *((heads, "faces", code, factor) for code, factor in enumerate(["azimuth", "elevation", "lighting", "width"])),
    *((chairs, "chairs", code, factor) for code, factor in enumerate(["rotation", "width", "height"])),
]


@pytest.mark.parametrize(("steered", "spec", "code", "factor"), CODES)
def test_a_steered_copy_is_like_one_rendered_so(monkeypatch, steered, spec, code, factor):
    names, ranges = list(SCENES[spec].factors), torch.tensor(list(SCENES[spec].factors.values()))
    styles = len(SCENES[spec].styles)
    column, most = names.index(factor), torch.zeros(styles, 3 if spec == "chairs" else 4)
    most[:, code] = 1
    monkeypatch.setattr("training.steering.uniform", lambda *_: most)

    def rendered(step):
        middle = ranges.mean(dim=1).repeat(styles, 1)
        middle[:, column] += step * (ranges[column, 1] - ranges[column, 0]) / 2
        return normalise(render(spec, middle, torch.arange(styles), 32))

    straight = rendered(0)
    turned, kept, change = steered(straight, torch.zeros(most.shape), torch.Generator())
    step = change[0, code].item()
    # A mirrored chair is lit from the other side, so it is compared with none.
    rows = slice(None, None, 2 if spec == "chairs" else 1)
    near, same, far = ((turned - rendered(by))[rows].square().mean() for by in (step, 0, -step))
    assert near < (0.8 if factor == "rotation" else 0.75) * same  # a shear is a turn in part only
    assert near < 0.6 * far
    mirrored = factor in ("azimuth", "lighting", "rotation")  # a mirrored one is turned, or lit, from the other side
    assert kept[:, code].tolist() == [1, -1 if mirrored else 1] * (styles // 2)


def test_a_shear_turns_only_chairs_that_face_the_camera(monkeypatch):
    images = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    turned = torch.tensor([0.9 * FACING, FACING, -0.9 * FACING, -1.0])
    codes = torch.stack([turned, torch.ones(4), -torch.ones(4)], dim=1)

    def copies(shear):
        monkeypatch.setattr("training.steering.uniform", lambda *_: torch.tensor([[shear, 0.5, -0.5]] * 4))
        return chairs(images, codes, torch.Generator())

    (sheared, _, change), (straight, _, unturned) = copies(0.7), copies(0.0)
    assert [bool(row.any()) for row in change - unturned] == [True, False, True, False]
    assert [bool(row.any()) for row in sheared - straight] == [True, False, True, False]
    assert unturned[:, 1:].all()
