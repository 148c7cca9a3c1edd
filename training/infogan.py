"""How InfoGAN is trained (Chen et al. 2016, section 5 and appendix C)."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from models.infogan import InfoGAN, InfoGANConfig
from training.calibration import calibrate_batch_norm
from training.data import Dataset, normalise
from training.losses import accuracy, descend, discriminator_loss, generator_loss, present, slow_down, uniform
from training.moves import move_slightly
from training.probes import SAMPLES, relative_diversity
from training.shared import draw_rows, mean_of_ranks
from training.steering import STEERING, unevenness

PREVIEW_ROWS = 10


@dataclass(frozen=True)
class InfoGANSettings:
    """Settings of a run; the defaults are the published ones for MNIST.

    Attributes:
        batch_size: images a step.
        lr_discriminator: Adam's rate for the trunk, D's head and Q.
        lr_generator: Adam's rate for G.
        info_weight: lambda of the categorical codes; at 0 Q does not learn them either.
        continuous_weight: lambda of the continuous codes.
        informed: G, too, is moved by the information; without it lambda is 0 for G, and Q only looks on: the control
            of figure 1.
        consistency_weight: extension: Q should read the same category from a real image and from a slightly moved
            one, and use all categories evenly (an information-maximising clustering term, no labels).
        consistency_from: step at which that term starts to be ramped in; from step 0 it would freeze a wrong split.
        consistency_full: step at which it has its full weight.
        steering_weight: extension: where the consistency term's copy was changed in a known way, Q's continuous codes
            should differ in proportion. It says which properties the codes stand for; which value a picture has
            remains to be found.
        copying_weight: extension: G, given the codes that such a copy of its picture should have, should draw that copy
            (mean squared difference; compare Jahanian et al. 2020, section 3.1). Without it Q may read a copy rightly
            while the same property runs the other way in G's pictures of some categories.
        copying_from: step from which that term counts; G must draw by then, or it draws nothing, which is easy to copy.
        spread_weight: extension: the codes that Q reads in a batch of real images should lie as those that G is given
            do, evenly over [-1, 1]. Without it Q may tell but the sign of a property, and G draw what else a code says
            as no real image has it.
        steering_from: step from which copies are changed so, and that term counts, fully at once: early, so that codes
            form around these properties, or late, to turn codes that have formed.
        steering: what is changed (`training.steering`): "strokes", lean and thickness, for two continuous codes;
            "heads", turn, lift, light and width, for four; "chairs", turn, width and height, for three.
        decay_from, decay_steps: Adam's rates fall linearly to a twentieth over decay_steps from this step on; 0 steps
            keeps them (published).
        ema: decay of the averaged weights.
    """

    batch_size: int = 128
    lr_discriminator: float = 2e-4
    lr_generator: float = 1e-3
    info_weight: float = 1.0
    continuous_weight: float = 1.0
    informed: bool = True
    consistency_weight: float = 0.0
    consistency_from: int = 700
    consistency_full: int = 1500
    steering_weight: float = 0.0
    copying_weight: float = 0.0
    copying_from: int = 1500
    spread_weight: float = 0.0
    steering_from: int = 1500
    steering: Literal["strokes", "heads", "chairs"] = "strokes"
    decay_from: int = 0
    decay_steps: int = 0
    ema: float = 0.999


def paper(dataset: Dataset) -> tuple[InfoGANConfig, InfoGANSettings]:
    """The published nets: table 1 for 28 x 28 greys, table 3 (SVHN, CelebA) for 32 x 32 colours."""
    size, channels = dataset.images.shape[-1], dataset.images.shape[1]
    if size % 7 == 0:
        return InfoGANConfig(image_size=size, channels=channels), InfoGANSettings()
    widths: dict[str, Any] = {
        "generator_hidden": 0,
        "generator_widths": (448, 256, 128, 64),
        "trunk_widths": (64, 128, 256),
        "trunk_hidden": 0,
    }
    return InfoGANConfig(image_size=size, channels=channels, noise=124, **widths), InfoGANSettings()


def modern(dataset: Dataset) -> tuple[InfoGANConfig, InfoGANSettings]:
    """Compact nets (under 2 M parameters each, so that a browser can run them) and the consistency term."""
    size, channels = dataset.images.shape[-1], dataset.images.shape[1]
    if size % 7 == 0:
        shape: dict[str, Any] = {
            "generator_hidden": 256,
            "generator_widths": (96, 48),
            "trunk_widths": (48, 96),
            "trunk_hidden": 256,
        }
    else:
        shape = {
            "generator_hidden": 0,
            "generator_widths": (256, 128, 64),
            "trunk_widths": (48, 96, 192),
            "trunk_hidden": 256,
        }
    config = InfoGANConfig(image_size=size, channels=channels, **shape)
    return config, InfoGANSettings(consistency_weight=0.5)


class InfoGANTraining:
    """One D step (D, Q and trunk) and one G step a call, each with the information term."""

    def __init__(
        self, config: InfoGANConfig, settings: InfoGANSettings, dataset: Dataset, device: torch.device, seed: int
    ) -> None:
        codes = STEERING[settings.steering][1]
        steered = settings.steering_weight or settings.copying_weight
        if steered and (config.continuous != codes or not settings.consistency_weight):
            raise ValueError(
                f"Steering by {settings.steering} needs {codes} continuous codes and the consistency term, got "
                f"{config.continuous} and weight {settings.consistency_weight}; set steering_weight=0 and "
                "copying_weight=0 to do without."
            )
        if settings.spread_weight and not settings.consistency_weight:
            raise ValueError("The codes are spread beside the consistency term; give consistency_weight more than 0.")
        self.config, self.settings, self.device, self.dataset = config, settings, device, dataset
        self.copies_from = settings.consistency_from + 1
        if settings.steering_weight:
            self.copies_from = min(self.copies_from, settings.steering_from)
        self.model = InfoGAN(config).to(device)
        model, betas = self.model, (0.5, 0.999)
        judges = [*model.trunk.parameters(), *present(model.d_head).parameters(), *model.q_head.parameters()]
        self.optimizers = {
            "discriminator": torch.optim.Adam(judges, settings.lr_discriminator, betas, fused=True),
            "generator": torch.optim.Adam(model.generator.parameters(), settings.lr_generator, betas, fused=True),
        }
        self.generators = {"latents": torch.Generator().manual_seed(seed)}

    def draw_codes(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return G's input (count, noise + codes), the categories and the continuous codes in it."""
        sizes = self.config.categorical
        categories = torch.zeros(count, len(sizes), dtype=torch.long)
        for i, size in enumerate(sizes):
            categories[:, i] = draw_rows(partial(torch.randint, size), (count,), generator)
        noise = uniform((count, self.config.noise), generator, torch.device("cpu"))
        continuous = uniform((count, self.config.continuous), generator, torch.device("cpu"))
        codes = torch.cat([noise, self.model.one_hot(categories), continuous], dim=1)
        return codes.to(self.device), categories.to(self.device), continuous.to(self.device)

    def information(self, output: Tensor, categories: Tensor, continuous: Tensor) -> tuple[Tensor, Tensor]:
        """Return the lower bounds L_I (nats) for the categorical and the continuous codes, from Q's output.

        Categorical: H(c) + E[log Q(c|x)], at most the sum of the codes' entropies. Continuous: Q is a Gaussian of
        fixed unit variance, as in the authors' MNIST code, and the bound is E[log Q(c|x)] less its value for a Q
        that ignores x: at most E[c^2] / 2 = 1/6 a code.
        """
        logits, means = self.model.split(output.float())
        discrete = means.new_zeros(())
        for i, part in enumerate(logits):
            discrete = discrete + math.log(part.shape[1]) - F.cross_entropy(part, categories[:, i])
        gaussian = 0.5 * (continuous.square() - (continuous - means).square()).sum(dim=1).mean()
        return discrete, gaussian

    def consistency(self, images: Tensor, reading: Tensor, step: int) -> Tensor:
        """Return the clustering term: cross-entropy of Q's reading to that of moved copies, less batch entropy.

        It is ramped in; what steering and spread ask of the continuous codes counts fully at once.
        """
        settings = self.settings
        steering = settings.steering_weight if step >= settings.steering_from else 0.0
        ramp = (step - settings.consistency_from) / max(1, settings.consistency_full - settings.consistency_from)
        weight = settings.consistency_weight * min(1.0, max(0.0, ramp))
        logits, means = self.model.split(reading.float())
        if steering:
            moved, kept, change = STEERING[settings.steering][0](images, means.detach(), self.generators["latents"])
        else:
            moved, _ = move_slightly(images, self.generators["latents"])
        moved_reading = self.model.q_head(self.model.trunk(moved))
        moved_logits, moved_means = self.model.split(moved_reading.float())
        total = images.new_zeros(())
        for here, there in zip(logits, moved_logits, strict=True):
            chance = here.softmax(dim=1)
            cross_entropy = -(chance * there.log_softmax(dim=1)).sum(dim=1).mean()
            mean = mean_of_ranks(chance.mean(dim=0))
            total = total + weight * (cross_entropy + (mean * (mean + 1e-8).log()).sum())
        if steering:
            total = total + steering * (moved_means - kept * means - change).square().sum(dim=1).mean()
        if settings.spread_weight:
            total = total + settings.spread_weight * unevenness(means)
        return total

    def copying(self, images: Tensor, codes: Tensor) -> Tensor:
        """Return how far what G draws by a copy's codes is from that copy, of images that it drew by `codes`."""
        others, continuous = codes.split([codes.shape[1] - self.config.continuous, self.config.continuous], dim=1)
        steered, latents = STEERING[self.settings.steering][0], self.generators["latents"]
        moved, kept, change = steered(images.detach().float(), continuous, latents)
        copies = self.model.generator(torch.cat([others, kept * continuous + change], dim=1))
        return (copies.float() - moved).square().mean()

    def step(self, images: Tensor, labels: Tensor, step: int) -> dict[str, Tensor]:
        model, settings = self.model, self.settings
        rates = {"discriminator": settings.lr_discriminator, "generator": settings.lr_generator}
        for name, rate in rates.items():
            slow_down(self.optimizers[name], rate, step, settings.decay_from, settings.decay_steps)

        # Discriminator, trunk and Q. Real and generated images pass apart, so that batch norm cannot tell them apart.
        codes, categories, continuous = self.draw_codes(len(images), self.generators["latents"])
        with torch.no_grad():
            fakes = model.generator(codes)
        real, reading = model.discriminate(images)
        fake, output = model.discriminate(fakes)
        discrete, gaussian = self.information(output, categories, continuous)
        adversarial = discriminator_loss(real, fake)
        loss = adversarial - settings.info_weight * discrete - settings.continuous_weight * gaussian
        if settings.consistency_weight and step >= self.copies_from:
            loss = loss + self.consistency(images, reading, step)
        descend(loss, self.optimizers["discriminator"])

        # Generator, on fresh codes.
        codes, categories, continuous = self.draw_codes(len(images), self.generators["latents"])
        fakes = model.generator(codes)
        logits, output = model.discriminate(fakes)
        fooling = loss = generator_loss(logits)
        discrete, gaussian = self.information(output, categories, continuous)
        if settings.informed:
            loss = fooling - settings.info_weight * discrete - settings.continuous_weight * gaussian
        if settings.copying_weight and step >= settings.copying_from:
            loss = loss + settings.copying_weight * self.copying(fakes, codes)
        descend(loss, self.optimizers["generator"])

        return {
            "loss/discriminator": adversarial.detach(),
            "loss/generator": fooling.detach(),
            "information/categorical": discrete.detach(),
            "information/continuous": gaussian.detach(),
            "accuracy/discriminator": accuracy(real.detach(), fake.detach()),
        }

    def calibrate(self, model: InfoGAN) -> None:
        """Re-estimate batch norm under averaged weights: G on codes, trunk and Q on real images."""
        generator = torch.Generator().manual_seed(0)
        count = self.settings.batch_size
        calibrate_batch_norm(
            model.generator, [(self.draw_codes(count, generator)[0],) for _ in range(40)], model.generator.forward
        )
        picks = torch.randperm(len(self.dataset.images), generator=generator)[: 40 * count].split(count)
        batches = [(normalise(self.dataset.images[pick]).to(self.device),) for pick in picks]
        calibrate_batch_norm(model, batches, lambda images: model.q_head(model.trunk(images)), only=("trunk", "q_head"))

    def preview(self, model: InfoGAN) -> tuple[Tensor, int]:
        """Return one row a category (of the first code) over ten values of the first continuous code, and columns."""
        values = torch.linspace(-2, 2, 10).tolist()
        others = [0] * (len(self.config.categorical) - 1)
        rest = [0.0] * (self.config.continuous - 1)
        rows = min(PREVIEW_ROWS, self.config.categorical[0]) if self.config.categorical else 1
        categories, continuous = [], []
        for row in range(rows):
            for value in values:
                categories.append([row, *others] if self.config.categorical else [])
                continuous.append([value, *rest] if self.config.continuous else [])
        return model.generate([1] * len(categories), categories, continuous), len(values)

    @torch.no_grad()
    def probe(self, model: InfoGAN) -> dict[str, float]:
        codes, _, _ = self.draw_codes(SAMPLES, torch.Generator().manual_seed(1))
        return {"diversity": relative_diversity(model.generator(codes), self.dataset)}

    @torch.no_grad()
    def score(self, model: InfoGAN, images: Tensor) -> float:
        """Judge without labels, in nats: the bound on generated images, and what Q's category tells of real ones.

        The latter is the entropy of Q's categories less their cross-entropy to moved copies, moved as in training: low
        where a category joins what looks different or splits what looks alike.
        """
        generator = torch.Generator().manual_seed(1)
        codes, categories, continuous = self.draw_codes(1000, generator)
        discrete, gaussian = self.information(model.q_head(model.trunk(model.generator(codes))), categories, continuous)
        reading, steered = model.infer(images), STEERING[self.settings.steering][0]
        if self.settings.steering_weight:
            moved = steered(images, reading.means, generator)[0]
        else:
            moved = move_slightly(images, generator)[0]
        total = discrete + gaussian
        for here, there in zip(reading.categories, model.infer(moved).categories, strict=True):
            mean = here.mean(dim=0)
            total = total - (mean * (mean + 1e-8).log()).sum() + (here * (there + 1e-8).log()).sum(dim=1).mean()
        return float(total)
