"""The InfoGAN tab, "turn the codes": components, events and API endpoints."""

import random
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from models.checkpoint import CheckpointError
from ui import images, inference, tools
from ui import infogan_view as view
from ui.canvas import NOW, canvas, endpoint, event_data, intro, intro_of, notice
from ui.infogan_own import OwnPicture, seen
from ui.infogan_view import MOST_CODES, TEXT, Turn
from ui.live import ask, engine, late, told
from ui.shelf import Shelf, Step

MODEL = inference.DEFAULTS["infogan"]
SEED_LIMIT = 2**32


def infogan_generate(
    model: str = MODEL,
    seed: int = 42,
    category: int = 5,
    c1: float = 0.0,
    c2: float = 0.0,
    c3: float = 0.0,
    c4: float = 0.0,
    c5: float = 0.0,
    c6: float = 0.0,
) -> Image.Image:
    """Draw one picture from its codes.

    Args:
        model: name of the weights.
        seed: whole number from 0 to 4294967295; the same seed keeps the same noise.
        category: which of the categories, in the order of their names (for digits: the digit).
        c1: first continuous code, from -2 to 2; trained on -1 to 1.
        c2: second continuous code, likewise.
        c3: third, where the model has one, as those after it.
        c4: fourth.
        c5: fifth.
        c6: sixth.

    Returns:
        The picture as PNG, in the model's own size.
    """
    turn = Turn(model, int(seed), _checked(category, view.labels(model), 0), (c1, c2, c3, c4, c5, c6))
    return images.to_png(view.draw([turn])[0])


def infogan_sweep(model: str = MODEL, seed: int = 42, code: int = 1) -> Image.Image:
    """Draw all categories (rows) by ten values from -2 to 2 of one continuous code (columns).

    Args:
        model: name of the weights.
        seed: whole number from 0 to 4294967295, the noise of all pictures.
        code: the continuous code to sweep, 1 for the first; the others stay at 0.

    Returns:
        One PNG with a row of ten pictures for each category.
    """
    turn, rows = Turn(model, int(seed)), range(len(view.labels(model)))
    place = _checked(code, view.code_names(model), 1) - 1
    turns = [view.at(turn, row, place, value) for row in rows for value in view.sweep_values()]
    return images.to_png(images.grid(view.draw(turns), view.SWEEP_STEPS))


def infogan_infer(image: str | None = None, model: str = MODEL) -> dict[str, Any]:
    """Let Q read the codes in a picture.

    Args:
        image: a picture file, light on dark or dark on light; without one, the generator's own example is read.
        model: name of the weights.

    Returns:
        `category` (name of the likeliest), `probabilities` (by name), `codes` (by name, the mean that Q reads).
    """
    read = view.draw([Turn(model)])[0] if image is None else seen(image, model)
    probabilities, means = view.read(model, read)
    names = view.labels(model)
    return {
        "category": names[int(np.argmax(probabilities))],
        "probabilities": {name: round(value, 4) for name, value in zip(names, probabilities, strict=True)},
        "codes": {name: round(value, 4) for name, value in zip(view.code_names(model), means, strict=False)},
    }


def build() -> Shelf | None:
    """Lay the tab out inside the current `gr.Tab`, and publish its endpoints; return its menu of weights."""
    shelf = None
    try:
        shelf = _build_bench(Turn(MODEL))
    except CheckpointError as error:
        intro(TEXT)
        notice(str(error))
    _publish()
    return shelf


def _build_bench(start: Turn) -> Shelf:
    names = inference.names("infogan")
    code_names = view.code_names(start.model)
    first_pictures, first_reading = view.pictures(start)
    with gr.Row(elem_classes="gs-bench"):
        with gr.Column(elem_classes="gs-stage"):
            stage = canvas(first_pictures, elem_id="infogan-stage")
            with gr.Column(elem_classes="gs-below"):
                config = view.local(start.model)
                live = engine("infogan.js", "mountInfogan", told(start.model, config), elem_id="infogan-engine")
                row = tools.tools("infogan", (start.model, start.seed, start.row, *[0.0] * MOST_CODES), config)
        with gr.Column(elem_classes="gs-controls"):
            about = intro(TEXT, inference.intro_key(start.model))
            with gr.Row(elem_classes="gs-card gs-split"):
                with gr.Column(min_width=220):
                    model = gr.Dropdown(names, value=start.model, label=TEXT["model"], visible=len(names) > 1)
                    category = gr.Number(start.row, visible=False, precision=0)
                    codes = [_slider(name) for name in _padded(code_names)]
                    hint = gr.Markdown(view.range_hint(start.model), elem_classes="gs-hint")
                    with gr.Row(elem_classes="gs-line"):
                        seed = gr.Number(
                            start.seed, label=TEXT["seed"], precision=0, minimum=0, maximum=SEED_LIMIT - 1, min_width=90
                        )
                        roll = gr.Button(TEXT["roll"], min_width=90)
                    keep = gr.Checkbox(True, label=TEXT["keep"], info=TEXT["keep_info"])
                with gr.Column(min_width=220):
                    plane = canvas(view.plane_scene(start), elem_id="infogan-plane")
            with gr.Column(elem_classes="gs-card"):
                gr.Markdown(f"### {TEXT['reading']}\n{TEXT['reading_hint']}")
                reading = canvas(first_reading, elem_id="infogan-reading")
            own = OwnPicture(start)
            with gr.Column(elem_classes="gs-card"):
                gr.Markdown(f"### {TEXT['sweep']}\n{TEXT['sweep_hint']}")
                code = gr.Radio(_choices(code_names), value=0, label=TEXT["sweep_code"])
                sweep = canvas(view.sweep_scene(start, 0), elem_id="infogan-sweep")

    turn = [model, seed, category, *codes]
    follows = [stage, plane, reading]
    drawn = [*follows, sweep, seed]
    # What the visitor's hand is on is never an output: an answer that comes late would pull it back.
    jumped = [*drawn, category, *codes]

    for slider in codes:
        slider.input(None, turn, None, js=ask("infogan", "follow"), **NOW)
        slider.release(None, [keep, code, *turn], None, js=ask("infogan", "settle"), **NOW)
    plane.drag(_drag, turn, [stage, reading, *codes[:2]], **NOW).then(None, js=late("infogan"), **NOW)
    plane.release(_settle_plane, [keep, code, *turn], drawn, **NOW).then(None, js=late("infogan"), **NOW)
    stage.pick(_pick_category, [keep, code, *turn], jumped, **NOW)
    sweep.pick(_pick_cell, [keep, code, *turn], jumped, **NOW)
    roll.click(None, [code, *turn], None, js=ask("infogan", "roll"), **NOW)
    for control in (seed, code):
        control.input(None, [code, *turn], None, js=ask("infogan", "show"), **NOW)
    live.ask(_answer, None, drawn, **NOW).then(None, js=late("infogan"), **NOW)
    live.bring(None, None, turn[1:], js="() => window.ganscope.turned.infogan()", **NOW)
    tools.options("infogan", [keep, code])
    tools.bring("infogan", row, turn).then(None, [code, *turn], None, js=ask("infogan", "show"), **NOW)
    own.wire(turn, follows, _turn)
    switched = [*follows, sweep, category, *codes, code, hint, live, *own.switched]
    steps: list[Step] = [(partial(_switch, own), [model, seed], switched), (_about, [model], [about])]
    shelf = Shelf("infogan", model, steps)
    tools.wire(row, shelf)
    return shelf


def _about(model: str) -> str:
    return intro_of(TEXT, inference.intro_key(model))


def _switch(own: OwnPicture, model: str, seed: int | None) -> tuple:
    """Start anew with another model, whose categories and codes may be others."""
    names = view.code_names(model)
    turn = Turn(model, int(seed or 0), min(Turn.row, len(view.labels(model)) - 1))
    sliders = (gr.update(value=0.0, label=(name or "").capitalize(), visible=bool(name)) for name in _padded(names))
    code = gr.update(choices=_choices(names), value=0)
    shown = (*view.pictures(turn), view.plane_scene(turn), view.sweep_scene(turn, 0))
    stage, reading, plane, sweep = shown
    hint, live = view.range_hint(model), told(model, view.local(model))
    return stage, plane, reading, sweep, turn.row, *sliders, code, hint, live, *own.switch(turn)


def _answer(event: gr.EventData) -> tuple:
    """Draw what the browser asks for where it does not draw itself."""
    asked = event_data(event)
    what, controls = asked["what"], asked["controls"]
    if what == "follow":
        return *_follow(*controls), gr.skip(), gr.skip()
    if what == "roll":
        return _roll(*controls)
    return _settle(*controls) if what == "settle" else (*_show(*controls), gr.skip())


def _slider(name: str | None) -> gr.Slider:
    label, visible = (name or "").capitalize(), name is not None
    return gr.Slider(
        -view.RANGE, view.RANGE, 0.0, step=0.05, buttons=[], elem_classes="gs-code", label=label, visible=visible
    )


def _padded(names: list[str]) -> list[str | None]:
    """Name every slider; those that the model has no code for wait unseen."""
    return [*names, *[None] * MOST_CODES][:MOST_CODES]


def _choices(names: list[str]) -> list[tuple[str, int]]:
    return [(name, index) for index, name in enumerate(names)]


def _checked(value: float, names: list[str], first: int) -> int:
    """Return an index as a whole number; `first` is that of the first name."""
    last = first + len(names) - 1
    if not (value == int(value) and first <= value <= last):
        raise gr.Error(TEXT["bad_index"].format(value=value, first=first, last=last), print_exception=False)
    return int(value)


def _turn(model: str, seed: int | None, row: int, *codes: float) -> Turn:
    return Turn(model, int(seed or 0), int(row), tuple(map(float, codes)))


def _follow(*controls: Any) -> tuple[str, str, str]:
    turn = _turn(*controls)
    stage, reading = view.pictures(turn)
    return stage, view.plane_patch(turn), reading


def _show(code: int, *controls: Any) -> tuple[str, ...]:
    return _redraw(_turn(*controls), code)[:-1]


def _settle(keep: bool, code: int, *controls: Any) -> tuple:
    return _redraw(_kept(_turn(*controls), keep), code)


def _settle_plane(event: gr.EventData, keep: bool, code: int, *controls: Any) -> tuple:
    # The place comes with the event, because the sliders may still wait for the answer to the last drag.
    place = event_data(event)
    return _settle(keep, code, *controls[:3], place["x"], place["y"], *controls[5:])


def _roll(code: int, *controls: Any) -> tuple:
    return _redraw(_kept(_turn(*controls), keep=False), code)


def _drag(event: gr.EventData, *controls: Any) -> tuple:
    place = event_data(event)
    turn = _turn(*controls[:3], place["x"], place["y"], *controls[5:])
    return *view.pictures(turn), *turn.codes[:2]


def _pick_category(event: gr.EventData, keep: bool, code: int, *controls: Any) -> tuple:
    row = int(event_data(event)["id"].removeprefix("category-"))
    return _jump(replace(_turn(*controls), row=row), keep, code)


def _pick_cell(event: gr.EventData, keep: bool, code: int, *controls: Any) -> tuple:
    cell = event_data(event)
    value = round(view.sweep_values()[cell["column"]], 2)
    return _jump(view.at(_turn(*controls), cell["row"], code, value), keep, code)


def _jump(turn: Turn, keep: bool, code: int) -> tuple:
    turn = _kept(turn, keep)
    return *_redraw(turn, code), turn.row, *view.all_codes(turn)


def _redraw(turn: Turn, code: int) -> tuple:
    stage, reading = view.pictures(turn)
    return stage, view.plane_scene(turn), reading, view.sweep_scene(turn, code), turn.seed


def _kept(turn: Turn, keep: bool) -> Turn:
    return turn if keep else replace(turn, seed=random.randrange(100_000))


def _publish() -> None:
    model = gr.Textbox(MODEL, visible=False)
    seed = gr.Number(42, precision=0, minimum=0, maximum=SEED_LIMIT - 1, visible=False)
    category = gr.Number(5, precision=0, minimum=0, maximum=99, visible=False)
    codes = [gr.Slider(-view.RANGE, view.RANGE, 0.0, step=0.01, visible=False) for _ in range(MOST_CODES)]
    code = gr.Number(1, precision=0, minimum=1, maximum=MOST_CODES, visible=False)
    picture = gr.Image(type="filepath", image_mode=None, visible=False)
    png = gr.Image(type="pil", format="png", visible=False)
    endpoint(infogan_generate, [model, seed, category, *codes], png)
    endpoint(infogan_sweep, [model, seed, code], png)
    endpoint(infogan_infer, [picture, model], gr.JSON(visible=False))
