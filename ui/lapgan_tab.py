"""The LAPGAN tab, "coarse to fine": components, events and API endpoints."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from PIL import Image

from models.checkpoint import CheckpointError
from models.random import SEED_LIMIT
from ui import images, inference, tools
from ui import lapgan_view as view
from ui.canvas import NOW, canvas, endpoint, event_data, intro, notice, number_list
from ui.lapgan_own import EXAMPLES, build_own, class_menu, local, prepare
from ui.lapgan_view import TEXT, Growth
from ui.live import ask, engine, late, told
from ui.shelf import Shelf

MODEL = inference.DEFAULTS["lapgan"]
START_SEED, START_LABEL = 46, 7  # a chestnut horse: the first picture should be a good one
STARTS = {MODEL: (START_SEED, START_LABEL), "lapgan-scenes64": (42, 0)}  # an alp under a blue sky
MOST_LEVELS = 6
MOST_GAIN = 2.0
# Which pictures appear when is the browser's affair; the server is not asked.
_PLAY = "() => document.querySelector('#lapgan-stage .gs-root').stage.play()"


def lapgan_generate(
    model: str = MODEL,
    label: int = 0,
    seed: int = START_SEED,
    level_seeds: list[int] | None = None,
    gains: list[float] | None = None,
) -> Image.Image:
    """Grow one picture from coarse to fine.

    Args:
        model: name of the weights.
        label: index of the class; of the CIFAR-10 weights 0 airplane, 1 automobile, 2 bird, 3 cat, 4 deer, 5 dog,
            6 frog, 7 horse, 8 ship, 9 truck. 0 where the model has no classes.
        seed: whole number from 0 to 4294967295, the noise of every level.
        level_seeds: instead of it a list of one seed for each level, the coarsest first.
        gains: a list of one factor from 0 to 2 on the detail of each level, the coarsest first, whose factor is
            ignored because it has no detail; 1 for all without.

    Returns:
        The picture as PNG, in the model's own size.
    """
    growth = view.plain(model, _checked_label(model, label), int(seed))
    levels = len(growth.seeds)
    if level_seeds is not None:
        seeds = _checked(level_seeds, "level_seeds", levels, SEED_LIMIT - 1, whole=True)
        growth = replace(growth, seeds=tuple(map(int, reversed(seeds))))
    if gains is not None:
        factors = _checked(gains, "gains", levels, MOST_GAIN, whole=False)
        growth = replace(growth, gains=(*map(float, reversed(factors[1:])), 1.0))
    return images.to_png(view.grow([growth])[-1].image)


def lapgan_refine(
    image: str | None = None, model: str = MODEL, level: int = 1, label: int = 0, seed: int = START_SEED
) -> Image.Image:
    """Keep the coarse shape of a picture and invent all finer detail.

    Args:
        image: a picture file, of which the middle square is taken; without one, a drawn boat.
        model: name of the weights.
        level: index of the level kept, from 1 (half the size) to the coarsest.
        label: index of the class to draw the detail of, as in `lapgan_generate`.
        seed: whole number from 0 to 4294967295, the noise of every level.

    Returns:
        The picture as PNG, in the model's own size.
    """
    label = _checked_label(model, label)
    coarsest = len(view.sizes(model)) - 1
    if not 1 <= level <= coarsest:
        raise gr.Error(TEXT["bad_level"].format(level=level, last=coarsest), print_exception=False)
    picture = prepare(next(iter(EXAMPLES.values()))() if image is None else images.read_image(image), model)
    return images.to_png(view.dream(model, picture, int(level), label, [int(seed)])[0])


def first(model: str) -> Growth:
    """Return what the tab shows first."""
    seed, label = STARTS.get(model, STARTS[MODEL])
    return view.plain(model, min(label, max(0, len(view.labels(model)) - 1)), seed)


def build() -> Shelf | None:
    """Lay the tab out inside the current `gr.Tab`, and publish its endpoints; return its menu of weights."""
    shelf = None
    try:
        shelf = _build_bench(first(MODEL))
    except CheckpointError as error:
        intro(TEXT)
        notice(str(error))
    _publish()
    return shelf


@dataclass(frozen=True)
class Slot:
    """The controls of one level, counted from the coarsest, because that one every model has."""

    column: gr.Column
    text: gr.Markdown
    gain: gr.Slider
    seed: gr.Number
    roll: gr.Button


def _build_bench(start: Growth) -> Shelf:
    names = inference.names("lapgan")
    side = view.sizes(start.model)
    count = max(len(side), MOST_LEVELS)  # another model may have more levels: their controls wait unseen
    with gr.Row(elem_classes="gs-bench gs-wide"):
        with gr.Column(elem_classes="gs-top"):
            intro(TEXT)
        with gr.Column(elem_classes="gs-stage"):
            stage = canvas(view.stage_scene(start), elem_id="lapgan-stage", elem_classes="gs-sums")
            with gr.Column(elem_classes="gs-below"):
                config = local(start.model)
                live = engine("lapgan.js", "mountLapgan", told(start.model, config), elem_id="lapgan-engine")
                at_first = (start.model, start.label, start.seeds[0], *[start.seeds[0]] * count, *[1.0] * count)
                row = tools.tools("lapgan", at_first, config)
        with gr.Column(elem_classes="gs-controls"):
            with gr.Column(elem_classes="gs-card"):
                with gr.Row(elem_classes="gs-line"):
                    play = gr.Button(TEXT["play"], variant="primary", min_width=150)
                    model = gr.Dropdown(names, value=start.model, label=TEXT["model"], visible=len(names) > 1)
                    label = class_menu(start.model, start.label, TEXT["label"])
                    seed = _seed_box(start.seeds[0], TEXT["seed"])
                    roll = gr.Button(TEXT["roll"], min_width=150)
                gr.Markdown(f"### {TEXT['levels']}\n{TEXT['levels_hint']}", elem_classes="gs-parted")
                with gr.Row(elem_classes="gs-levels"):
                    slots = [_slot(side, slot, start.seeds[0]) for slot in range(count)]
            with gr.Row(elem_classes="gs-pair"):
                with gr.Column(elem_classes="gs-card", visible=view.shows_classes(start.model)) as classes_card:
                    gr.Markdown(f"### {TEXT['classes']}\n{TEXT['classes_hint']}")
                    classes = canvas(view.classes_scene(start), elem_id="lapgan-classes")
                with gr.Column(elem_classes="gs-card"):
                    gr.Markdown(f"### {TEXT['others']}\n{TEXT['others_hint']}")
                    others = canvas(view.others_scene(start), elem_id="lapgan-others")
            growth = [model, label, seed, *(slot.seed for slot in slots), *(slot.gain for slot in slots)]
            own = build_own(model, growth, _growth)

    level_seeds = [slot.seed for slot in slots]
    sheets = [classes, others]

    def then_sheets(event: gr.events.Dependency) -> None:
        # The picture comes first; the sheets of many pictures follow once it is there.
        event.then(_sheets, growth, sheets, **NOW)

    play.click(None, js=_PLAY, **NOW)
    for control, what in ((seed, "reseed"), (label, "show")):
        control.input(None, growth, None, js=ask("lapgan", what), **NOW)
    roll.click(None, growth, None, js=ask("lapgan", "roll"), **NOW)
    then_sheets(classes.pick(_pick_class, growth, [stage, label], **NOW))
    then_sheets(others.pick(_pick_other, growth, [stage, *level_seeds, seed], **NOW))
    for index, slot in enumerate(slots):
        slot.gain.input(None, growth, None, js=ask("lapgan", "drag"), **NOW)
        slot.gain.release(None, growth, None, js=ask("lapgan", "sheets"), **NOW)
        slot.seed.input(None, growth, None, js=ask("lapgan", "show"), **NOW)
        slot.roll.click(None, growth, None, js=ask("lapgan", f"level-{index}"), **NOW)
    answered = live.ask(_answer, None, [stage, seed, *level_seeds], **NOW)
    answered.then(None, js="() => window.ganscope.drawn.lapgan()", **NOW)
    live.news(_sheets, growth, sheets, **NOW).then(None, js=late("lapgan"), **NOW)
    live.bring(None, None, growth[1:], js="() => window.ganscope.turned.lapgan()", **NOW)
    tools.bring("lapgan", row, growth).then(None, growth, None, js=ask("lapgan", "show"), **NOW)
    parts = [part for slot in slots for part in (slot.column, slot.text, slot.gain, slot.seed, slot.roll)]
    switch = (_switch, growth, [stage, live, seed, label, classes_card, *parts])
    shelf = Shelf("lapgan", model, [switch, (_sheets, growth, sheets), own])
    tools.wire(row, shelf)
    return shelf


def _slot(side: Sequence[int], slot: int, seed: int) -> Slot:
    looks = _slot_looks(side, slot)
    with gr.Column(min_width=180, elem_classes="gs-level", visible=slot < len(side)) as column:
        text = gr.Markdown(**looks[0])
        gain = gr.Slider(0.0, MOST_GAIN, step=0.05, buttons=[], elem_classes="gs-code gs-gain", **looks[1])
        with gr.Row(elem_classes="gs-line"):
            return Slot(column, text, gain, _seed_box(seed, **looks[2]), gr.Button(min_width=110, **looks[3]))


def _slot_looks(side: Sequence[int], slot: int) -> list[dict[str, Any]]:
    """Say what a level's text, gain, seed and button show in a model with these sizes."""
    size = side[max(0, len(side) - 1 - slot)]
    finer = slot > 0
    return [
        {"value": TEXT["shape"].format(size=size), "visible": not finer},
        {"value": 1.0, "label": TEXT["gain"].format(size=size), "visible": finer},
        {"label": TEXT["level_seed"].format(size=size)},
        {"value": TEXT["level_roll"].format(size=size)},
    ]


def _seed_box(seed: int, label: str) -> gr.Number:
    return gr.Number(seed, label=label, precision=0, minimum=0, maximum=SEED_LIMIT - 1, min_width=90)


def _growth(model: str, label: int | None, seed: int | None, *slots: float | None) -> Growth:
    """Read the controls; levels without controls of their own follow the seed of the picture."""
    levels, count = len(view.sizes(model)), len(slots) // 2
    seeds, gains = slots[:count], slots[count:]
    order = [levels - 1 - level for level in range(levels)]
    return Growth(
        model,
        int(label or 0),
        tuple(int((seeds[slot] if slot < count else seed) or 0) for slot in order),
        tuple(float(gains[slot] or 0) if 0 < slot < count else 1.0 for slot in order),
    )


def _answer(event: gr.EventData) -> tuple:
    """Draw what the browser asks for where it does not draw itself: the picture, and the seeds that are new with it."""
    asked = event_data(event)
    (what, _, slot), controls = asked["what"].partition("-"), asked["controls"]
    if what in ("reseed", "roll"):
        seed = random.randrange(100_000) if what == "roll" else controls[2]
        stage, *seeds = _reseed(*controls[:2], seed, *controls[3:])
        return stage, seed, *seeds
    seeds = [gr.skip()] * (len(controls[3:]) // 2)
    if what == "level":
        seeds[int(slot)] = controls[3 + int(slot)] = random.randrange(100_000)
    return view.stage_scene(_growth(*controls)), gr.skip(), *seeds


def _sheets(*controls: Any) -> tuple[str, str]:
    growth = _growth(*controls)
    return view.classes_scene(growth), view.others_scene(growth)


def _reseed(model: str, label: int, seed: int | None, *slots: float) -> tuple:
    """Give every level the seed of the picture."""
    count = len(slots) // 2
    seeds = [int(seed or 0)] * count
    return view.stage_scene(_growth(model, label, seed, *seeds, *slots[count:])), *seeds


def _pick_class(event: gr.EventData, model: str, _: int, *rest: Any) -> tuple[str, int]:
    label = int(event_data(event)["id"].removeprefix("class-"))
    return view.stage_scene(_growth(model, label, *rest)), label


def _pick_other(event: gr.EventData, model: str, label: int, seed: int, *slots: float) -> tuple:
    cell = event_data(event)
    growth = _growth(model, label, seed, *slots)
    taken = view.page(growth.seeds[0])[cell["row"] * view.OTHERS_COLUMNS + cell["column"]]
    return *_reseed(model, label, taken, *slots), taken


def _switch(model: str, _: int, seed: int, *slots: float) -> tuple:
    """Start anew with another model, whose levels and classes may differ; a seed that no model opens with stays."""
    side, count, start = view.sizes(model), len(slots) // 2, first(model)
    if seed is not None and seed not in {opening for opening, _ in STARTS.values()}:
        start = view.plain(model, 0, int(seed))
    updates = []
    for slot in range(count):
        text, gain, level_seed, button = _slot_looks(side, slot)
        updates += [gr.update(visible=slot < len(side)), gr.update(**text), gr.update(**gain)]
        updates += [gr.update(value=start.seeds[0], **level_seed), gr.update(**button)]
    menu, card = class_menu(model, start.label, TEXT["label"]), gr.update(visible=view.shows_classes(model))
    return view.stage_scene(start), told(model, local(model)), start.seeds[0], menu, card, *updates


def _checked_label(model: str, label: int) -> int:
    last = max(0, len(view.labels(model)) - 1)
    if not 0 <= label <= last:
        raise gr.Error(TEXT["bad_label"].format(label=label, last=last), print_exception=False)
    return int(label)


def _checked(values: object, name: str, levels: int, most: float, *, whole: bool) -> list[float]:
    kind = TEXT["whole_numbers"] if whole else TEXT["numbers"]
    if not isinstance(values, list) or len(values) != levels:
        got = len(values) if isinstance(values, list) else type(values).__name__
        raise gr.Error(TEXT["bad_list"].format(name=name, got=got, levels=levels), print_exception=False)
    for value in values:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= most or (whole and value != int(value)):  # also refuses NaN
            sentence = TEXT["bad_entry"].format(name=name, value=str(value)[:40], kind=kind, most=f"{most:g}")
            raise gr.Error(sentence, print_exception=False)
    return values


def _publish() -> None:
    model = gr.Textbox(MODEL, visible=False)
    label, level = (gr.Number(value, precision=0, minimum=0, maximum=999, visible=False) for value in (0, 1))
    seed = gr.Number(START_SEED, precision=0, minimum=0, maximum=SEED_LIMIT - 1, visible=False)
    picture = gr.Image(type="filepath", image_mode=None, visible=False)
    png = gr.Image(type="pil", format="png", visible=False)
    endpoint(lapgan_generate, [model, label, seed, number_list(), number_list()], png)
    endpoint(lapgan_refine, [picture, model, level, label, seed], png)
