"""What an evaluation reports: every kind's figures, and stand-ins whose figures are known beforehand."""

import math
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from tests.training.known import (
    ORDER,
    SIDE,
    ExactBiGAN,
    Judge,
    KnownInfoGAN,
    PerfectLAPGAN,
    data,
    mark,
    read_mark,
    stand_in,
)
from tests.training.tiny import all_finite, untrained
from training import evaluate as evaluation
from training import fidelity
from training.bench import Bench, load_bench, spread_rows
from training.data import normalise
from training.evaluate import SEED, evaluate
from training.metrics import sliced_wasserstein

torch.set_num_threads(1)

FIDELITY = {"precision", "recall", "near_copies", "distance_to_training"}
PARZEN = {"parzen_log_likelihood", "parzen_standard_error"}
SWD = {"swd_16px", "swd_8px", "swd_4px", "frechet"}
BANDS = {"residual_std_16px", "residual_std_8px", "residual_std_data_16px", "residual_std_data_8px"}
NAMES = {
    "infogan": {
        *("category_error", "category_error_majority", "mutual_information_nats", "digit_agreement", "digits_drawn"),
        *("spearman_slant", "spearman_slant_within_digit", "spearman_width", "spearman_width_within_digit"),
        *("pictures_without_ink", "classifier_accuracy"),
    },
    "bigan": {
        *("nearest_neighbour_accuracy", "nearest_neighbour_accuracy_z", "distance_ratio", "latent_error"),
        *("sample_diversity", "digit_kept", "classifier_accuracy", "frechet", "frechet_again"),
    },
    "lapgan": {
        *SWD,
        *(f"{name}_from_real_{side}px" for name in SWD for side in (8, 4)),
        *("spread_over_z_16px", "spread_over_z_8px", "spread_over_z_4px"),
        *("label_agreement", "classifier_accuracy"),
        *(BANDS | FIDELITY | PARZEN),
    },
    "gan": SWD | FIDELITY | PARZEN,
    "classifier": {
        *("accuracy", "floor_swd_16px", "floor_swd_8px", "floor_swd_4px", "floor_frechet"),
        *("floor_precision", "floor_recall"),
    },
}


@pytest.fixture(autouse=True)
def _small_measures(monkeypatch):
    """Measure as always, but less of it: most of the time would go into projections and the spread over z."""
    monkeypatch.setattr(evaluation, "SPREAD_IMAGES", 4)
    for name, count in (("IMAGES", 8), ("HELD_OUT", 4), ("SAMPLES", 100), ("DRAWS", 5)):
        monkeypatch.setattr(fidelity, f"PARZEN_{name}", count)
    monkeypatch.setattr(evaluation, "sliced_wasserstein", partial(sliced_wasserstein, projections=16))


def fake_bench(channels, samples, *, judge=True):
    classifier = untrained("classifier", channels=channels) if judge else None
    return load_bench("fake", data_root=None, size=16, channels=channels, classifier=classifier, samples=samples)


# Every kind, through the real functions


@pytest.mark.parametrize("kind", NAMES)
def test_figures_are_named_and_finite(kind):
    channels = 1 if kind in ("infogan", "bigan") else 3
    weights = untrained(kind, channels=channels)
    bench = fake_bench(channels, 64, judge=kind != "classifier")
    result = evaluate(weights, bench)
    assert set(result["figures"]) == NAMES[kind]
    assert all_finite(result["figures"])
    if kind == "infogan":
        assert sorted(result["category_of"]) == list(range(10))
        assert sorted(result["code_of"]) == ["slant", "width"]
    if kind == "bigan":
        assert len(result["distance_quantiles"]) == 101
        assert result["distance_quantiles"] == sorted(result["distance_quantiles"])


def test_the_same_command_gives_the_same_figures():
    weights = untrained("bigan")
    first = evaluate(weights, fake_bench(1, 64))
    torch.rand(7)
    assert evaluate(weights, fake_bench(1, 64)) == first


JUDGED = {"digit_kept", "classifier_accuracy", "frechet", "frechet_again", "digit_agreement", "digits_drawn"}


@pytest.mark.parametrize("kind", ["bigan", "infogan"])
def test_without_a_classifier_its_figures_are_left_out(kind):
    assert set(evaluate(untrained(kind), fake_bench(1, 64, judge=False))["figures"]) == set(NAMES[kind]) - JUDGED


def test_an_infogan_without_categories_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="no categorical code"):
        evaluate(untrained("infogan", categorical=()), fake_bench(1, 64))


def test_an_unconditional_lapgan_has_no_label_agreement():
    figures = evaluate(untrained("lapgan", classes=0, class_names=()), fake_bench(3, 50))["figures"]
    assert set(figures) == NAMES["lapgan"] - {"label_agreement", "classifier_accuracy"}
    assert all_finite(figures)


# The bench


def test_rows_are_spread_evenly():
    assert spread_rows(4, 8).tolist() == [0, 2, 4, 6]
    assert spread_rows(8, 8).tolist() == spread_rows(99, 8).tolist() == list(range(8))


def test_a_small_sample_has_every_class_where_pictures_come_class_by_class():
    labels = torch.arange(10).repeat_interleave(30)
    split = data(torch.rand(300, 1, 4, 4), labels)
    bench = Bench(split, split, samples=50)
    assert bench.labels().bincount().tolist() == [5] * 10
    assert torch.equal(bench.real(), normalise(split.images[::6]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"samples": 10}, "10 samples are too few"),
        ({"classifier": untrained("gan")}, "is a gan, not a classifier"),
        ({"size": 8}, "give another --classifier"),
        ({"channels": 3}, "give another --classifier"),
        ({"classifier": untrained("classifier", channels=1, classes=3, class_names=("a", "b", "c"))}, "classes"),
    ],
)
def test_what_cannot_measure_is_refused(changes, words):
    asked = {"size": 16, "channels": 1, "classifier": untrained("classifier"), "samples": 64}
    with pytest.raises(ValueError, match=words) as caught:
        load_bench("fake", data_root=None, **{**asked, **changes})
    assert str(caught.value).endswith(".")


# InfoGAN: codes that are known


def measure_infogan(model, samples=200):
    labels = torch.arange(samples) % 10
    split = data(mark(torch.rand(samples, 1, SIDE, SIDE) * 2 - 1, labels), labels)
    classifier = stand_in("classifier", Judge(read_mark))
    return evaluate(stand_in("infogan", model), Bench(split, split, classifier, samples))


def test_an_infogan_that_reads_labels_perfectly():
    result = measure_infogan(KnownInfoGAN())
    figures = result["figures"]
    assert (figures["category_error"], figures["category_error_majority"]) == (0, 0)
    assert figures["mutual_information_nats"] == pytest.approx(math.log(10), abs=1e-12)
    assert (figures["digit_agreement"], figures["digits_drawn"], figures["classifier_accuracy"]) == (1, 10, 1)
    assert tuple(result["category_of"]) == ORDER
    assert result["code_of"] == {"slant": 1, "width": 0}
    for figure in ("spearman_slant", "spearman_slant_within_digit"):
        assert figures[figure] > 0.99
    for figure in ("spearman_width", "spearman_width_within_digit"):
        assert figures[figure] < -0.95  # a leaning bar is a little narrower, too
    assert figures["pictures_without_ink"] == 0


def test_digits_drawn_counts_what_is_drawn():
    """Two categories that draw one digit are seen, though Q and the matching know nothing of it."""
    draws = (ORDER[1], *ORDER[1:])
    figures = measure_infogan(KnownInfoGAN(draws=draws))["figures"]
    assert figures["category_error"] == 0
    assert figures["digits_drawn"] == 9
    assert figures["digit_agreement"] == pytest.approx(0.9)


def test_pictures_without_ink_are_counted_and_left_out():
    figures = measure_infogan(KnownInfoGAN(blank=3))["figures"]
    assert figures["pictures_without_ink"] == 20
    assert all_finite(figures)
    assert figures["spearman_slant"] > 0.99


def test_an_infogan_that_draws_nothing_is_refused_in_a_sentence():
    model = KnownInfoGAN()
    model.generate = lambda seeds, *codes: torch.full((len(seeds), 1, SIDE, SIDE), -1.0)
    with pytest.raises(ValueError, match="draws nothing bright"):
        measure_infogan(model)


# BiGAN: codes that keep everything, or nothing


def measure_bigan(model):
    generator = torch.Generator().manual_seed(0)
    split = data(torch.rand(80, 1, 4, 4, generator=generator) * 2 - 1, torch.arange(80) % 10)
    split.images[:, 0, 0, 0] = torch.arange(80, dtype=torch.uint8)  # tells all apart, and gives the judge some right

    def read(images):
        return ((images[:, 0, 0, 0] + 1) * 127.5).round().long().clamp(0, 79) // 10 % 10

    bench = Bench(split, split, stand_in("classifier", Judge(read)), 80)
    return evaluate(stand_in("bigan", model), bench)


def test_a_bigan_that_copies():
    result = measure_bigan(ExactBiGAN())
    figures = result["figures"]
    assert figures["distance_ratio"] == figures["latent_error"] == 0
    assert set(result["distance_quantiles"]) == {0}
    assert figures["nearest_neighbour_accuracy"] == figures["nearest_neighbour_accuracy_z"] == 1
    assert 0 < figures["classifier_accuracy"] < 1
    assert figures["digit_kept"] == figures["classifier_accuracy"]
    assert figures["sample_diversity"] == pytest.approx(1, abs=0.1)


def test_a_bigan_that_always_draws_the_same():
    model = ExactBiGAN()
    model.decode = lambda codes: torch.zeros(len(codes), 1, 4, 4)
    result = measure_bigan(model)
    assert result["figures"]["sample_diversity"] == 0
    assert result["figures"]["distance_ratio"] > 0.5
    assert result["figures"]["digit_kept"] == pytest.approx(0.1)  # one class of ten
    assert result["distance_quantiles"][0] > 0


# LAPGAN: chains


def test_a_lapgan_that_draws_the_data():
    split = data(torch.rand(60, 3, 16, 16) * 2 - 1, [0] * 60, classes=1)
    bench = Bench(split, split, stand_in("classifier", Judge(lambda images: torch.zeros(len(images)).long())), 60)
    figures = evaluate(stand_in("lapgan", PerfectLAPGAN(bench.real(), (16, 8, 4))), bench)["figures"]
    for name in SWD:
        assert figures[name] == pytest.approx(0, abs=1e-6)
        assert figures[f"{name}_from_real_4px"] == pytest.approx(0, abs=1e-6)
    for side in (16, 8):
        assert figures[f"residual_std_{side}px"] == figures[f"residual_std_data_{side}px"] > 0
    assert (figures["precision"], figures["recall"]) == (1, 1)


def faithful(samples, real, train):
    """Precision, recall, near copies and distance to training pictures of samples, on their own pixels."""
    judge = stand_in("classifier", Judge(lambda images: torch.zeros(len(images)).long()))
    test, train = (data(pictures, torch.zeros(len(pictures)).long()) for pictures in (real, train))
    return fidelity.fidelity(samples, Bench(train, test, judge, len(real)))


def test_copies_new_pictures_one_picture_and_noise_are_told_apart():
    real, fresh, train = (torch.randn(300, 1, 16, 16).clamp(-3, 3) / 3 for _ in range(3))
    new, copied = faithful(fresh, real, train), faithful(train, real, train)
    collapsed = faithful(real[:1].expand(300, -1, -1, -1) + 0.01 * fresh, real, train)
    noise = faithful(torch.rand(300, 1, 16, 16) * 20 - 10, real, train)
    assert new["near_copies"] < 0.05
    assert new["distance_to_training"] == pytest.approx(1, abs=0.05)
    assert copied["near_copies"] == 1
    assert copied["distance_to_training"] < 0.05
    assert collapsed["precision"] > 0.9 > 0.1 > collapsed["recall"]
    assert (noise["precision"], noise["near_copies"]) == (0, 0)
    assert noise["distance_to_training"] > 3


@pytest.mark.parametrize("start", [None, 1])
def test_batches_of_chains_equal_one_big_batch(monkeypatch, start):
    model, labels = untrained("lapgan").model, [i % 10 for i in range(17)]
    coarse = None if start is None else torch.rand(17, 3, 8, 8) * 2 - 1
    whole = model.grow([[SEED + i] * 3 for i in range(17)], labels, coarse=coarse, start=start)
    monkeypatch.setattr(evaluation, "BATCH", 5)
    joined = evaluation.grow(model, 17, labels, coarse, start)
    assert [stage.level for stage in joined] == [stage.level for stage in whole]
    for one, other in zip(joined, whole, strict=True):
        for part in ("enlarged", "residual", "image"):
            mine, its = getattr(one, part), getattr(other, part)
            assert (mine is None) == (its is None)
            assert mine is None or torch.allclose(mine, its, atol=1e-5)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_spread_is_zero_for_a_net_that_ignores_z(monkeypatch, level):
    model, labels = untrained("lapgan").model, [0, 5, 9]
    coarse = (
        None
        if level == 2
        else torch.rand(3, 3, model.config.image_sizes[level + 1])[..., None]
        * torch.ones(model.config.image_sizes[level + 1])
    )
    assert evaluation.spread(model, level, 3, coarse, labels) > 1e-3
    drawn = model.seeded_noise
    monkeypatch.setattr(model, "seeded_noise", lambda seeds, level: drawn([1] * len(seeds), level))
    assert evaluation.spread(model, level, 3, coarse, labels) == 0


def test_spread_is_the_standard_deviation_over_draws():
    """Sixteen draws of plain pictures of 0, 1, ..., 15: their sample variance is 16 * 17 / 12."""
    stage = SimpleNamespace(level=0, image=None)

    def grow(seeds, labels, coarse, start):
        stage.image = torch.full((len(seeds), 1, 2, 2), float(seeds[0][0] - SEED))
        return [stage]

    model = SimpleNamespace(config=SimpleNamespace(levels=1), grow=grow)
    assert evaluation.spread(model, 0, 4, None, None) == pytest.approx((16 * 17 / 12) ** 0.5)


# The plain GAN and the classifier


def test_the_baseline_has_the_figures_that_lapgan_is_compared_by():
    assert NAMES["gan"] == SWD | FIDELITY | PARZEN
    assert NAMES["gan"] < NAMES["lapgan"]


def test_the_floor_of_equal_splits_is_zero():
    """Training pictures in another order than the test pictures: the same Gaussian, so no distance of features."""
    split = data(torch.rand(60, 3, 16, 16) * 2 - 1, torch.arange(60) % 10)
    figures = evaluate(untrained("classifier", channels=3), Bench(split, split, samples=60))["figures"]
    assert figures["floor_frechet"] == pytest.approx(0, abs=1e-6)
