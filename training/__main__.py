"""Command line of the training module: `python -m training --help`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro

from models.checkpoint import CheckpointError
from models.device import choose_device
from training.data import DataError
from training.loop import Limits
from training.run import RunError, RunFolder
from training.start import Request, first_batch, reopen, resolve, start

app = tyro.extras.SubcommandApp()


@app.command(name="train")
def train_command(
    model: tyro.conf.Positional[Literal["lapgan", "infogan", "bigan", "gan", "classifier"]],
    /,
    data: str = "mnist",
    preset: str = "modern",
    minutes: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    run_dir: Path = Path("runs/new"),
    resume: bool = False,
    dry_run: bool = False,
    only_class: str | None = None,
    levels: tuple[int, ...] = (),
    image_size: int | None = None,
    data_root: Path | None = None,
    device: str | None = None,
    threads: int = 1,
    save_seconds: float = 120.0,
    save_steps: int | None = None,
    tick_steps: int = 20,
    set: Annotated[tuple[str, ...], tyro.conf.arg(metavar="KEY=VALUE")] = (),  # noqa: A002 - the option's name
) -> None:
    """Train a model, or resume a run.

    Args:
        model: what to train.
        data: mnist, fashion-mnist, cifar10, folder:PATH (a folder or a .zip of pictures) or fake.
        preset: paper (as published) or modern.
        minutes: stop after so many minutes of training, resumptions included.
        steps: stop at this step.
        seed: of weights, batches and latents.
        run_dir: folder of the run.
        resume: go on with the run in run_dir.
        dry_run: print the resolved config and the first batch's shapes, and exit.
        only_class: train on one class alone.
        levels: LAPGAN levels to train, 0 the finest; all by default.
        image_size: resize the pictures to this side.
        data_root: folder with an existing copy of the data.
        device: cuda, mps or cpu; chosen by itself otherwise.
        threads: CPU threads.
        save_seconds: seconds between checkpoints.
        save_steps: steps between checkpoints, instead.
        tick_steps: steps a line of metrics.
        set: settings over the preset's, for instance info_weight=0 image_sizes=28,14,8.
    """
    request = Request(model, data, preset, seed, only_class, levels, image_size, set)
    run = RunFolder(run_dir)
    if resume and (run_dir / "run.json").exists():
        request = reopen(run)
    plan = resolve(request, data_root=data_root)
    if dry_run:
        torch.set_num_threads(threads)
        print(first_batch(plan, choose_device(device)))
        return
    if steps is None and minutes is None:
        raise RunError("Say how long to train: --steps N or --minutes M.")
    limits = Limits(steps, minutes, tick_steps, save_seconds, save_steps)
    outcome = start(plan, run, limits, resume=resume, device_name=device, threads=threads)
    if outcome == "diverged":
        sys.exit(3)


def main() -> None:
    """Run a command; what people can mend is said in one sentence."""
    try:
        app.cli(prog="python -m training")
    except (RunError, DataError, CheckpointError, ValueError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
