"""Which training belongs to which model, and its presets: a literal registry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from models import Config
from training import bigan, classifier, gan, infogan, lapgan
from training.data import Dataset

Settings = (
    lapgan.LAPGANSettings
    | infogan.InfoGANSettings
    | bigan.BiGANSettings
    | gan.GANSettings
    | classifier.ClassifierSettings
)
ModelName = Literal["lapgan", "infogan", "bigan", "gan", "classifier"]  # what the command line takes
Preset = Callable[[Dataset], tuple[Config, Settings]]


@dataclass(frozen=True)
class Recipe:
    """A model's training class, the class of its settings, and its presets."""

    training: type[Any]  # as training.loop.Training asks; each takes its own config and settings
    settings: type[Settings]
    presets: dict[str, Preset]


RECIPES: dict[str, Recipe] = {
    "lapgan": Recipe(lapgan.LAPGANTraining, lapgan.LAPGANSettings, {"paper": lapgan.paper, "modern": lapgan.modern}),
    "infogan": Recipe(
        infogan.InfoGANTraining, infogan.InfoGANSettings, {"paper": infogan.paper, "modern": infogan.modern}
    ),
    "bigan": Recipe(bigan.BiGANTraining, bigan.BiGANSettings, {"paper": bigan.paper, "modern": bigan.modern}),
    "gan": Recipe(gan.GANTraining, gan.GANSettings, {"paper": gan.paper, "modern": gan.modern}),
    "classifier": Recipe(classifier.ClassifierTraining, classifier.ClassifierSettings, {"modern": classifier.modern}),
}
