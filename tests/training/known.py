"""Objects that answer like trained models and whose figures are known beforehand."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from models.bigan import BiGAN
from models.checkpoint import Weights
from models.classifier import Classifier
from models.infogan import InfoGAN, Reading
from models.lapgan import LAPGAN
from models.pyramid import decompose
from training.data import Dataset
from training.evaluate import SEED

ORDER = (3, 1, 4, 0, 5, 9, 2, 6, 8, 7)  # the digit that each category draws
SIDE = 28


def stand_in(kind, model):
    """Wrap an object that answers like a model of that kind."""
    return Weights(f"{kind}-stand-in", kind, model.config, model, Path("nowhere"), {})


def data(images, labels, classes=10):
    """A split of given pictures in [-1, 1]."""
    pixels = ((images + 1) * 127.5).round().to(torch.uint8)
    return Dataset("given", pixels, torch.as_tensor(labels), tuple("0123456789"[:classes]), "0" * 16)


class Judge(Classifier):
    """A classifier that sees the class by reading pictures as told; some pixels are its features."""

    config = None

    def __init__(self, read):
        nn.Module.__init__(self)
        self.read = read

    def __call__(self, images):
        return torch.eye(10)[self.read(images)]

    def features(self, images):
        return images.flatten(1)[:, ::16]


def mark(images, digits):
    """Write the digit into a corner, too dark to count as ink."""
    images[:, 0, 0, 0] = torch.as_tensor(digits).float() / 50 - 1
    return images


def read_mark(images):
    return ((images[:, 0, 0, 0] + 1) * 50).round().long()


class KnownInfoGAN(InfoGAN):
    """Draws a bar: category k draws digit ORDER[k], code 0 makes it narrower, code 1 leans it to the right."""

    config = SimpleNamespace(categorical=(10,), continuous=2)

    def __init__(self, draws=ORDER, blank=None):
        nn.Module.__init__(self)
        self.draws, self.blank = draws, blank

    def generate(self, seeds, categories, continuous):
        rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
        pictures = []
        for (k,), (narrow, lean) in zip(categories, continuous, strict=True):
            bar = 3.5 - 0.6 * narrow - abs(columns + 0.25 * lean * rows) + 0.5  # a grey edge of one pixel
            bar = np.where(abs(rows) < 10, bar.clip(0, 1), 0)
            pictures.append(bar if k != self.blank else 0 * bar)
        images = torch.from_numpy(np.stack(pictures)).float()[:, None] * 2 - 1
        return mark(images, [self.draws[k] for (k,) in categories])

    def infer(self, images):
        category = torch.tensor([ORDER.index(digit) for digit in read_mark(images)])
        return Reading([torch.eye(10)[category]], torch.zeros(len(images), 2))


class ExactBiGAN(BiGAN):
    """The code of a picture is the picture."""

    config = None

    def __init__(self):
        nn.Module.__init__(self)

    def encode(self, images):
        return images.flatten(1)

    def features(self, images):
        return images.flatten(1)

    def decode(self, codes):
        return codes.unflatten(1, (1, 4, 4))

    def latents(self, seeds):
        return torch.rand(len(seeds), 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


class PerfectLAPGAN(LAPGAN):
    """Draws the very pyramids that it is measured against."""

    def __init__(self, real, sizes):
        nn.Module.__init__(self)
        self.real = real
        self.config = SimpleNamespace(image_sizes=sizes, levels=len(sizes), classes=0, residual_sign="paper")

    def grow(self, seeds, labels=None, gains=None, coarse=None, start=None):
        stages = decompose(self.real[[row[0] - SEED for row in seeds]], self.config.image_sizes)
        return stages if start is None else stages[self.config.levels - 1 - start :]

    def seeded_noise(self, seeds, level):
        return [torch.tensor(list(seeds))]

    def draw(self, level, noise, classes, enlarged):
        coarsest = decompose(self.real, self.config.image_sizes)[0].image
        return coarsest[noise[0] % len(coarsest)] if enlarged is None else torch.zeros_like(enlarged)
