"""Batch norm under averaged weights.

Averaging weights does not average what batch norm has seen: with copied running statistics an averaged generator
loses half of its variance. The statistics are therefore re-estimated, as BiGAN's authors do before deployment.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


@torch.no_grad()
def calibrate_batch_norm(
    model: nn.Module,
    batches: Sequence[tuple[Tensor, ...]],
    forward: Callable[..., Tensor],
    only: tuple[str, ...] = ("",),
) -> None:
    """Set running statistics to their plain average over batches, and leave the model in eval mode.

    Args:
        model: the module whose batch norms are re-estimated.
        batches: arguments of `forward`, one tuple a batch.
        forward: runs those parts of the model.
        only: prefixes of the names of the parts to re-estimate.
    """
    norms = [m for name, m in model.named_modules() if isinstance(m, BATCH_NORMS) and name.startswith(only)]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative average
        norm.train()
    for batch in batches:
        if len(batch[0]) > 1:  # the rest of a data set may be a single picture, which has no variance
            forward(*batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
