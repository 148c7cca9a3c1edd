"""The transfer experiment: what is kept stays as it was, the rest begins anew, and what the maps hold is found."""

import pytest
import torch

from models.bigan import BiGANConfig
from models.checkpoint import read_json
from tests.training.known import data
from tests.training.steps import changed, parameters
from tests.training.tiny import request, trained
from training.bench import Bench
from training.run import RunError
from training.transfer import (
    Labelled,
    fresh_encoder,
    measure_filters,
    partly_kept,
    settled,
    train_on_labels,
    transfer_command,
)

CONFIG = BiGANConfig(image_size=16, channels=3, latent=6, affine=True, arch="conv", width=4)


def bench_of(labels):
    """Pictures as bright as their class says, of classes 0 and 1 in this order of labels."""
    labels = torch.tensor(labels)
    brightness = torch.where(labels == 1, 0.5, -0.5)[:, None, None, None]
    noise = 0.1 * torch.rand((len(labels), 3, 16, 16), generator=torch.Generator().manual_seed(0))
    split = data(brightness + noise, labels.tolist(), classes=2)
    return Bench(split, split, None, len(labels))


@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_what_is_kept_stays_and_the_rest_is_trained(frozen):
    source = fresh_encoder(CONFIG, 1)
    encoder = partly_kept(source, CONFIG, frozen, seed=2)
    for k, (kept, block) in enumerate(zip(source.blocks, encoder.blocks, strict=True)):
        assert torch.equal(kept[0].weight, block[0].weight) == (k < frozen)
    model = Labelled(encoder, 2, frozen)
    before, statistics = parameters(model), {key: t.clone() for key, t in model.named_buffers()}
    train_on_labels(model, bench_of([0, 1] * 80), 2, seed=0)
    moved = changed(before, model)
    fixed = {name for name in before if name.startswith(tuple(f"encoder.blocks.{k}." for k in range(frozen)))}
    assert moved == set(before) - fixed - {"encoder.last.weight", "encoder.last.bias"}
    for key, value in model.named_buffers():
        assert torch.equal(value, statistics[key]) == key.startswith(
            tuple(f"encoder.blocks.{k}." for k in range(frozen))
        )


def test_a_class_that_can_be_seen_is_found_and_one_that_cannot_is_not():
    encoder = fresh_encoder(CONFIG, 0).eval()
    clear = measure_filters(encoder, CONFIG, bench_of([0, 1] * 200), 60, seed=0)
    assert set(clear) == {"frozen1", "frozen2", "probe1", "probe2"}
    assert clear["frozen1"] == clear["probe1"] == 1.0
    hidden = bench_of([0, 1] * 200)
    hidden.test.labels[:] = torch.arange(400) // 2 % 2  # as often right as wrong, whatever is learned
    assert measure_filters(encoder, CONFIG, hidden, 5, seed=0)["probe1"] == pytest.approx(0.5, abs=0.15)


def test_untrained_filters_have_maps_of_ordinary_size():
    torch.manual_seed(0)
    bench = bench_of([0, 1] * 200)
    raw = fresh_encoder(CONFIG, 0).eval().maps(bench.real())
    maps = settled(fresh_encoder(CONFIG, 0), bench).maps(bench.real())
    assert raw.std() < 0.1
    assert maps.std() > 0.3  # standardised, then the leak of the negative half


def test_the_command_compares_equal_runs_alone(tmp_path):
    runs = tmp_path / "runs"
    asked = {"channels": 3, "image_size": 8, "preset": "modern"}
    trained(request("bigan", "width=4", **asked), runs / "bigan", steps=2)
    trained(request("bigan", "width=4", "variant=autoencoder-l2", **asked), runs / "autoencoder", steps=2)
    transfer_command(runs, "fake", steps=2, samples=50, weights_dir=tmp_path)
    figures = read_json(tmp_path / "experiments" / "transfer.json")["figures"]
    assert list(figures) == ["random", "autoencoder", "bigan", "supervised"]
    assert all({"frozen1", "probe1"} <= set(values) for values in figures.values())
    assert "frozen0" in figures["supervised"]
    trained(request("bigan", "width=4", "variant=autoencoder-l2", **asked), tmp_path / "autoencoder", steps=3)
    (tmp_path / "bigan").symlink_to(runs / "bigan")
    with pytest.raises(RunError, match=r"equal steps to be compared, but have: autoencoder 3, bigan 2"):
        transfer_command(tmp_path, "fake", steps=2, weights_dir=tmp_path)


def test_dense_nets_are_refused():
    with pytest.raises(RunError, match="give weights whose arch is conv"):
        fresh_encoder(BiGANConfig(image_size=8), 0)
