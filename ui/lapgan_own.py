"""The second part of the LAPGAN tab: a visitor's picture taken apart, its detail dreamed anew."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from PIL import Image
from torch import Tensor

from models.random import SEED_LIMIT
from ui import images, inference, tools
from ui import lapgan_view as view
from ui.canvas import NEWEST, NOW, canvas, event_data, picture_button, picture_of
from ui.lapgan_examples import CLASSES, EXAMPLES
from ui.lapgan_view import TEXT, Growth
from ui.shelf import Step


def build_own(model: gr.Dropdown, growth: Sequence[gr.components.Component], read: Callable[..., Growth]) -> Step:
    """Lay out the card and wire it; return what it does when another model is chosen.

    Args:
        model: which weights.
        growth: the controls of the picture above, which can be taken as a start.
        read: turns their values into what they describe.
    """
    name = model.value
    pictures = {key: prepare(draw(), name) for key, draw in EXAMPLES.items()}
    example, first = next(iter(pictures.items()))
    level, start_label = _start_level(name), _fitting_label(name, example)
    with gr.Column(elem_classes="gs-card"):
        gr.Markdown(f"### {TEXT['own']}\n{TEXT['own_hint']}")
        with gr.Row(elem_classes="gs-split gs-aside"):
            with gr.Column(min_width=240, scale=1):
                upload = picture_button(TEXT["well"], elem_id="lapgan-upload")
                examples = canvas(view.examples_scene(pictures), elem_id="lapgan-examples")
                above = gr.Button(TEXT["own_above"])
                keep = _level_menu(name, level)
                label = class_menu(name, start_label, TEXT["own_label"])
                again = gr.Button(TEXT["own_roll"])
                seed = gr.Number(0, visible=False, precision=0, minimum=0, maximum=SEED_LIMIT - 1)
            with gr.Column(min_width=300, scale=3):
                gr.Markdown(f"#### {TEXT['side']}")
                own = canvas(view.own_scene(first, name, level, start_label, 0), elem_id="lapgan-own")
                gr.Markdown(f"#### {TEXT['true']}")
                true = canvas(view.pyramid_scene(first, name), elem_id="lapgan-true", elem_classes="gs-sums")
    picture = gr.State(first)
    dreamt = [picture, model, keep, label, seed]
    rest = dreamt[1:]

    shown = [picture, own, true]
    hand = [keep, label, seed]
    upload.upload(_bring, [upload, *rest], shown, **NEWEST)
    examples.pick(_pick_example, rest, [label, *shown], **NOW)
    above.click(None, hand, None, js=_ask("above"), **NOW)
    keep.input(None, hand, None, js=_ask("dream"), **NOW)
    label.input(None, hand, None, js=_ask("dream"), **NOW)
    again.click(None, hand, None, js=_ask("again"), **NOW)
    tools.options("lapgan", hand)
    # Where the browser does not draw itself: what it asks for, and what it drew until then.
    own.ask(_answer(read), [*dreamt, *growth], [seed, *shown], **NOW)
    own.news(_resume, dreamt, shown, **NOW)
    own.bring(None, None, [label, seed], js="() => window.ganscope.turned.lapgan_own()", **NOW)
    return _switch, [model], [keep, label, examples, *shown]


def local(model: str) -> dict[str, Any]:
    """Tell the browser's engine what it needs for the whole tab."""
    fitting = {example: _fitting_label(model, example, otherwise=None) for example in EXAMPLES}
    first = _fitting_label(model, next(iter(EXAMPLES)))
    return {**view.local(model), "fitting": fitting, "own": [_start_level(model), first, 0]}


def class_menu(model: str, label: int | None, title: str) -> gr.Dropdown:
    """Make a menu of a model's classes; unseen where it has none."""
    names = view.labels(model)
    choices = [(name, index) for index, name in enumerate(names)]
    return gr.Dropdown(
        choices, value=label if names else None, label=title, visible=bool(names), filterable=False, min_width=130
    )


def prepare(picture: Image.Image, model: str) -> Tensor:
    """Turn the middle square of a picture into what a model takes apart, (C, s, s) in [-1, 1].

    A thumbnail that is as large as one of the coarse levels, 8 x 8 pixels, say, is that level exactly.
    """
    config = inference.weights(model, "lapgan").config
    if picture.size in {(size, size) for size in view.sizes(model)[1:]}:
        picture = picture.resize((config.image_size,) * 2, Image.Resampling.NEAREST)
    return images.to_tensor(picture, size=config.image_size, channels=config.channels)[0]


def _level_menu(model: str, level: int) -> gr.Radio:
    side = view.sizes(model)
    choices = [(TEXT["size"].format(size=side[index]), index) for index in range(len(side) - 1, 0, -1)]
    return gr.Radio(choices, value=level, label=TEXT["own_level"])


def _start_level(model: str) -> int:
    """Choose a level that shows how little is enough: the last but one, where there is one."""
    levels = len(view.sizes(model))
    return levels - 2 if levels > 2 else levels - 1


def _fitting_label(model: str, example: str, otherwise: int | None = 0) -> int | None:
    """Choose the class that an example belongs to, where the model has it."""
    names = view.labels(model)
    return next((names.index(name) for name in CLASSES.get(example, ()) if name in names), otherwise)


@inference.tell_errors
def _bring(path: str, model: str, *rest: Any) -> tuple[Tensor, str, str]:
    return _shown(prepare(images.read_image(path), model), model, *rest)


def _pick_example(event: gr.EventData, model: str, level: int, label: int | None, seed: int) -> tuple:
    example = event_data(event)["id"].removeprefix("example-")
    label = _fitting_label(model, example, otherwise=label)
    return label, *_shown(prepare(EXAMPLES[example](), model), model, level, label, seed)


def _shown(picture: Tensor, model: str, *rest: Any) -> tuple[Tensor, str, str]:
    return picture, view.own_scene(picture, model, *rest), view.pyramid_scene(picture, model)


def _answer(read: Callable[..., Growth]) -> Callable[..., tuple]:
    def answer(
        event: gr.EventData, picture: Tensor, model: str, level: int, label: int, seed: int, *growth: Any
    ) -> tuple:
        what = event_data(event)["what"]
        if what == "above":
            above = images.on_levels(view.grow([read(*growth)])[-1].image[0])
            return gr.skip(), *_shown(above, model, level, label, seed)
        seed = random.randrange(100_000) if what == "again" else seed
        return seed, gr.skip(), view.own_scene(picture, model, level, label, seed), gr.skip()

    return answer


def _resume(event: gr.EventData, picture: Tensor, model: str, *rest: Any) -> tuple[Tensor, str, str]:
    return _shown(picture_of(event_data(event).get("picture"), picture), model, *rest)


def _ask(what: str) -> str:
    return f'(...controls) => {{ window.ganscope?.lapgan_own?.("{what}", controls); return []; }}'


def _switch(model: str) -> tuple:
    """Start anew with another model, whose sizes and classes may differ."""
    pictures = {key: prepare(draw(), model) for key, draw in EXAMPLES.items()}
    example, picture = next(iter(pictures.items()))
    level, label = _start_level(model), _fitting_label(model, example)
    menus = _level_menu(model, level), class_menu(model, label, TEXT["own_label"])
    return *menus, view.examples_scene(pictures), *_shown(picture, model, level, label, 0)
