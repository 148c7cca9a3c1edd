"""A step shared by several processes: together they compute what one process would, on the same global batch.

Every rank draws the whole batch, its latents and its noise from the same seeds and keeps its own rows; gradients and
the statistics of batch norm are averaged over the ranks. In a single process nothing here does anything.
"""

import contextlib
import math
from collections.abc import Callable, Iterator
from functools import partial

import torch
import torch.distributed as dist
from torch import Tensor, nn

from training.distributed import GROUP, rank, ranks

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d)
_in_step = False


@contextlib.contextmanager
def step_shared() -> Iterator[None]:
    """Within a step, what is drawn for the rows at hand is drawn for all ranks' rows; elsewhere each draws its own."""
    global _in_step
    _in_step = ranks() > 1
    try:
        yield
    finally:
        _in_step = False


def own_rows(rows: Tensor, axis: int = 0) -> Tensor:
    """Return this rank's part of the whole batch, along an axis."""
    if ranks() == 1:
        return rows
    together = math.gcd(rows.shape[axis] // ranks(), GROUP)
    return rows.unflatten(axis, (-1, ranks(), together)).select(axis + 1, rank()).flatten(axis, axis + 1)


def draw_rows(draw: Callable[..., Tensor], shape: tuple[int, ...], generator: torch.Generator, axis: int = 0) -> Tensor:
    """Draw as torch.rand and its kin do, with one row an image along an axis."""
    if not _in_step:
        return draw(shape, generator=generator)
    whole = [size * ranks() if place == axis else size for place, size in enumerate(shape)]
    return own_rows(draw(whole, generator=generator), axis)


class _Sum(torch.autograd.Function):
    """Sum over ranks that gradients pass; as each rank's loss depends on all, their gradients are summed too."""

    @staticmethod
    def forward(ctx: object, tensor: Tensor) -> Tensor:
        tensor = tensor.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(tensor)
        return tensor

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return _Sum.apply(gradient)


def mean_of_ranks(tensor: Tensor) -> Tensor:
    """Average a tensor over the ranks of a step, so that gradients pass."""
    return _Sum.apply(tensor) / ranks() if _in_step else tensor


def rows_of_ranks(rows: Tensor) -> Tensor:
    """Gather the rows of all ranks, so that gradients pass: for what compares the pictures of a batch."""
    if not _in_step:
        return rows
    return _Sum.apply(torch.cat([rows if place == rank() else torch.zeros_like(rows) for place in range(ranks())]))


def share(model: nn.Module, optimizers: dict[str, torch.optim.Optimizer]) -> None:
    """Make a net's batch norm, dropout and gradients those of the whole batch; its state_dict stays the same."""
    if ranks() == 1:
        return
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.forward = partial(_batch_norm, module)  # type: ignore[method-assign]  # keys stay the same
        elif isinstance(module, DROPOUTS):
            module.forward = partial(_dropout, module)  # type: ignore[method-assign]  # keys stay the same
    for optimizer in optimizers.values():
        optimizer.register_step_pre_hook(_average_gradients)


def _batch_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor) -> Tensor:
    """Normalise by the whole batch's statistics, taken in two passes: torch's own does so on CUDA alone."""
    if not norm.training:
        return type(norm).forward(norm, x)
    counted, kept_mean, kept_variance, momentum = (
        norm.num_batches_tracked,
        norm.running_mean,
        norm.running_var,
        norm.momentum,
    )
    if counted is None or kept_mean is None or kept_variance is None or momentum is None:
        raise ValueError("Processes share batch norm that keeps running statistics with a momentum; this one does not.")
    axes, shape = [0, *range(2, x.ndim)], [1, -1, *[1] * (x.ndim - 2)]
    count = x.numel() / x.shape[1] * ranks()
    mean = mean_of_ranks(x.float().mean(axes))
    centred = x - mean.view(shape)
    variance = mean_of_ranks(centred.square().mean(axes))
    with torch.no_grad():
        counted += 1
        kept_mean.lerp_(mean, momentum)
        kept_variance.lerp_(variance * count / (count - 1), momentum)
    y = centred * (variance + norm.eps).rsqrt().view(shape)
    y = y if norm.weight is None else y * norm.weight.view(shape) + norm.bias.view(shape)
    return y.to(x.dtype)


def _dropout(dropout: nn.Dropout | nn.Dropout1d | nn.Dropout2d, x: Tensor) -> Tensor:
    if not dropout.training:
        return x
    keep = 1 - dropout.p
    whole = torch.cat([x.detach()] * ranks())  # its values do not matter, its layout decides which number falls where
    return x * own_rows(whole.bernoulli_(keep)).div_(keep)


def _average_gradients(optimizer: torch.optim.Optimizer, args: tuple, kwargs: dict) -> None:
    gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    dist.all_reduce(flat)
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient) / ranks())
