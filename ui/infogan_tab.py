"""The InfoGAN tab, "turn the codes": components, events and API endpoints."""

import random
from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image
from torch import Tensor

from models.checkpoint import CheckpointError
from ui import images, inference, tools
from ui import infogan_view as view
from ui.canvas import (
    LIVE,
    NOW,
    PRIVATE,
    canvas,
    drawing_pad,
    endpoint,
    event_data,
    intro,
    notice,
    picture_button,
    picture_bytes,
)
from ui.infogan_view import TEXT, Turn
from ui.live import ask, engine, told
from ui.shelf import Shelf

MODEL = inference.DEFAULTS["infogan"]
SEED_LIMIT = 2**32


def infogan_generate(
    model: str = MODEL, seed: int = 42, category: int = 5, c1: float = 0.0, c2: float = 0.0
) -> Image.Image:
    """Draw one digit from its codes.

    Args:
        model: name of the weights.
        seed: whole number from 0 to 4294967295; the same seed keeps the same noise.
        category: which of the ten categories, in the order of their names (for digits: the digit).
        c1: first continuous code, from -2 to 2; trained on -1 to 1.
        c2: second continuous code, likewise.

    Returns:
        The picture as PNG, in the model's own size.
    """
    return images.to_png(view.draw([Turn(model, seed, category, (c1, c2))])[0])


def infogan_sweep(model: str = MODEL, seed: int = 42, code: int = 1) -> Image.Image:
    """Draw all ten categories (rows) by ten values from -2 to 2 of one continuous code (columns).

    Args:
        model: name of the weights.
        seed: whole number from 0 to 4294967295, the noise of all pictures.
        code: 1 or 2, the continuous code to sweep; the other stays at 0.

    Returns:
        One PNG of 10 x 10 pictures.
    """
    turn, rows = Turn(model, seed), range(len(view.labels(model)))
    turns = [view.at(turn, row, code - 1, value) for row in rows for value in view.sweep_values()]
    return images.to_png(images.grid(view.draw(turns), view.SWEEP_STEPS))


def infogan_infer(image: str | None = None, model: str = MODEL) -> dict[str, Any]:
    """Let Q read the codes in a picture of a digit.

    Args:
        image: a picture file, light on dark or dark on light; without one, the generator's own example is read.
        model: name of the weights.

    Returns:
        `category` (name of the likeliest), `probabilities` (by name), `codes` (by name, the mean that Q reads).
    """
    seen = view.draw([Turn(model)])[0] if image is None else _seen(image, model)
    probabilities, means = view.read(model, seen)
    names = view.labels(model)
    return {
        "category": names[int(np.argmax(probabilities))],
        "probabilities": {name: round(value, 4) for name, value in zip(names, probabilities, strict=True)},
        "codes": {name: round(value, 4) for name, value in zip(view.code_names(model), means, strict=True)},
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
    first, second = view.code_names(start.model)
    first_pictures, first_reading = view.pictures(start)
    with gr.Row(elem_classes="gs-bench"):
        with gr.Column(elem_classes="gs-stage"):
            stage = canvas(first_pictures, elem_id="infogan-stage")
            with gr.Column(elem_classes="gs-below"):
                config = view.local(start.model)
                live = engine("infogan.js", "mountInfogan", told(start.model, config), elem_id="infogan-engine")
                row = tools.tools("infogan", (start.model, start.seed, start.row, *start.codes), config)
        with gr.Column(elem_classes="gs-controls"):
            intro(TEXT)
            with gr.Row(elem_classes="gs-card gs-split"):
                with gr.Column(min_width=220):
                    model = gr.Dropdown(names, value=start.model, label=TEXT["model"], visible=len(names) > 1)
                    category = gr.Number(start.row, visible=False, precision=0)
                    code_1, code_2 = _slider(first), _slider(second)
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
            with gr.Column(elem_classes="gs-card"):
                gr.Markdown(f"### {TEXT['own']}\n{TEXT['own_hint']}")
                with gr.Row(elem_classes="gs-split"):
                    with gr.Column(min_width=220):
                        pad = drawing_pad({key: TEXT[key] for key in view.PAD_TEXTS}, elem_id="infogan-pad")
                        upload = picture_button(TEXT["upload"], elem_id="infogan-upload")
                    with gr.Column(min_width=220):
                        own = canvas(view.own_scene(start.model, *view.example(start)), elem_id="infogan-own")
            with gr.Column(elem_classes="gs-card"):
                gr.Markdown(f"### {TEXT['sweep']}\n{TEXT['sweep_hint']}")
                code = gr.Radio([(first, 0), (second, 1)], value=0, label=TEXT["sweep_code"])
                sweep = canvas(view.sweep_scene(start, 0), elem_id="infogan-sweep")

    turn = [model, seed, category, code_1, code_2]
    follows = [stage, plane, reading]
    drawn = [*follows, sweep, seed]
    # What the visitor's hand is on is never an output: an answer that comes late would pull it back.
    jumped = [*drawn, category, code_1, code_2]

    for slider in (code_1, code_2):
        slider.input(None, turn, None, js=ask("infogan", "follow"), **NOW)
        slider.release(None, [keep, code, *turn], None, js=ask("infogan", "settle"), **NOW)
    plane.drag(_drag, [model, seed, category], [stage, reading, code_1, code_2], **LIVE)
    plane.release(_settle_plane, [keep, code, model, seed, category], drawn, **NOW)
    stage.pick(_pick_category, [keep, code, *turn], jumped, **NOW)
    sweep.pick(_pick_cell, [keep, code, *turn], jumped, **NOW)
    roll.click(_roll, [code, *turn], drawn, **NOW)
    for control in (seed, code):
        control.input(None, [code, *turn], None, js=ask("infogan", "show"), **NOW)
    live.ask(_answer, None, drawn, **LIVE)
    tools.bring("infogan", row, turn).then(None, [code, *turn], None, js=ask("infogan", "show"), **NOW)
    read = [own, category, code_1, code_2, *follows]
    pad.draw(_read_drawing, turn, read, **LIVE)
    upload.upload(_read_upload, [upload, *turn], read, **PRIVATE)
    switched = [*follows, sweep, category, code_1, code_2, code, hint, own, live]
    shelf = Shelf("infogan", model, [(_switch, [model, seed], switched)])
    tools.wire(row, shelf)
    return shelf


def _switch(model: str, seed: int | None) -> tuple:
    """Start anew with another model, whose categories and codes may be others."""
    names = view.code_names(model)
    turn = Turn(model, int(seed or 0), min(Turn.row, len(view.labels(model)) - 1))
    sliders = (gr.update(value=0.0, label=name.capitalize()) for name in names)
    codes = gr.update(choices=[(name, index) for index, name in enumerate(names)], value=0)
    shown = (*view.pictures(turn), view.plane_scene(turn), view.sweep_scene(turn, 0))
    stage, reading, plane, sweep = shown
    hint, own = view.range_hint(model), view.own_scene(model, *view.example(turn))
    return stage, plane, reading, sweep, turn.row, *sliders, codes, hint, own, told(model, view.local(model))


def _answer(event: gr.EventData) -> tuple:
    """Draw what the browser asks for where it does not draw itself."""
    asked = event_data(event)
    what, controls = asked["what"], asked["controls"]
    if what == "follow":
        return *_follow(*controls), gr.skip(), gr.skip()
    return _settle(*controls) if what == "settle" else (*_show(*controls), gr.skip())


def _slider(name: str) -> gr.Slider:
    return gr.Slider(
        -view.RANGE, view.RANGE, 0.0, step=0.05, label=name.capitalize(), buttons=[], elem_classes="gs-code"
    )


def _turn(model: str, seed: int | None, row: int, c1: float, c2: float) -> Turn:
    return Turn(model, int(seed or 0), int(row), (float(c1), float(c2)))


def _follow(*controls: Any) -> tuple[str, str, str]:
    turn = _turn(*controls)
    stage, reading = view.pictures(turn)
    return stage, view.plane_patch(turn), reading


def _show(code: int, *controls: Any) -> tuple[str, ...]:
    return _redraw(_turn(*controls), code)[:-1]


def _settle(keep: bool, code: int, *controls: Any) -> tuple:
    return _redraw(_kept(_turn(*controls), keep), code)


def _settle_plane(event: gr.EventData, keep: bool, code: int, model: str, seed: int, row: int) -> tuple:
    # The place comes with the event, because the sliders may still wait for the answer to the last drag.
    place = event_data(event)
    return _settle(keep, code, model, seed, row, place["x"], place["y"])


def _roll(code: int, *controls: Any) -> tuple:
    return _redraw(_kept(_turn(*controls), keep=False), code)


def _drag(event: gr.EventData, model: str, seed: int, row: int) -> tuple[str, str, float, float]:
    place = event_data(event)
    turn = _turn(model, seed, row, place["x"], place["y"])
    return *view.pictures(turn), *turn.codes


def _pick_category(event: gr.EventData, keep: bool, code: int, *controls: Any) -> tuple:
    row = int(event_data(event)["id"].removeprefix("category-"))
    return _jump(replace(_turn(*controls), row=row), keep, code)


def _pick_cell(event: gr.EventData, keep: bool, code: int, *controls: Any) -> tuple:
    cell = event_data(event)
    value = round(view.sweep_values()[cell["column"]], 2)
    return _jump(view.at(_turn(*controls), cell["row"], code, value), keep, code)


def _read_drawing(event: gr.EventData, *controls: Any) -> tuple:
    png = picture_bytes(event)
    try:
        return _read_own(png, _turn(*controls)) if png else (gr.skip(),) * 7
    except images.ImageError:  # the first dot of a stroke is no digit yet
        return (gr.skip(),) * 7


@inference.tell_errors
def _read_upload(path: str, *controls: Any) -> tuple:
    return _read_own(path, _turn(*controls))


def _read_own(picture: str | bytes, turn: Turn) -> tuple:
    seen = _seen(picture, turn.model)
    probabilities, means = view.read(turn.model, seen)
    codes = tuple(round(min(view.RANGE, max(-view.RANGE, mean)), 2) for mean in means)
    found = replace(turn, row=int(np.argmax(probabilities)), codes=codes)
    own = view.own_scene(found.model, seen, probabilities, view.draw([found])[0])
    stage, reading = view.pictures(found)
    plane = view.plane_patch(found) if found.row == turn.row else view.plane_scene(found)
    return own, found.row, *found.codes, stage, plane, reading


def _seen(picture: str | bytes, model: str) -> Tensor:
    """Turn a visitor's picture into what the model was trained on, (1, 28, 28)."""
    config, seen = inference.weights(model).config, images.read_image(picture)
    if inference.knows_digits(model):
        seen = images.digit_view(seen, config.image_size).image
    return images.to_tensor(seen, size=config.image_size, channels=config.channels)[0]


def _jump(turn: Turn, keep: bool, code: int) -> tuple:
    turn = _kept(turn, keep)
    return *_redraw(turn, code), turn.row, *turn.codes


def _redraw(turn: Turn, code: int) -> tuple:
    stage, reading = view.pictures(turn)
    return stage, view.plane_scene(turn), reading, view.sweep_scene(turn, code), turn.seed


def _kept(turn: Turn, keep: bool) -> Turn:
    return turn if keep else replace(turn, seed=random.randrange(100_000))


def _publish() -> None:
    model = gr.Textbox(MODEL, visible=False)
    seed = gr.Number(42, precision=0, minimum=0, maximum=SEED_LIMIT - 1, visible=False)
    category = gr.Number(5, precision=0, minimum=0, maximum=9, visible=False)
    first, second = (gr.Slider(-view.RANGE, view.RANGE, 0.0, step=0.01, visible=False) for _ in range(2))
    code = gr.Number(1, precision=0, minimum=1, maximum=2, visible=False)
    picture = gr.Image(type="filepath", image_mode=None, visible=False)
    png = gr.Image(type="pil", format="png", visible=False)
    endpoint(infogan_generate, [model, seed, category, first, second], png)
    endpoint(infogan_sweep, [model, seed, code], png)
    endpoint(infogan_infer, [picture, model], gr.JSON(visible=False))
