"""How LAPGAN is trained (Denton et al. 2015, sections 2.3 and 3): every level alone, in any order.

Each level has its own latents, optimisers and adversary, so training one level gives the same weights whether the
others are trained beside it or not, and levels trained in different runs fit together.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from models.lapgan import LAPGAN, LAPGANConfig
from models.pyramid import add_band, decompose, halvings, shrink, up
from training.augment import draw_augmentation
from training.data import Dataset, normalise
from training.losses import (
    AdversarialLoss,
    accuracy,
    descend,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    present,
    slow_down,
    uniform,
)
from training.probes import relative_diversity
from training.shared import draw_rows

PENALTY_EVERY = 16


@dataclass(frozen=True)
class LAPGANSettings:
    """Settings of a run; the defaults are the published ones for CIFAR-10.

    Attributes:
        batch_size: images a step.
        optimizer: "sgd" (published) or "adam".
        lr: rate of both nets.
        momentum: SGD's first momentum; it grows by 0.0008 an epoch to at most 0.7 (authors' code).
        loss: "log" (paper), or "article": least squares at the conditional levels and the log loss at the coarsest, as
            the source article describes it.
        penalty: weight of R1, taken every 16 steps; 0 leaves it out (paper).
        decay_from, decay_steps: Adam's rate falls linearly to a twentieth over decay_steps from this step on; 0 steps
            keeps it. It calms the circling of the two nets, which averaging alone turns into lost contrast.
        coarse_noise: extension: conditional levels are trained on coarse images with noise of up to this standard
            deviation. They are sampled on generated coarse images, which are less than perfect; this teaches them to
            bear it. On CIFAR-10 every level came nearer the data without it.
        augmentation: extension: strength of differentiable augmentation, 0 leaves it out; for small data.
        flip: mirror half of the images.
        ema: decay of the averaged weights; the paper averages nothing (0).
    """

    batch_size: int = 128
    optimizer: Literal["sgd", "adam"] = "sgd"
    lr: float = 0.02
    momentum: float = 0.5
    loss: Literal["log", "article"] = "log"
    penalty: float = 0.0
    decay_from: int = 0
    decay_steps: int = 0
    coarse_noise: float = 0.0
    augmentation: float = 0.0
    flip: bool = False
    ema: float = 0.0


def paper(dataset: Dataset) -> tuple[LAPGANConfig, LAPGANSettings]:
    """The authors' CIFAR-10 nets, class-conditional where the data has classes."""
    config = sized(dataset, "paper", 64)
    return replace(config, base_width=1200, noise_planes=1), LAPGANSettings()


def modern(dataset: Dataset) -> tuple[LAPGANConfig, LAPGANSettings]:
    """Compact residual nets with noise in every block, R1, Adam and averaged weights."""
    config = sized(dataset, "modern", 64)
    images = normalise(
        dataset.images[torch.randperm(len(dataset.images), generator=torch.Generator().manual_seed(0))[:2000]]
    )
    bands = [stage.detail.std().item() for stage in decompose(images, config.image_sizes)[1:]]
    settings = LAPGANSettings(
        batch_size=32,
        optimizer="adam",
        lr=5e-4,
        penalty=1.0,
        flip=dataset.images.shape[1] == 3,
        ema=0.998,
    )
    return replace(config, band_scale=tuple(round(band, 4) for band in reversed(bands))), settings


def sized(dataset: Dataset, nets: Literal["paper", "modern"], width: int) -> LAPGANConfig:
    """Halve the side of the data down to 4 pixels (7 for 28 and 14)."""
    sizes = halvings(dataset.images.shape[-1])
    names = dataset.class_names if len(dataset.class_names) > 1 else ()
    return LAPGANConfig(
        image_sizes=sizes,
        channels=dataset.images.shape[1],
        classes=len(names),
        class_names=names,
        nets=nets,
        widths=(width,) * (len(sizes) - 1),
        band_scale=(1.0,) * (len(sizes) - 1),
    )


class LAPGANTraining:
    """One D step and one G step for every level chosen, each on its own band of the same images."""

    def __init__(
        self,
        config: LAPGANConfig,
        settings: LAPGANSettings,
        dataset: Dataset,
        device: torch.device,
        seed: int,
        levels: tuple[int, ...] = (),
    ) -> None:
        self.config, self.settings, self.dataset, self.device = config, settings, dataset, device
        self.levels = levels or tuple(range(config.levels))
        if not set(self.levels) <= set(range(config.levels)) or len(set(self.levels)) < len(self.levels):
            raise ValueError(f"Levels must be among 0 to {config.levels - 1}, each once; got {list(levels)}.")
        self.model = LAPGAN(config).to(device)
        self.optimizers, self.generators = {}, {}
        self.discriminators = present(self.model.discriminators)
        for k in self.levels:
            self.optimizers[f"discriminator{k}"] = self.make_optimizer(self.discriminators[k])
            self.optimizers[f"generator{k}"] = self.make_optimizer(self.model.generators[k])
            self.generators[f"level{k}"] = torch.Generator().manual_seed(seed * 1000 + k)
        self.generators["crops"] = torch.Generator().manual_seed(seed)

    def make_optimizer(self, net: torch.nn.Module) -> torch.optim.Optimizer:
        settings = self.settings
        if settings.optimizer == "sgd":
            return torch.optim.SGD(net.parameters(), settings.lr, settings.momentum)
        return torch.optim.Adam(net.parameters(), settings.lr, (0.0, 0.99), fused=True)

    def step(self, images: Tensor, labels: Tensor, step: int) -> dict[str, Tensor]:
        if self.settings.optimizer == "sgd":
            self.set_momentum(step)
        else:
            for optimizer in self.optimizers.values():
                slow_down(optimizer, self.settings.lr, step, self.settings.decay_from, self.settings.decay_steps)
        classes = self.model.one_hot(labels, len(images))
        shrunk = shrink(self.augment(images), self.config.image_sizes)
        stats: dict[str, Tensor] = {}
        for level in self.levels:
            coarse = shrunk[level + 1] if level + 1 < len(shrunk) else None
            stats.update(self.level_step(level, shrunk[level], coarse, classes, step))
        return stats

    def level_step(
        self, level: int, image: Tensor, coarse: Tensor | None, classes: Tensor | None, step: int
    ) -> dict[str, Tensor]:
        generator, settings = self.generators[f"level{level}"], self.settings
        kind: AdversarialLoss = "least-squares" if settings.loss == "article" and coarse is not None else "log"
        half = len(image) // 2 if settings.optimizer == "sgd" else len(image)
        if self.config.nets == "paper":
            # Their dropout draws from torch's own generator, which the levels share; seeded from the level's own,
            # a level sees the same masks whether the others are trained beside it or not.
            torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))

        # Discriminator. The paper's batch is half real, half generated from the coarse maps of other images.
        enlarged = self.enlarge(coarse, level, generator)
        there = slice(0, half), slice(len(image) - half, len(image))
        with torch.no_grad():
            fakes = self.generate(level, part(enlarged, there[1]), part(classes, there[1]), half, generator)
        judge = partial(self.judge, level, generator)
        real = judge(image[there[0]], part(enlarged, there[0]), part(classes, there[0]))
        fake = judge(fakes, part(enlarged, there[1]), part(classes, there[1]))
        adversarial = discriminator_loss(real, fake, kind)
        loss = adversarial
        if settings.penalty and step % PENALTY_EVERY == 0:
            penalty = gradient_penalty(lambda x: judge(x, enlarged, classes), image)
            loss = loss + settings.penalty * PENALTY_EVERY * penalty
        descend(loss, self.optimizers[f"discriminator{level}"])

        # Generator.
        enlarged = self.enlarge(coarse, level, generator)
        fakes = self.generate(level, enlarged, classes, len(image), generator)
        fooling = generator_loss(judge(fakes, enlarged, classes), kind)
        descend(fooling, self.optimizers[f"generator{level}"])

        name = f"level{level}"
        stats = {f"loss/{name}/discriminator": adversarial.detach(), f"loss/{name}/generator": fooling.detach()}
        threshold = 0.5 if kind == "least-squares" else 0.0
        stats[f"accuracy/{name}/discriminator"] = accuracy(real.detach() - threshold, fake.detach() - threshold)
        if enlarged is not None:
            stats[f"band/{name}/generated"] = (fakes.detach() - enlarged).std()
            stats[f"band/{name}/real"] = (image - enlarged).std()
        return stats

    def judge(
        self, level: int, generator: torch.Generator, image: Tensor, enlarged: Tensor | None, classes: Tensor | None
    ) -> Tensor:
        """Return D's logits, of the augmented images where augmentation is asked for."""
        if self.settings.augmentation:
            size, strength = image.shape[-1], self.settings.augmentation
            change = draw_augmentation(len(image), size, strength, generator, self.device)
            image, enlarged = change(image), None if enlarged is None else change(enlarged)
        return self.discriminators[level](image, enlarged, classes)

    def enlarge(self, coarse: Tensor | None, level: int, generator: torch.Generator) -> Tensor | None:
        if coarse is None:
            return None
        if self.settings.coarse_noise:
            strength = draw_rows(torch.rand, (len(coarse), 1, 1, 1), generator) * self.settings.coarse_noise
            noise = draw_rows(torch.randn, coarse.shape, generator) * strength
            coarse = coarse + noise.to(self.device)
        return up(coarse, self.config.image_sizes[level])

    def generate(
        self, level: int, enlarged: Tensor | None, classes: Tensor | None, count: int, generator: torch.Generator
    ) -> Tensor:
        """Draw one level's images: the coarsest itself, or the enlarged image with its generated band."""
        shapes = self.model.noise_shapes(level)
        noise = [uniform((count, *shape), generator, self.device) for shape in shapes]
        drawn = self.model.draw(level, noise, classes, enlarged)
        return drawn if enlarged is None else add_band(enlarged, drawn, self.config.residual_sign)

    def augment(self, images: Tensor) -> Tensor:
        """Mirror half of the images and crop at random to the finest size (the paper crops 28 from 32)."""
        generator, size = self.generators["crops"], self.config.image_sizes[0]
        if self.settings.flip:
            mirrored = (draw_rows(torch.rand, (len(images), 1, 1, 1), generator) < 0.5).to(images.device)
            images = torch.where(mirrored, images.flip(3), images)
        spare = images.shape[-1] - size
        if spare:
            top, left = torch.randint(spare + 1, (2,), generator=generator).tolist()
            images = images[:, :, top : top + size, left : left + size]
        return images

    def set_momentum(self, step: int) -> None:
        epochs = step * self.settings.batch_size / len(self.dataset.images)
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["momentum"] = min(0.7, self.settings.momentum + 0.0008 * epochs)
                group["lr"] = max(1e-6, self.settings.lr / 1.000004**epochs)

    def calibrate(self, model: LAPGAN) -> None:
        """Nothing to do: no net here keeps running statistics."""

    def preview(self, model: LAPGAN) -> tuple[Tensor, int]:
        """Return sampled chains; where only some levels are trained, those on real coarse images."""
        count, config = 40, self.config
        labels = [i % config.classes for i in range(count)] if config.classes else None
        seeds = [[i] * config.levels for i in range(count)]
        if len(self.levels) == config.levels:
            return model.grow(seeds, labels)[-1].image, 10
        if config.levels - 1 in self.levels:
            finest = min(k for k in self.levels if set(range(k, config.levels)) <= set(self.levels))
            stages = model.grow(seeds, labels)
            return next(stage.image for stage in stages if stage.level == finest), 10
        start = max(self.levels) + 1
        real = normalise(self.dataset.images[:count]).to(self.device)
        labels = self.dataset.labels[:count].tolist() if config.classes else None
        stages = model.grow(seeds[: len(real)], labels, coarse=shrink(real, config.image_sizes)[start], start=start)
        return next(stage.image for stage in stages if stage.level == min(self.levels)), 10

    def probe(self, model: LAPGAN) -> dict[str, float]:
        return {"diversity": relative_diversity(self.preview(model)[0], self.dataset)}

    def score(self, model: LAPGAN, images: Tensor) -> None:
        """Leave the choice to the last checkpoint."""


def part(tensor: Tensor | None, there: slice) -> Tensor | None:
    return None if tensor is None else tensor[there]
