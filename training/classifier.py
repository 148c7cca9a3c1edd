"""How the independent classifier is trained: for measuring only, never used in training a GAN."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.classifier import Classifier, ClassifierConfig
from training.calibration import calibrate_batch_norm
from training.data import Dataset, normalise
from training.losses import descend
from training.shared import draw_rows


@dataclass(frozen=True)
class ClassifierSettings:
    """Settings of a run.

    Attributes:
        batch_size: images a step.
        lr: Adam's rate.
        shift: images are moved by up to this many pixels.
        flip: mirror half of the images.
        ema: decay of the averaged weights.
    """

    batch_size: int = 128
    lr: float = 1e-3
    shift: int = 2
    flip: bool = False
    ema: float = 0.998


def modern(dataset: Dataset) -> tuple[ClassifierConfig, ClassifierSettings]:
    """A net for the data at hand; colour images are taken for natural ones and mirrored."""
    size, channels = dataset.images.shape[-1], dataset.images.shape[1]
    names = dataset.class_names
    return ClassifierConfig(size, channels, len(names), class_names=names), ClassifierSettings(flip=channels == 3)


class ClassifierTraining:
    """One step of cross-entropy a call."""

    def __init__(
        self, config: ClassifierConfig, settings: ClassifierSettings, dataset: Dataset, device: torch.device, seed: int
    ) -> None:
        self.config, self.settings, self.device, self.dataset = config, settings, device, dataset
        self.model = Classifier(config).to(device)
        self.optimizers = {"classifier": torch.optim.Adam(self.model.parameters(), settings.lr, fused=True)}
        self.generators = {"augment": torch.Generator().manual_seed(seed)}

    def step(self, images: Tensor, labels: Tensor, step: int) -> dict[str, Tensor]:
        logits = self.model(self.augment(images)).float()
        loss = F.cross_entropy(logits, labels)
        descend(loss, self.optimizers["classifier"])
        return {"loss/classifier": loss.detach(), "accuracy/training": (logits.argmax(1) == labels).float().mean()}

    def augment(self, images: Tensor) -> Tensor:
        generator, shift, size = self.generators["augment"], self.settings.shift, images.shape[-1]
        if self.settings.flip:
            mirrored = (draw_rows(torch.rand, (len(images), 1, 1, 1), generator) < 0.5).to(images.device)
            images = torch.where(mirrored, images.flip(3), images)
        top, left = torch.randint(2 * shift + 1, (2,), generator=generator).tolist()
        padded = F.pad(images, (shift,) * 4, value=-1.0)
        return padded[:, :, top : top + size, left : left + size]

    def calibrate(self, model: Classifier) -> None:
        """Re-estimate batch norm under averaged weights, on real images."""
        picks = torch.randperm(len(self.dataset.images), generator=torch.Generator().manual_seed(0))[:8000].split(200)
        batches = [(normalise(self.dataset.images[pick]).to(self.device),) for pick in picks]
        calibrate_batch_norm(model, batches, model.forward)

    def preview(self, model: Classifier) -> None:
        """A classifier draws nothing."""

    def probe(self, model: Classifier) -> dict[str, float]:
        return {}

    def score(self, model: Classifier, images: Tensor) -> None:
        """Leave the choice to the last checkpoint."""
