"""The part of the InfoGAN tab in which a visitor draws or brings a picture, and the sliders move to what Q reads."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np
from torch import Tensor

from ui import images, inference
from ui import infogan_view as view
from ui.canvas import NEWEST, NOW, canvas, drawing_pad, picture_button, picture_bytes
from ui.infogan_view import MOST_CODES, TEXT, Turn

Controls = Sequence[gr.components.Component]


class OwnPicture:
    """The card, laid out where it is made; `wire` once the controls of the tab are there."""

    def __init__(self, start: Turn) -> None:
        with gr.Column(elem_classes="gs-card"):
            self.hint = gr.Markdown(_hint(start.model))
            with gr.Row(elem_classes="gs-split"):
                with gr.Column(min_width=220):
                    texts = {key: TEXT[key] for key in view.PAD_TEXTS}
                    self.pad = drawing_pad(texts, elem_id="infogan-pad")
                    self.upload = picture_button(TEXT["upload"], elem_id="infogan-upload")
                with gr.Column(min_width=220):
                    self.scene = canvas(view.own_scene(start.model, *view.example(start)), elem_id="infogan-own")
        self.switched: Controls = [self.hint, self.pad, self.scene]

    def wire(self, turn: Controls, follows: Controls, read: Callable[..., Turn]) -> None:
        """Let `turn` (the menu of weights, the seed, the category, the codes) follow, and the canvases `follows`."""
        outputs = [self.scene, *turn[2:], *follows]
        self.pad.draw(_drawing(read), turn, outputs, **NOW)
        self.upload.upload(_upload(read), [self.upload, *turn], outputs, **NEWEST)

    def switch(self, turn: Turn) -> tuple:
        """Return what `switched` shows with other weights; a pad is of use for digits only."""
        pad = gr.update(visible=inference.knows_digits(turn.model))
        return _hint(turn.model), pad, view.own_scene(turn.model, *view.example(turn))


def seen(picture: str | bytes, model: str) -> Tensor:
    """Turn a visitor's picture into what the model was trained on, (C, size, size)."""
    config, found = inference.weights(model).config, images.read_image(picture)
    if inference.knows_digits(model):
        found = images.digit_view(found, config.image_size).image
    return images.to_tensor(found, size=config.image_size, channels=config.channels)[0]


def _drawing(read: Callable[..., Turn]) -> Callable[..., tuple]:
    def read_drawing(event: gr.EventData, *controls: Any) -> tuple:
        png, turn = picture_bytes(event), read(*controls)
        try:
            return _follow(png, turn) if png else (gr.skip(),) * (5 + MOST_CODES)
        except images.ImageError:  # the first dot of a stroke is no digit yet
            return (gr.skip(),) * (5 + MOST_CODES)

    return read_drawing


def _upload(read: Callable[..., Turn]) -> Callable[..., tuple]:
    @inference.tell_errors
    def read_upload(path: str, *controls: Any) -> tuple:
        return _follow(path, read(*controls))

    return read_upload


def _follow(picture: str | bytes, turn: Turn) -> tuple:
    image = seen(picture, turn.model)
    probabilities, means = view.read(turn.model, image)
    codes = tuple(round(min(view.RANGE, max(-view.RANGE, mean)), 2) for mean in means)
    found = replace(turn, row=int(np.argmax(probabilities)), codes=codes)
    own = view.own_scene(found.model, image, probabilities, view.draw([found])[0])
    stage, reading = view.pictures(found)
    moved = found.row == turn.row and view.codes_of(found)[2:] == view.codes_of(turn)[2:]
    plane = view.plane_patch(found) if moved else view.plane_scene(found)
    return own, found.row, *view.all_codes(found), stage, plane, reading


def _hint(model: str) -> str:
    return f"### {TEXT['own']}\n{TEXT['own_hint' if inference.knows_digits(model) else 'own_hint_other']}"
