"""The three models, the plain GAN they are measured against, and the classifier that measures.

A literal registry: a name from a file or a user selects an entry, it never imports anything.
"""

from dataclasses import dataclass

from torch import nn

from models.bigan import BiGAN, BiGANConfig
from models.classifier import Classifier, ClassifierConfig
from models.gan import GAN, GANConfig
from models.infogan import InfoGAN, InfoGANConfig
from models.lapgan import LAPGAN, LAPGANConfig

Config = LAPGANConfig | InfoGANConfig | BiGANConfig | GANConfig | ClassifierConfig


@dataclass(frozen=True)
class Kind:
    """A model's config class and network class."""

    config: type[Config]
    network: type[nn.Module]


MODELS: dict[str, Kind] = {
    "lapgan": Kind(LAPGANConfig, LAPGAN),
    "infogan": Kind(InfoGANConfig, InfoGAN),
    "bigan": Kind(BiGANConfig, BiGAN),
    "gan": Kind(GANConfig, GAN),
    "classifier": Kind(ClassifierConfig, Classifier),
}


def build(kind: str, config: Config, *, adversary: bool = True) -> nn.Module:
    """Build a network; without `adversary` the parts that only training needs are left out."""
    return MODELS[kind].network(config, adversary=adversary)
