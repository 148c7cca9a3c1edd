"""Measure how digits are written (slant, stroke width) and which continuous code drives which measure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata
from torch import Tensor

ENLARGEMENT = 4
# The distance transform ends at a pixel centre of the ground: .5 behind a level edge, .35 behind a diagonal one.
BEHIND_EDGE = 0.4


class Pairing(NamedTuple):
    """Name the measure that a continuous code drives, and their rank correlation (signed)."""

    code: int
    measure: str
    correlation: float


def slant(images: Tensor) -> np.ndarray:
    """Return the tangent of each picture's slant from the vertical, (N,); positive leans to the right.

    images is (N, C, H, W) in [-1, 1], bright strokes on a dark ground. It is the shear -mu11 / mu02 of the
    ink's central moments. NaN where a picture has no ink.
    """
    # Faint grey far from the stroke would weigh heavily in a second moment, so dark grey counts as none.
    ink = ((_brightness(images) - 0.25) / 0.5).clamp(0, 1).double().numpy()
    rows, columns = np.arange(ink.shape[1])[None, :, None], np.arange(ink.shape[2])[None, None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        mass = ink.sum(axis=(1, 2), keepdims=True)
        down = rows - (ink * rows).sum(axis=(1, 2), keepdims=True) / mass
        right = columns - (ink * columns).sum(axis=(1, 2), keepdims=True) / mass
        return -(ink * right * down).sum(axis=(1, 2)) / (ink * down**2).sum(axis=(1, 2))


def stroke_width(images: Tensor) -> np.ndarray:
    """Return each picture's mean stroke width in pixels, (N,).

    images is (N, C, H, W) in [-1, 1], bright strokes on a dark ground; the stroke's edge is at half
    brightness. Across a stroke the distance to its edge averages a quarter of the width, so it is four times
    the mean of the distance transform: no skeleton, whose spurs jump from picture to picture. NaN where a
    picture has no ink.
    """
    widths = []
    for brightness in _brightness(images).split(500):
        # Enlarging turns the grey of anti-aliased edges into a position finer than a pixel.
        enlarged = F.interpolate(brightness[:, None], scale_factor=ENLARGEMENT, mode="bilinear")
        # The border of ground ends strokes that touch the picture's edge.
        for stroke in F.pad(enlarged[:, 0] >= 0.5, (1, 1, 1, 1)).numpy():
            if not stroke.any():
                widths.append(np.nan)
                continue
            to_edge = distance_transform_edt(stroke)[stroke] - BEHIND_EDGE
            widths.append(4 * to_edge.mean() / ENLARGEMENT)
    return np.array(widths)


def code_correlations(codes: np.ndarray | Tensor, measures: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return Spearman's rank correlation of every code with every measure, (C, number of measures).

    codes is (N, C), each measure (N,); the columns come in the mapping's order. 0 where a code or measure is
    constant. ValueError on a value that is not finite, as of a picture without ink: leave those pictures out
    first.
    """
    codes = torch.as_tensor(codes).cpu().numpy()
    for name, values in measures.items():
        if len(values) != len(codes):
            raise ValueError(f"Measure {name!r} has {len(values)} values for {len(codes)} rows of codes.")
        missing = np.count_nonzero(~np.isfinite(values))
        if missing:
            raise ValueError(f"Measure {name!r} is not finite for {missing} pictures: leave them out.")
    code_ranks = _standard_ranks(codes)
    measure_ranks = _standard_ranks(np.stack(list(measures.values()), axis=1))
    return code_ranks.T @ measure_ranks


def best_pairing(correlations: np.ndarray, names: Sequence[str]) -> list[Pairing]:
    """Pair codes with measures one to one so that the sum of absolute correlations is largest.

    correlations is (C, M) from `code_correlations`, names the M measures. Returns min(C, M) pairs, by code.
    """
    codes, columns = linear_sum_assignment(np.abs(correlations), maximize=True)
    return [Pairing(int(c), names[m], float(correlations[c, m])) for c, m in zip(codes, columns, strict=True)]


def _brightness(images: Tensor) -> Tensor:
    """Turn (N, C, H, W) in [-1, 1] into (N, H, W) in [0, 1]."""
    return (images.detach().cpu().float().mean(dim=1) + 1) / 2


def _standard_ranks(columns: np.ndarray) -> np.ndarray:
    """Rank every column (ties share their mean rank), centred and of length 1; a constant becomes 0."""
    ranks = rankdata(columns, axis=0)
    ranks -= ranks.mean(axis=0)
    length = np.linalg.norm(ranks, axis=0)
    return ranks / np.where(length == 0, 1, length)
