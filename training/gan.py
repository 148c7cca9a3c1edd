"""How the plain GAN is trained: what LAPGAN is measured against."""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.gan import GAN, GANConfig
from training.calibration import calibrate_batch_norm
from training.data import Dataset
from training.losses import accuracy, descend, discriminator_loss, generator_loss, present, uniform
from training.probes import SAMPLES, relative_diversity


@dataclass(frozen=True)
class GANSettings:
    """Settings of a run.

    Attributes:
        batch_size: images a step.
        lr: Adam's rate for both nets, beta1 0.5 (DCGAN).
        ema: decay of the averaged weights.
    """

    batch_size: int = 128
    lr: float = 2e-4
    ema: float = 0.999


def paper(dataset: Dataset) -> tuple[GANConfig, GANSettings]:
    """The first GAN: two dense hidden layers in each net."""
    return GANConfig(dataset.images.shape[-1], dataset.images.shape[1], arch="fc", width=1200), GANSettings()


def modern(dataset: Dataset) -> tuple[GANConfig, GANSettings]:
    """DCGAN."""
    return GANConfig(dataset.images.shape[-1], dataset.images.shape[1], arch="dcgan", width=64), GANSettings()


class GANTraining:
    """One D step and one G step a call."""

    def __init__(
        self, config: GANConfig, settings: GANSettings, dataset: Dataset, device: torch.device, seed: int
    ) -> None:
        self.config, self.settings, self.dataset, self.device = config, settings, dataset, device
        self.model = GAN(config).to(device)
        self.discriminator = present(self.model.discriminator)
        self.optimizers = {
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), settings.lr, (0.5, 0.999), fused=True),
            "generator": torch.optim.Adam(self.model.generator.parameters(), settings.lr, (0.5, 0.999), fused=True),
        }
        self.generators = {"latents": torch.Generator().manual_seed(seed)}

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        return uniform((count, self.config.noise), generator, self.device)

    def step(self, images: Tensor, labels: Tensor, step: int) -> dict[str, Tensor]:
        model, latents = self.model, self.generators["latents"]
        with torch.no_grad():
            fakes = model.generator(self.draw(len(images), latents))
        real, fake = self.discriminator(images).squeeze(1), self.discriminator(fakes).squeeze(1)
        adversarial = discriminator_loss(real, fake)
        descend(adversarial, self.optimizers["discriminator"])

        fooling = generator_loss(self.discriminator(model.generator(self.draw(len(images), latents))).squeeze(1))
        descend(fooling, self.optimizers["generator"])
        return {
            "loss/discriminator": adversarial.detach(),
            "loss/generator": fooling.detach(),
            "accuracy/discriminator": accuracy(real.detach(), fake.detach()),
        }

    def calibrate(self, model: GAN) -> None:
        """Re-estimate the generator's batch norm under averaged weights."""
        generator = torch.Generator().manual_seed(0)
        batches = [(self.draw(self.settings.batch_size, generator),) for _ in range(40)]
        calibrate_batch_norm(model.generator, batches, model.generator.forward)

    def preview(self, model: GAN) -> tuple[Tensor, int]:
        """Return samples of fixed seeds."""
        return model.sample(range(40)), 10

    def probe(self, model: GAN) -> dict[str, float]:
        return {"diversity": relative_diversity(model.sample(range(SAMPLES)), self.dataset)}

    def score(self, model: GAN, images: Tensor) -> None:
        """Leave the choice to the last checkpoint."""
