"""InfoGAN's codes against the true factors of rendered faces or chairs, with the information term and without.

The paper (Chen et al. 2016, figures 3 and 4) shows what the codes of its 3D sets change in pictures alone; rendered
pictures have their factors in numbers.
"""

from pathlib import Path

import torch
import tyro

from models.checkpoint import Weights
from training.averaged import run_or_weights
from training.bench import SAMPLES, Bench, load_bench
from training.card import train_command
from training.data import public_name
from training.evaluate import evaluate
from training.experiments import EXPERIMENTS, write_experiment
from training.infogan_figures import infogan_of
from training.run import RunError


def history_of(weights: Weights) -> dict:
    """Return how weights were trained: `request`, `settings` and `step`.

    Raises:
        RunError: they do not say.
    """
    training = weights.metrics.get("training", [])
    if len(training) != 1:
        raise RunError(f"{weights.name} does not say by which run it was trained; name weights that were shipped.")
    return training[0]


def is_informed(weights: Weights) -> bool:
    """Tell whether the information term moved G in the training of weights: lambda was more than 0 for some code."""
    settings = history_of(weights)["settings"]
    return bool(settings.get("informed", True) and (settings["info_weight"] or settings["continuous_weight"]))


def check_pair(weights: Weights, control: Weights) -> None:
    """See to it that two nets differ by the information term and can be compared.

    Raises:
        RunError: in one sentence, why not.
    """
    ours, theirs = infogan_of(weights).config, infogan_of(control).config
    for what in ("categorical", "continuous", "image_size", "channels"):
        here, there = getattr(ours, what), getattr(theirs, what)
        if here != there:
            raise RunError(f"{weights.name} has {what} {here} and {control.name} has {there}; train them alike.")
    if not is_informed(weights):
        raise RunError(f"{weights.name} was trained without the information term; name it as --control.")
    if is_informed(control):
        raise RunError(
            f"{control.name} was trained with the information term; name a run of --set informed=false as --control."
        )


def factor_rows(weights: Weights, bench: Bench, name: str) -> dict[str, dict[str, float]]:
    """Return the rows of one net: each code's |rho| with each factor, and what is true of all codes.

    Args:
        name: what the rows' keys begin with.

    Returns:
        `NAME-0` and so on with a value in [0, 1] for each factor; `NAME-all` with that of the code which is paired with
        the factor, where one is, the gap, and of the category its error and its information in nats.
    """
    figures = {key: round(value, 5) for key, value in evaluate(weights, bench)["figures"].items()}
    factors, codes = bench.test.factor_names, infogan_of(weights).config.continuous
    rows = {
        f"{name}-{code}": {factor: abs(figures[f"rho_code{code}_{factor}"]) for factor in factors}
        for code in range(codes)
    }
    whole = {factor: figures[f"rho_{factor}"] for factor in factors if f"rho_{factor}" in figures}
    for key in ("mutual_information_gap", "category_error", "mutual_information_nats"):
        if key in figures:  # those of the category need as many values as there are styles
            whole[key] = figures[key]
    return {**rows, f"{name}-all": {**whole, "steps": history_of(weights)["step"]}}


def infogan_factors_command(
    weights: tyro.conf.Positional[Path],
    /,
    control: Path,
    newest: bool = False,
    samples: int = SAMPLES,
    weights_dir: Path = Path("weights"),
) -> None:
    """Compare an InfoGAN's codes with the true factors of faces or chairs, and its control's, for the report.

    For instance `python -m training infogan-factors weights/infogan-faces --control runs/faces-control`, the control
    trained as the weights were but with `--set ... informed=false`; and likewise for chairs.

    Args:
        weights: weights folder, or run folder, of an InfoGAN of faces or of chairs.
        control: weights folder, or run folder, of one trained without the information term (informed=false).
        newest: of run folders take the newest checkpoint, not the best.
        samples: test pictures used; fewer for a quick look.
        weights_dir: the table goes to its experiments/.
    """
    torch.set_num_threads(1)
    pair = {"with": run_or_weights(weights, newest=newest), "without": run_or_weights(control, newest=newest)}
    check_pair(*pair.values())
    requests = {name: history_of(one)["request"] for name, one in pair.items()}
    data = requests["with"]["data"]
    if data != requests["without"]["data"] or f"infogan-factors-{data}" not in EXPERIMENTS:
        said = " and ".join(f"{pair[name].name} on {public_name(asked['data'])}" for name, asked in requests.items())
        raise RunError(f"Both must have been trained on faces, or both on chairs, but it was {said}.")
    config = pair["with"].config
    bench = load_bench(
        data, data_root=None, size=config.image_size, channels=config.channels, classifier=None, samples=samples
    )
    figures: dict[str, dict[str, float]] = {}
    for name, one in pair.items():
        rows = factor_rows(one, bench, name)
        for row, values in rows.items():
            print(row, values, flush=True)
        figures |= rows
    command = f"python -m training infogan-factors {public_path(pair['with'])} --control {public_path(pair['without'])}"
    command += f"{' --newest' if newest else ''} --samples {samples}"
    runs = [
        {"row": name, "seed": asked["seed"], "command": train_command(asked), "checkpoint": history_of(one)["step"]}
        for (name, one), asked in zip(pair.items(), requests.values(), strict=True)
    ]
    path = write_experiment(
        weights_dir,
        f"infogan-factors-{data}",
        figures,
        command=command,
        samples=bench.samples,
        seeds={asked["seed"] for asked in requests.values()},
        runs=runs,
    )
    print(path)


def public_path(weights: Weights) -> str:
    """Name a folder without where it lay on the machine that read it."""
    return f"{'runs' if (weights.folder / 'run.json').is_file() else 'weights'}/{weights.name}"
