"""How fast a model's training step is here: as the loop runs it against the same nets in plain float32 eager.

Repetitions of all variants are interleaved and medians are reported, as other programs may run beside.
"""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

import torch
import tyro
from torch.utils.flop_counter import FlopCounterMode

from models.device import choose_device, describe, has_fast_bfloat16
from training.data import normalise
from training.loop import Training
from training.recipes import ModelName
from training.start import Plan, Request, prepare, resolve

MATRIX = 1024  # side of the matrices whose product is taken as the peak


@dataclass
class Variant:
    """One way to run the step, and the seconds that each repetition took (wall and processor)."""

    name: str
    training: Training
    threads: int
    memory_format: torch.memory_format
    autocast: bool
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def speed_command(
    model: tyro.conf.Positional[ModelName],
    /,
    data: str = "fake",
    preset: str = "modern",
    image_size: int | None = None,
    channels: int | None = None,
    repeats: int = 7,
    compile: bool = False,
    device: str | None = None,
    set: Annotated[tuple[str, ...], tyro.conf.arg(metavar="KEY=VALUE")] = (),
) -> None:
    """Measure a training step against plain float32 eager, and against this machine's matrix products.

    Args:
        model: what would be trained.
        data: as in train; fake pictures of 28 pixels in grey (InfoGAN, BiGAN) or 32 in colour by default.
        preset: paper or modern.
        image_size: resize the pictures to this side.
        channels: convert the pictures to 1 (grey) or 3 (colour).
        repeats: interleaved repetitions of every variant.
        compile: also measure the nets compiled by torch.compile; that takes minutes and needs a C++ compiler.
        device: cuda, mps or cpu; chosen by itself otherwise.
        set: settings over the preset's.
    """
    grey = model in ("infogan", "bigan")
    size, planes = (28 if grey else 32, 1 if grey else 3) if data == "fake" else (None, None)
    plan = resolve(Request(model, data, preset, 0, None, (), image_size or size, channels or planes, set))
    print("\n".join(measure(plan, choose_device(device), repeats, compiled=compile)))


def measure(plan: Plan, device: torch.device, repeats: int, *, compiled: bool) -> list[str]:
    """Time the variants and return the report, a line each."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fast = has_fast_bfloat16(device)
    channels_last = torch.channels_last if device.type != "mps" else torch.preserve_format
    counts = sorted({1, cores}) if device.type == "cpu" else [1]
    plainly = prepare(plan, device)
    for optimizer in plainly.optimizers.values():
        for group in optimizer.param_groups:
            group["fused"] = None
    variants = [Variant("plain", plainly, threads, torch.contiguous_format, False) for threads in reversed(counts)]
    trained = prepare(plan, device)
    variants += [Variant("as trained", trained, threads, channels_last, fast) for threads in counts]
    lines = []
    if compiled:
        variant = Variant("compiled", prepare(plan, device), counts[-1], channels_last, fast)
        try:
            for net in variant.training.model.children():
                for part in net if isinstance(net, torch.nn.ModuleList) else [net]:
                    part.compile()
            step(variant, plan, device, 1)  # R1, which is not compiled, is taken at step 0
            variants.append(variant)
        except Exception as error:  # whatever a compiler may lack; plain eager always works
            lines.append(f"torch.compile does not work here: {type(error).__name__}: {str(error).splitlines()[0]}")

    with FlopCounterMode(display=False) as counter:
        step(variants[0], plan, device, 1)
    floating = counter.get_total_flops()
    peaks: dict[tuple[int, bool], list[float]] = {(v.threads, v.autocast): [] for v in variants}
    for repeat in range(repeats + 1):
        for variant in variants:
            wall, cpu = step(variant, plan, device, 1 + repeat)
            if repeat:  # the first one warms up
                variant.wall.append(wall)
                variant.cpu.append(cpu)
        for (threads, half), found in peaks.items():
            found.append(product_speed(device, threads, torch.bfloat16 if half else torch.float32))

    batch = plan.settings.batch_size
    plain, plain_cpu = statistics.median(variants[0].wall), statistics.median(variants[0].cpu)
    lines[:0] = [
        f"{plan.request.model}, {plan.request.preset}, on {describe(device)}, {cores} cores",
        f"{floating / 1e9:.1f} GFLOP a step of {batch} images; medians of {repeats} interleaved repetitions",
        f"GFLOP/s: of a product of {MATRIX} x {MATRIX} matrices, on as many threads",
    ]
    for variant in variants:
        wall, cpu = statistics.median(variant.wall), statistics.median(variant.cpu)
        peak = max(peaks[variant.threads, variant.autocast])
        of_peak = 100 * floating / wall / peak
        name = f"{variant.name}, {variant.threads} thread" + "s" * (variant.threads > 1)
        lines.append(
            f"{name:22}{batch / wall:8.0f} images/s {plain / wall:5.2f} x plain {1e3 * wall:7.0f} ms, of processor time"
            f" {1e3 * cpu:.0f} ms ({plain_cpu / cpu:.2f} x less), {of_peak:.0f} % of {peak / 1e9:.0f} GFLOP/s"
        )
    return lines


def step(variant: Variant, plan: Plan, device: torch.device, number: int) -> tuple[float, float]:
    """Take one step and return its seconds of wall and of processor time."""
    torch.set_num_threads(variant.threads)
    count = plan.settings.batch_size
    variant.training.model.to(memory_format=variant.memory_format).train()
    images = normalise(plan.dataset.images[:count]).to(device, memory_format=variant.memory_format)
    labels = plan.dataset.labels[:count].to(device)

    def take() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=variant.autocast):
            variant.training.step(images, labels, number)

    return timed(take, device)


def product_speed(device: torch.device, threads: int, dtype: torch.dtype) -> float:
    """Return the floating-point operations a second of one large matrix product."""
    torch.set_num_threads(threads)
    a = torch.randn(MATRIX, MATRIX, device=device, dtype=dtype)
    seconds = min(timed(lambda: a @ a, device)[0] for _ in range(3))
    return 2 * MATRIX**3 / seconds


def timed(work: Callable[[], object], device: torch.device) -> tuple[float, float]:
    """Return the seconds of wall and of processor time that something takes."""
    wait = {"cuda": torch.cuda.synchronize, "mps": torch.mps.synchronize}.get(device.type, lambda: None)
    wait()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wait()
    return time.perf_counter() - wall, time.process_time() - cpu
