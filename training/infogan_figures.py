"""InfoGAN's figures 1 and 2 (Chen et al. 2016), drawn again from shipped weights and the recordings of their training.

Figure 1 is the bound over the steps, with the information term and without; figure 2 turns one code at a time. Digits
are white on black and the curves have a white ground of their own, so that both can be read on a light and a dark page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from models.checkpoint import Weights, load_weights, read_json, write_durably
from models.infogan import InfoGAN
from training.experiments import FOLDER, write_experiment
from training.grids import save_grid
from training.run import RunError

BOUND = "information/categorical"
ROWS, COLUMNS = 5, 10  # of a sweep
SEED = 40  # of its first row's noise
REACH = 2.0  # codes are turned from -REACH to REACH; training draws them from [-1, 1]
LAST = 10  # records at the end of a curve, whose mean is given as a number

WIDTH, HEIGHT = 640, 340  # of the drawing of curves, and its margins
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 18, 48
COLOURS = ("#0b6e8f", "#b3541e")


@dataclass(frozen=True)
class Curve:
    """A line of figure 1: its name, and pairs of a step and the bound there in nats."""

    name: str
    points: Sequence[tuple[float, float]]

    @property
    def end(self) -> float:
        return fmean(value for _, value in self.points[-LAST:])


def infogan_figures_command(
    weights: Path = Path("weights/infogan-mnist"), control: Path = Path("weights/infogan-mnist-control")
) -> None:
    """Draw InfoGAN's figures 1 and 2 from weights, their control and both recordings, for the report.

    Args:
        weights: weights folder of an InfoGAN of one categorical code, with its recording.
        control: the same, trained with informed=false.
    """
    torch.set_num_threads(1)
    with_term, without = load_weights(weights), load_weights(control)
    model, plain = infogan_of(with_term), infogan_of(without)
    values = model.config.categorical[0]
    if plain.config.categorical != (values,):
        raise RunError(f"{without.name} must have one code of {values} values, as {with_term.name} has.")
    curves = [
        Curve("with the term (InfoGAN)", read_bound(with_term)),
        Curve("without it (GAN; Q looks on)", read_bound(without)),
    ]
    folder = weights.parent / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    write_durably(folder / "infogan-figure1.svg", draw_curves(curves, math.log(values)).encode())
    save_grid(folder / "infogan-figure2a.png", *sweep_categories(model))
    save_grid(folder / "infogan-figure2b.png", *sweep_categories(plain))
    for letter, code in zip("cd", range(2), strict=True):
        save_grid(folder / f"infogan-figure2{letter}.png", *sweep_continuous(model, code))
    seeds = {run["request"]["seed"] for one in (with_term, without) for run in one.metrics["training"]}
    command = f"python -m training infogan-figures --weights weights/{weights.name} --control weights/{control.name}"
    ends = {row: {"end": curve.end} for row, curve in zip(("with", "without"), curves, strict=True)}
    drawn = read_json(recording(with_term))["settings"]["batch_size"] * curves[0].points[0][0]
    print(write_experiment(weights.parent, "infogan-figure1", ends, command=command, samples=int(drawn), seeds=seeds))
    drawn = ROWS * COLUMNS
    print(write_experiment(weights.parent, "infogan-figure2", {}, command=command, samples=drawn, seeds=seeds))


def infogan_of(weights: Weights) -> InfoGAN:
    """Return the net of weights whose figures can be drawn.

    Raises:
        RunError: another kind, or other codes.
    """
    model = weights.model
    if not isinstance(model, InfoGAN) or len(model.config.categorical) != 1 or model.config.continuous < 2:
        raise RunError(f"{weights.name} must be an InfoGAN of one categorical and two continuous codes or more.")
    return model


def read_bound(weights: Weights) -> list[tuple[float, float]]:
    """Read the steps and the bound at each from a recording.

    Raises:
        RunError: the recording is not there or has no bound.
    """
    points = [(one["step"], one[BOUND]) for one in read_json(recording(weights))["records"] if BOUND in one]
    if not points:
        raise RunError(f"The recording of {weights.name} has no bound on the information.")
    return points


def recording(weights: Weights) -> Path:
    path = weights.folder / "recording" / "recording.json"
    if not path.is_file():
        raise RunError(f"{weights.name} has no recording: run `python -m training record` on its run.")
    return path


def draw_curves(curves: Sequence[Curve], most: float) -> str:
    """Return figure 1 as SVG: bounds in nats over steps, and a line at what the code can carry at most."""
    steps = max(step for curve in curves for step, _ in curve.points)
    low, high = min(0.0, *(value for curve in curves for _, value in curve.points)), most * 1.12

    def place(step: float, value: float) -> tuple[float, float]:
        across, up = step / steps, (value - low) / (high - low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="13" fill="#333">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#fff"/>',
    ]
    for value in (x / 2 for x in range(math.ceil(low * 2), math.floor(high * 2) + 1)):
        x, y = place(0, value)
        parts.append(f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    strides = (digit * 10**power for power in range(9) for digit in (1, 2, 5))
    stride = next(stride for stride in strides if steps <= 8 * stride)
    for index in range(int(steps // stride) + 1):
        x, y = place(index * stride, low)
        parts.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{index * stride:,}</text>')
    x, y = place(0, most)
    parts.append(f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="#333" stroke-dasharray="5 4"/>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{y - 6:.1f}" text-anchor="end">at most {most:.3f} nats</text>')
    for index, (curve, colour) in enumerate(zip(curves, COLOURS, strict=True)):
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in curve.points))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        key = LEFT + 14 + index * 250
        parts.append(f'<path d="M{key} {HEIGHT - 9}h22" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{key + 28}" y="{HEIGHT - 5}">{curve.name}</text>')
    parts.append("</svg>\n")
    return "\n".join(parts)


def in_order(model: InfoGAN) -> list[int]:
    """Return the values of the category code in the order of their names, the digits; as they are without names."""
    names, values = model.config.category_names, range(model.config.categorical[0])
    return sorted(values, key=lambda value: names[value]) if names else list(values)


def sweep_categories(model: InfoGAN) -> tuple[Tensor, int]:
    """Return figure 2a, (rows * values, C, s, s) and the columns: a noise each row, a value of the category a column.

    The continuous codes are 0.
    """
    values = in_order(model)
    seeds = [SEED + row for row in range(ROWS) for _ in values]
    rest = [[0.0] * model.config.continuous] * len(seeds)
    return model.generate(seeds, [[value] for _ in range(ROWS) for value in values], rest), len(values)


def sweep_continuous(model: InfoGAN, code: int) -> tuple[Tensor, int]:
    """Return figure 2c or d likewise: a noise and every other category each row, one code from -2 to 2 over columns."""
    values, turned = in_order(model), torch.linspace(-REACH, REACH, COLUMNS).tolist()
    codes = [[value if place == code else 0.0 for place in range(model.config.continuous)] for value in turned]
    seeds = [SEED + row for row in range(ROWS) for _ in turned]
    chosen = [[values[2 * row % len(values)]] for row in range(ROWS) for _ in turned]
    return model.generate(seeds, chosen, codes * ROWS), COLUMNS
