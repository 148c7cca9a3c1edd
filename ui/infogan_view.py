"""What the InfoGAN tab shows: its texts, its calls to the model, and the scenes made of their answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.infogan import InfoGAN
from ui import inference, scene

TEXT = {
    "id": "infogan",
    "tab": "InfoGAN",
    "title": "Turn the codes",
    "intro": (
        "Shown handwriting without a single label, InfoGAN sorted it into ten kinds, nearly the digits, and found that "
        "each can lean and grow bolder, because its generator has to draw so that a second net, Q, can read the codes "
        "back. **Drag a slider: one property moves and the rest stays; then draw a digit, and see which codes Q finds "
        "in your hand.**"
    ),
    "intro_other": (
        "Shown pictures without a single label, InfoGAN sorts them into kinds and gives a code to what varies in all "
        "of them, because its generator has to draw so that a second net, Q, can read the codes back. "
        "**Drag a slider: one property moves and the rest stays; then bring a picture, and see which codes Q finds "
        "in it.**"
    ),
    "intro_control": (
        "The control: its generator was told nothing of the codes and is a plain GAN's, while Q, trained beside it, "
        "tried to read them all the same. **Drag a slider or choose a category, and see how little they mean; then "
        "choose the other weights, and see what the information term buys.**"
    ),
    "paper": "Chen et al. 2016, InfoGAN: Interpretable Representation Learning by Information Maximizing GANs",
    "paper_url": "https://arxiv.org/abs/1606.03657",
    "model": "Weights",
    "seed": "Seed of the noise",
    "roll": "New noise",
    "keep": "Keep noise",
    "keep_info": "Off: every change also draws new noise. What the codes mean should survive it.",
    "range_hint": "Trained between the marks; beyond them it has to extrapolate.",
    "steered": " What the codes stand for was hinted to these weights, by copies changed in a known way; "
    "the paper leaves that to chance.",
    "plane": "Two at once",
    "plane_alt": "Map of {first} ({x:.2f}) across and {second} ({y:.2f}) upwards; arrow keys move the cross",
    "reading": "What Q reads in this picture",
    "reading_hint": "Bars: which category. Dots: the value Q finds on each code; the tick is the true one.",
    "reading_alt": "Q reads {label}, {share:.0%} sure",
    "gauge_alt": "Q reads {name} {value:.2f}, true {true:.2f}",
    "sweep": "Everything at once",
    "sweep_hint": "One row a category, all with the same noise. Click a picture to go there.",
    "sweep_code": "Left to right",
    "sweep_alt": "All categories by {name} from -2 to 2; arrow keys choose a picture",
    "own": "Your own picture",
    "own_hint": "Draw a digit, or bring a picture: the sliders move to what Q reads.",
    "own_hint_other": "Bring a picture: the sliders move to what Q reads.",
    "pad": "Pad to draw a digit on",
    "pad_hint": "Draw here",
    "undo": "Undo",
    "clear": "Clear",
    "brush": "Brush",
    "upload": "Drop, paste or choose a picture",
    "seen": "what Q sees",
    "again": "drawn again",
    "stage_alt": "{label}, {codes}, seed {seed}",
    "bad_index": "{value:g} is not one of {first} to {last}; choose one of those.",
    "digit": "Digit {label}",
    "category": "Category {label}",
    "code": "code {number}",
}
PAD_TEXTS = ("pad", "pad_hint", "undo", "clear", "brush")
RANGE = 2.0
MOST_CODES = 6  # sliders the tab has; a model may have fewer
SWEEP_STEPS = 10
PLANE_STEPS = 7


@dataclass(frozen=True)
class Turn:
    """Everything that determines the picture.

    Attributes:
        model: name of the weights.
        seed: uint32 of the noise.
        row: which category, counted in the order shown (digits 0 to 9).
        codes: the continuous codes, each in [-2, 2]; those it leaves out are 0.
    """

    model: str
    seed: int = 42
    row: int = 5
    codes: tuple[float, ...] = ()


def labels(model: str) -> list[str]:
    """Return what each category draws, in the order shown; numbers where nothing was named, or names mean nothing."""
    config = _net(model).config
    if inference.is_control(model):
        return [str(value) for value in range(config.categorical[0])]
    return sorted(config.category_names) or [str(value) for value in range(config.categorical[0])]


def code_names(model: str) -> list[str]:
    """Return the names of the continuous codes that have a slider; numbers where nothing was named."""
    config = _net(model).config
    numbered = [TEXT["code"].format(number=index + 1) for index in range(config.continuous)]
    return list(config.continuous_names or numbered)[:MOST_CODES]


def codes_of(turn: Turn) -> list[float]:
    """Return a value for each continuous code of the turn's model."""
    count = _net(turn.model).config.continuous
    return [*turn.codes[:MOST_CODES], *[0.0] * count][:count]


def all_codes(turn: Turn) -> list[float]:
    """Return a value for every slider, seen or not."""
    return [*codes_of(turn), *[0.0] * MOST_CODES][:MOST_CODES]


def called(model: str, label: str) -> str:
    """Say in words which category a picture is of."""
    if inference.knows_digits(model) and not inference.is_control(model):
        return TEXT["digit"].format(label=label)
    return TEXT["category"].format(label=label) if label.isdigit() else label.capitalize()


def local(model: str) -> dict[str, Any]:
    """Tell the browser's engine what it needs to draw the same pictures: the config, the order shown and the texts."""
    config = _net(model).config
    return {
        "noise": config.noise,
        "categorical": config.categorical,
        "continuous": config.continuous,
        "shape": [config.channels, config.image_size, config.image_size],
        "digits": inference.knows_digits(model),
        "order": config.rows,
        "names": labels(model),
        "code_names": code_names(model),
        "range": RANGE,
        "plane_steps": PLANE_STEPS,
        "sweep_steps": SWEEP_STEPS,
        "called": [called(model, label) for label in labels(model)],
        "texts": {key: TEXT[key] for key in ("stage_alt", "reading_alt", "gauge_alt", "plane_alt")},
    }


def range_hint(model: str) -> str:
    """Say where the codes were trained, and whether their meaning was hinted at, which the paper does not do."""
    runs = inference.weights(model, "infogan").metrics.get("training", [])
    steered = any(run.get("settings", {}).get("steering_weight") for run in runs)
    return TEXT["range_hint"] + (TEXT["steered"] if steered else "")


def _net(model: str) -> InfoGAN:
    return inference.weights(model, "infogan").net(InfoGAN)


@inference.device_call
def draw(turns: Sequence[Turn]) -> Tensor:
    """Draw one picture for each turn, all of one model: (N, C, H, W) in [-1, 1]."""
    net = _net(turns[0].model)
    order, rest = net.config.rows, [0] * (len(net.config.categorical) - 1)
    return net.generate(
        [turn.seed for turn in turns],
        [[order[turn.row], *rest] for turn in turns],
        [codes_of(turn) for turn in turns],
    ).cpu()


@inference.device_call
def read(model: str, image: Tensor) -> tuple[list[float], list[float]]:
    """Let Q read one picture (C, H, W): the probability of each category in the order shown, and the codes."""
    net = _net(model)
    reading = net.infer(image[None].to(inference.device()))
    probabilities = reading.categories[0][0, torch.tensor(net.config.rows, device=inference.device())]
    return probabilities.tolist(), reading.means[0].tolist()


def pictures(turn: Turn) -> tuple[str, str]:
    """Draw the turn and let Q read it: the scenes of the stage and of the reading."""
    images = draw([replace(turn, row=row) for row in range(len(labels(turn.model)))])
    return stage_scene(turn, images), reading_scene(turn, *read(turn.model, images[turn.row]))


def example(turn: Turn) -> tuple[Tensor, list[float], Tensor]:
    """Stand in for a visitor's digit until there is one: what is seen, Q's probabilities, what is drawn again."""
    seen = draw([turn])[0]
    return seen, read(turn.model, seen)[0], seen


def stage_scene(turn: Turn, images: Tensor) -> str:
    """Show the picture large above the ten categories; `images` holds all categories at the turn's codes."""
    names = labels(turn.model)
    pairs = zip(code_names(turn.model), codes_of(turn), strict=False)
    codes = ", ".join(f"{name} {value:.2f}" for name, value in pairs)
    label = TEXT["stage_alt"].format(label=called(turn.model, names[turn.row]), codes=codes, seed=turn.seed)
    strip = [
        scene.image(
            f"category-{row}",
            image,
            size="xs",
            caption=names[row],
            alt=called(turn.model, names[row]),
            click=True,
            selected=row == turn.row,
        )
        for row, image in enumerate(images)
    ]
    return scene.scene(
        label,
        scene.group("picture", scene.image("picture", images[turn.row], size="fill", alt=label), layout="stack"),
        scene.group("strip", *strip, layout="grid", columns=len(strip)),
    )


def reading_scene(turn: Turn, probabilities: Sequence[float], means: Sequence[float]) -> str:
    """Show Q's reading beside the true codes."""
    bars, label = _category_bars(turn.model, probabilities, mark=turn.row)
    gauges = [
        scene.gauge(f"code-{i}", name, mean, true, alt=TEXT["gauge_alt"].format(name=name, value=mean, true=true))
        for i, (name, mean, true) in enumerate(zip(code_names(turn.model), means, codes_of(turn), strict=False))
    ]
    return scene.scene(label, scene.group("reading", bars, *gauges, layout="stack"))


def plane_scene(turn: Turn) -> str:
    """Show a map of both codes for the turn's category and noise."""
    steps = np.linspace(-RANGE, RANGE, PLANE_STEPS).tolist()
    images = draw([replace(turn, codes=(x, y, *codes_of(turn)[2:])) for y in reversed(steps) for x in steps])
    tile = _plane_tile(turn, images)
    return scene.scene(tile["alt"], scene.group("plane", tile, layout="stack"))


def plane_patch(turn: Turn) -> str:
    """Move the map's cross; the map itself depends on category and noise only."""
    tile = _plane_tile(turn, None)
    return scene.patch(tile["alt"], tile)


def sweep_scene(turn: Turn, code: int) -> str:
    """Show every category (rows) by ten values of one continuous code (columns)."""
    values = sweep_values()
    names = labels(turn.model)
    turns = [at(turn, row, code, value) for row in range(len(names)) for value in values]
    alt = TEXT["sweep_alt"].format(name=code_names(turn.model)[code])
    column = int(np.abs(np.array(values) - codes_of(turn)[code]).argmin())
    tile = scene.mosaic(
        "sweep",
        draw(turns),
        SWEEP_STEPS,
        alt=alt,
        cell=[turn.row, column],
        row_labels=names,
        column_labels=[f"{value:+.1f}" for value in values],
    )
    return scene.scene(alt, scene.group("sweep", tile, layout="stack"))


def own_scene(model: str, seen: Tensor, probabilities: Sequence[float], again: Tensor) -> str:
    """Show a visitor's digit beside what the generator draws from Q's reading of it."""
    bars, label = _category_bars(model, probabilities, mark=int(np.argmax(probabilities)))
    return scene.scene(
        label,
        scene.group(
            "own",
            scene.image("seen", seen, caption=TEXT["seen"], alt=TEXT["seen"]),
            scene.glyph("to", "→"),
            scene.image("again", again, caption=TEXT["again"], alt=TEXT["again"]),
        ),
        scene.group("own-reading", bars, layout="stack"),
    )


def sweep_values() -> list[float]:
    """Return the values of a sweep's columns, from -2 to 2."""
    return np.linspace(-RANGE, RANGE, SWEEP_STEPS).tolist()


def at(turn: Turn, row: int, code: int, value: float) -> Turn:
    """Return the turn with another category and one code changed."""
    codes = codes_of(turn)
    return replace(turn, row=row, codes=(*codes[:code], value, *codes[code + 1 :]))


def _category_bars(model: str, probabilities: Sequence[float], mark: int) -> tuple[scene.Tile, str]:
    names = labels(model)
    best = int(np.argmax(probabilities))
    label = TEXT["reading_alt"].format(label=names[best], share=probabilities[best])
    return scene.bars("categories", probabilities, labels=names, mark=mark, alt=label, caption=label), label


def _plane_tile(turn: Turn, images: Tensor | None) -> scene.Tile:
    (first, second), (x, y) = code_names(turn.model)[:2], codes_of(turn)[:2]
    alt = TEXT["plane_alt"].format(first=first, second=second, x=x, y=y)
    return scene.plane("plane", x, y, images, PLANE_STEPS, x_name=first, y_name=second, alt=alt)
