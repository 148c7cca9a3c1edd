"""Configs of every kind, small enough to train, save and break in a moment, and how to draw from any of them."""

import torch

from models.bigan import BiGANConfig
from models.classifier import ClassifierConfig
from models.gan import GANConfig
from models.infogan import InfoGANConfig
from models.lapgan import LAPGANConfig

LAPGAN_SHAPE = {"image_sizes": (16, 8, 4), "channels": 1, "classes": 3, "class_names": ("a", "b", "c")}
LAPGAN_NETS = {"widths": (6, 8), "base_width": 16, "noise": 5, "noise_planes": 2, "band_scale": (0.2, 0.4)}
INFOGAN_NETS = {"generator_widths": (8, 6), "trunk_widths": (6, 8), "generator_hidden": 12, "trunk_hidden": 10}

TINY = {
    "lapgan, modern": ("lapgan", LAPGANConfig(**LAPGAN_SHAPE, **LAPGAN_NETS)),
    "lapgan, paper": ("lapgan", LAPGANConfig(**LAPGAN_SHAPE, **{**LAPGAN_NETS, "noise_planes": 1}, nets="paper")),
    "infogan": ("infogan", InfoGANConfig(image_size=8, noise=5, categorical=(4, 3), head=7, **INFOGAN_NETS)),
    "bigan": ("bigan", BiGANConfig(image_size=8, latent=6, hidden=12)),
    "bigan, affine": ("bigan", BiGANConfig(image_size=8, latent=6, hidden=12, affine=True)),
    "bigan, conv": ("bigan", BiGANConfig(image_size=16, channels=3, latent=6, affine=True, arch="conv", width=4)),
    "gan, fc": ("gan", GANConfig(image_size=8, noise=5, width=12)),
    "gan, dcgan": ("gan", GANConfig(image_size=16, channels=1, noise=5, arch="dcgan", width=6)),
    "classifier": ("classifier", ClassifierConfig(image_size=8, classes=3, widths=(4, 6), features=9)),
}


def noise(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def side(config):
    return config.image_sizes[0] if isinstance(config, LAPGANConfig) else config.image_size


def draw(kind, model, seeds):
    """Pictures of seeds by the way the page asks for them; what a classifier says of pictures of those seeds."""
    config, count = model.config, len(seeds)
    if kind == "lapgan":
        return model.grow([[seed] * config.levels for seed in seeds], [1] * count if config.classes else None)[-1].image
    if kind == "infogan":
        return model.generate(seeds, [[0] * len(config.categorical)] * count, [[0.5] * config.continuous] * count)
    if kind == "bigan":
        return model.decode(model.latents(seeds))
    if kind == "gan":
        return model.sample(seeds)
    pictures = torch.cat([noise(1, config.channels, side(config), side(config), seed=seed) for seed in seeds])
    return model(pictures)
