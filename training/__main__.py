"""Command line of the training module: `python -m training --help`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import torch
import tyro

from models.checkpoint import CheckpointError, load_weights
from models.device import choose_device
from training.data import DataError
from training.distributed import join
from training.export import export_command
from training.grids import save_grid
from training.infogan_factors import infogan_factors_command
from training.infogan_figures import infogan_figures_command
from training.infogan_seeds import infogan_seeds_command
from training.look import look
from training.loop import Limits
from training.measuring import evaluate_command
from training.neighbours import neighbours_command
from training.publish import publish
from training.quiz import quiz_sheet
from training.recipes import ModelName
from training.record import record_command
from training.report import figures_command, report_command
from training.rounding import round_command
from training.run import RunError, RunFolder
from training.runs import QueueError
from training.ship import draw_one, ship
from training.speed import speed_command
from training.start import Request, first_batch, reopen, resolve, start
from training.submit import submit_command
from training.table1 import table1_command
from training.transfer import transfer_command
from training.workers import worker_command

app = tyro.extras.SubcommandApp()
app.command(name="evaluate")(evaluate_command)
app.command(name="export")(export_command)
app.command(name="figures")(figures_command)
app.command(name="neighbours")(neighbours_command)
app.command(name="infogan-factors")(infogan_factors_command)
app.command(name="infogan-figures")(infogan_figures_command)
app.command(name="infogan-seeds")(infogan_seeds_command)
app.command(name="record")(record_command)
app.command(name="report")(report_command)
app.command(name="round")(round_command)
app.command(name="worker")(worker_command)
app.command(name="speed")(speed_command)
app.command(name="submit")(submit_command)
app.command(name="table1")(table1_command)
app.command(name="transfer")(transfer_command)


@app.command(name="train")
def train_command(
    model: tyro.conf.Positional[ModelName],
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
    channels: int | None = None,
    data_root: Path | None = None,
    device: str | None = None,
    threads: int = 1,
    save_seconds: float = 120.0,
    save_steps: int | None = None,
    tick_steps: int = 20,
    set: Annotated[tuple[str, ...], tyro.conf.arg(metavar="KEY=VALUE")] = (),
) -> None:
    """Train a model, or resume a run.

    Args:
        model: what to train.
        data: chairs or faces (rendered here), mnist, fashion-mnist, cifar10, folder:PATH (or a .zip) or fake.
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
        channels: convert the pictures to 1 (grey) or 3 (colour).
        data_root: folder with an existing copy of the data.
        device: cuda, mps or cpu; chosen by itself otherwise.
        threads: CPU threads.
        save_seconds: seconds between checkpoints.
        save_steps: steps between checkpoints, instead.
        tick_steps: steps a line of metrics.
        set: settings over the preset's, for instance info_weight=0, or image_sizes=28,14,8 widths=64,64
            band_scale=1,1.
    """
    request = Request(model, data, preset, seed, only_class, levels, image_size, channels, set)
    run, device = RunFolder(run_dir), join(device)
    if resume and (run_dir / "run.json").exists():
        request = reopen(run)
        if request.model != model:
            raise RunError(f"{run_dir} holds a run of {request.model}, not {model}; name that model to resume it.")
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


@app.command(name="ship")
def ship_command(
    runs: tyro.conf.Positional[tuple[Path, ...]],
    /,
    to: Path,
    half: bool = True,
    newest: bool = False,
    rest: Path | None = None,
) -> None:
    """Write the averaged nets of a run (or of several, one LAPGAN level each) as a weights folder.

    Args:
        runs: run folders.
        to: the weights folder, for instance weights/infogan-mnist.
        half: store float16.
        newest: take the newest checkpoint, not the best.
        rest: weights folder from which to take the LAPGAN levels that no run here trained; it may be `to` itself.
    """
    weights = ship([RunFolder(run) for run in runs], to, half=half, newest=newest, rest=rest)
    print(f"{weights.name}: {(to / 'model.safetensors').stat().st_size / 1e6:.1f} MB in {to}")


@app.command(name="look")
def look_command(
    data: tyro.conf.Positional[str],
    /,
    to: Path | None = None,
    size: int | None = None,
    channels: int | None = None,
    data_root: Path | None = None,
) -> None:
    """Look at data as a run would see it, and print what is in it as one line of JSON.

    Args:
        data: as in train.
        to: PNG file for a sheet of its pictures.
        size: resize the pictures to this side.
        channels: convert the pictures to 1 (grey) or 3 (colour).
        data_root: folder with an existing copy of the data.
    """
    torch.set_num_threads(1)
    print(json.dumps(look(data, to, size=size, channels=channels, data_root=data_root)))


@app.command(name="quiz")
def quiz_command(
    data: tyro.conf.Positional[str],
    /,
    to: Path = Path("quiz.png"),
    count: int = 10,
    seed: int = 0,
    size: int = 32,
    channels: int = 3,
    download: bool = False,
) -> None:
    """Write a row of test pictures for the page's quiz.

    Args:
        data: as in train.
        to: PNG file to write.
        count: how many pictures.
        seed: of the choice among them.
        size: side of the pictures.
        channels: 1 (grey) or 3 (colour).
        download: fetch built-in data that are not there.
    """
    torch.set_num_threads(1)
    quiz_sheet(data, to, count=count, seed=seed, size=size, channels=channels, download=download)
    print(to)


@app.command(name="publish")
def publish_command(
    weights: tyro.conf.Positional[Path], repo: tyro.conf.Positional[str], /, private: bool = False
) -> None:
    """Upload a weights folder to the Hugging Face Hub.

    Args:
        weights: weights folder.
        repo: OWNER/NAME.
        private: create the repository as a private one.
    """
    print(publish(weights, repo, private=private))


@app.command(name="sample")
def sample_command(
    weights: tyro.conf.Positional[Path],
    /,
    seed: int = 42,
    label: int = 0,
    codes: tuple[float, ...] = (),
    out: Path = Path("sample.png"),
    scale: int = 1,
    level_seeds: tuple[int, ...] = (),
    gains: tuple[float, ...] = (),
    seeds: tuple[int, ...] = (),
) -> None:
    """Draw one picture, or one a seed: the same as the page's and the API's for the same numbers.

    Args:
        weights: weights folder.
        seed: 0 to 4294967295.
        label: class (LAPGAN) or digit (InfoGAN).
        codes: InfoGAN's continuous codes, 0 by default; or all of BiGAN's code.
        out: PNG file to write.
        scale: enlarge so many times.
        level_seeds: LAPGAN's seeds, one a level from the coarsest on, instead of one seed for all.
        gains: LAPGAN's factors on the detail of each level, likewise, 1 by default; the coarsest has no detail.
        seeds: instead of seed, several: their pictures side by side in one row.
    """
    torch.set_num_threads(1)
    loaded, seeds = load_weights(weights), seeds or (seed,)
    row = torch.cat([draw_one(loaded, one, label, codes, level_seeds, gains) for one in seeds])
    save_grid(out, row, len(seeds), scale=scale, border=0)
    print(out)


def main() -> None:
    """Run a command; what people can mend is said in one sentence."""
    try:
        app.cli(prog="python -m training")
    except (RunError, QueueError, DataError, CheckpointError, ValueError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
