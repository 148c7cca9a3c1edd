"""How BiGAN and the baselines of its table 1 are trained (Donahue et al. 2016, sections 2 to 4)."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from models.bigan import BiGAN, BiGANConfig, halvings
from training.bench import spread_rows
from training.calibration import calibrate_batch_norm
from training.data import Dataset, normalise
from training.losses import accuracy, descend, hold, present, uniform
from training.moves import bend, change_strokes, move_slightly
from training.probes import SAMPLES, neighbour_accuracy, relative_diversity
from training.shared import rows_of_ranks

TEMPERATURE = 0.1

Variant = Literal["bigan", "latent-regressor", "joint-latent-regressor", "autoencoder-l1", "autoencoder-l2"]


@dataclass(frozen=True)
class BiGANSettings:
    """Settings of a run; the defaults are the published ones for MNIST.

    Attributes:
        variant: "bigan", or a baseline: the latent regressor (E regresses the z behind G's images), the joint one (G
            is trained on that too, weight 0.25: at 1 it degenerates), or an autoencoder without any adversary.
        batch_size: images a step.
        lr: Adam's rate for all nets.
        weight_decay: L2 penalty, coupled.
        reconstruction_weight: extension: weight of the squared error of G(E(x)), mean over pixels (as in ALICE,
            Li et al. 2017). The paper has no such term.
        contrast_weight: extension: weight of a term by which E's features know a slightly moved copy of an image among
            the other images of the batch (InfoNCE; van den Oord et al. 2018, Chen et al. 2020). No labels in it.
        contrast_moves: what that copy went through: "affine", a slight turn, shear, shift and change of size;
            "strokes", then thicker or thinner strokes and a bend, too, as of another hand.
        recognition_weight: extension: weight of the same term between an image and its reconstruction: E should know
            G(E(x)) for x among the other images, whose digits differ by less than pixels tell.
        decay_from, decay_steps: the rate falls exponentially to a hundredth over decay_steps from this step on; 0 steps
            keeps it constant. Published: constant for 200 epochs, then 200 epochs of decay.
        ema: decay of the averaged weights.
    """

    variant: Variant = "bigan"
    batch_size: int = 128
    lr: float = 2e-4
    weight_decay: float = 2.5e-5
    reconstruction_weight: float = 0.0
    contrast_weight: float = 0.0
    contrast_moves: Literal["affine", "strokes"] = "affine"
    recognition_weight: float = 0.0
    decay_from: int = 0
    decay_steps: int = 0
    ema: float = 0.999


def paper(dataset: Dataset) -> tuple[BiGANConfig, BiGANSettings]:
    """The published permutation-invariant nets and rates."""
    size, channels = dataset.images.shape[-1], dataset.images.shape[1]
    epoch = max(1, len(dataset.images) // 128)
    return BiGANConfig(size, channels), BiGANSettings(decay_from=200 * epoch, decay_steps=200 * epoch)


def modern(dataset: Dataset) -> tuple[BiGANConfig, BiGANSettings]:
    """The published nets with gains and biases; a reconstruction and a contrast term beside the adversary.

    Colour images are taken for natural ones: they get convolutions, and the reconstruction term alone, more of it.
    """
    config, _ = paper(dataset)
    if config.channels == 3 and halvings(config.image_size):
        config = replace(config, latent=128, affine=True, arch="conv", width=48)
        return config, BiGANSettings(batch_size=64, reconstruction_weight=20.0)
    return replace(config, affine=True), BiGANSettings(reconstruction_weight=8.0, contrast_weight=3.0)


class BiGANTraining:
    """D against E and G together: all gradients are taken at the old weights, then every net moves (as published)."""

    def __init__(
        self, config: BiGANConfig, settings: BiGANSettings, dataset: Dataset, device: torch.device, seed: int
    ) -> None:
        if settings.variant == "bigan" and not config.joint:
            raise ValueError("A BiGAN's D sees z, so joint cannot be false; choose a baseline by variant instead.")
        self.config = config if settings.variant == "bigan" else replace(config, joint=False)
        self.settings, self.device, self.dataset = settings, device, dataset
        self.model = BiGAN(self.config).to(device)
        self.discriminator = present(self.model.discriminator)
        decay = settings.weight_decay
        adam = partial(torch.optim.Adam, lr=settings.lr, betas=(0.5, 0.999), weight_decay=decay, fused=True)
        players = [*self.model.generator.parameters(), *self.model.encoder.parameters()]
        self.optimizers = {
            "discriminator": adam(self.discriminator.parameters()),
            "generator": adam(players),
        }
        self.generators = {
            "latents": torch.Generator().manual_seed(seed),
            "moves": torch.Generator().manual_seed(seed + 1),
        }

    def step(self, images: Tensor, labels: Tensor, step: int) -> dict[str, Tensor]:
        self.set_rate(step)
        if self.settings.variant.startswith("autoencoder"):
            return self.autoencoder_step(images)
        model, settings = self.model, self.settings
        z = uniform((len(images), self.config.latent), self.generators["latents"], self.device)
        fakes = model.generator(z)
        adversary = list(self.discriminator.parameters())
        players = [*model.generator.parameters(), *model.encoder.parameters()]

        # Both labels are swapped for E and G. Pairs pass D apart, but images alone pass it together: batch norm over
        # pictures that are all the same leaves nothing of them, so that a collapsed G would please D.
        codes = None
        if settings.variant == "bigan":
            codes = model.encoder(images)
            real, fake = self.discriminator(images, codes).float(), self.discriminator(fakes, z).float()
        else:
            real, fake = self.discriminator(torch.cat([images, fakes]), None).float().chunk(2)
        judge = 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())
        fool = 0.5 * F.softplus(-fake).mean()
        if settings.variant == "bigan":
            fool = fool + 0.5 * F.softplus(real).mean()
        loss = fool
        if settings.variant != "bigan":
            weight, source = (1.0, fakes.detach()) if settings.variant == "latent-regressor" else (0.25, fakes)
            loss = loss + weight * regression_loss(model.encoder(source).float(), z)
        if settings.reconstruction_weight or settings.recognition_weight:
            drawn = model.generator(model.encoder(images) if codes is None else codes)
            error = (drawn - images).square().mean()
            loss = loss + settings.reconstruction_weight * error
        if settings.recognition_weight:
            loss = loss + settings.recognition_weight * self.contrast(images, drawn)
        if settings.contrast_weight:
            moved, _ = move_slightly(images, self.generators["moves"])
            if settings.contrast_moves == "strokes":
                moved = bend(change_strokes(moved, self.generators["moves"])[0], self.generators["moves"])
            contrast = self.contrast(images, moved)
            loss = loss + settings.contrast_weight * contrast
        judge_gradients = torch.autograd.grad(judge, adversary, retain_graph=True)
        player_gradients = torch.autograd.grad(loss, players)
        hold([*adversary, *players], [*judge_gradients, *player_gradients])
        for optimizer in self.optimizers.values():
            optimizer.step()

        stats = {
            "loss/discriminator": judge.detach(),
            "loss/generator": fool.detach(),
            "accuracy/discriminator": accuracy(real.detach(), fake.detach()),
        }
        if settings.reconstruction_weight:
            stats["loss/reconstruction"] = error.detach()
        if settings.contrast_weight:
            stats["loss/contrast"] = contrast.detach()
        return stats

    def contrast(self, images: Tensor, others: Tensor) -> Tensor:
        """Return how badly E's features know each image for its other version among those of the batch, in nats."""
        here, there = (self.model.encoder.features(x).float() for x in (images, others))
        with torch.autocast(self.device.type, enabled=False):  # distances are small differences of large products
            return info_nce(here, there)

    def autoencoder_step(self, images: Tensor) -> dict[str, Tensor]:
        error = self.model.generator(self.model.encoder(images)) - images
        loss = error.abs().mean() if self.settings.variant == "autoencoder-l1" else error.square().mean()
        descend(loss, self.optimizers["generator"])
        return {"loss/reconstruction": loss.detach()}

    def set_rate(self, step: int) -> None:
        settings = self.settings
        done = max(0, step - settings.decay_from) / settings.decay_steps if settings.decay_steps else 0.0
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = settings.lr * 0.01 ** min(1.0, done)

    def calibrate(self, model: BiGAN) -> None:
        """Re-estimate batch norm under averaged weights: E on real images, G on the prior and on E's codes alike.

        Convolutions see many places of an image, so fewer images do, and a run that is asked to end has saved in time.
        """
        generator = torch.Generator().manual_seed(0)
        count = (60 if self.config.arch == "fc" else 5) * 200
        picks = torch.randperm(len(self.dataset.images), generator=generator)[:count].split(200)
        images = [normalise(self.dataset.images[pick]).to(self.device) for pick in picks]
        calibrate_batch_norm(model, [(batch,) for batch in images], model.encoder, only=("encoder",))
        codes = [(model.encode(batch),) for batch in images]
        if self.settings.variant in ("bigan", "latent-regressor", "joint-latent-regressor"):
            codes += [(uniform((200, self.config.latent), generator, self.device),) for _ in images]
        calibrate_batch_norm(model, codes, model.generator, only=("generator",))
        pairs = [(batch, model.encode(batch)) for batch in images]
        calibrate_batch_norm(model, pairs, present(model.discriminator), only=("discriminator",))

    def preview(self, model: BiGAN) -> tuple[Tensor, int]:
        """Return the paper's figure 2: rows of G(z), x and G(E(x)), ten columns, twice."""
        real = normalise(self.dataset.images[spread_rows(20, len(self.dataset.images))]).to(self.device)
        samples, copies = model.decode(model.latents(range(20))), model.decode(model.encode(real))
        rows = [part[i : i + 10] for i in (0, 10) for part in (samples, real, copies)]
        return torch.cat(rows), 10

    @torch.no_grad()
    def probe(self, model: BiGAN) -> dict[str, float]:
        measures = {"diversity": relative_diversity(model.decode(model.latents(range(SAMPLES))), self.dataset)}
        if len(self.dataset.class_names) > 1:
            measures["nearest_neighbour"] = neighbour_accuracy(model, self.dataset, self.device)
        return measures

    def score(self, model: BiGAN, images: Tensor) -> float:
        """Judge without labels: how much closer G(E(x)) is to x than another image is."""
        distance = (model.decode(model.encode(images)) - images).flatten(1).norm(dim=1).mean()
        return -float(distance / (images - images.roll(1, dims=0)).flatten(1).norm(dim=1).mean())


def info_nce(here: Tensor, there: Tensor) -> Tensor:
    """Cross-entropy, in nats, of finding row i of one batch of features (N, D) at row i of the other, by distance.

    By the Euclidean one, which nearest neighbours go by; cosine would leave lengths to run wild.
    """
    here, there = rows_of_ranks(here), rows_of_ranks(there)
    square = here.square().sum(dim=1)[:, None] + there.square().sum(dim=1) - 2 * here @ there.T
    likeness = -square / (TEMPERATURE * square.mean().detach())
    rows = torch.arange(len(here), device=here.device)
    return 0.5 * (F.cross_entropy(likeness, rows) + F.cross_entropy(likeness.T, rows))


def regression_loss(codes: Tensor, z: Tensor) -> Tensor:
    """Sigmoid cross-entropy between E(G(z)) and z, both mapped from [-1, 1] to [0, 1], mean over dimensions."""
    return F.binary_cross_entropy((codes * 0.5 + 0.5).clamp(1e-6, 1 - 1e-6), z * 0.5 + 0.5)
