"""Adversarial losses as pure functions of logits, and what more than one model uses of them.

The generator's side is always the non-saturating one, as in the authors' code of all three models. The nets may
compute in bfloat16; what is made of their answers is float32, as three digits are too few for a loss.
"""

from collections.abc import Callable, Iterable
from typing import Literal, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from training.shared import draw_rows

AdversarialLoss = Literal["log", "least-squares"]
Part = TypeVar("Part")


def discriminator_loss(real: Tensor, fake: Tensor, kind: AdversarialLoss = "log") -> Tensor:
    """Loss of D from logits (N,) on real and generated images: log loss, or least squares (Mao et al. 2017)."""
    real, fake = real.float(), fake.float()
    if kind == "log":
        return F.softplus(-real).mean() + F.softplus(fake).mean()
    return 0.5 * ((real - 1).square().mean() + fake.square().mean())


def generator_loss(fake: Tensor, kind: AdversarialLoss = "log") -> Tensor:
    """Loss of G from D's logits (N,) on generated images."""
    fake = fake.float()
    if kind == "log":
        return F.softplus(-fake).mean()
    return 0.5 * (fake - 1).square().mean()


def gradient_penalty(discriminate: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """R1: half the mean squared gradient norm of D at real images (Mescheder et al. 2018)."""
    images = images.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(discriminate(images).sum(), images, create_graph=True)
    return 0.5 * gradient.square().flatten(1).sum(dim=1).mean()


def present(part: Part | None) -> Part:
    """Return a part of a net that only training needs.

    Raises:
        ValueError: the net was built without its adversary.
    """
    if part is None:
        raise ValueError("This net was built without its adversary, so it cannot be trained.")
    return part


def descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Take one step of an optimiser; a generator's loss also reaches D, whose gradients are then not computed."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    hold(parameters, torch.autograd.grad(loss, parameters))
    optimizer.step()
    torch.clear_autocast_cache()  # it holds casts of the old weights: G would be judged by the D from before its step


def slow_down(optimizer: torch.optim.Optimizer, rate: float, step: int, start: int, over: int) -> None:
    """Set an optimiser's rate: from `start` on it falls linearly to a twentieth over `over` steps; 0 keeps it."""
    done = min(1.0, max(0.0, (step - start) / over)) if over else 0.0
    for group in optimizer.param_groups:
        group["lr"] = rate * (1 - 0.95 * done)


def hold(parameters: Iterable[Tensor], gradients: Iterable[Tensor]) -> None:
    """Give parameters their gradients; R1, a gradient of a gradient, leaves some laid out otherwise than they are."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = laid_as(parameter, gradient)


def laid_as(parameter: Tensor, tensor: Tensor) -> Tensor:
    """Return a tensor of a parameter's shape laid out in memory as that is: fused Adam goes by place."""
    return tensor if tensor.stride() == parameter.stride() else torch.empty_like(parameter).copy_(tensor)


def accuracy(real: Tensor, fake: Tensor) -> Tensor:
    """Share of real and generated images that D tells apart, 0.5 where it cannot."""
    return 0.5 * ((real > 0).float().mean() + (fake <= 0).float().mean())


def uniform(shape: tuple[int, ...], generator: torch.Generator, device: torch.device, axis: int = 0) -> Tensor:
    """Draw from U(-1, 1) with the run's own generator, which lives on the CPU so that every device draws the same.

    axis: the one with a row an image, see `draw_rows`.
    """
    return (draw_rows(torch.rand, shape, generator, axis) * 2 - 1).to(device)
