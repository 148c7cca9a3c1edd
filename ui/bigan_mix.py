"""Calculating with codes in the BiGAN tab: between two pictures, and A − B + C."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ui import bigan_view as view
from ui import images, inference, scene
from ui.bigan_examples import examples
from ui.bigan_view import name_of

TEXT = {
    "mix": "Calculate with codes",
    "mix_hint": (
        "Pictures cannot be added, codes can. Click A, B or C, then one of the small pictures, or take yours."
    ),
    "take": "Take the picture from above",
    "slot_alt": "Slot {name}",
    "choice_alt": "Put example {name} into the chosen slot",
    "sum": "A − B + C",
    "sum_hint": "What B has is taken out of A, what C has is put in.",
    "sum_alt": "A minus B plus C",
    "inside": "All {count} numbers of the result are codes that the generator knows.",
    "outside": "{cut} of the {count} numbers left the range −1 to 1 and were cut to its edge.",
    "walk": "From A to B",
    "walk_hint": "Every step of the way is a code of its own; in pixels it would be a fading from one to the other.",
    "t": "How far from A to B",
    "walk_alt": "The picture {t:.0%} of the way from A to B",
    "end_alt": "Picture {name}",
    "strip_alt": "Nine steps from A to B; arrow keys choose one",
}
# What the browser's engine says (ui/web/bigan_scenes.js).
DRAWN_TEXTS = (
    *("seen", "seen_steps", "seen_plain", "seen_linked", "again_note", "again_turned", "stage_alt"),
    *("typical", "unusual", "foreign", "measured", "share", "nearest", "farthest", "plain"),
    *("turned", "turned_note", "distance_alt", "slot_alt", "sum_alt", "inside", "outside", "walk_alt"),
)
SLOTS = ("A", "B", "C")
STRIP_STEPS = 9


@dataclass(frozen=True, eq=False)
class Mix:
    """The pictures to calculate with.

    Attributes:
        model: name of the weights.
        seen: pictures A, B and C, (3, C, H, W).
        codes: (3, latent).
        chosen: the slot that the next picture goes to.
    """

    model: str
    seen: Tensor
    codes: Tensor
    chosen: int = 0


def start(model: str) -> Mix:
    """Fill the three slots with the first examples."""
    seen = torch.stack([example.seen for example in examples(model)[: len(SLOTS)]])
    return Mix(model, seen, view.encode(model, seen))


def put(mixed: Mix, picture: Tensor) -> Mix:
    """Put a picture (C, H, W) into the chosen slot, and choose the next one."""
    seen, codes = mixed.seen.clone(), mixed.codes.clone()
    seen[mixed.chosen], codes[mixed.chosen] = picture, view.encode(mixed.model, picture[None])[0]
    return replace(mixed, seen=seen, codes=codes, chosen=(mixed.chosen + 1) % len(SLOTS))


def between(codes: Tensor, steps: Sequence[float]) -> Tensor:
    """Give the codes (N, latent) at the parts `steps` of the way from codes[0] to codes[1]."""
    return torch.stack([torch.lerp(codes[0], codes[1], step) for step in steps])


def slots_scene(mixed: Mix) -> str:
    """Show A − B + C = result, and pictures for the three slots."""
    code = mixed.codes[0] - mixed.codes[1] + mixed.codes[2]
    cut = int((code.abs() > 1).sum())
    slots = [
        scene.image(
            f"slot-{index}",
            mixed.seen[index],
            size="fill",
            caption=name,
            alt=TEXT["slot_alt"].format(name=name),
            click=True,
            selected=index == mixed.chosen,
        )
        for index, name in enumerate(SLOTS)
    ]
    result = scene.image(
        "sum",
        view.decode(mixed.model, code.clamp(-1, 1)[None])[0],
        size="fill",
        caption=TEXT["sum"],
        alt=TEXT["sum_alt"],
    )
    signs = [scene.glyph("minus", "−"), scene.glyph("plus", "+"), scene.glyph("equals", "=")]
    choices = [
        scene.image(
            f"choice-{index}",
            example.seen,
            size="xs",
            alt=TEXT["choice_alt"].format(name=name_of(index, example)),
            click=True,
        )
        for index, example in enumerate(examples(mixed.model))
    ]
    said = TEXT["outside" if cut else "inside"].format(cut=cut, count=code.numel())
    return scene.scene(
        f"{TEXT['sum_alt']}. {said}",
        scene.group("sum", slots[0], signs[0], slots[1], signs[1], slots[2], signs[2], result),
        scene.group("said", scene.note("said", said), layout="stack"),
        scene.group("choices", *choices, layout="grid", columns=len(choices)),
    )


def chosen_patch(mixed: Mix) -> str:
    """Mark the chosen slot."""
    marks = [{"id": f"slot-{index}", "kind": "image", "selected": index == mixed.chosen} for index in range(len(SLOTS))]
    return scene.patch(TEXT["slot_alt"].format(name=SLOTS[mixed.chosen]), *marks)


def walk_scene(mixed: Mix, t: float) -> str:
    """Show the picture a part t of the way from A to B, above nine steps of the way."""
    steps = np.linspace(0, 1, STRIP_STEPS).tolist()
    pictures = view.decode(mixed.model, between(mixed.codes, [t, *steps]))
    strip = scene.mosaic("strip", pictures[1:], STRIP_STEPS, alt=TEXT["strip_alt"], cell=_step_of(t))
    picture = _walk_tile(pictures[0], t)
    ends = [
        scene.image(name, mixed.seen[index], caption=name, alt=TEXT["end_alt"].format(name=name))
        for index, name in enumerate(SLOTS[:2])
    ]
    return scene.scene(
        picture["alt"],
        scene.group("walk", ends[0], picture, ends[1]),
        scene.group("strip", strip, layout="stack"),
    )


def walk_patch(mixed: Mix, t: float) -> str:
    """Follow the slider; the strip depends on A and B only."""
    picture = _walk_tile(view.decode(mixed.model, between(mixed.codes, [t]))[0], t)
    return scene.patch(picture["alt"], picture, {"id": "strip", "kind": "mosaic", "cell": _step_of(t)})


def _walk_tile(picture: Tensor, t: float) -> scene.Tile:
    return scene.image("walk", picture, size="l", alt=TEXT["walk_alt"].format(t=t))


def _step_of(t: float) -> list[int]:
    return [0, round(t * (STRIP_STEPS - 1))]


def local(model: str) -> dict[str, Any]:
    """Tell the browser's engine what it needs to draw the same pictures."""
    config = view.net(model).config
    return {
        "shape": [config.channels, config.image_size, config.image_size],
        "latent": config.latent,
        "digits": inference.knows_digits(model),
        "limit": view.DIFFERENCE_LIMIT,
        "quantiles": view.quantiles_of(model),
        "typical": view.TYPICAL,
        "unusual": view.UNUSUAL,
        "examples": [
            {"steps": example.steps, "picture": images.data_url(example.picture) if example.hard else None}
            for example in examples(model)
        ],
        "texts": {key: {**view.TEXT, **TEXT}[key] for key in DRAWN_TEXTS},
    }
