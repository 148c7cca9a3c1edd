"""One run on a card of Hugging Face Jobs: fetched, trained, measured and published there by our own commands."""

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import tyro

from training.job import Job
from training.recipes import ModelName
from training.run import RunError

RUN, PICTURES = Path("runs/job"), "/pictures"
# A run that diverged or broke off has paid for its checkpoints; where there is none, ship ends the job.
UNFINISHED = "echo 'The training did not end well; what it saved is shipped.'"
MARGIN_MINUTES = 45  # to install, fetch the data, measure and publish


def submit_command(
    model: tyro.conf.Positional[ModelName],
    /,
    to: str,
    source: str,
    data: str = "mnist",
    dataset: str | None = None,
    preset: str = "modern",
    minutes: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    levels: tuple[int, ...] = (),
    image_size: int | None = None,
    channels: int | None = None,
    set: Annotated[tuple[str, ...], tyro.conf.arg(metavar="KEY=VALUE")] = (),
    flavor: str = "a10g-small",
    processes: int = 1,
    image: str = "python:3.11",
    timeout: str | None = None,
    dry_run: bool = False,
) -> None:
    """Train on Hugging Face Jobs and publish the weights; it costs money by the minute.

    Args:
        model: what to train.
        to: OWNER/NAME of the model repository that the weights go to.
        source: address of the git repository with this program, for instance
            https://huggingface.co/spaces/OWNER/ganscope.
        data: as in train.
        dataset: OWNER/NAME of a dataset repository of pictures to train on, instead of data.
        preset: as in train, like minutes, steps, seed, levels, image_size, channels and set.
        minutes: stop after so many minutes of training.
        steps: stop at this step.
        seed: of weights, batches and latents.
        levels: LAPGAN levels to train.
        image_size: resize the pictures to this side.
        channels: convert the pictures to 1 (grey) or 3 (colour).
        set: settings over the preset's.
        flavor: hardware, see `hf jobs hardware`.
        processes: graphics cards to use at once, where the flavor has several.
        image: container image with Python 3.11 and git.
        timeout: when the job is ended, for instance 90m or 6h; by default 45 minutes after the training should be.
        dry_run: print the request and send nothing.
    """
    job = Job(
        model,
        f"folder:{PICTURES}" if dataset else data,
        "cpu" if flavor.startswith("cpu") else "cuda",
        preset,
        seed,
        steps=steps,
        minutes=minutes,
        levels=levels,
        image_size=image_size,
        channels=channels,
        overrides=set,
        save_seconds=120.0,
    )
    name = f"{model}-{dataset.rpartition('/')[2]}" if dataset else job.stem()
    asked = request(job, name, to, source, image=image, flavor=flavor, timeout=timeout, processes=processes)
    if dataset:
        asked["volumes"] = [{"type": "dataset", "source": dataset, "mount_path": PICTURES, "read_only": True}]
    if dry_run:
        print(json.dumps({**asked, "secrets": {"HF_TOKEN": "(your token)"}}, indent=1))
    else:
        print(submit(asked))


def request(
    job: Job, name: str, to: str, source: str, *, image: str, flavor: str, timeout: str | None, processes: int
) -> dict[str, Any]:
    """Return what HfApi.run_job is called with, but for the token: one script, each line one of our own commands.

    Raises:
        RunError: a run without an end, or on pictures that the job cannot see.
    """
    if job.data.startswith("folder:") and job.data != f"folder:{PICTURES}":
        raise RunError("A job does not see this machine's pictures; upload them as a dataset and give --dataset.")
    if job.levels:
        raise RunError("A job ships what it trained, so it has to train every level; leave --levels out.")
    if job.steps is None and job.minutes is None:
        raise RunError("Say how long to train: --steps N or --minutes M.")
    if timeout is None:
        if job.minutes is None:
            raise RunError("Say when the job is to end at the latest, like --timeout 2h, or how many --minutes.")
        timeout = f"{job.minutes + MARGIN_MINUTES:g}m"
    python = ["python", "-m", "training"]
    starter = python if processes == 1 else ["torchrun", f"--nproc_per_node={processes}", "-m", "training"]
    weights = f"weights/{name}"
    trained = f"{shlex.join([*starter, *job.words(RUN)])} || {UNFINISHED}"
    lines = [
        ["git", "clone", "--depth", "1", source, "ganscope"],
        ["cd", "ganscope"],
        ["pip", "install", "--quiet", "-r", "requirements.txt"],
        trained,
        [*python, "ship", str(RUN), "--to", weights],
        [*python, "evaluate", weights, "--data", job.data, "--write"],
        [*python, "publish", weights, to],
    ]
    return {
        "image": image,
        "command": ["bash", "-euc", "\n".join(line if isinstance(line, str) else shlex.join(line) for line in lines)],
        "env": {"PYTHONUNBUFFERED": "1"},
        "flavor": flavor,
        "timeout": timeout,
        "name": name,
    }


def submit(asked: dict[str, Any]) -> str:
    """Send a request and return the job's address; the token travels as a secret, never in the command.

    Raises:
        RunError: nobody is logged in, or the Hub refuses or does not answer.
    """
    import httpx2  # of huggingface_hub
    from huggingface_hub import HfApi, Volume, get_token

    token = get_token()
    if not token:
        raise RunError("Nobody is logged in to the Hugging Face Hub; run `hf auth login`, or set HF_TOKEN.")
    if "volumes" in asked:
        asked = {**asked, "volumes": [Volume(**volume) for volume in asked["volumes"]]}
    try:
        job = HfApi().run_job(**asked, secrets={"HF_TOKEN": token})
    except httpx2.HTTPError as error:
        raise RunError(f"The Hub did not take the job: {str(error).splitlines()[0]}") from error
    return f"{job.id}: {job.url}"
