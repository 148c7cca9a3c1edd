"""Chairs and heads as signed distances: what `rendered` draws. Lengths are in seat or head widths, about 1.

Every function takes coordinates as tensors of one shape and returns distances of that shape, negative inside;
`chair` and `head` return parts as (distance, shade), shade 0 (black) to 1 (white). x is to the right of someone
who faces the chair or the head, y up, z to the front.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

Part = tuple[Tensor, float]
Point = tuple[float, float, float]


def length(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Return the distance from the origin."""
    return torch.addcmul(torch.addcmul(x * x, y, y), z, z).sqrt_()


def rounded(a: Tensor, b: Tensor, radius: float) -> Tensor:
    """Return the distance to what lies behind two walls at right angles, a and b away, the edge rounded."""
    a, b = a + radius, b + radius
    inside = torch.maximum(a, b).clamp_(max=0)
    a, b = a.clamp_(min=0), b.clamp_(min=0)
    return torch.addcmul(a * a, b, b).sqrt_().add_(inside).sub_(radius)


def plate(a: Tensor, b: Tensor, c: Tensor, corner: float, edge: float) -> Tensor:
    """Return the distance to what lies behind three walls: `corner` rounds a against b, `edge` both against c."""
    return rounded(rounded(a, b, corner), c, edge)


def ball(x: Tensor, y: Tensor, z: Tensor, radius: float) -> Tensor:
    """Return the distance to a ball round the origin."""
    return length(x, y, z).sub_(radius)


def egg(x: Tensor, y: Tensor, z: Tensor, rx: float, ry: float, rz: float) -> Tensor:
    """Return about the distance to an ellipsoid round the origin with these half axes."""
    rx, ry, rz = 1 / rx, 1 / ry, 1 / rz
    x, y, z = x * rx, y * ry, z * rz
    far = length(x, y, z)
    slope = length(x.mul_(rx), y.mul_(ry), z.mul_(rz)).clamp_(min=1e-6)
    return far.sub(1).mul_(far).div_(slope)


def rod(x: Tensor, y: Tensor, z: Tensor, start: Point, end: Point, radius: float, swell: float = 0.0) -> Tensor:
    """Return the distance to a rod with round ends, whose radius grows by `swell` towards `end`."""
    ax, ay, az = (e - s for s, e in zip(start, end, strict=True))
    x, y, z = x - start[0], y - start[1], z - start[2]
    along = (x * ax).add_(y, alpha=ay).add_(z, alpha=az).mul_(1 / (ax * ax + ay * ay + az * az)).clamp_(0, 1)
    far = length(x.sub_(along, alpha=ax), y.sub_(along, alpha=ay), z.sub_(along, alpha=az)).sub_(radius)
    return far.sub_(along, alpha=swell) if swell else far


def melt(a: Tensor, b: Tensor, width: float) -> Tensor:
    """Return the union of two solids, their seam filled over `width`."""
    overlap = (a - b).abs_().neg_().add_(width).clamp_(min=0)
    return torch.minimum(a, b).addcmul_(overlap, overlap, value=-0.25 / width)


def carve(a: Tensor, b: Tensor, width: float) -> Tensor:
    """Return solid a without solid b, the edge rounded over `width`."""
    return melt(-a, b, width).neg_()


# Chairs


@dataclass(frozen=True)
class Chair:
    """Name the measures of one style; what is None or 0 is left out.

    Attributes:
        seat: half width, half depth, middle of the seat's height, half thickness, radius of the corners.
        back: from which height over the seat, to which height over it, half width, half thickness, corners.
        frame: width of the back's frame, which is then open.
        upright, across: odd number of slats in the open frame.
        legs: x and z at the seat, x and z at the floor, radius.
        rail: height of a ring that joins the legs.
        foot: "disc" or "star" under one column.
        arms, block: height of the armrests over the seat, and whether they are solid.
        lean: how far the back leans, per height.
        bend: how far it bends round the sitter, per squared width.
        shades: of seat, back and legs.
    """

    seat: tuple[float, float, float, float, float]
    back: tuple[float, float, float, float, float]
    frame: float = 0.0
    upright: int = 0
    across: int = 0
    legs: tuple[float, float, float, float, float] | None = None
    arms: float = 0.0
    block: bool = False
    foot: str = ""
    lean: float = 0.12
    bend: float = 0.0
    rail: float = 0.0
    shades: tuple[float, float, float] = (0.5, 0.5, 0.4)


SQUARE_LEGS = (0.42, 0.4, 0.44, 0.43, 0.055)
CHAIRS = {
    "plain": Chair(
        (0.5, 0.47, 0.9, 0.06, 0.08), (0.0, 1.0, 0.48, 0.05, 0.12), legs=SQUARE_LEGS, shades=(0.3, 0.3, 0.25)
    ),
    "slats": Chair(
        (0.5, 0.47, 0.9, 0.05, 0.1),
        (0.0, 1.0, 0.48, 0.045, 0.1),
        frame=0.1,
        upright=3,
        legs=SQUARE_LEGS,
        shades=(0.14, 0.14, 0.12),
    ),
    "ladder": Chair(
        (0.48, 0.45, 0.9, 0.05, 0.06),
        (0.0, 1.04, 0.46, 0.04, 0.05),
        frame=0.09,
        across=3,
        legs=SQUARE_LEGS,
        shades=(0.55, 0.22, 0.22),
    ),
    "carver": Chair(
        (0.52, 0.48, 0.9, 0.08, 0.12),
        (0.0, 0.95, 0.5, 0.05, 0.25),
        frame=0.12,
        legs=SQUARE_LEGS,
        arms=0.42,
        shades=(0.5, 0.08, 0.08),
    ),
    "armchair": Chair(
        (0.46, 0.48, 0.62, 0.17, 0.1),
        (0.0, 0.95, 0.53, 0.13, 0.25),
        legs=(0.45, 0.4, 0.46, 0.42, 0.06),
        arms=0.36,
        block=True,
        lean=0.16,
        shades=(0.34, 0.24, 0.05),
    ),
    "office": Chair(
        (0.5, 0.48, 0.92, 0.08, 0.22),
        (0.15, 1.02, 0.42, 0.05, 0.18),
        foot="star",
        arms=0.36,
        bend=0.25,
        shades=(0.06, 0.06, 0.2),
    ),
    "tulip": Chair(
        (0.5, 0.48, 0.9, 0.07, 0.46), (-0.05, 0.9, 0.5, 0.05, 0.45), foot="disc", bend=0.45, shades=(0.12, 0.45, 0.45)
    ),
    "bar": Chair(
        (0.42, 0.4, 1.25, 0.06, 0.16),
        (0.0, 0.5, 0.4, 0.045, 0.12),
        legs=(0.3, 0.28, 0.45, 0.42, 0.05),
        rail=0.5,
        shades=(0.08, 0.08, 0.35),
    ),
}


def chair(x: Tensor, y: Tensor, z: Tensor, height: Tensor, style: Chair) -> list[Part]:
    """Return the parts of a chair that stands on y = 0; `height` stretches its back."""
    half, depth, seat, thick, corner = style.seat
    of_seat, of_back, of_legs = style.shades
    x, over, deep = x.abs(), y - seat, z.abs()
    parts = [(plate(x - half, deep - depth, over.abs() - thick, corner, min(0.05, thick)), of_seat)]
    parts.append((_back(x, over, z + depth, over / height, style), of_back))
    parts += [(part, of_legs) for part in _below(x, y, deep, style)]
    if style.arms and style.block:
        high = (over - style.arms / 2 + 0.1).abs_() - style.arms / 2 - 0.12
        parts.append((plate((x - half - 0.06).abs_() - 0.1, high, deep - depth, 0.09, 0.06), of_back))
    elif style.arms:
        rest = rod(x, over, z, (half, style.arms, -depth), (half, style.arms - 0.02, depth - 0.1), 0.055)
        post = rod(x, over, z, (half, style.arms, depth - 0.12), (half, 0, depth - 0.16), 0.045)
        parts.append((torch.minimum(rest, post), of_legs))
    return parts


def _back(x: Tensor, over: Tensor, behind: Tensor, up: Tensor, style: Chair) -> Tensor:
    low, high, wide, thin, corner = style.back
    behind = behind - thin + style.lean * over.clamp(min=0)
    if style.bend:
        behind = (behind - style.bend * x.square()) * 0.9  # as distances grow faster across the bend
    up = up - (low + high) / 2
    wall, rise, deep = x - wide, up.abs() - (high - low) / 2, behind.abs() - thin
    if not style.frame:
        return plate(wall, rise, deep, corner, thin * 0.8)
    hole = rounded(wall + style.frame, rise + style.frame, max(corner - style.frame, 0.01))
    face = torch.maximum(rounded(wall, rise, corner), -hole)
    if style.upright:
        step = 2 * (wide - style.frame) / (style.upright + 1)
        slat = step * (x / step).round().clamp_(max=style.upright // 2)
        face = torch.minimum(face, torch.maximum((x - slat).abs_() - 0.045, rise))
    if style.across:
        step = (high - low) / (style.across + 0.5)
        slat = step * (up / step).round().clamp_(-(style.across // 2), style.across // 2)
        face = torch.minimum(face, torch.maximum((up - slat).abs_() - 0.07, wall))
    return rounded(face, deep, 0.02)


def _below(x: Tensor, y: Tensor, deep: Tensor, style: Chair) -> list[Tensor]:
    seat, parts = style.seat[2], []
    if style.legs:
        top_x, top_z, foot_x, foot_z, radius = style.legs
        parts.append(rod(x, y, deep, (top_x, seat - 0.02, top_z), (foot_x, radius, foot_z), radius))
    if style.legs and style.rail:
        down = 1 - style.rail / seat
        ring = rounded(x - top_x - (foot_x - top_x) * down, deep - top_z - (foot_z - top_z) * down, 0.02).abs_()
        parts.append(rounded(ring - 0.03, (y - style.rail).abs_() - 0.03, 0.02))
    if style.foot:
        column = rod(x, y, deep, (0, 0.1, 0), (0, seat, 0), 0.07)
        if style.foot == "disc":
            disc = rounded((x.square() + deep.square()).sqrt_() - 0.42, (y - 0.04).abs_() - 0.04, 0.035)
            parts.append(melt(column, disc, 0.25))
        else:
            parts += [column, rod(x, y, deep, (0, 0.16, 0), (0.38, 0.06, 0.38), 0.075, -0.02)]
    return parts


# Heads

HEADS = ("bald", "short", "bob", "hat", "beard", "curls")


def head(x: Tensor, y: Tensor, z: Tensor, jaw: Tensor, style: str) -> list[Part]:
    """Return the parts of a head on a neck; `jaw` stretches its lower half."""
    x = x.abs()
    low = torch.where(y < 0, y / jaw, y)
    skull = egg(x, y - 0.24, z + 0.1, 0.7, 0.7, 0.8)
    face = egg(x, low + 0.28, z - 0.1, 0.57, 0.62, 0.56)
    skin = melt(skull, face, 0.3)
    chin = rod(x, low, z, (0, -0.76, 0.42), (0.1, -0.75, 0.4), 0.13)
    skin = melt(skin, chin, 0.2)
    skin = carve(skin, ball(x - 0.27, y - 0.05, z - 0.86, 0.21), 0.16)
    skin = melt(skin, rod(x, y, z, (0, 0.1, 0.66), (0, -0.17, 0.8), 0.06, 0.06), 0.1)  # nose
    skin = melt(skin, egg(x - 0.68, y + 0.05, z + 0.1, 0.11, 0.2, 0.13), 0.06)  # ears
    skin = melt(skin, rod(x, y, z, (0, -0.4, -0.16), (0, -0.88, -0.18), 0.33), 0.12)  # neck
    white = ball(x - 0.27, y - 0.05, z - 0.55, 0.13)
    iris = ball(x - 0.265, y - 0.05, z - 0.605, 0.09)
    brow = rod(x, y, z, (0.14, 0.25, 0.69), (0.4, 0.26, 0.53), 0.045, -0.015)
    lips = rod(x, low, z - 0.055 * (style == "beard"), (0, -0.46, 0.63), (0.16, -0.45, 0.585), 0.055, -0.025)
    shirt = egg(x, y + 1.06, z + 0.16, 0.68, 0.22, 0.4)
    hair = {"bald": 0.3, "short": 0.16, "bob": 0.34, "hat": 0.24, "beard": 0.13, "curls": 0.1}[style]
    parts = [(skin, 0.68), (white, 0.85), (iris, 0.015), (brow, min(hair / 2, 0.1)), (lips, 0.3), (shirt, 0.25)]
    line = 0.06 - 0.75 * y + 0.66 * z
    if style == "short":
        wave = (24 * x + 3 * z).cos()
        top = rod(x, y, z, (0, 0.84, 0.46), (0.32, 0.74, 0.32), 0.15)
        cap = rounded(egg(x, y - 0.28, z + 0.13, 0.75, 0.75, 0.84) - 0.018 * wave, line - 0.04 * wave, 0.05)
        parts.append((melt(cap, top - 0.018 * wave, 0.2), hair))
    if style == "bob":
        wave = (18 * (x + z)).cos()
        cap = rounded(egg(x, y - 0.26, z + 0.12, 0.77, 0.76, 0.88), torch.minimum(0.38 - y, z - 0.1), 0.06)
        fall = rounded(egg(x, y + 0.2, z + 0.2, 0.88, 0.9, 0.7), torch.maximum(z - 0.12, -0.66 - y), 0.1)
        parts.append((melt(cap, fall, 0.15) - 0.016 * wave, hair))
    if style == "hat":
        wave = (22 * x).cos()
        cap = rounded(egg(x, y - 0.27, z + 0.13, 0.74, 0.74, 0.84) - 0.014 * wave, line + 0.04, 0.04)
        parts.append((melt(cap, ball(x, y - 1.04, z + 0.26, 0.22) - 0.014 * wave, 0.06), hair))
    if style == "beard":
        wave = (20 * x + 4 * z).cos() * (9 * low).cos()
        cap = rounded(egg(x, y - 0.27, z + 0.13, 0.74, 0.74, 0.84) - 0.016 * wave, line - 0.04, 0.06)
        below = low + 0.36 - 0.6 * (x - 0.15).clamp(min=0)
        below = torch.minimum(below, torch.maximum(z - 0.2, low - 0.3))
        whiskers = rounded(melt(face - 0.05, chin - 0.08, 0.2) - 0.02 * wave, below, 0.04)
        side = rod(x, y, z, (0.64, 0.25, 0.08), (0.55, -0.3, 0.2), 0.07)
        whiskers = melt(whiskers, side, 0.06)
        parts += [(cap, hair), (whiskers, hair)]
    if style == "curls":
        bumps = (13 * x).cos() * (13 * y).sin() * (13 * z).sin()
        cloud = (ball(x, y - 0.4, z + 0.2, 0.8) - 0.06 * bumps) * 0.75
        parts.append((rounded(cloud, line - 0.02 - 0.04 * bumps, 0.08), hair))
    return parts
