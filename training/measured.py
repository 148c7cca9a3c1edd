"""One measured figure: its words, how it is written, and how sure a sample of it is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SURE = 4  # standard errors
# Factors of rendered pictures, as they read in a sentence.
FACTORS = {
    "rotation": "rotation",
    "azimuth": "azimuth",
    "elevation": "elevation",
    "lighting": "lighting",
    "width": "width of the solid",
    "height": "height of the solid",
    "jaw": "width of the jaw",
}


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: a heading.
        definition: one sentence.
        form: how its value is written.
        paper: what the papers have, by weights.
        main: shown before all others are asked for.
        most: how many samples it takes at most, where that is fewer than an evaluation's.
        kind: what its error on a sample follows from: a share of n, a rank correlation over n, or neither.
    """

    name: str
    definition: str
    form: str = "{:.3f}"
    paper: Mapping[str, str] = field(default_factory=dict)
    main: bool = False
    most: int | None = None
    kind: Literal["share", "correlation", ""] = ""


def tolerance(found: Figure, value: float, count: int) -> float | None:
    """Return how far a figure from a sample of `count` may lie from its value; None: it is not to be had from one."""
    if found.kind == "share":
        return SURE * math.sqrt(value * (1 - value) / count) + 1 / count
    if found.kind == "correlation":
        return SURE * (1 - value**2) / math.sqrt(count) + 0.01
    return None


def number(text: str) -> float:
    """Read a paper's figure: "97.39 %" is 0.9739, and "-1799, not comparable" is -1799."""
    digits, percent, _ = text.partition(", ")[0].partition("%")
    return float(digits) / 100 if percent else float(digits)
