"""Codes and pictures that a page sends to the BiGAN tab: checked, and gone on from."""

from dataclasses import replace
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from ui import bigan_mix as mixing
from ui import bigan_view as view
from ui.bigan_mix import Mix
from ui.bigan_view import TEXT, Look
from ui.canvas import picture_of

STEPS = ("inverted", "levelled", "cropped to ink", "scaled", "centred", "centre square")


def checked_code(values: object, model: str) -> Tensor:
    """Check a code from outside, (latent,)."""
    wanted = view.net(model).config.latent
    if not isinstance(values, list) or len(values) != wanted:
        got = f"{len(values)} numbers" if isinstance(values, list) else f"a {type(values).__name__}"
        raise gr.Error(TEXT["bad_code"].format(wanted=wanted, got=got), print_exception=False)
    for place, value in enumerate(values):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not -1 <= value <= 1:  # also refuses NaN
            raise gr.Error(TEXT["bad_number"].format(place=place, value=str(value)[:40]), print_exception=False)
    return torch.tensor(values, dtype=torch.float32)


def turn(values: object, shown: Look) -> Look:
    """Turn the code on show."""
    code = checked_code(values, shown.model)
    # The bars know four decimals; what was not touched stays exactly E(x).
    untouched = (code - shown.code).abs() < 1e-4
    return replace(shown, turned=torch.where(untouched, shown.code, code))


def resume_look(told: dict[str, Any] | None, shown: Look) -> tuple:
    """Go on from the picture and the code that the browser showed: updates of stage, examples, button and state."""
    if told is None:
        return (gr.skip(),) * 4
    steps, linked = told.get("steps"), bool(told.get("linked"))
    look = view.look(shown.model, picture_of(told.get("seen"), shown.seen))
    if steps is None:
        steps, linked = shown.steps, shown.linked
    known = [step for step in map(str, steps) if step in STEPS]
    look = replace(look, steps=tuple(known), linked=linked)
    turned = turn(told.get("turned"), look)
    moved = not torch.equal(turned.turned, turned.code)
    return view.stage_scene(turned), gr.skip(), gr.update(interactive=moved), turned


def resume_mix(told: dict[str, Any] | None, held: Mix, t: float) -> tuple:
    """Go on from the pictures that were in the browser's slots: updates of slots, walk and state."""
    if told is None:
        return (gr.skip(),) * 3
    pictures = told.get("seen")
    pictures = pictures if isinstance(pictures, list) and len(pictures) == len(held.seen) else []
    for slot, text in enumerate(pictures):
        held = mixing.put(replace(held, chosen=slot), picture_of(text, held.seen[slot]))
    chosen = told.get("chosen")
    held = replace(held, chosen=chosen if isinstance(chosen, int) and chosen in range(len(held.seen)) else 0)
    return mixing.slots_scene(held), mixing.walk_scene(held, t), held
