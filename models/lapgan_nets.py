"""The nets of one LAPGAN level, as published and modern.

Every conditional discriminator judges the full image h + l together with l, the enlarged coarse image; seeing h alone
it could not tell whether the band fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.random import init_normal

if TYPE_CHECKING:
    from models.lapgan import LAPGANConfig

EMBEDDING = 128


class PaperBandGenerator(nn.Module):
    """Three 'same' convolutions on the enlarged image, a noise plane and a class plane; linear output."""

    def __init__(self, config: LAPGANConfig, level: int) -> None:
        super().__init__()
        size, width = config.image_sizes[level], config.widths[level]
        self.class_plane = ClassPlane(config.classes, size) if config.classes else None
        planes = config.channels + 1 + bool(config.classes)
        self.layers = nn.Sequential(
            nn.Conv2d(planes, width, 7, padding=3),
            nn.ReLU(),
            nn.Conv2d(width, width, 7, padding=3),
            nn.ReLU(),
            nn.Conv2d(width, config.channels, 5, padding=2),
        )

    def forward(self, enlarged: Tensor, noise: Tensor, classes: Tensor | None) -> Tensor:
        planes = [enlarged, noise]
        if self.class_plane is not None:
            planes.append(self.class_plane(classes))
        return self.layers(torch.cat(planes, dim=1))


class PaperBandDiscriminator(nn.Module):
    """Two valid convolutions on h + l (l is in the sum), dropout, one logit."""

    def __init__(self, config: LAPGANConfig, level: int) -> None:
        super().__init__()
        size, width = config.image_sizes[level], config.widths[level]
        self.class_plane = ClassPlane(config.classes, size) if config.classes else None
        stride = 2 if size >= 14 else 1
        side = ((size - 4) - 5) // stride + 1 if size >= 9 else size
        padding = 0 if size >= 9 else 2
        self.layers = nn.Sequential(
            nn.Conv2d(config.channels + bool(config.classes), width, 5, padding=padding),
            nn.ReLU(),
            nn.Conv2d(width, width, 5, stride=stride, padding=padding),
            nn.Flatten(),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(width * side**2, 1),
        )

    def forward(self, image: Tensor, enlarged: Tensor, classes: Tensor | None) -> Tensor:
        if self.class_plane is not None:
            image = torch.cat([image, self.class_plane(classes)], dim=1)
        return self.layers(image).squeeze(1)


class PaperBaseGenerator(nn.Module):
    """Two dense hidden layers to the coarsest image; the published second activation is a sigmoid."""

    def __init__(self, config: LAPGANConfig) -> None:
        super().__init__()
        size, width = config.image_sizes[-1], config.base_width
        self.shape = (config.channels, size, size)
        self.layers = nn.Sequential(
            nn.Linear(config.noise + config.classes, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU() if config.classes else nn.Sigmoid(),
            nn.Linear(width, config.channels * size**2),
        )
        init_dense(self, std=0.05)

    def forward(self, noise: Tensor, classes: Tensor | None) -> Tensor:
        return self.layers(join(noise, classes)).unflatten(1, self.shape)


class PaperBaseDiscriminator(nn.Module):
    """Two dense hidden layers with dropout."""

    def __init__(self, config: LAPGANConfig) -> None:
        super().__init__()
        width = config.base_width // 2
        self.layers = nn.Sequential(
            nn.Linear(config.channels * config.image_sizes[-1] ** 2 + config.classes, width),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(width, 1),
        )
        init_dense(self, std=0.005)

    def forward(self, image: Tensor, enlarged: None, classes: Tensor | None) -> Tensor:
        return self.layers(join(image.flatten(1), classes)).squeeze(1)


class ModernBaseGenerator(nn.Module):
    """Dense residual net for the coarsest image; tanh keeps it in range."""

    def __init__(self, config: LAPGANConfig) -> None:
        super().__init__()
        size, width = config.image_sizes[-1], config.base_width
        self.shape = (config.channels, size, size)
        self.enter = nn.Linear(config.noise + config.classes, width)
        self.blocks = nn.ModuleList([nn.Linear(width, width) for _ in range(2)])
        self.leave = nn.Linear(width, config.channels * size**2)

    def forward(self, noise: Tensor, classes: Tensor | None) -> Tensor:
        h = self.enter(join(noise, classes))
        for block in self.blocks:
            h = h + block(F.leaky_relu(h, 0.2))
        return self.leave(F.leaky_relu(h, 0.2)).tanh().unflatten(1, self.shape)


class ModernBaseDiscriminator(nn.Module):
    """Dense net with projection on the class and a minibatch statistic against collapse."""

    def __init__(self, config: LAPGANConfig) -> None:
        super().__init__()
        width = config.base_width
        self.layers = nn.Sequential(
            nn.Linear(config.channels * config.image_sizes[-1] ** 2, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
        )
        self.judge = Judge(width, config.classes)

    def forward(self, image: Tensor, enlarged: None, classes: Tensor | None) -> Tensor:
        return self.judge(self.layers(image.flatten(1)), classes)


class ModernBandGenerator(nn.Module):
    """Residual blocks on noise planes and the enlarged image; a noise vector and the class scale every block.

    A single noise plane is ignored where much is undecided, so noise enters twice: as planes at the input and as a
    vector that modulates each block after instance norm. Works at reduced resolution (`fold`) where the level is large.
    """

    def __init__(self, config: LAPGANConfig, level: int) -> None:
        super().__init__()
        width = config.widths[level]
        self.fold = fold_factor(config.image_sizes[level])
        self.scale = config.band_scale[level]
        planes = (config.channels + config.noise_planes) * self.fold**2
        self.embed = nn.Sequential(nn.Linear(config.noise + config.classes, EMBEDDING), nn.LeakyReLU(0.2))
        self.enter = nn.Conv2d(planes, width, 3, padding=1)
        self.blocks = nn.ModuleList([ModulatedBlock(width) for _ in range(3)])
        self.leave = nn.Conv2d(width, config.channels * self.fold**2, 3, padding=1)

    def forward(self, enlarged: Tensor, noise: Tensor, planes: Tensor, classes: Tensor | None) -> Tensor:
        style = self.embed(join(noise, classes))
        h = self.enter(F.pixel_unshuffle(torch.cat([enlarged, planes], dim=1), self.fold))
        for block in self.blocks:
            h = block(h, style)
        return self.scale * F.pixel_shuffle(self.leave(F.leaky_relu(h, 0.2)), self.fold)


class ModulatedBlock(nn.Module):
    """Residual block whose normalised input is scaled and shifted by a style vector."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.modulate = nn.Linear(EMBEDDING, 2 * width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.modulate.bias)
        if self.second.bias is not None:  # never: torch's type leaves it open
            nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale, shift = self.modulate(style)[:, :, None, None].chunk(2, dim=1)
        h = like(F.instance_norm(x, eps=1e-3), x) * (1 + scale) + shift
        h = self.first(F.leaky_relu(h, 0.2))
        return x + self.second(F.leaky_relu(h, 0.2))


class ModernBandDiscriminator(nn.Module):
    """Convolutions on the full image beside the enlarged one, ending in projection and a minibatch statistic."""

    def __init__(self, config: LAPGANConfig, level: int) -> None:
        super().__init__()
        size, width = config.image_sizes[level], config.widths[level]
        self.fold = fold_factor(size)
        side = size // self.fold
        layers: list[nn.Module] = [nn.Conv2d(2 * config.channels * self.fold**2, width, 3, padding=1)]
        while side > 4:
            layers += [nn.LeakyReLU(0.2), nn.Conv2d(width, width, 3, padding=1)]
            layers += [nn.LeakyReLU(0.2), nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)]
            side, width = (side + 1) // 2, 2 * width
        self.layers = nn.Sequential(*layers, nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(width * side**2, 256))
        self.judge = Judge(256, config.classes)

    def forward(self, image: Tensor, enlarged: Tensor, classes: Tensor | None) -> Tensor:
        # The band is what is new at this level, so D is shown it at its own scale beside the sum.
        pair = F.pixel_unshuffle(torch.cat([image, 4 * (image - enlarged)], dim=1), self.fold)
        return self.judge(F.leaky_relu(self.layers(pair), 0.2), classes)


class Judge(nn.Module):
    """One logit from features: a linear score, the class projection (Miyato & Koyama 2018), and the minibatch's
    spread (Karras et al. 2018), taken over groups of four."""

    GROUP = 4

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.score = nn.Linear(width + 1, 1)
        self.classes = nn.Linear(classes, width, bias=False) if classes else None

    def forward(self, features: Tensor, classes: Tensor | None) -> Tensor:
        count = len(features)
        wide = features.float()
        groups = wide.view(-1, self.GROUP, wide.shape[1]) if count % self.GROUP == 0 else wide[None]
        variance = (groups - groups.mean(dim=1, keepdim=True)).square().mean(dim=1)
        spread = (variance + 1e-6).sqrt().mean(dim=1, keepdim=True)
        spread = spread.repeat_interleave(count // len(groups), dim=0)
        logits = self.score(torch.cat([features, spread], dim=1)).squeeze(1)
        if self.classes is not None:
            logits = logits + (self.classes(classes) * features).sum(dim=1) / features.shape[1] ** 0.5
        return logits


class ClassPlane(nn.Module):
    """The class as one more image plane, as published: one-hot to a linear layer to ReLU."""

    def __init__(self, classes: int, size: int) -> None:
        super().__init__()
        self.layer = nn.Linear(classes, size**2)
        self.size = size

    def forward(self, classes: Tensor) -> Tensor:
        return self.layer(classes).relu().unflatten(1, (1, self.size, self.size))


def fold_factor(size: int) -> int:
    """Return how far a level is folded into channels, so that its nets work on 7 x 7 to 16 x 16 pixels."""
    factor = 1 if size <= 8 else 2 if size <= 32 else 4 if size <= 64 else 8
    return factor if size % factor == 0 else 1


def like(h: Tensor, x: Tensor) -> Tensor:
    """Lay h out in memory as x is; where the two differ, the gradient of what comes after is slow."""
    order = torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
    return h.contiguous(memory_format=order)


def join(vector: Tensor, classes: Tensor | None) -> Tensor:
    """Append the one-hot class, where there is one."""
    return vector if classes is None else torch.cat([vector, classes], dim=1)


def init_dense(module: nn.Module, std: float) -> None:
    """Initialise dense layers as published: N(0, std), zero bias."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            init_normal(layer.weight, std=std)
            nn.init.zeros_(layer.bias)
