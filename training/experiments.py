"""Experiments of several runs: a paper's table or figure made again here, for the report and its tab.

EXPERIMENTS holds their words and what the papers have; `weights/experiments/NAME.json` holds what was measured, by
`write_experiment`, and pictures lie beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from models.checkpoint import CheckpointError, read_json, write_json
from training.figures import FACTORS
from training.rendered import SCENES

FOLDER = "experiments"


@dataclass(frozen=True)
class Experiment:
    """One table, of rows and columns, or one figure.

    Attributes:
        title: a heading.
        definition: what was done, in one or two sentences.
        rows: headings of the rows, by key.
        columns: headings of the columns, by key.
        paper: what the paper has, by row; shown as the first column.
        form: how a value is written.
        forms: how the values of some columns are written instead.
        shaded: columns of shares from 0 to 1 whose cells are darker the nearer they come to 1.
        pictures: what each picture shows, by file name (.svg or .png beside the JSON file).
    """

    title: str
    definition: str
    rows: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    paper: Mapping[str, str] = field(default_factory=dict)
    form: str = "{:.3f}"
    forms: Mapping[str, str] = field(default_factory=dict)
    shaded: Sequence[str] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)


def against_factors(title: str, data: str) -> Experiment:
    """Describe how the codes of an InfoGAN follow the true factors of rendered pictures; data is a key of SCENES."""
    return Experiment(
        title,
        "Each code, as Q reads it from the test pictures, against each true factor: Spearman's rho, without its sign. "
        "The last row of each training pairs codes with factors one to one, and has what is true of all codes. "
        "Without the term lambda is 0: G is not moved by the information. The paper shows pictures only.",
        rows={
            f"{key}-{code}": f"{words}: {'all codes' if code == 'all' else f'code {code}'}"
            for key, words in (("with", "With the term"), ("without", "Without it"))
            for code in (*range(4), "all")
        },
        columns={
            **{name: FACTORS[name].capitalize() for name in SCENES[data].factors},
            "mutual_information_gap": "Mutual information gap",
            "category_error": "Category error",
            "mutual_information_nats": "Category information, nats",
            "steps": "Steps",
        },
        forms={"category_error": "{:.2%}", "steps": "{:,.0f}"},
        shaded=tuple(SCENES[data].factors),
    )


SHIPPED = (
    *("lapgan-cifar10", "lapgan-scenes64", "infogan-mnist", "infogan-mnist-control", "infogan-faces", "infogan-chairs"),
    *("bigan-mnist", "bigan-cifar10", "gan-cifar10", "dcgan-cifar10"),
)
EXPERIMENTS: dict[str, Experiment] = {
    "infogan-figure1": Experiment(
        "InfoGAN, figure 1: the information bound over training",
        "The lower bound on what generated digits tell of their category code, in nats, over the steps. Without the "
        "information term G is a plain GAN's, and Q, trained beside it, tries to read the code all the same. The "
        "number is the mean of the last ten points of the curve.",
        rows={"with": "With the term (InfoGAN)", "without": "Without it (GAN)"},
        columns={"end": "Bound at the end"},
        paper={"with": "2.30"},
        pictures={
            "infogan-figure1.svg": "Two curves: with the term the bound comes near its most, without it it does not"
        },
    ),
    "infogan-figure2": Experiment(
        "InfoGAN, figure 2: one code turned at a time",
        "From the top: the category code, a value each column; the same for the GAN trained without the term; the "
        "first and then the second continuous code from -2 to 2, trained on -1 to 1. Each row has its own noise.",
        pictures={
            "infogan-figure2a.png": "Each column is one digit",
            "infogan-figure2b.png": "Without the term, columns that the code does not sort as it does above",
            "infogan-figure2c.png": "Digits that change from left to right with the first continuous code",
            "infogan-figure2d.png": "Digits that change from left to right with the second continuous code",
        },
    ),
    "infogan-seeds": Experiment(
        "InfoGAN on MNIST: median and best over seeds",
        "Trainings that differ in their seed alone, each at a checkpoint chosen without labels, on test digits and "
        "generated ones. The best is of each column by itself. Which way a code runs is chance, so rank correlations "
        "(Spearman's rho, over 3,000 pictures) are without their sign. The paper has an error of 5 % and a bound of "
        "2.30 nats.",
        rows={
            f"{preset}-{which}": f"{words}, {which}"
            for preset, words in (("paper", "Paper preset"), ("modern", "Modern preset"))
            for which in ("median", "best")
        },
        columns={
            "category_error": "Category error, one to one",
            "mutual_information_nats": "Category information, nats",
            "digit_agreement": "Digits that a classifier agrees with",
            "spearman_slant": "Rho with slant",
            "spearman_width": "Rho with stroke width",
            "seeds": "Seeds",
            "steps": "Steps",
        },
        paper={"paper-median": "5 %", "paper-best": "5 %"},
        forms={
            "category_error": "{:.2%}",
            "digit_agreement": "{:.2%}",
            "seeds": "{:.0f}",
            "steps": "{:,.0f}",
        },
    ),
    "infogan-factors-faces": against_factors("InfoGAN on faces: codes against true factors", "faces"),
    "infogan-factors-chairs": against_factors("InfoGAN on chairs: codes against true factors", "chairs"),
    "speed": Experiment(
        "Size and speed of every model",
        "On two processor cores without a graphics card: one picture in the browser (the nets alone) and from the "
        "server (the whole call), pictures that one thread trains on in a second (LAPGAN: through all levels), and the "
        "processor time that the weights took, some of it on slower machines.",
        rows={name: name for name in SHIPPED},
        columns={
            "parameters": "Parameters",
            "weights_mb": "Weights, MB",
            "nets_mb": "Nets for the browser, MB",
            "browser_ms": "In the browser, ms",
            "server_p50_ms": "Server p50, ms",
            "server_p95_ms": "Server p95, ms",
            "images_a_second": "Training, pictures a second",
            "cpu_minutes": "Trained, CPU minutes",
        },
        form="{:.1f}",
        forms={"parameters": "{:,.0f}", "images_a_second": "{:,.0f}", "weights_mb": "{:.2f}", "nets_mb": "{:.2f}"},
    ),
    "table1": Experiment(
        "BiGAN's table 1, on MNIST",
        "All nets as published, trained here for equal steps (the paper: 400 epochs, 187,000). Each test digit "
        "is named by its nearest of the 60,000 training digits, by the 1024 features before the last layer of "
        "E, or of D, and by the codes E(x), too.",
        rows={
            "bigan": "BiGAN",
            "discriminator": "D of a plain GAN",
            "latent-regressor": "Latent regressor",
            "joint-latent-regressor": "Joint latent regressor",
            "autoencoder-l2": "Autoencoder, squared error",
            "autoencoder-l1": "Autoencoder, absolute error",
        },
        columns={
            "nearest_neighbour_accuracy": "1-NN, features",
            "nearest_neighbour_accuracy_z": "1-NN, codes",
            "distance_ratio": "Distance x to G(E(x)) over random pairs",
            "steps": "Steps",
        },
        paper={
            "bigan": "97.39 %",
            "discriminator": "97.30 %",
            "latent-regressor": "97.44 %",
            "joint-latent-regressor": "97.13 %",
            "autoencoder-l2": "97.58 %",
            "autoencoder-l1": "97.63 %",
        },
        form="{:.2%}",
        forms={"distance_ratio": "{:.3f}", "steps": "{:,.0f}"},
    ),
    "transfer": Experiment(
        "What E's filters are worth: transfer in small, on CIFAR-10",
        "As in BiGAN's table 2, but small: the first convolutions are kept, the rest begins anew and is trained on "
        "labels for equal steps; accuracy on test pictures. A probe trains a linear layer alone on the maps of that "
        "convolution. The paper has AlexNet on ImageNet, five convolutions: not to be compared in numbers.",
        rows={
            "random": "Untrained filters",
            "autoencoder": "Autoencoder, squared error",
            "bigan": "BiGAN",
            "supervised": "Trained on the labels",
        },
        columns={
            "frozen0": "None kept",
            **{f"frozen{k}": f"1 to {k} kept" if k > 1 else "1 kept" for k in (1, 2, 3)},
            **{f"probe{k}": f"Probe of {k}" for k in (1, 2, 3)},
        },
        form="{:.1%}",
    ),
}


def write_experiment(
    weights_dir: Path,
    name: str,
    figures: Mapping[str, Mapping[str, float]],
    *,
    command: str,
    samples: int,
    seeds: Iterable[int],
    runs: Sequence[Mapping[str, object]] = (),
) -> Path:
    """Write what was measured as `weights_dir/experiments/NAME.json` and return its path.

    Args:
        name: key of EXPERIMENTS.
        figures: the values by row, then by column.
        command: what computes them again.
        samples: test pictures or samples that each value follows from.
        seeds: those of the trainings.
        runs: what is known of each training by itself; kept in the file, shown nowhere.

    Raises:
        CheckpointError: a row or column that EXPERIMENTS does not know.
    """
    path = weights_dir / FOLDER / f"{name}.json"
    measured = {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "samples": samples,
        "seeds": sorted(seeds),
        "figures": {row: dict(values) for row, values in figures.items()},
        **({"runs": [dict(one) for one in runs]} if runs else {}),
    }
    _described(path, measured)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, measured)
    return path


def read_experiments(weights_dir: Path) -> list[dict]:
    """Gather the experiments that were made, in the order of EXPERIMENTS.

    Returns:
        Of each `name`, `title`, `definition`, `command`, `date`, `n`, `seeds`, `columns` (headings), `shaded` (places
        among them), `rows` (`name`, `paper` as text or None, `cells`: a text or None a column) and `pictures` (`file`
        and `alt`).

    Raises:
        CheckpointError: a damaged file, an unknown row or column, or a picture that is not there; one sentence.
    """
    folder = weights_dir / FOLDER
    unknown = sorted({path.stem for path in folder.glob("*.json")} - EXPERIMENTS.keys())
    if unknown:
        raise CheckpointError(f"{FOLDER}/{unknown[0]}.json is not described: add it to training/experiments.py.")
    paths = {name: folder / f"{name}.json" for name in EXPERIMENTS}
    return [{"name": name} | _described(path, read_json(path)) for name, path in paths.items() if path.is_file()]


def _described(path: Path, measured: dict) -> dict:
    """Join the words of an experiment with what was measured."""
    known, figures = EXPERIMENTS[path.stem], measured["figures"]
    odd = [row for row in figures if row not in known.rows]
    odd += [column for values in figures.values() for column in values if column not in known.columns]
    if odd:
        raise CheckpointError(f"{FOLDER}/{path.name} has {odd[0]!r}, which training/experiments.py does not describe.")
    missing = [name for name in known.pictures if path.is_file() and not (path.parent / name).is_file()]
    if missing:
        raise CheckpointError(f"{FOLDER}/{missing[0]} is missing: make {path.stem} again by the command in its JSON.")

    def text(column: str, value: float | None) -> str | None:
        return None if value is None else known.forms.get(column, known.form).format(value)

    return {
        "title": known.title,
        "definition": known.definition,
        "command": measured["command"],
        "date": measured["date"],
        "n": measured["samples"],
        "seeds": measured["seeds"],
        "columns": list(known.columns.values()),
        "shaded": [place for place, column in enumerate(known.columns) if column in known.shaded],
        "rows": [
            {
                "name": heading,
                "paper": known.paper.get(row),
                "cells": [text(column, figures[row].get(column)) for column in known.columns],
            }
            for row, heading in known.rows.items()
            if row in figures
        ],
        "pictures": [{"file": name, "alt": alt} for name, alt in known.pictures.items()],
    }
