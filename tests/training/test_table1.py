"""Table 1 of BiGAN: it takes equal, matching runs alone, D's row from D, and knows perfect and useless features."""

import pytest
import torch

from models.checkpoint import read_json
from tests.training.tiny import request, trained
from training.bench import load_bench
from training.experiments import EXPERIMENTS
from training.run import RunError
from training.table1 import ROWS, load_run, measure_row, table1_command

VARIANTS = ("bigan", "latent-regressor", "joint-latent-regressor", "autoencoder-l2", "autoencoder-l1")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    for variant in VARIANTS:
        trained(request("bigan", f"variant={variant}", preset="paper", seed=4), root / variant, steps=2)
    return root


def test_every_row_is_measured_and_written(runs, tmp_path):
    table1_command(runs, data="fake", samples=50, weights_dir=tmp_path)
    made = read_json(tmp_path / "experiments" / "table1.json")
    assert set(made["figures"]) == set(ROWS) == set(EXPERIMENTS["table1"].rows)
    assert (made["seeds"], made["samples"]) == ([4], 50)
    assert {values["steps"] for values in made["figures"].values()} == {2}
    assert set(made["figures"]["discriminator"]) == {"nearest_neighbour_accuracy", "steps"}
    assert all(0 <= values["nearest_neighbour_accuracy"] <= 1 for values in made["figures"].values())


def test_some_rows_ask_for_their_own_runs_alone(runs, tmp_path):
    (tmp_path / "autoencoder-l2").symlink_to(runs / "autoencoder-l2")
    table1_command(tmp_path, data="fake", samples=50, rows=("autoencoder-l2",), weights_dir=tmp_path)
    made = read_json(tmp_path / "experiments" / "table1.json")
    assert set(made["figures"]) == {"autoencoder-l2"}
    assert made["command"].endswith("--rows autoencoder-l2")


def test_unequal_missing_and_other_runs_are_refused(runs, tmp_path):
    with pytest.raises(RunError, match="holds no trained run; train it with --set variant=bigan"):
        table1_command(tmp_path, data="fake", weights_dir=tmp_path)
    with pytest.raises(RunError, match="is not a run of bigan with variant=bigan"):
        load_run(runs / "latent-regressor", "bigan")
    for variant in VARIANTS[1:]:
        (tmp_path / variant).symlink_to(runs / variant)
    trained(request("bigan", preset="paper"), tmp_path / "bigan", steps=3)
    with pytest.raises(RunError, match=r"must have equal steps to be compared, but have: bigan 3, latent-regressor 2"):
        table1_command(tmp_path, data="fake", weights_dir=tmp_path)


def test_the_averaged_nets_are_measured_with_their_discriminator(runs):
    model, step, seed = load_run(runs / "latent-regressor", "latent-regressor")
    assert (step, seed, model.training) == (2, 4, False)
    assert model.discriminator.features(torch.zeros(2, 1, 8, 8), None).shape == (2, 12)


class Knowing(torch.nn.Module):
    """Features that are the label, or nothing at all, in place of E's and D's."""

    def __init__(self, bench, *, knows):
        super().__init__()
        self.table = {image.tobytes(): int(label) for image, label in _pairs(bench)}
        self.knows, self.discriminator = knows, self

    def features(self, images, z=None):
        flat = ((images + 1) * 127.5).round().to(torch.uint8)
        labels = [self.table[image.numpy().tobytes()] for image in flat]
        return torch.tensor(labels, dtype=torch.float32)[:, None] * self.knows

    def encode(self, images):
        return self.features(images)

    def decode(self, codes):
        return torch.zeros(len(codes), 1, 8, 8)


def _pairs(bench):
    for data in (bench.train, bench.test):
        yield from zip(data.images.numpy(), data.labels, strict=True)


def test_features_that_are_the_label_are_always_right_and_equal_ones_are_not():
    bench = load_bench("fake", data_root=None, size=8, channels=1, classifier=None, samples=60)
    for net in ("encoder", "discriminator"):
        assert measure_row(Knowing(bench, knows=1.0), net, bench)["nearest_neighbour_accuracy"] == 1.0
        assert measure_row(Knowing(bench, knows=0.0), net, bench)["nearest_neighbour_accuracy"] < 0.5
