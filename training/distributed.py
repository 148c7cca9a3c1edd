"""One run in several processes that torchrun started: who is who, and what they agree on.

Without torchrun nothing here does anything. How they share a step is in training/shared.py.
"""

import atexit
import contextlib
import os
from collections.abc import Iterator
from typing import Protocol

import torch
import torch.distributed as dist

from models.device import choose_device
from training.run import RunError

GROUP = 4  # pictures of one batch that stay in one process: LAPGAN's discriminators compare fours


def join(device: str | None) -> str | None:
    """Join the processes that torchrun started, if it did; return the device of this one.

    Raises:
        RunError: a device that they cannot share work on.
    """
    if not dist.is_torchelastic_launched() or int(os.environ["WORLD_SIZE"]) == 1 or dist.is_initialized():
        return device
    chosen = choose_device(device)
    if chosen.type == "mps":
        raise RunError("Several processes work on CUDA or on the CPU, not on MPS; give --device cpu.")
    if chosen.type == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(choose_device(device))
    # Decisions travel on the CPU, so that they never wait for a GPU.
    dist.init_process_group("cpu:gloo,cuda:nccl" if chosen.type == "cuda" else "gloo")
    atexit.register(dist.destroy_process_group)
    return device


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def ranks() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


class Batched(Protocol):
    """Settings of a run, as far as every model has them."""

    @property
    def batch_size(self) -> int: ...

    @property
    def ema(self) -> float: ...


def check_batch(model: str, settings: Batched) -> None:
    """Refuse a batch that cannot be shared out.

    Raises:
        RunError: it cannot, in one sentence.
    """
    share = ranks()
    if share > 1 and model == "lapgan":  # its discriminators look at fours, its published batch is half fakes
        share *= GROUP * (2 if getattr(settings, "optimizer", "") == "sgd" else 1)
    if settings.batch_size % share:
        raise RunError(
            f"A batch of {settings.batch_size} cannot be shared by {ranks()} processes; "
            f"set batch_size to a multiple of {share}."
        )


@contextlib.contextmanager
def first_goes_first() -> Iterator[None]:
    """Let rank 0 do something before the others: they then find in the cache what it has put there."""
    if rank():
        dist.barrier()
    yield
    if ranks() > 1 and not rank():
        dist.barrier()


def averages(values: dict[str, float]) -> dict[str, float]:
    """Average numbers over the ranks; all of them have the same result, and decide alike by it."""
    if ranks() == 1:
        return values
    numbers = torch.tensor(list(values.values()), dtype=torch.float64)
    dist.all_reduce(numbers)
    return dict(zip(values, (numbers / ranks()).tolist(), strict=True))


def any_rank(here: bool) -> bool:
    """Tell whether something holds on any rank."""
    return here if ranks() == 1 else averages({"here": float(here)})["here"] > 0


def told(error: Exception) -> str:
    """Say what ended a run; the loss of another process is told as such."""
    lost = ranks() > 1 and isinstance(error, RuntimeError) and ("gloo" in str(error) or "NCCL" in str(error))
    return "another process of this run ended" if lost else f"{type(error).__name__}: {error}"
