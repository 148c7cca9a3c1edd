"""Turn runs into a weights folder: averaged nets, names of the codes, figures, a sample picture and a model card."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import torch

from models.bigan import BiGAN
from models.checkpoint import Weights, load_weights, read_json, save_weights, write_durably, write_json
from models.gan import GAN
from models.infogan import InfoGAN
from models.lapgan import LAPGAN
from models.samples import draw_samples
from training.averaged import average_nets
from training.bench import Bench
from training.card import card
from training.evaluate import evaluate
from training.grids import save_grid
from training.run import RunError, RunFolder


def ship(runs: list[RunFolder], folder: Path, *, half: bool, newest: bool, rest: Path | None = None) -> Weights:
    """Write the averaged nets of one run, or of several that trained different LAPGAN levels, as a weights folder.

    Args:
        half: store float16.
        newest: take the newest checkpoints, not the best.
        rest: weights folder, it may be the same, from which to take the LAPGAN levels that no run here trained.

    Raises:
        RunError: a run without checkpoint, or runs that do not fit together, or the rest, or that lack a level.
        CheckpointError: the rest is no sound weights folder.
    """
    weights = average_nets(runs, newest=newest, rest=load_weights(rest) if rest else None)
    save_weights(folder, weights.kind, weights.config, weights.model, half=half)
    for stale in ("README.md", "sample.png"):  # of the weights that lay here before
        (folder / stale).unlink(missing_ok=True)
    write_json(folder / "metrics.json", weights.metrics)
    return load_weights(folder)


def measure(weights: Weights, bench: Bench, command: str) -> dict:
    """Evaluate weights and write metrics.json, the sample picture and the model card into their folder."""
    result = evaluate(weights, bench)
    if isinstance(weights.model, InfoGAN):
        weights = name_codes(weights, weights.model, bench, result)
    metrics = {
        "figures": {key: round(value, 5) for key, value in result["figures"].items()},
        **{key: value for key, value in result.items() if key in ("distance_quantiles",)},
        "evaluated": {
            "command": command,
            "date": datetime.now(UTC).date().isoformat(),
            "samples": bench.samples,
            "data": bench.test.describe(),
        },
        "training": weights.metrics.get("training", []),
        **{key: value for key, value in weights.metrics.items() if key in ("ablations", "eight_bit")},
    }
    write_json(weights.folder / "metrics.json", metrics)
    if weights.kind != "classifier":
        pictures, columns = sample_picture(weights)
        save_grid(weights.folder / "sample.png", pictures, columns, scale=max(1, min(3, 96 // pictures.shape[-1])))
    write_durably(weights.folder / "README.md", card(weights, metrics).encode())
    return metrics


def note_ablation(folder: Path, result: dict, weights: Weights, command: str, note: str) -> None:
    """Keep the figures of other weights, trained with one thing changed, beside those of a weights folder.

    Args:
        folder: the weights folder that is compared, already evaluated.
        result: what `evaluate` gave for the other weights.
        note: what was changed, as a heading.
    """
    metrics = read_json(folder / "metrics.json")
    entry = {
        "note": note,
        "figures": {key: round(value, 5) for key, value in result["figures"].items()},
        "command": command,
        "training": weights.metrics.get("training", []),
    }
    others = [old for old in metrics.get("ablations", []) if old["note"] != note]
    write_json(folder / "metrics.json", {**metrics, "ablations": [*others, entry]})
    compared = load_weights(folder)
    write_durably(folder / "README.md", card(compared, compared.metrics).encode())


def name_codes(weights: Weights, model: InfoGAN, bench: Bench, result: dict) -> Weights:
    """Store what each category draws and what each continuous code changes; labels serve for this alone."""
    classes = bench.test.class_names  # there may be more categories than these
    names = tuple(classes[k] if k < len(classes) else "free" for k in result["category_of"])
    codes = ["free"] * model.config.continuous
    for name, code in result["code_of"].items():
        codes[code] = name
    model.config = replace(model.config, category_names=names, continuous_names=tuple(codes))
    write_json(weights.folder / "config.json", {"model": weights.kind, "config": asdict(model.config)})
    return replace(weights, config=model.config)


def sample_picture(weights: Weights) -> tuple[torch.Tensor, int]:
    """Return the pictures of a model card and the number of columns: generated ones only, never data."""
    if isinstance(weights.model, InfoGAN):
        columns = weights.model.config.categorical[0]
        return draw_samples(weights, [row for row in range(6) for _ in range(columns)]), columns
    return draw_samples(weights, range(60)), 10


def draw_one(
    weights: Weights,
    seed: int,
    label: int = 0,
    codes: Sequence[float] = (),
    level_seeds: Sequence[int] = (),
    gains: Sequence[float] = (),
) -> torch.Tensor:
    """Draw one picture (1, C, s, s), from weights of any generating kind; see `python -m training sample --help`.

    Raises:
        RunError: the weights draw nothing, or know no such codes, seeds or gains.
    """
    model = weights.model
    if not isinstance(model, LAPGAN) and (level_seeds or gains):
        raise RunError(f"{weights.name} has no levels; leave out --level-seeds and --gains.")
    if isinstance(model, InfoGAN):
        rows, categorical, continuous = model.config.rows, model.config.categorical, model.config.continuous
        if len(codes) not in (0, continuous):
            raise RunError(f"{weights.name} has {continuous} continuous codes; give that many --codes, or none.")
        category = rows[label] if 0 <= label < len(rows) else label
        categories = [category, *[0] * len(categorical)][: len(categorical)]
        return model.generate([seed], [categories], [codes or (0.0,) * continuous])
    if isinstance(model, LAPGAN):
        config = model.config
        for name, given in (("--level-seeds", level_seeds), ("--gains", gains)):
            if len(given) not in (0, config.levels):
                raise RunError(f"{weights.name} has {config.levels} levels; give {name} as many numbers, or none.")
        seeds = list(reversed(level_seeds)) or [seed] * config.levels
        factors = [*reversed(gains[1:]), 1.0] if gains else None
        return model.grow([seeds], [label] if config.classes else None, factors)[-1].image
    if isinstance(model, BiGAN):
        latent = model.config.latent
        if len(codes) not in (0, latent) or any(not -1 <= code <= 1 for code in codes):
            raise RunError(f"{weights.name} has codes of {latent} numbers from -1 to 1; give that, or none.")
        return model.decode(torch.tensor([codes]) if codes else model.latents([seed]))
    if isinstance(model, GAN):
        return model.sample([seed])
    raise RunError(f"{weights.name} is a {weights.kind}, which draws nothing; choose lapgan, infogan, bigan or gan.")
