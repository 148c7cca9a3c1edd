"""The canvas: one Gradio component that draws scenes and reports what is clicked or dragged.

How to add a tab (InfoGAN is the example):

1. `ui/NAME_view.py`, what is shown: a TEXT dictionary with every text a visitor reads, functions that compute
   (decorated with `inference.device_call`, models from `inference.weights(name)`), and functions that turn their
   tensors into scenes with the builders of ui/scene.py. No Gradio components here.
2. `ui/NAME_tab.py`, how it is used: the API functions with types, defaults and docstrings; `build()`, called inside
   the `gr.Tab`, which lays out a `gs-bench` row (column `gs-stage` for the picture, column `gs-controls` with
   `intro(TEXT)` and cards; add `gs-wide` for a picture over the whole width) and wires the events; `endpoint(...)` for
   each API function.
3. `stage = canvas(first_scene, elem_id="name-stage")`. Handlers return `scene.scene(...)` or `scene.patch(...)` to it.
   - `stage.pick(handler)`: a tile or cell was clicked; `event_data(event)` has `id` (and `row`, `column`);
   - `stage.drag(handler)`, `stage.release(handler)`: `id` with `x`, `y` (plane) or `index`, `value`, `values` (bars).
   The handler's first parameter is `event: gr.EventData`. Wire quick events with `**NOW`, and what may fail with
   `**NEWEST` (an upload) or `**PRIVATE` (what must not be done twice), whose queue carries errors without a failed
   request. Only `endpoint` makes public events.
4. List the tab in TABS of ui/page.py and its endpoints in tests/ui/test_page.py.
"""

import base64
import binascii
import hashlib
import itertools
import json
from collections.abc import Callable
from functools import cache, partial, wraps
from inspect import signature
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from PIL import Image
from torch import Tensor

from ui import door, health, images
from ui.inference import tell_errors

TEXT = {
    "stays": "Your pictures stay on this device: this browser computes with them.",
    "sent": "Your pictures are sent to the server, which computes with them and deletes them within the hour.",
    "unreadable": "This browser cannot read the file as a picture: save the picture as PNG or JPEG.",
    "no_ink": images.NO_INK,
    "bad_number": "{name} is {value}: give a number from {low} to {high}.",
    "bad_whole": "{name} is {value}: give a whole number from {low} to {high}.",
}
WEB = Path(__file__).parent / "web"
PAD_SIDE = 280
_turns = itertools.count()
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# While an event is being answered Gradio drops what follows; always_last keeps the last of it, so that the position a
# drag ends on, or the weights chosen last, are what is shown in the end.
NEWEST: dict[str, Any] = {**PRIVATE, "trigger_mode": "always_last"}
# queue=False saves two round trips (inference.device_call holds the limit instead of the queue).
NOW: dict[str, Any] = {**NEWEST, "queue": False}

# The quoted event names are what gr.HTML turns into listeners. Each event has one object that is filled anew: Gradio
# repeats a call that had to wait with the object of the call before it, so a new one would come too late.
_ON_LOAD = """
(async () => {{
  const {{ {name} }} = await import(new URL("web/{version}/{module}", document.baseURI));
  const told = {{}};
  const tell = (event, data) => trigger(event, Object.assign((told[event] ??= {{}}), data));
  const events = ["pick", "drag", "release", "draw", "news", "bring", "ask"];
  {name}(element, {{ props, watch, trigger: tell, events }});
}})().catch((error) => console.error(error));
"""


@cache
def web_version() -> str:
    """Name the present contents of ui/web, so that browsers may keep them for ever."""
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(WEB).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def canvas(first_scene: str, *, elem_id: str, elem_classes: str = "") -> gr.HTML:
    """Make a canvas; its value is a scene (see ui/scene.py), drawn by `ui/web/scene.js`."""
    return component("scene.js", "mountScene", first_scene, elem_id, f"gs-canvas {elem_classes}")


def drawing_pad(texts: dict[str, str], *, elem_id: str) -> gr.HTML:
    """Make a pad to draw a digit on.

    `pad.draw(handler)` fires while drawing, where the tab's own engine does not read the pad (ui/web/own.js);
    `picture_bytes(event)` is then a PNG, white ink on black. As an output it takes `pad_picture(...)`.

    Args:
        texts: `pad` (what it is, for screen readers), `pad_hint`, `undo`, `clear`, `brush`.
    """
    return component("pad.js", "mountPad", "", elem_id, "gs-pad", texts=texts)


def pad_picture(picture: Image.Image, *, keep: bool) -> str:
    """Show a picture on the pad.

    Args:
        keep: strokes go on top of it, which suits light ink on black; else the first stroke replaces it.
    """
    small = picture.copy()
    small.thumbnail((PAD_SIDE, PAD_SIDE))
    return json.dumps(
        {"source": images.data_url(small), "keep": keep, "turn": next(_turns)}
    )  # the same picture twice is news, too


def picture_button(text: str, *, elem_id: str) -> gr.UploadButton:
    """Make a button for a visitor's picture, which may also be dropped on it or pasted.

    `upload(handler, [button])` gives the path of the file, to be decoded by ui/images.py; where the tab's own engine
    takes the picture (ui/web/own.js), nothing is sent. Below the button it says which of both.
    """
    button = gr.UploadButton(text, file_types=["image"], elem_id=elem_id, elem_classes="gs-well")
    component("well.js", "mountWell", "", f"{elem_id}-well", "gs-behaviour", target=elem_id, texts=TEXT)
    return button


def intro(texts: dict[str, str], key: str = "intro") -> gr.Markdown:
    """Open a tab: its `title`, its `intro` or another text in two sentences, and the `paper` with its `paper_url`."""
    return gr.Markdown(intro_of(texts, key), elem_classes="gs-intro")


def intro_of(texts: dict[str, str], key: str) -> str:
    """Return what opens a tab."""
    return f"## {texts['title']}\n\n{texts[key]}\n\n[{texts['paper']}]({texts['paper_url']})"


def notice(sentence: str) -> None:
    """Say in a tab why it has nothing to show."""
    gr.Markdown(sentence, elem_classes="gs-notice")


def event_data(event: gr.EventData) -> dict[str, Any]:
    """Return what the canvas sent along with an event."""
    data = event._data
    return data if isinstance(data, dict) else {}


def picture_bytes(event: gr.EventData) -> bytes | None:
    """Return the PNG that a drawing pad sent, None when it was cleared."""
    text = str(event_data(event).get("png", ""))
    try:
        return base64.b64decode(text, validate=True) or None
    except binascii.Error as error:
        raise gr.Error("The drawing arrived damaged; draw on.", print_exception=False) from error


def picture_of(text: object, like: Tensor) -> Tensor:
    """Take a picture as a page's canvas holds it, its bytes channels last in base64; one of another size is not taken.

    Args:
        like: the picture there is, (C, H, W), which else is kept.

    Returns:
        (C, H, W) in [-1, 1].
    """
    try:
        data = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        return like
    channels, height, width = like.shape
    if len(data) != like.numel():
        return like
    pixels = torch.frombuffer(bytearray(data), dtype=torch.uint8).reshape(height, width, channels)
    return pixels.permute(2, 0, 1).float() / 127.5 - 1


def endpoint(function: Callable, inputs: list[gr.components.Component], output: gr.components.Component) -> None:
    """Publish a function in the API under its own name; its argument names and docstring are the documentation.

    Args:
        inputs: hidden components, one an argument, whose values are the defaults. Gradio checks their limits.
        output: hidden component; for pictures a `gr.Image(format="png")`.
    """
    for name, argument in zip(signature(function).parameters, inputs, strict=True):
        if isinstance(argument, gr.Image):
            argument.preprocess = door.unopened  # type: ignore[method-assign,assignment]  # of this one alone
        elif isinstance(argument, gr.Number | gr.Slider):
            argument.preprocess = partial(_number, name, argument)  # type: ignore[method-assign]
    called = tell_errors(_with_room(function) if isinstance(output, gr.Image) else function)
    gr.Button(visible=False).click(called, inputs, output, api_name=function.__name__)


def _number(name: str, argument: gr.Number | gr.Slider, value: object) -> float:
    """Check a number that a call gives, which Gradio would round, or answer as its own fault.

    Raises:
        gr.Error: no number, none that is whole, or out of bounds; one sentence.
    """
    whole, low, high = isinstance(argument, gr.Number), argument.minimum or 0, argument.maximum or 0
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:  # nor NaN
        if not whole:
            return float(value)
        if value == int(value):
            return int(value)
    text = TEXT["bad_whole" if whole else "bad_number"]
    said = text.format(name=name, value=str(value)[:40], low=f"{low:.0f}", high=f"{high:.0f}")
    raise gr.Error(said, print_exception=False)


def _with_room(function: Callable) -> Callable:
    """Say so where the picture that a function draws could not be handed out."""

    @wraps(function)
    def checked(*args: object) -> object:
        if sentence := health.no_room_for_pictures():
            raise gr.Error(sentence, print_exception=False)
        return function(*args)

    return checked


def number_list() -> gr.JSON:
    """Make the hidden input of an endpoint that takes a list of numbers; the endpoint checks them."""
    values = gr.JSON(visible=False)
    said = {"type": "array", "items": {"type": "number"}}
    values.api_info = lambda: said  # type: ignore[method-assign]  # of this one alone
    return values


def component(module: str, name: str, value: str, elem_id: str, classes: str, **props: Any) -> gr.HTML:
    """Make a component that function `name` of ui/web/`module` draws from its value, a JSON text, and its props."""
    return gr.HTML(
        value,
        html_template='<div class="gs-root"></div>',
        js_on_load=_ON_LOAD.format(module=module, name=name, version=web_version()),
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes=classes.split(),
        **props,
    )
