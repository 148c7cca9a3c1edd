"""Find the ink of a drawn or photographed digit, whatever the paper and the light."""

from dataclasses import dataclass

import numpy as np

RING = 0.05  # the border that is taken for background, as a part of the shorter side
RING_SAMPLES = 4000
NOISE_FLOOR = 4.0  # standard deviations of the background that are not ink
QUIET = 4.0  # of 255; what JPEG does to a clean drawing stays below it
DUST = 0.01  # a blot with less than this part of all ink is none of the digit's strokes


@dataclass(frozen=True)
class Ink:
    """How much ink each pixel holds, (H, W) in [0, 1], and how it was found.

    `inverted`: the ink was darker than the background. `contrast`: between ink and background, 0 to 255; all
    values are 0 where it is 0.
    """

    values: np.ndarray
    inverted: bool
    contrast: float


def find_ink(pixels: np.ndarray, *, invert: bool | None = None, dust: bool = True) -> Ink:
    """Separate ink from background in grey values, (H, W) in [0, 255].

    With `invert=None` the ink is what differs most from the background, lighter or darker; True asks for
    dark ink, False for light. Light ink on even black comes back as it is. `dust=False`: there is none to look for.
    """
    residual, noise = _subtract_background(pixels)
    threshold = max(NOISE_FLOOR * noise, QUIET)
    if invert is None:
        invert = bool((-residual - threshold).clip(0).sum() > (residual - threshold).clip(0).sum())
    signal = -residual if invert else residual
    strong = signal[signal > threshold]
    contrast = float(np.percentile(strong, 90)) if strong.size else 0.0  # not the maximum, which may be a speck
    if contrast == 0:
        return Ink(np.zeros_like(pixels), invert, 0.0)
    floor = min(0.5, NOISE_FLOOR * noise / contrast)
    values = ((signal / contrast - floor) / (1 - floor)).clip(0, 1)
    values = _without_dust(values) if dust else values
    return Ink(values, invert, contrast if values.any() else 0.0)


def extent(profile: np.ndarray) -> tuple[int, int]:
    """Give the first index with ink and the one past the last, of ink summed along an axis."""
    filled = np.flatnonzero(profile)
    return int(filled[0]), int(filled[-1]) + 1


def centred_at(profile: np.ndarray, size: int) -> int:
    """Give the start that brings the centre of mass of a profile to the middle of `size`, inside it."""
    # MNIST's own centres of mass lie within half a pixel of index 14 (from 0) of 28.
    centre = np.average(np.arange(len(profile)), weights=profile)
    return int(np.clip(round(size / 2 - centre), 0, size - len(profile)))


def ring(values: np.ndarray, margin: int) -> np.ndarray:
    """Pick the border of width `margin` from (..., H, W): (..., n)."""
    border = np.ones(values.shape[-2:], bool)
    border[margin:-margin, margin:-margin] = False
    return values[..., border]


def _subtract_background(pixels: np.ndarray) -> tuple[np.ndarray, float]:
    # A quadratic surface through the border follows a lamp's falloff over paper. Ink that touches the border
    # is left out by its distance. Gives the difference and the standard deviation of what is left in.
    height, width = pixels.shape
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    basis = np.stack([np.broadcast_to(term, pixels.shape) for term in (1, x, y, x * x, x * y, y * y)])
    margin = max(1, round(RING * min(height, width)))
    border, terms = ring(pixels, margin), ring(basis, margin).T  # (n,), (n, 6)
    stride = -(-len(border) // RING_SAMPLES)
    border, terms = border[::stride], terms[::stride]
    surface = np.array([np.median(border), 0, 0, 0, 0, 0])
    for _ in range(4):
        distance = np.abs(border - terms @ surface)
        kept = distance <= max(2.5 * 1.4826 * np.median(distance), 2)
        if np.ptp(border[kept]) <= 2:  # even, as a drawing is: a fit would only add rounding
            surface = np.array([np.median(border[kept]), 0, 0, 0, 0, 0])
            break
        fitted, _, rank, _ = np.linalg.lstsq(terms[kept], border[kept], rcond=None)
        if rank < len(surface):
            break
        surface = fitted
    noise = float(np.std((border - terms @ surface)[kept]))
    return pixels - np.tensordot(surface, basis, 1), noise


def _without_dust(values: np.ndarray) -> np.ndarray:
    from scipy import ndimage  # takes .4 s, which the page's start need not wait for

    blots, _ = ndimage.label(values > 0, structure=np.ones((3, 3)))
    amounts = np.bincount(blots.ravel(), weights=values.ravel())
    return np.where(amounts[blots] < DUST * amounts.sum(), 0, values)
