"""One loop for every model: it knows of steps, averages, checkpoints and limits, and nothing of the losses."""

import copy
import math
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

from models import Config
from models.device import has_fast_bfloat16
from training.bench import spread_rows
from training.data import Dataset, InfiniteSampler, normalise
from training.distributed import Batched, any_rank, averages, rank, ranks
from training.losses import laid_as
from training.metrics import NotFiniteError
from training.run import RunError, RunFolder, State
from training.shared import own_rows, share, step_shared

HELD_OUT = 1000  # images, the same every time, on which checkpoints are compared
LIMIT = 1e4  # no loss of these models comes near it


class Training(Protocol):
    """What the loop asks of a model's training: its nets, what moves them, and one step."""

    config: Config
    settings: Batched
    model: nn.Module
    optimizers: dict[str, torch.optim.Optimizer]
    generators: dict[str, torch.Generator]

    def step(self, images: Tensor, labels: Tensor, step: int) -> dict[str, Tensor]: ...

    def calibrate(self, model: nn.Module) -> None: ...

    def preview(self, model: nn.Module) -> tuple[Tensor, int] | None: ...

    def score(self, model: nn.Module, images: Tensor) -> float | None: ...

    def probe(self, model: nn.Module) -> dict[str, float]: ...


@dataclass(frozen=True)
class Limits:
    """When a run ends and how often it reports.

    Attributes:
        steps: last step, or None.
        minutes: minutes of training over all resumptions, or None.
        tick_steps: steps a line of metrics; limits are looked at then.
        save_seconds: seconds between checkpoints.
        save_steps: steps between checkpoints, instead; a multiple of tick_steps.

    Raises:
        ValueError: a limit that no run can keep.
    """

    steps: int | None = None
    minutes: float | None = None
    tick_steps: int = 20
    save_seconds: float = 120.0
    save_steps: int | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "minutes", "tick_steps", "save_steps"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be more than 0, got {value}.")
        if self.save_steps and self.save_steps % self.tick_steps:
            raise ValueError(f"save_steps {self.save_steps} must be a multiple of tick_steps {self.tick_steps}.")


def train(
    training: Training,
    dataset: Dataset,
    run: RunFolder,
    limits: Limits,
    *,
    seed: int,
    device: torch.device,
    should_stop: Callable[[], bool] = lambda: False,
    was_paused: Callable[[], bool] = lambda: False,
) -> str:
    """Train until a limit, a stop or a divergence; continue the run's newest checkpoint where there is one.

    was_paused: tells whether the process was held since it was last asked; the step at hand is then not timed.

    Returns:
        The final state: "done", "cancelled" or "diverged". Checkpoints, metrics and status are in the run folder.

    Raises:
        OSError: the run folder cannot be written; the checkpoints before it stay.
    """
    # Place the nets, their averages and the sampler.
    model, settings = training.model, training.settings
    channels_last = torch.channels_last if device.type != "mps" else torch.preserve_format
    model.to(memory_format=channels_last).train()
    average = copy.deepcopy(model).requires_grad_(False)
    share(model, training.optimizers)
    sampler = InfiniteSampler(len(dataset.images), settings.batch_size, seed)
    held_out = normalise(dataset.images[spread_rows(HELD_OUT, len(dataset.images))]).to(device)
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bfloat16(device))
    torch.manual_seed(seed)

    # Continue where the newest checkpoint stands.
    step, seconds, cpu_seconds, best = 0, 0.0, 0.0, -math.inf
    state = run.load_newest()
    if state is not None:
        unpack(state.tensors, training, average, sampler)
        step, best = state.step, state.meta["best"]
        seconds, cpu_seconds = state.meta["seconds"], state.meta["cpu_seconds"]
        if state.meta["score"] is None or state.meta["score"] == best:
            run.mark_best(step)  # a kill may have come between the checkpoint and its mark
        run.log(f"Resumed at step {step:,} after {seconds / 60:.1f} minutes.")
    if not averages({"step": step})["step"] == step:
        raise RunError(f"{run.path} is not the same for all processes; put the run on storage that all of them see.")
    run.cut_metrics(step)
    run.write_status("running", step)

    def end_diverged(reason: str) -> str:
        run.log(f"Diverged: {reason}. The last checkpoint is step {(run.checkpoint_steps() or [0])[-1]:,}.")
        run.write_status("diverged", step, reason)
        return "diverged"

    def save() -> str:
        nonlocal best
        training.calibrate(average)
        average.eval()
        score = training.score(average, held_out)
        tensors = pack(training, average, sampler)
        broken = not_finite(tensors) or not_finite({"the score": torch.tensor(score or 0.0)})
        if broken:
            return broken
        try:  # huge weights that are still finite show in the pictures first
            measures, picture = training.probe(average), training.preview(average)
        except NotFiniteError:
            return "a picture it drew"
        improved = score is None or score > best
        best = max(best, score) if score is not None else best
        meta = {"best": best, "score": score, "seconds": seconds, "cpu_seconds": cpu_seconds}
        run.save(State(step, tensors, meta), best=improved)
        run.append_measures({"step": step, "seconds": seconds, "score": score, **measures})
        if picture is not None:
            run.save_sample(step, *picture)
        mark = "" if score is None else f", score {score:.4f}" + (" (best so far)" if improved else "")
        run.log(f"Saved step {step:,} after {seconds / 60:.1f} minutes{mark}.")
        return ""

    # Train, a tick at a time.
    bar = tqdm(total=limits.steps, initial=step, unit="step", dynamic_ncols=True, mininterval=1.0, disable=rank() > 0)
    last_save, outcome = seconds, "done"
    while not finished(step, seconds, limits):
        totals: dict[str, Tensor] = {}
        started, cpu_started, first = time.perf_counter(), time.process_time(), step
        # A tick ends at a multiple of tick_steps, also where a run goes on from a last, shorter tick.
        left = limits.tick_steps - step % limits.tick_steps
        for _ in range(left if limits.steps is None else min(left, limits.steps - step)):
            began = time.perf_counter()
            picks = own_rows(sampler.next())
            images = normalise(dataset.images[picks]).to(device, memory_format=channels_last)
            with autocast, step_shared():
                stats = training.step(images, dataset.labels[picks].to(device), step)
            update_average(average, model, settings.ema, step)
            for key, value in stats.items():
                totals[key] = totals.get(key, 0) + value.float()
            step += 1
            if was_paused():
                started += time.perf_counter() - began
            stopping = any_rank(should_stop())
            if stopping:
                break

        # Report; a loss that is not finite ends the run before anything of it is saved.
        times = {"spent": time.perf_counter() - started, "cpu": time.process_time() - cpu_started}
        means = averages({key: float(value) / (step - first) for key, value in totals.items()} | times)
        spent, cpu = means.pop("spent"), means.pop("cpu")
        seconds, cpu_seconds = seconds + spent, cpu_seconds + cpu * ranks()
        bad = {key: value for key, value in means.items() if not abs(value) < LIMIT}
        if bad:
            return end_diverged(f"{next(iter(bad))} was {next(iter(bad.values())):.3g} at step {step:,}")
        broken = not_finite(model.state_dict())
        if broken:
            return end_diverged(f"{broken} was not finite at step {step:,}")
        rate = (step - first) * settings.batch_size / spent
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        record = {"step": step, "seconds": seconds, "cpu_seconds": cpu_seconds, "images_per_second": rate}
        run.append_metrics({**record, "memory_mb": memory, **means})
        bar.update(step - first)
        bar.set_postfix_str(f"{rate:.0f} images/s, {eta(step, seconds, limits)}")

        # Save when it is time, and when asked to stop.
        due = step % limits.save_steps == 0 if limits.save_steps else seconds - last_save >= limits.save_seconds
        if due or stopping or finished(step, seconds, limits):
            broken = save()
            if broken:
                return end_diverged(f"{broken} was not finite at step {step:,}")
            last_save = seconds
            run.write_status("running", step)
        if stopping:
            outcome = "cancelled"
            break
    bar.close()
    run.write_status(outcome, step)
    run.log(f"Run {outcome} at step {step:,} after {seconds / 60:.1f} minutes.")
    return outcome


def not_finite(tensors: dict[str, Tensor]) -> str:
    """Name a tensor that holds NaN or infinity, if any does: losses can stay finite on weights that are not."""
    for key, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            return key
    return ""


def finished(step: int, seconds: float, limits: Limits) -> bool:
    """Tell whether a limit is reached."""
    by_steps = limits.steps is not None and step >= limits.steps
    return by_steps or (limits.minutes is not None and seconds >= 60 * limits.minutes)


def eta(step: int, seconds: float, limits: Limits) -> str:
    """Say how long the run will still take, by whichever limit comes first."""
    left = []
    if limits.steps is not None and step:
        left.append((limits.steps - step) * seconds / step)
    if limits.minutes is not None:
        left.append(60 * limits.minutes - seconds)
    return f"{max(0.0, min(left)) / 60:.1f} min left" if left else "no limit"


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights towards the current ones; early steps count more, so that the start is forgotten."""
    weight = 1 - min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), weight)


def pack(training: Training, average: nn.Module, sampler: InfiniteSampler) -> dict[str, Tensor]:
    """Gather everything that resuming needs as plain tensors: weights, averages, optimisers, generators, sampler."""
    tensors = {f"model/{key}": value for key, value in training.model.state_dict().items()}
    tensors |= {f"average/{key}": value for key, value in average.state_dict().items()}
    for name, optimizer in training.optimizers.items():
        for index, entries in optimizer.state_dict()["state"].items():
            for key, value in entries.items():
                if value is not None:
                    tensors[f"optimizer/{name}/{index}/{key}"] = torch.as_tensor(value)
    tensors |= {f"random/{name}": generator.get_state() for name, generator in training.generators.items()}
    tensors["random"] = torch.get_rng_state()
    tensors |= {f"sampler/{key}": value for key, value in sampler.state().items()}
    return {key: value.clone() for key, value in tensors.items()}


def unpack(tensors: dict[str, Tensor], training: Training, average: nn.Module, sampler: InfiniteSampler) -> None:
    """Put back what `pack` gathered."""

    def under(prefix: str) -> dict[str, Tensor]:
        return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}

    training.model.load_state_dict(under("model/"), strict=True)
    average.load_state_dict(under("average/"), strict=True)
    for name, optimizer in training.optimizers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in under(f"optimizer/{name}/").items():
            index, entry = key.split("/")
            state.setdefault(int(index), {})[entry] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        for parameter, entries in optimizer.state.items():
            for entry, value in entries.items():
                if value.shape == parameter.shape:
                    entries[entry] = laid_as(parameter, value)
    for name, generator in training.generators.items():
        generator.set_state(tensors[f"random/{name}"])
    torch.set_rng_state(tensors["random"])
    sampler.load_state(under("sampler/"))
