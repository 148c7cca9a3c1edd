"""InfoGAN over seeds: the median and the best of trainings of MNIST that differ in nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from models.checkpoint import Weights, load_weights, read_json
from models.infogan import InfoGANConfig
from training.averaged import average_nets
from training.bench import SAMPLES, Bench, load_bench
from training.card import train_command
from training.data import public_name
from training.evaluate import evaluate
from training.experiments import write_experiment
from training.infogan import InfoGANSettings
from training.infogan_figures import infogan_of
from training.run import RunError, RunFolder
from training.start import reopen, with_defaults

# The columns, and which end of each is its good one.
BEST: dict[str, Callable[[Sequence[float]], float]] = {
    "category_error": min,
    "mutual_information_nats": max,
    "digit_agreement": max,
    "spearman_slant": max,
    "spearman_width": max,
}


@dataclass(frozen=True)
class Trained:
    """One of several runs that are compared.

    Attributes:
        weights: the averaged nets of the checkpoint that counts.
        seed: of its training.
        steps: how long it was trained, whichever checkpoint counts.
        data: what it was trained on, as in train.
        alike: what must be equal in all runs of a preset, by name, as JSON has it.
    """

    weights: Weights
    seed: int
    steps: int
    data: str
    alike: Mapping[str, object]


def open_run(path: Path, preset: str, *, newest: bool) -> Trained:
    """Load the averaged nets of a run, of its best checkpoint or of the newest.

    Raises:
        RunError: no checkpoint, or a run of something else.
    """
    run = RunFolder(path)
    request, record = reopen(run), read_json(path / "run.json")
    if (request.model, request.preset) != ("infogan", preset):
        raise RunError(f"{path} is a run of {request.model}, preset {request.preset}; name infogan's of {preset} here.")
    weights = average_nets([run], newest=newest)
    infogan_of(weights)
    steps = (run.checkpoint_steps() or [weights.metrics["training"][0]["step"]])[-1]
    alike = {
        **with_defaults(record["config"], InfoGANConfig),
        **with_defaults(record["settings"], InfoGANSettings),
        "data": public_name(request.data),
        "data_digest": record["data_digest"],
        "steps": steps,
    }
    return Trained(weights, request.seed, steps, request.data, alike)


def check_alike(runs: Sequence[Trained]) -> None:
    """See to it that runs of one preset differ in their seed, and in nothing else.

    Raises:
        RunError: in one sentence, by what two of them differ, or that they have one seed.
    """
    seeds: dict[int, str] = {}
    first = runs[0]
    for run in runs:
        here = run.weights.name
        for what, value in run.alike.items():
            if value != first.alike[what]:
                raise RunError(
                    f"Runs of one preset must differ in their seed alone, but {what} is {first.alike[what]} in "
                    f"{first.weights.name} and {value} in {here}; train them alike."
                )
        if run.seed in seeds:
            raise RunError(f"{seeds[run.seed]} and {here} have the same seed, {run.seed}; name each training once.")
        seeds[run.seed] = here


def figures_of(weights: Weights, bench: Bench) -> dict[str, float]:
    """Return the columns as `evaluate` measures them; rank correlations in [0, 1], without their sign."""
    figures = evaluate(weights, bench)["figures"]
    lacking = [column for column in BEST if column not in figures]
    if lacking:
        raise RunError(f"{weights.name} has no {lacking[0]}: this table is about digits, not about {bench.test.name}.")
    figures = {column: figures[column] for column in BEST}
    return {key: round(abs(value) if key.startswith("spearman") else value, 5) for key, value in figures.items()}


def over_seeds(figures: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return `median` and `best` of each column over seeds; the best of one column may be another seed's."""
    columns = {column: [one[column] for one in figures] for column in BEST}
    return {
        "median": {column: round(median(values), 5) for column, values in columns.items()},
        "best": {column: BEST[column](values) for column, values in columns.items()},
    }


def infogan_seeds_command(
    paper: tuple[Path, ...] = (),
    modern: tuple[Path, ...] = (),
    newest: bool = False,
    data_root: Path | None = None,
    classifier: Path | None = None,
    samples: int = SAMPLES,
    weights_dir: Path = Path("weights"),
) -> None:
    """Give the median and the best of runs of InfoGAN that differ in their seed alone, for the report.

    For seeds 0 to 4, each trained by
    `python -m training train infogan --data mnist --preset paper --seed 0 --steps 4000 --run-dir runs/paper-0`
    and so on: `python -m training infogan-seeds --paper runs/paper-? --modern runs/modern-?`

    Args:
        paper: run folders of preset paper, one a seed, of equal settings and steps.
        modern: the same of preset modern; either may be left out.
        newest: take each run's newest checkpoint, not the best.
        data_root: folder with an existing copy of the data.
        classifier: weights folder of the independent classifier; by default that of the runs' data in weights_dir.
        samples: test pictures and samples used; fewer for a quick look.
        weights_dir: the table goes to its experiments/.
    """
    torch.set_num_threads(1)
    asked = {"paper": paper, "modern": modern}
    found = {
        preset: [open_run(path, preset, newest=newest) for path in paths] for preset, paths in asked.items() if paths
    }
    if not found:
        raise RunError("Name the run folders to compare: --paper RUN... or --modern RUN..., or both.")
    for runs in found.values():
        check_alike(runs)
    every = [run for runs in found.values() for run in runs]
    for what in ("data", "data_digest", "image_size", "channels"):
        if len({str(run.alike[what]) for run in every}) > 1:
            raise RunError(f"The runs of the two presets differ in {what}; train them on the same pictures.")
    data, config = every[0].data, every[0].weights.config
    judge = load_weights(classifier or weights_dir / f"classifier-{public_name(data)}")
    bench = load_bench(
        data, data_root=data_root, size=config.image_size, channels=config.channels, classifier=judge, samples=samples
    )
    figures: dict[str, dict[str, float]] = {}
    told: list[dict[str, object]] = []
    for preset, runs in found.items():
        measured = []
        for run in runs:
            measured.append(figures_of(run.weights, bench))
            print(run.weights.name, measured[-1], flush=True)
            history = run.weights.metrics["training"][0]
            command = f"{train_command(history['request'])} --steps {run.steps}"
            own = {"preset": preset, "seed": run.seed, "command": command, "checkpoint": history["step"]}
            told.append({**own, "figures": measured[-1]})
        for which, values in over_seeds(measured).items():
            figures[f"{preset}-{which}"] = {**values, "seeds": len(runs), "steps": runs[0].steps}
    command = "python -m training infogan-seeds"
    for preset, paths in asked.items():
        command += f" --{preset} {' '.join(f'runs/{path.name}' for path in paths)}" if paths else ""
    command += f" --classifier weights/{classifier.name}" if classifier else ""
    command += f"{' --newest' if newest else ''} --samples {samples}"
    seeds = {run.seed for run in every}
    path = write_experiment(
        weights_dir, "infogan-seeds", figures, command=command, samples=bench.samples, seeds=seeds, runs=told
    )
    print(path)
