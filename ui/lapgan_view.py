"""What the LAPGAN tab shows: its texts, its calls to the model, and the scenes made of their answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from models.lapgan import LAPGAN, LAPGANConfig
from models.pyramid import Stage, decompose
from models.random import SEED_LIMIT
from ui import inference, scene
from ui.lapgan_sums import Words, full_colour, sums

TEXT = {
    "id": "lapgan",
    "tab": "LAPGAN",
    "title": "Coarse to fine",
    "intro": (
        "Nobody paints a whole picture at one stroke: LAPGAN lets one small net dream up a handful of pixels, and "
        "after each enlargement another net add only the detail that the blurry enlargement lacks. "
        "**Turn a level's detail up or down, re-roll it alone, then bring a picture of yours and let the nets dream "
        "its detail anew.**"
    ),
    "paper": "Denton et al. 2015, Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks",
    "paper_url": "https://arxiv.org/abs/1506.05751",
    "model": "Weights",
    "play": "▶  Watch it grow",
    "label": "Class",
    "seed": "Seed",
    "roll": "New picture",
    "levels": "Level by level",
    "levels_hint": (
        "Every level has its own net and its own dice: roll one, and all that is coarser stays. In the maps of detail "
        "amber makes a place brighter, blue makes it darker, and black leaves it alone."
    ),
    "shape": "The first {size} × {size} pixels come from nothing but noise.",
    "gain": "Detail added at {size} px",
    "level_seed": "Seed at {size} px",
    "level_roll": "Re-roll {size} px",
    "classes": "Same dice, every class",
    "classes_hint": "Click one to grow it.",
    "others": "Other seeds",
    "others_hint": "Click one to take its seed.",
    "others_alt": "{count} other pictures; arrow keys choose one",
    "own": "Dream the detail of a real picture",
    "own_hint": (
        "A picture of yours comes apart the same way. Keep only its coarse pixels, and the nets invent the rest."
    ),
    "own_level": "Keep only",
    "own_label": "Dream it as",
    "own_roll": "Dream again",
    "own_above": "Take the picture above",
    "well": "Drop, paste or choose a picture",
    "side": "The coarse shape stays, the detail is dreamed",
    "true": "Its own pyramid: where the detail really sits",
    "true_alt": "The picture taken apart into {sizes} pixels",
    "original": "the original",
    "kept": "kept: {size} px",
    "dream": "dream {number}",
    "example": "Example: {name}",
    "size": "{size} px",
    "noise": "{size} px, from noise",
    "enlarged": "enlarged",
    "band": "detail",
    "whole": "{size} px: {name}",
    "plain": "the picture",
    "stage_alt": "{name} grown from seed {seed} through {sizes} pixels",
    "enlarged_alt": "The {before} px picture enlarged to {size} px",
    "band_alt": "Invented detail at {size} px",
    "true_band_alt": "True detail at {size} px",
    "own_alt": "A picture, what {size} px keep of it, and {count} dreams of its detail as {name}",
    "bad_label": "Label {label} is not one of this model's: give a whole number from 0 to {last}.",
    "bad_list": "{name} needs a list of {levels} numbers, one for each level of this model, not {got}.",
    "bad_entry": "{value} in {name} is not allowed: give {kind} from 0 to {most}.",
    "whole_numbers": "whole numbers",
    "numbers": "numbers",
    "bad_level": "Level {level} cannot be kept: give a whole number from 1 to {last}, {last} being the coarsest.",
}
OTHERS = 18
OTHERS_COLUMNS = 6
DREAMS = 4
MOST_CLASSES = 20


@dataclass(frozen=True)
class Growth:
    """Everything that determines a picture.

    Attributes:
        model: name of the weights.
        label: the class; ignored by a model without classes.
        seeds: uint32 of each level, finest first.
        gains: factor on each level's detail, finest first; the coarsest's is unused.
    """

    model: str
    label: int
    seeds: tuple[int, ...]
    gains: tuple[float, ...]


def plain(model: str, label: int, seed: int) -> Growth:
    """Make the picture that one seed gives, with all detail as trained."""
    levels = len(sizes(model))
    return Growth(model, label, (seed,) * levels, (1.0,) * levels)


def sizes(model: str) -> tuple[int, ...]:
    """Return the side of each level, finest first."""
    return _config(model).image_sizes


def labels(model: str) -> list[str]:
    """Return the names of the classes, numbers where they have none; empty for a model without classes."""
    config = _config(model)
    named = [name.replace("_", " ") for name in config.class_names]  # folders of pictures have no spaces
    return named or [str(label) for label in range(config.classes)]


def name(model: str, label: int) -> str:
    """Return what is drawn, in words."""
    return labels(model)[label] if labels(model) else TEXT["plain"]


@inference.device_call
def grow(growths: Sequence[Growth]) -> list[Stage]:
    """Grow one picture each, all of one model with equal gains: stages of (N, C, s, s), coarsest first."""
    model = _net(growths[0].model)
    wanted = [growth.label for growth in growths] if model.config.classes else None
    return _on_cpu(model.grow([growth.seeds for growth in growths], wanted, growths[0].gains))


@inference.device_call
def dream(model: str, picture: Tensor, level: int, label: int, seeds: Sequence[int]) -> Tensor:
    """Keep a picture's level and let every finer one be drawn anew, one image a seed.

    Args:
        picture: (C, s, s) in [-1, 1], s the finest size.
        level: index of the level kept, 1 to the coarsest.

    Returns:
        (N, C, s, s), one for each seed.
    """
    net = _net(model)
    pictures = picture[None].to(inference.device()).expand(len(seeds), -1, -1, -1)
    by_level = [(seed,) * net.config.levels for seed in seeds]
    wanted = [label] * len(seeds) if net.config.classes else None
    return net.refine(pictures, level, by_level, wanted)[-1].image.cpu()


@inference.device_call
def take_apart(model: str, picture: Tensor) -> list[Stage]:
    """Take the true pyramid of a picture (C, s, s), coarsest stage first."""
    config = _config(model)
    return decompose(picture[None], config.image_sizes, config.residual_sign)


def stage_scene(growth: Growth) -> str:
    """Show how one picture grows: each enlargement, the detail invented for it, and their sum."""
    drawn, side = name(growth.model, growth.label), sizes(growth.model)
    label = TEXT["stage_alt"].format(
        name=drawn, seed=", ".join(map(str, dict.fromkeys(reversed(growth.seeds)))), sizes=_listed(side)
    )
    whole = TEXT["whole"].format(size=side[0], name=drawn)
    words = _words(coarsest=TEXT["noise"], band_alt=TEXT["band_alt"], whole=whole, whole_alt=label)
    return scene.scene(label, *sums(_config(growth.model), grow([growth]), words))


def local(model: str) -> dict[str, Any]:
    """Tell the browser's engine what it needs to grow the same pictures: the config, full colours and texts."""
    net, config = _net(model), _config(model)
    return {
        "sizes": config.image_sizes,
        "channels": config.channels,
        "classes": config.classes,
        "names": labels(model),
        "noise_shapes": [net.noise_shapes(level) for level in range(config.levels)],
        "residual_sign": config.residual_sign,
        "limits": [full_colour(scale) for scale in config.band_scale],
        "shows_classes": shows_classes(model),
        "others": OTHERS,
        "others_columns": OTHERS_COLUMNS,
        "dreams": DREAMS,
        "texts": {key: TEXT[key] for key in ("stage_alt", "whole", "plain", "own_alt", "kept", "true_alt")},
    }


def shows_classes(model: str) -> bool:
    """Tell whether a model's classes can be shown side by side."""
    return 1 < len(labels(model)) <= MOST_CLASSES


def classes_scene(growth: Growth) -> str:
    """Show the picture that the same seeds give in every class, nothing where there are none or too many."""
    if not shows_classes(growth.model):
        return scene.scene(TEXT["classes"])
    names = labels(growth.model)
    images = grow([replace(growth, label=label) for label in range(len(names))])[-1].image
    tiles = [
        scene.image(
            f"class-{label}",
            image,
            size="xs",
            caption=names[label],
            alt=names[label],
            click=True,
            selected=label == growth.label,
        )
        for label, image in enumerate(images)
    ]
    columns = -(-len(names) // 2) if len(names) > 5 else len(names)
    return scene.scene(TEXT["classes"], scene.group("classes", *tiles, layout="grid", columns=columns))


def others_scene(growth: Growth) -> str:
    """Show the pictures of a whole page of seeds, the present one among them."""
    seeds = page(growth.seeds[0])
    images = grow([replace(growth, seeds=(seed,) * len(growth.seeds)) for seed in seeds])[-1].image
    # A picture whose levels were rolled apart is none of these.
    cell = divmod(seeds.index(growth.seeds[0]), OTHERS_COLUMNS) if len(set(growth.seeds)) == 1 else None
    alt = TEXT["others_alt"].format(count=OTHERS)
    tile = scene.mosaic("others", images, OTHERS_COLUMNS, alt=alt, cell=cell)
    return scene.scene(alt, scene.group("others", tile, layout="stack"))


def page(seed: int) -> list[int]:
    """Return the seeds shown together with this one."""
    first = min(seed - seed % OTHERS, SEED_LIMIT - OTHERS)
    return list(range(first, first + OTHERS))


def own_scene(picture: Tensor, model: str, level: int, label: int | None, seed: int) -> str:
    """Show a picture (C, s, s) beside what one level keeps of it, and dreams of all finer detail."""
    side, label = sizes(model), label or 0
    coarse = take_apart(model, picture)[-1 - level].image[0]
    dreams = dream(model, picture, level, label, [(seed + i) % SEED_LIMIT for i in range(DREAMS)])
    kept = TEXT["kept"].format(size=side[level])
    tiles = [
        scene.image(f"dream-{i}", image, size="fill", caption=text, alt=text)
        for i, image in enumerate(dreams)
        for text in [TEXT["dream"].format(number=i + 1)]
    ]
    return scene.scene(
        TEXT["own_alt"].format(size=side[level], count=DREAMS, name=name(model, label)),
        scene.group(
            "side",
            scene.image("original", picture, size="fill", caption=TEXT["original"], alt=TEXT["original"]),
            scene.image("kept", coarse, size="fill", caption=kept, alt=kept),
            *tiles,
            layout="grid",
            columns=2 + DREAMS,
        ),
    )


def pyramid_scene(picture: Tensor, model: str) -> str:
    """Show the true pyramid of a picture (C, s, s)."""
    original = TEXT["original"]
    words = _words(coarsest=TEXT["size"], band_alt=TEXT["true_band_alt"], whole=original, whole_alt=original)
    label = TEXT["true_alt"].format(sizes=_listed(sizes(model)))
    return scene.scene(label, *sums(_config(model), take_apart(model, picture), words))


def examples_scene(pictures: dict[str, Tensor]) -> str:
    """Offer pictures (C, s, s) to take apart."""
    tiles = [
        scene.image(f"example-{name}", picture, size="xs", alt=TEXT["example"].format(name=name), click=True)
        for name, picture in pictures.items()
    ]
    return scene.scene(TEXT["own"], scene.group("examples", *tiles, layout="grid", columns=len(tiles)))


def _net(model: str) -> LAPGAN:
    return inference.weights(model, "lapgan").net(LAPGAN)


def _config(model: str) -> LAPGANConfig:
    return _net(model).config


def _words(**words: str) -> Words:
    always = {key: TEXT[key] for key in ("enlarged", "enlarged_alt", "band")}
    return Words(**always, result=TEXT["size"], **words)


def _listed(side: Sequence[int]) -> str:
    return ", ".join(map(str, reversed(side)))


def _on_cpu(stages: Sequence[Stage]) -> list[Stage]:
    def moved(part: Tensor | None) -> Tensor | None:
        return None if part is None else part.cpu()

    return [Stage(stage.level, moved(stage.enlarged), moved(stage.residual), stage.image.cpu()) for stage in stages]
