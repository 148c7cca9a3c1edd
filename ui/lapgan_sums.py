"""How the LAPGAN tab lays a pyramid out: as sums, each larger than the last."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.lapgan import LAPGANConfig
from models.pyramid import Stage
from ui import scene

PICTURE_WEIGHT = 4.6


@dataclass(frozen=True)
class Words:
    """What is written under the pictures of a pyramid, and read out for them; `{size}` and `{before}` are sides."""

    coarsest: str
    enlarged: str
    enlarged_alt: str
    band: str
    band_alt: str
    result: str
    whole: str
    whole_alt: str


def sums(config: LAPGANConfig, stages: Sequence[Stage], words: Words) -> list[scene.Group]:
    """Lay out the first picture of each stage: coarse, then for each level enlarged + detail = sum, the last large."""
    size = stages[0].image.shape[-1]
    coarsest = _picture(f"sum-{size}", stages[0], words.coarsest.format(size=size))
    groups = [scene.group(f"level-{size}", coarsest, layout="stack", weight=1)]
    for step, stage in enumerate(stages[1:], start=1):
        before, size = size, stage.image.shape[-1]
        # Pictures grow from level to level, but not as fast as their pixels, or the first would be a dot.
        weight = round(1 + (step / (len(stages) - 1)) ** 1.5, 2)
        tiles = _sum(config, stage, words, before=before, size=size)
        groups.append(scene.group(f"level-{size}", *tiles, layout="sum", weight=weight))
    picture = _picture("picture", stages[-1], words.whole, alt=words.whole_alt)
    return [*groups, scene.group("picture", picture, layout="stack", weight=PICTURE_WEIGHT)]


def _sum(config: LAPGANConfig, stage: Stage, words: Words, *, before: int, size: int) -> list[scene.Tile]:
    if stage.enlarged is None:
        raise ValueError(f"Level {stage.level} is the coarsest, which is no sum.")
    enlarged = scene.image(
        f"enlarged-{size}",
        stage.enlarged[0],
        size="fill",
        caption=words.enlarged,
        alt=words.enlarged_alt.format(before=before, size=size),
    )
    band = scene.signed(
        f"band-{size}",
        stage.detail[0],
        full_colour(config.band_scale[stage.level]),
        size="fill",
        caption=words.band,
        alt=words.band_alt.format(size=size),
    )
    sign = scene.glyph(f"sign-{size}", "+" if config.residual_sign == "paper" else "−")
    tiles = [scene.glyph(f"from-{size}", "→"), enlarged, sign, band, scene.glyph(f"equals-{size}", "=")]
    # The last sum is the picture itself, which has a group of its own.
    return [*tiles, _picture(f"sum-{size}", stage, words.result.format(size=size))] if stage.level else tiles


def _picture(tile_id: str, stage: Stage, caption: str, alt: str | None = None) -> scene.Tile:
    return scene.image(tile_id, stage.image[0], size="fill", caption=caption, alt=alt or caption)


def full_colour(band_scale: float) -> float:
    """Choose the detail that gets the full colour: rare at this level; the paper's nets do not know how rare."""
    return min(0.6, 2.5 * band_scale)
