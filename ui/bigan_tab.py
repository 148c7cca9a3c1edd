"""The BiGAN tab, "image to code to image": components, events and API endpoints."""

from dataclasses import replace

import gradio as gr
import torch
from PIL import Image
from torch import Tensor

from models.checkpoint import CheckpointError
from ui import bigan_mix as mixing
from ui import bigan_view as view
from ui import images, inference, tools
from ui.bigan_codes import checked_code, resume_look, resume_mix, turn
from ui.bigan_examples import examples, prepare
from ui.bigan_mix import Mix
from ui.bigan_view import TEXT, Look
from ui.canvas import (
    NEWEST,
    NOW,
    canvas,
    drawing_pad,
    endpoint,
    event_data,
    intro,
    intro_of,
    notice,
    number_list,
    pad_picture,
    picture_button,
    picture_bytes,
)
from ui.live import ask, engine, told
from ui.shelf import Shelf, Step

MODEL = inference.DEFAULTS["bigan"]


def bigan_reconstruct(image: str | None = None, model: str = MODEL) -> Image.Image:
    """Encode a picture and draw it again from its code.

    Args:
        image: a picture file, for digits light on dark or dark on light; without one, the generator's own example.
        model: name of the weights.

    Returns:
        G(E(x)) as PNG, in the model's own size.
    """
    return images.to_png(view.decode(model, view.encode(model, _seen(image, model)[None]))[0])


def bigan_encode(image: str | None = None, model: str = MODEL) -> list[float]:
    """Encode a picture.

    Args:
        image: as in bigan_reconstruct.
        model: name of the weights.

    Returns:
        The code E(x): a list of numbers from -1 to 1, as many as the model's code has (50 for bigan-mnist).
    """
    return [round(value, 6) for value in view.encode(model, _seen(image, model)[None])[0].tolist()]


def bigan_decode(code: list[float] | None = None, model: str = MODEL) -> Image.Image:
    """Draw the picture of a code.

    Args:
        code: a list of numbers from -1 to 1, as many as bigan_encode gives for the model; others are refused. Without
            one, the code of the generator's own example.
        model: name of the weights.

    Returns:
        G(z) as PNG, in the model's own size.
    """
    wanted = bigan_encode(None, model) if code is None else code
    return images.to_png(view.decode(model, checked_code(wanted, model)[None])[0])


def bigan_interpolate(
    image_a: str | None = None, image_b: str | None = None, t: float = 0.5, model: str = MODEL
) -> Image.Image:
    """Draw the picture of a code on the way between the codes of two pictures.

    Args:
        image_a: the picture at t = 0, as in bigan_reconstruct.
        image_b: the picture at t = 1, likewise; without one, the generator's second example.
        t: how far from A to B, 0 to 1.
        model: name of the weights.

    Returns:
        The picture as PNG, in the model's own size.
    """
    if not 0 <= t <= 1:  # also refuses NaN
        raise gr.Error(TEXT["bad_t"].format(t=t), print_exception=False)
    pair = torch.stack([_seen(image_a, model), _seen(image_b, model, example=1)])
    return images.to_png(view.decode(model, mixing.between(view.encode(model, pair), [t]))[0])


def build() -> Shelf | None:
    """Lay the tab out inside the current `gr.Tab`, and publish its endpoints; return its menu of weights."""
    shelf = None
    try:
        start, mixed = view.look(MODEL, examples(MODEL)[0].seen), mixing.start(MODEL)
    except CheckpointError as error:
        intro(TEXT)
        notice(str(error))
    else:
        shelf = _build_bench(start, mixed)
    _publish()
    return shelf


def _build_bench(start: Look, mixed: Mix) -> Shelf:
    names = inference.names("bigan")
    shown, held = gr.State(start), gr.State(mixed)
    about = intro(TEXT, inference.intro_key(start.model))
    with gr.Column(elem_classes="gs-close"):
        with gr.Row(elem_classes="gs-bench gs-desk"):
            with gr.Column(elem_classes="gs-hand"):
                pad = drawing_pad({key: TEXT[key] for key in view.PAD_TEXTS}, elem_id="bigan-pad")
                upload = picture_button(TEXT["upload"], elem_id="bigan-upload")
            with gr.Column(elem_classes="gs-stage"):
                stage = canvas(view.stage_scene(start), elem_id="bigan-stage")
                with gr.Column(elem_classes="gs-below"):
                    config = mixing.local(start.model)
                    live = engine("bigan.js", "mountBigan", told(start.model, config), elem_id="bigan-engine")
                    row = tools.tools("bigan", (start.model, start.code.tolist()), config)
        with gr.Row(elem_classes="gs-under"):
            why = gr.Markdown(view.why(start.model), elem_classes="gs-hint")
            model = gr.Dropdown(names, value=start.model, label=TEXT["model"], visible=len(names) > 1)
            reset = gr.Button(TEXT["reset"], interactive=False, elem_id="bigan-reset")
        strip = canvas(view.examples_scene(start.model), elem_id="bigan-examples")
    with gr.Column(elem_classes="gs-card"):
        gr.Markdown(f"### {mixing.TEXT['mix']}\n{mixing.TEXT['mix_hint']}")
        with gr.Row(elem_classes="gs-split"):
            with gr.Column(min_width=280):
                gr.Markdown(f"**{mixing.TEXT['sum']}** {mixing.TEXT['sum_hint']}")
                slots = canvas(mixing.slots_scene(mixed), elem_id="bigan-slots")
                take = gr.Button(mixing.TEXT["take"], elem_id="bigan-take")
            with gr.Column(min_width=280):
                gr.Markdown(f"**{mixing.TEXT['walk']}** {mixing.TEXT['walk_hint']}")
                t = gr.Slider(0, 1, 0.5, step=0.01, label=mixing.TEXT["t"], buttons=[], elem_classes="gs-code gs-plain")
                walk = canvas(mixing.walk_scene(mixed, 0.5), elem_id="bigan-walk")

    seen = [stage, strip, reset, shown]
    pad.draw(_draw, model, seen, **NOW)
    upload.upload(_upload, [upload, model], [*seen, pad], **NEWEST)
    strip.pick(_pick_example, model, [*seen, pad], **NOW)
    stage.drag(_turn, shown, [stage, reset, shown], **NOW)
    stage.release(_turn, shown, [stage, reset, shown], **NOW)
    row.bring(_bring, model, seen, **NOW)
    mixes = [slots, walk, held]
    slots.pick(_pick_slot, [held, t], mixes, **NOW)
    walk.pick(_pick_step, held, [walk, t], **NOW)
    reset.click(None, None, None, js=ask("bigan", "reset"), **NOW)
    take.click(None, None, None, js=ask("bigan", "take"), **NOW)
    t.input(None, t, None, js=ask("bigan", "walk"), **NOW)
    live.ask(_answer, [shown, held, t], [*seen, *mixes], **NOW)
    live.bring(None, None, [reset, t], js="() => window.ganscope.turned.bigan()", **NOW)
    tools.options("bigan", [t])
    changed = [*seen, *mixes, why, live]
    steps: list[Step] = [(_change_model, [model, t], changed), (_about, [model], [about])]
    shelf = Shelf("bigan", model, steps)
    tools.note("bigan", [model])
    tools.wire(row, shelf)
    return shelf


def _draw(event: gr.EventData, model: str) -> tuple:
    png = picture_bytes(event)
    try:
        return _show(*prepare(images.read_image(png), model), model) if png else (gr.skip(),) * 4
    except images.ImageError:  # the first dot of a stroke is no digit yet
        return (gr.skip(),) * 4


@inference.tell_errors
def _upload(path: str, model: str) -> tuple:
    picture = images.read_image(path)
    return *_show(*prepare(picture, model), model), pad_picture(picture, keep=False)


def _pick_example(event: gr.EventData, model: str) -> tuple:
    index = int(event_data(event)["id"].removeprefix("example-"))
    example = examples(model)[index]
    return *_show(example.seen, example.steps, model, index), pad_picture(example.picture, keep=True)


def _show(seen: Tensor, steps: tuple[str, ...], model: str, example: int | None = None) -> tuple:
    look = view.look(model, seen, steps)
    return view.stage_scene(look), view.examples_patch(model, example), gr.update(interactive=False), look


def _turn(event: gr.EventData, shown: Look) -> tuple:
    turned = turn(event_data(event).get("values"), shown)
    return view.stage_patch(turned), gr.update(interactive=True), turned


def _bring(event: gr.EventData, model: str) -> tuple:
    """Show a code that a link holds; what the encoder once saw is not in it, so it sees what the code draws."""
    code = event_data(event).get("code")
    if code is None:
        return (gr.skip(),) * 4
    values = checked_code(code, model)
    look = replace(view.look(model, images.on_levels(view.decode(model, values[None])[0])), turned=values, linked=True)
    return view.stage_scene(look), view.examples_patch(model, None), gr.update(interactive=True), look


def _answer(event: gr.EventData, shown: Look, held: Mix, t: float) -> tuple:
    """Draw what the browser asks for where it does not draw itself, or go on from what it drew."""
    asked = event_data(event)
    what, kept = asked["what"], (gr.skip(),) * 3
    if what == "reset":
        own = replace(shown, turned=shown.code)
        return view.stage_scene(own), gr.skip(), gr.update(interactive=False), own, *kept
    if what == "take":
        return *(gr.skip(),) * 4, *_mix(mixing.put(held, shown.seen), t)
    if what == "walk":
        return *(gr.skip(),) * 5, mixing.walk_patch(held, t), gr.skip()
    return *resume_look(asked["controls"]["look"], shown), *resume_mix(asked["controls"]["mix"], held, t)


def _pick_slot(event: gr.EventData, held: Mix, t: float) -> tuple:
    kind, index = event_data(event)["id"].split("-")
    if kind == "slot":
        held = replace(held, chosen=int(index))
        return mixing.chosen_patch(held), gr.skip(), held
    return _mix(mixing.put(held, examples(held.model)[int(index)].seen), t)


def _mix(held: Mix, t: float) -> tuple:
    return mixing.slots_scene(held), mixing.walk_scene(held, t), held


def _pick_step(event: gr.EventData, held: Mix) -> tuple:
    t = event_data(event)["column"] / (mixing.STRIP_STEPS - 1)
    return mixing.walk_patch(held, t), t


def _about(model: str) -> str:
    return intro_of(TEXT, inference.intro_key(model))


def _change_model(model: str, t: float) -> tuple:
    first = examples(model)[0]
    look = view.look(model, first.seen, first.steps)
    return (
        view.stage_scene(look),
        view.examples_scene(model),
        gr.update(interactive=False),
        look,
        *_mix(mixing.start(model), t),
        view.why(model),
        told(model, mixing.local(model)),
    )


def _seen(image: str | None, model: str, example: int = 0) -> Tensor:
    """Bring a picture file, or else an example, into the model's form."""
    return examples(model)[example].seen if image is None else prepare(images.read_image(image), model)[0]


def _publish() -> None:
    model = gr.Textbox(MODEL, visible=False)
    first, second = (gr.Image(type="filepath", image_mode=None, visible=False) for _ in range(2))
    t = gr.Slider(0, 1, 0.5, step=0.001, visible=False)
    png = gr.Image(type="pil", format="png", visible=False)
    endpoint(bigan_reconstruct, [first, model], png)
    endpoint(bigan_encode, [first, model], gr.JSON(visible=False))
    endpoint(bigan_decode, [number_list(), model], png)
    endpoint(bigan_interpolate, [first, second, t, model], png)
