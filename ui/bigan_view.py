"""What the BiGAN tab shows: its texts, its calls to the model, and the scenes made of their answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.bigan import BiGAN
from ui import inference, scene
from ui.bigan_examples import Example, examples

TEXT = {
    "id": "bigan",
    "tab": "BiGAN",
    "title": "Image to code to image",
    "intro": (
        "A generator turns a code into a picture; BiGAN taught a second net the way back, from any picture to its "
        "code, with no example to learn from: a judge of (picture, code) pairs makes the two undo each other. "
        "**Draw a digit, or pick something that is none, and compare it with what comes back; then drag the bars.**"
    ),
    "intro_other": (
        "A generator turns a code into a picture; BiGAN taught a second net the way back, from any picture to its "
        "code, with no example to learn from: a judge of (picture, code) pairs makes the two undo each other. "
        "**Bring a picture, or pick one, and compare it with what comes back; then drag the bars.**"
    ),
    "paper": "Donahue et al. 2016, Adversarial Feature Learning",
    "paper_url": "https://arxiv.org/abs/1605.09782",
    "model": "Weights",
    "pad": "Pad to draw a digit on",
    "pad_hint": "Draw here",
    "undo": "Undo",
    "clear": "Clear",
    "brush": "Brush",
    "upload": "Bring or paste a picture",
    "seen": "What the encoder sees",
    "seen_steps": "x, your picture {steps}",
    "seen_plain": "x, the picture as it is",
    "seen_linked": "x, drawn from the code of the link",
    "code": "Its code: drag the bars",
    "code_note": "E(x), {count} numbers from −1 to 1",
    "code_alt": "Code of {count} numbers; left and right choose one, up and down turn it",
    "again": "Drawn from the code",
    "again_note": "G(E(x))",
    "again_turned": "G of the turned code",
    "difference": "The difference",
    "difference_note": "amber: lost, blue: added",
    "stage_alt": "A picture, its code, and the picture drawn again from it. {verdict}",
    "typical": "Typical.",
    "unusual": "Unusual.",
    "foreign": "Not like the training data: expect a poor match.",
    "measured": "Distance {distance:.1f}: ",
    "share": "{share} of 100 test pictures come back closer.",
    "nearest": "closer than every test picture.",
    "farthest": "farther off than every test picture.",
    "plain": "There are no figures of a test set beside these weights to compare it with.",
    "turned": "Turned by hand.",
    "turned_note": "{count} of {all} numbers changed: distance {distance:.1f}, with the encoder's own code {own:.1f}.",
    "distance": "Distance",
    "distance_alt": "Distance {distance:.1f}; 90 of 100 test pictures have at most {typical:.1f}",
    "why": (
        "**Why not identical?** The paper asks the pairs (picture, code) of both directions to match as a whole, never "
        "the pixels: what is shown should survive, not every stroke."
    ),
    "why_pixels": " (These weights were given a little pixel matching besides; their card says how.)",
    "reset": "Undo the turning",
    "bad_code": "A code of this model is a list of {wanted} numbers from -1 to 1, this is {got}.",
    "bad_number": "Number {place} of the code (counted from 0) is {value}: it must be a number from -1 to 1.",
    "bad_t": "t is {t}: it must be a number from 0 (picture A) to 1 (picture B).",
    "own": "Drawn by the generator itself",
    "hard": "Nothing it was trained on",
    "example_alt": "Example: {name}",
}
PAD_TEXTS = ("pad", "pad_hint", "undo", "clear", "brush")
BARS_IN_ROW, MOST_IN_ROW = 25, 32  # the second where it saves rows
DIFFERENCE_LIMIT = 2.0  # full colour: black where white was seen
TYPICAL, UNUSUAL = 90, 99  # up to these percentiles of the test set's distances


@dataclass(frozen=True, eq=False)
class Look:
    """The picture on show.

    Attributes:
        model: name of the weights.
        seen: what the encoder sees, (C, H, W) in [-1, 1].
        steps: what was done to the visitor's picture on the way.
        code: E(x), (latent,).
        turned: the code on show, (latent,); equal to `code` until a bar is dragged.
        linked: the code on show came by a link, and `seen` is what it draws.
    """

    model: str
    seen: Tensor
    steps: tuple[str, ...]
    code: Tensor
    turned: Tensor
    linked: bool = False


def net(model: str) -> BiGAN:
    """Return the net of weights of this kind."""
    return inference.weights(model, "bigan").net(BiGAN)


@inference.device_call
def encode(model: str, pictures: Tensor) -> Tensor:
    """Encode pictures (N, C, H, W) in [-1, 1]: codes (N, latent) in [-1, 1]."""
    return net(model).encode(pictures.to(inference.device())).cpu()


@inference.device_call
def decode(model: str, codes: Tensor) -> Tensor:
    """Draw the pictures (N, C, H, W) in [-1, 1] of codes (N, latent)."""
    return net(model).decode(codes.to(inference.device())).cpu()


def look(model: str, seen: Tensor, steps: tuple[str, ...] = ()) -> Look:
    """Encode a picture (C, H, W)."""
    code = encode(model, seen[None])[0]
    return Look(model, seen, steps, code, code)


def stage_scene(shown: Look) -> str:
    """Show the picture, its code, what is drawn from it, and the difference."""
    drawn, verdict = _drawn(shown)
    steps = ", ".join(shown.steps)
    seen_note = TEXT["seen_steps"].format(steps=steps) if steps else TEXT["seen_plain"]
    seen_note = TEXT["seen_linked"] if shown.linked else seen_note
    seen = scene.image("seen", shown.seen, size="fill", caption=seen_note, alt=f"{TEXT['seen']}: {seen_note}")
    return scene.scene(
        TEXT["stage_alt"].format(verdict=verdict),
        scene.group("seen", seen, title=TEXT["seen"]),
        scene.group("code", _bars(shown, values=True), title=TEXT["code"]),
        scene.group("again", drawn["again"], title=TEXT["again"]),
        scene.group("difference", drawn["difference"], title=TEXT["difference"]),
        scene.group("verdict", *drawn["verdict"], layout="stack"),
    )


def stage_patch(shown: Look) -> str:
    """Follow a bar in the visitor's hand: everything but the bars' own heights, which the hand knows best."""
    drawn, verdict = _drawn(shown)
    tiles = [_bars(shown, values=False), drawn["again"], drawn["difference"], *drawn["verdict"]]
    return scene.patch(TEXT["stage_alt"].format(verdict=verdict), *tiles)


def examples_scene(model: str, chosen: int | None = 0) -> str:
    """Show the pictures to try, the generator's own and the hard ones."""
    tiles: dict[bool, list[scene.Tile]] = {False: [], True: []}
    for index, example in enumerate(examples(model)):
        alt = TEXT["example_alt"].format(name=name_of(index, example))
        caption = example.name if example.hard else None
        look = {"caption": caption, "alt": alt, "click": True, "selected": index == chosen}
        tiles[example.hard].append(scene.image(f"example-{index}", example.seen, size="s", **look))
    groups = [
        scene.group("own", *tiles[False], title=TEXT["own"]),
        scene.group("hard", *tiles[True], title=TEXT["hard"]),
    ]
    return scene.scene(TEXT["own"], *groups)


def examples_patch(model: str, chosen: int | None) -> str:
    """Mark the example on show, None where the picture is the visitor's own."""
    marks = [
        {"id": f"example-{index}", "kind": "image", "selected": index == chosen}
        for index in range(len(examples(model)))
    ]
    return scene.patch(TEXT["own"], *marks)


def why(model: str) -> str:
    """Say why a reconstruction is not identical, and whether these weights were trained for that after all."""
    runs = inference.weights(model, "bigan").metrics.get("training", [])
    pixels = any(run.get("settings", {}).get("reconstruction_weight") for run in runs)
    return TEXT["why"] + (TEXT["why_pixels"] if pixels else "")


def distance(one: Tensor, other: Tensor) -> float:
    """Measure the euclidean distance of two pictures in [-1, 1], as `training evaluate` does."""
    return float((one - other).norm())


def _drawn(shown: Look) -> tuple[dict, str]:
    """Make what depends on the code: tiles "again", "difference" and "verdict", and the verdict in words."""
    codes = torch.stack([shown.turned, shown.code])
    again, own = decode(shown.model, codes)
    moved = int((shown.turned != shown.code).sum())
    verdict = _verdict(shown, distance(shown.seen, again), distance(shown.seen, own), moved)
    note = TEXT["again_turned" if moved else "again_note"]
    tiles = {
        "again": scene.image("again", again, size="fill", caption=note, alt=TEXT["again"]),
        "difference": scene.signed(
            "difference",
            shown.seen - again,
            DIFFERENCE_LIMIT,
            size="fill",
            caption=TEXT["difference_note"],
            alt=f"{TEXT['difference']}; {TEXT['difference_note']}",
        ),
        "verdict": verdict,
    }
    return tiles, f"{verdict[0]['lead']} {verdict[0]['text']}"


def _verdict(shown: Look, now: float, own: float, moved: int) -> list[scene.Tile]:
    quantiles = quantiles_of(shown.model)
    if moved:
        text = TEXT["turned_note"].format(count=moved, all=shown.code.numel(), distance=now, own=own)
        note = scene.note("verdict", text, lead=TEXT["turned"])
    elif quantiles is None:
        note = scene.note("verdict", TEXT["measured"].format(distance=now) + TEXT["plain"])
    else:
        key, tone, words = reading(quantiles, now)
        note = scene.note("verdict", TEXT["measured"].format(distance=now) + words, lead=TEXT[key], tone=tone)
    if quantiles is None:
        return [note]
    typical = quantiles[TYPICAL]
    gauge = scene.gauge(
        "distance",
        TEXT["distance"],
        now,
        own if moved else None,
        low=0.0,
        high=round(1.5 * quantiles[-1], 1),
        band=(quantiles[0], typical),
        alt=TEXT["distance_alt"].format(distance=now, typical=typical),
    )
    return [note, gauge]


def reading(quantiles: Sequence[float], measured: float) -> tuple[str, scene.Tone, str]:
    """Say how far a picture is from the training data.

    Args:
        quantiles: 101 distances, the 0 to 100 % quantiles over the test set.
        measured: the picture's own distance.

    Returns:
        Key of TEXT for the reading ("typical", "unusual" or "foreign"), a note's tone, and the percentile in words.
    """
    share = float(np.interp(measured, quantiles, range(len(quantiles))))
    key: str
    tone: scene.Tone
    key, tone = (
        ("typical", "good") if share <= TYPICAL else ("unusual", "fair") if share <= UNUSUAL else ("foreign", "poor")
    )
    if measured <= quantiles[0]:
        return key, tone, TEXT["nearest"]
    if measured >= quantiles[-1]:
        return key, tone, TEXT["farthest"]
    return key, tone, TEXT["share"].format(share=int(share))


def quantiles_of(model: str) -> list[float] | None:
    """Return the 0 to 100 % quantiles of the test set's distances, None where they were not measured."""
    found = inference.weights(model, "bigan").metrics.get("distance_quantiles")
    return found if isinstance(found, list) and len(found) == 101 else None


def _bars(shown: Look, *, values: bool) -> scene.Tile:
    count, turned = shown.code.numel(), shown.turned.tolist()
    ticks = [own if own != now else None for own, now in zip(shown.code.tolist(), turned, strict=True)]
    bars = scene.bars(
        "code",
        turned if values else [],
        low=-1.0,
        columns=_columns(count),
        drag=True,
        ticks=[None if tick is None else round(tick, 4) for tick in ticks],
        caption=TEXT["code_note"].format(count=count),
        alt=TEXT["code_alt"].format(count=count),
    )
    if not values:
        del bars["values"]
    return bars


def _columns(count: int) -> int:
    """Say how many bars stand in a row: fewer, unless more of them fill whole rows, as for a code of 128 numbers."""
    return MOST_IN_ROW if count % BARS_IN_ROW and count % MOST_IN_ROW == 0 else BARS_IN_ROW


def name_of(index: int, example: Example) -> str:
    """Name an example for those who cannot see it."""
    return example.name if example.hard else f"{example.name} {index + 1}"
