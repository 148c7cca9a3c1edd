"""What to show: scenes as plain data, built here and drawn by `ui/web/scene.js`.

A scene is a text for screen readers and a list of groups; a group is a layout and a list of tiles; a tile is one
picture, heat map, bar chart, gauge, plane, note or sign. Every tile has an id, under which its events come back. Keys
that a later scene leaves out keep what was drawn, so `patch` can move a marker without sending the pictures again.
The browser's own engine will build the same dictionaries, so nothing here may depend on Gradio.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

Tile = dict[str, Any]
Group = dict[str, Any]
Size = Literal["xs", "s", "m", "l", "xl", "fill"]
Tone = Literal["plain", "good", "fair", "poor"]


def image(tile_id: str, pixels: Tensor, *, size: Size = "m", **look: Any) -> Tile:
    """Make a tile that shows one picture.

    Args:
        tile_id: unique within its canvas.
        pixels: (C, H, W) in [-1, 1], C 1 or 3.
        size: display size, from about 40 CSS pixels (xs) to all the width there is (fill).
        look: `caption` (text below), `alt` (text for screen readers), `click` (answers to clicks),
            `selected` (is the chosen one).
    """
    return {"id": tile_id, "kind": "image", "size": size, **_bytes(pixels), **look}


def mosaic(tile_id: str, images: Tensor, columns: int, *, size: Size = "fill", **look: Any) -> Tile:
    """Make one tile of many pictures, in rows of `columns`; a click reports the row and column.

    Args:
        images: (N, C, H, W) in [-1, 1], N a multiple of `columns`.
        look: as in `image`; also `cell` (row, column) to mark, `row_labels` and `column_labels`.
    """
    count, channels, height, width = images.shape
    rows = count // columns
    sheet = images.reshape(rows, columns, channels, height, width).permute(2, 0, 3, 1, 4)
    tile = image(tile_id, sheet.reshape(channels, rows * height, columns * width), size=size, **look)
    return {**tile, "kind": "mosaic", "cells": [rows, columns]}


def signed(tile_id: str, values: Tensor, limit: float, *, size: Size = "m", **look: Any) -> Tile:
    """Make a heat map of signed values: dark at zero, blue below, amber above (safe for colour-blind eyes).

    Args:
        values: (C, H, W), averaged over C.
        limit: the magnitude that gets the full colour; larger ones are clipped.
    """
    steps = (values.detach().float().cpu().mean(dim=0) / limit).clamp(-1, 1).mul(127).round().to(torch.int8)
    pixels = base64.b64encode(steps.contiguous().numpy().tobytes()).decode("ascii")
    return {"id": tile_id, "kind": "signed", "size": size, "shape": [*steps.shape, 1], "pixels": pixels, **look}


def bars(tile_id: str, values: Sequence[float], *, low: float = 0.0, high: float = 1.0, **look: Any) -> Tile:
    """Make a bar chart; bars start at zero.

    Args:
        look: as in `image`; also `labels` (one a bar), `mark` (index of the bar to mark), `columns` (bars in a row,
            else all), `ticks` (for each bar a value to mark on it, or None), `drag` (bars can be dragged; `drag` and
            `release` events carry `index`, `value` and all `values`).
    """
    return {"id": tile_id, "kind": "bars", "values": _rounded(values), "low": low, "high": high, **look}


def gauge(
    tile_id: str,
    name: str,
    value: float,
    true: float | None = None,
    *,
    low: float = -2.0,
    high: float = 2.0,
    band: tuple[float, float] = (-1.0, 1.0),
    **look: Any,
) -> Tile:
    """Make a line from `low` to `high` with `band` marked (a code's trained range), a dot and a tick at `true`."""
    line = {"low": low, "high": high, "band": band}
    return {"id": tile_id, "kind": "gauge", "name": name, "value": round(value, 3), "true": true, **line, **look}


def plane(tile_id: str, x: float, y: float, images: Tensor | None = None, columns: int = 1, **look: Any) -> Tile:
    """Make a square to drag over, both axes from -2 to 2 with y upwards; events carry `x` and `y`.

    Args:
        images: (N, C, H, W) drawn as its background, in rows of `columns` from the top; None keeps the last.
        look: as in `image`; also `x_name` and `y_name`.
    """
    background = {} if images is None else mosaic(tile_id, images, columns)
    return {**background, "id": tile_id, "kind": "plane", "size": "fill", "x": x, "y": y, **look}


def note(tile_id: str, text: str, *, lead: str = "", tone: Tone = "plain") -> Tile:
    """Make a paragraph that follows the pictures: `lead` stands out before `text`, and `tone` colours its dot."""
    return {"id": tile_id, "kind": "note", "lead": lead, "text": text, "tone": tone}


def glyph(tile_id: str, sign: Literal["+", "−", "=", "→", "↑"]) -> Tile:
    """Make a sign between pictures."""
    return {"id": tile_id, "kind": "glyph", "sign": sign}


def group(group_id: str, *tiles: Tile, layout: Literal["row", "grid", "sum", "stack"] = "row", **look: Any) -> Group:
    """Lay tiles out: a wrapping row, a grid of `columns`, a sum (→ term + term = result), or a stack.

    Args:
        look: `columns` (of a grid), `title` (text above), `weight` (of a sum: width of its terms beside others').
    """
    return {"id": group_id, "layout": layout, "tiles": list(tiles), **look}


def scene(label: str, *groups: Group) -> str:
    """Put groups into a scene, ready to be a canvas's value.

    Args:
        label: the whole picture in words, for screen readers.
    """
    return json.dumps({"label": label, "groups": list(groups)}, separators=(",", ":"))


def patch(label: str, *tiles: Tile) -> str:
    """Change some tiles of the scene on show and leave the others as they are."""
    return json.dumps({"label": label, "patch": list(tiles)}, separators=(",", ":"))


def _bytes(pixels: Tensor) -> dict[str, Any]:
    channels, height, width = pixels.shape
    grey = pixels.detach().float().cpu().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    text = base64.b64encode(grey.permute(1, 2, 0).contiguous().numpy().tobytes()).decode("ascii")
    return {"shape": [height, width, channels], "pixels": text}


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(float(value), 6) for value in values]  # finer than a link's steps of 1/32767, which thus stay
