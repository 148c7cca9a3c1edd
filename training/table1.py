"""Table 1 of BiGAN made again: nearest neighbours in the features of BiGAN and of its baselines, trained alike.

Donahue et al. 2016, section 4.2: each test digit is given the label of its nearest training digit, by the Euclidean
distance of features. The features are those before E's last layer; those of "D" before the last layer of a plain GAN's
D, for which the latent regressor's G and D serve: its E trains on their pictures and hands them nothing back.
"""

from pathlib import Path
from typing import Literal

import torch
import tyro
from torch import Tensor

from models import build
from models.bigan import BiGAN
from models.checkpoint import config_from_dict, read_json
from training.bench import BATCH, SAMPLES, Bench, in_batches, load_bench
from training.data import normalise, public_name
from training.experiments import write_experiment
from training.metrics import nearest_neighbour_accuracy, relative_reconstruction_distance
from training.run import RunError, RunFolder, load_state
from training.start import reopen

Row = Literal[
    "bigan", "discriminator", "latent-regressor", "joint-latent-regressor", "autoencoder-l2", "autoencoder-l1"
]
# Rows of the table: the variant that is trained for it, and the net whose features count.
ROWS: dict[Row, tuple[str, str]] = {
    "bigan": ("bigan", "encoder"),
    "discriminator": ("latent-regressor", "discriminator"),
    "latent-regressor": ("latent-regressor", "encoder"),
    "joint-latent-regressor": ("joint-latent-regressor", "encoder"),
    "autoencoder-l2": ("autoencoder-l2", "encoder"),
    "autoencoder-l1": ("autoencoder-l1", "encoder"),
}


def load_run(path: Path, variant: str) -> tuple[BiGAN, int, int]:
    """Return the averaged nets of a run's newest checkpoint, D with them, and its step and seed.

    Raises:
        RunError: no checkpoint, or a run of something else.
    """
    run = RunFolder(path)
    if not (path / "run.json").is_file() or not run.checkpoint_steps():
        raise RunError(f"{path} holds no trained run; train it with --set variant={variant} --run-dir {path}.")
    record, request = read_json(path / "run.json"), reopen(run)
    if request.model != "bigan" or record["settings"]["variant"] != variant:
        raise RunError(f"{path} is not a run of bigan with variant={variant}; name the folder of such runs.")
    state = load_state(run.checkpoint_path(run.checkpoint_steps()[-1]))
    model = build("bigan", config_from_dict("bigan", record["config"]))
    average = {key.removeprefix("average/"): t for key, t in state.tensors.items() if key.startswith("average/")}
    model.load_state_dict(average, strict=True)
    if not isinstance(model, BiGAN):
        raise RunError(f"{path} holds no BiGAN.")
    return model.eval().requires_grad_(False), state.step, request.seed


def measure_row(model: BiGAN, net: str, bench: Bench) -> dict[str, float]:
    """Return the figures of one row: 1-NN accuracy by features and, where E is meant, by codes, and G(E(x))."""
    gallery, queries = normalise(bench.train.images), bench.real()

    def nearest(gallery: Tensor, queries: Tensor) -> float:
        return nearest_neighbour_accuracy(gallery, bench.train.labels, queries, bench.labels())

    if net == "discriminator":
        judge = model.discriminator
        if judge is None:
            raise RunError("These nets were loaded without D, whose features this row is about.")
        seen, asked = (in_batches(lambda batch: judge.features(batch, None), images) for images in (gallery, queries))
        return {"nearest_neighbour_accuracy": nearest(seen, asked)}
    codes, asked_codes = (in_batches(model.encode, images) for images in (gallery, queries))
    copies = torch.cat([model.decode(part) for part in asked_codes.split(BATCH)])
    return {
        "nearest_neighbour_accuracy": nearest(*(in_batches(model.features, images) for images in (gallery, queries))),
        "nearest_neighbour_accuracy_z": nearest(codes, asked_codes),
        "distance_ratio": relative_reconstruction_distance(queries, copies),
    }


def table1_command(
    runs: tyro.conf.Positional[Path],
    /,
    data: str = "mnist",
    data_root: Path | None = None,
    samples: int = SAMPLES,
    rows: tuple[Row, ...] = (),
    weights_dir: Path = Path("weights"),
) -> None:
    """Make BiGAN's table 1 again from runs of BiGAN and its baselines, for the report.

    Args:
        runs: folder with one run folder a variant: bigan, latent-regressor, joint-latent-regressor, autoencoder-l2,
            autoencoder-l1; each trained by `train bigan --preset paper --set variant=NAME` for equal steps.
        data: as in train.
        data_root: folder with an existing copy of the data.
        samples: test pictures; fewer for a quick look.
        rows: only these rows, where not every run is there.
        weights_dir: the table goes to its experiments/.
    """
    torch.set_num_threads(1)
    wanted = rows or tuple(ROWS)
    variants = dict.fromkeys(ROWS[row][0] for row in wanted)
    found = {variant: load_run(runs / variant, variant) for variant in variants}
    steps = {step for _, step, _ in found.values()}
    if len(steps) > 1:
        said = ", ".join(f"{variant} {step:,}" for variant, (_, step, _) in found.items())
        raise RunError(f"The runs must have equal steps to be compared, but have: {said}.")
    config = next(iter(found.values()))[0].config
    bench = load_bench(
        data, data_root=data_root, size=config.image_size, channels=config.channels, classifier=None, samples=samples
    )
    figures: dict[str, dict[str, float]] = {}
    for row in wanted:
        variant, net = ROWS[row]
        figures[row] = {key: round(value, 5) for key, value in measure_row(found[variant][0], net, bench).items()}
        figures[row]["steps"] = steps.copy().pop()
        print(row, figures[row], flush=True)
    command = f"python -m training table1 runs/{runs.name} --data {public_name(data)} --samples {samples}"
    command += f" --rows {' '.join(rows)}" if rows else ""
    seeds = {seed for _, _, seed in found.values()}
    print(write_experiment(weights_dir, "table1", figures, command=command, samples=bench.samples, seeds=seeds))
