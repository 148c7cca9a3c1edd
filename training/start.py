"""Start or resume a run from a request: resolve preset and overrides, record them, and hand over to the loop."""

import errno
import json
import os
import signal
import socket
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from models import Config
from models.checkpoint import CheckpointError, config_from_dict, read_json, write_json
from models.device import choose_device, describe
from training.data import Dataset, open_dataset
from training.distributed import check_batch, first_goes_first, rank, ranks, told
from training.loop import Limits, Training, train
from training.processes import born
from training.recipes import RECIPES, Settings
from training.run import RunError, RunFolder, SilentRun


@dataclass(frozen=True)
class Request:
    """What a run was asked to be; kept in run.json, so that resuming needs the run folder alone.

    Attributes:
        model: key of `RECIPES`.
        data: data set, see `open_dataset`.
        preset: name of one of the recipe's presets.
        seed: of the initial weights, the batches and the latents.
        only_class: train on this class alone (LAPGAN's paper: one model a class).
        levels: LAPGAN levels to train, all where empty.
        image_size: side to resize the data to, or None.
        channels: 1 or 3 to convert the data to, or None; pictures that mix grey and colour need it.
        overrides: settings or config values as KEY=VALUE, over the preset's.
    """

    model: str
    data: str
    preset: str = "modern"
    seed: int = 0
    only_class: str | None = None
    levels: tuple[int, ...] = ()
    image_size: int | None = None
    channels: int | None = None
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A request resolved against its data."""

    request: Request
    config: Config
    settings: Settings
    dataset: Dataset


def resolve(request: Request, *, data_root: Path | None = None) -> Plan:
    """Open the data and apply preset and overrides.

    Raises:
        RunError: unknown preset, key or value.
    """
    recipe = RECIPES[request.model]
    if request.preset not in recipe.presets:
        raise RunError(f"{request.model} has no preset {request.preset!r}; choose {', '.join(recipe.presets)}.")
    if request.levels and request.model != "lapgan":
        raise RunError(f"{request.model} has no levels; leave --levels out.")
    with first_goes_first():
        dataset = open_dataset(
            request.data,
            split="train",
            size=request.image_size,
            channels=request.channels,
            data_root=data_root,
            only_class=request.only_class,
        )
    config, settings = recipe.presets[request.preset](dataset)
    of_settings: dict[str, Any] = {}
    of_config: dict[str, Any] = {}
    for override in request.overrides:
        key, _, text = override.partition("=")
        if key in {field.name for field in fields(settings)}:
            of_settings[key] = parse(text, getattr(settings, key), key)
            hint = typing.get_type_hints(type(settings))[key]
            if typing.get_origin(hint) is typing.Literal and of_settings[key] not in typing.get_args(hint):
                raise RunError(f"{key} cannot be {text!r}; choose one of: {', '.join(typing.get_args(hint))}.")
        elif key in {field.name for field in fields(config)}:
            of_config[key] = parse(text, getattr(config, key), key)
        else:
            known = ", ".join(field.name for field in (*fields(settings), *fields(config)))
            raise RunError(f"There is no setting {key!r}; choose one of: {known}.")
    # All at once: a pyramid of other sizes is only valid with as many widths.
    config = override_config(request.model, config, of_config)
    check_fit(request.model, config, dataset)
    return Plan(request, config, replace(settings, **of_settings), dataset)


def check_fit(model: str, config: Config, dataset: Dataset) -> None:
    """See to it that the nets take these pictures; LAPGAN crops larger ones.

    Raises:
        RunError: other side, channels, or no squares; one sentence.
    """
    channels, height, width = dataset.images.shape[1:]
    if height != width:
        raise RunError(f"The pictures are {width} x {height}, the nets take squares: give --image-size.")
    side = config.image_size
    fits = side <= width if model == "lapgan" else side == width
    if not fits or config.channels != channels:
        raise RunError(
            f"These nets take pictures of {side} pixels a side with {config.channels} channel(s), but those of "
            f"{dataset.name} have {width} with {channels}; choose by --image-size and --channels."
        )


def parse(text: str, like: object, key: str) -> object:
    """Read an override's text as the type of the value it replaces; lists are separated by commas."""
    try:
        if isinstance(like, bool):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(like, tuple):
            return tuple(parse(item, like[0] if like else "", key) for item in text.split(",") if item)
        kind: Callable[[str], object] = type(like)
        return kind(text)
    except (ValueError, KeyError):
        raise RunError(f"{key} cannot be {text!r}; give a value like {like!r}.") from None


def override_config(model: str, config: Config, values: dict[str, object]) -> Config:
    try:
        return config_from_dict(model, {**asdict(config), **values})
    except CheckpointError as error:
        raise RunError(str(error)) from error


def prepare(plan: Plan, device: torch.device) -> Training:
    """Build the nets with the run's seed."""
    torch.manual_seed(plan.request.seed)
    extra = {"levels": plan.request.levels} if plan.request.levels else {}
    training = RECIPES[plan.request.model].training
    return training(plan.config, plan.settings, plan.dataset, device, plan.request.seed, **extra)


def first_batch(plan: Plan, device: torch.device) -> str:
    """Describe the resolved run and the first batch's shapes, for --dry-run."""
    training = prepare(plan, device)
    counts = {name: sum(p.numel() for p in net.parameters()) for name, net in training.model.named_children() if net}
    batch = (plan.settings.batch_size, *plan.dataset.images.shape[1:])
    return json.dumps(
        {
            "request": asdict(plan.request),
            "config": asdict(plan.config),
            "settings": asdict(plan.settings),
            "data": plan.dataset.describe(),
            "device": describe(device),
            "parameters": counts,
            "first batch": {"images": batch, "labels": batch[:1]},
        },
        indent=1,
    )


def start(
    plan: Plan, run: RunFolder, limits: Limits, *, resume: bool, device_name: str | None = None, threads: int = 1
) -> str:
    """Run a plan in a run folder until a limit, a signal or a failure; return the final state.

    SIGTERM and SIGINT end the run at the next tick with a checkpoint; time between SIGSTOP and SIGCONT is not its own.

    Raises:
        RunError: the folder holds another run, or holds one and `resume` was not asked for.
        OSError: the run folder cannot be written (status.json then says why, where it still can).
    """
    torch.set_num_threads(threads)
    device = choose_device(device_name)
    check_batch(plan.request.model, plan.settings)
    run = SilentRun(run.path) if rank() else run
    training = prepare(plan, device)  # before anything is written: its settings may be refused
    plan = replace(plan, config=training.config)  # a BiGAN baseline's D sees no z, whatever the preset says
    with run.locked():
        if not rank():
            remember(plan, run, resume=resume)
        run.facts = {
            "born": born(os.getpid()),
            "device": str(device),
            "steps": limits.steps,
            "minutes": limits.minutes,
            "processes": ranks(),
            "host": socket.gethostname(),
        }
        run.log(f"{plan.request.model}, preset {plan.request.preset}, on {describe(device)}.")
        run.log(plan.dataset.describe())
        stopped: list[int] = []
        continued: list[int] = []

        def on_signal(number: int, frame: types.FrameType | None) -> None:
            (continued if number == signal.SIGCONT else stopped).append(number)

        def was_paused() -> bool:
            found = bool(continued)
            continued.clear()
            return found

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
            signal.signal(number, on_signal)
        try:
            return train(
                training,
                plan.dataset,
                run,
                limits,
                seed=plan.request.seed,
                device=device,
                should_stop=lambda: bool(stopped),
                was_paused=was_paused,
            )
        except OSError as error:
            reason = "disk full" if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT) else str(error)
            fail(run, reason)
            raise
        except Exception as error:
            fail(run, told(error))
            raise


def remember(plan: Plan, run: RunFolder, *, resume: bool) -> None:
    """Record the plan in a new folder; in an old one check that it is the same run and that going on was asked for."""
    record = {
        "request": asdict(plan.request),
        "config": asdict(plan.config),
        "settings": asdict(plan.settings),
        "data_digest": plan.dataset.digest,
        "torch": torch.__version__,
    }
    record = json.loads(json.dumps(record))  # tuples become lists, as in the file
    path = run.path / "run.json"
    if not path.exists():
        write_json(path, record)
        return
    if not resume:
        raise RunError(f"{run.path} already holds a run; add --resume to go on with it, or choose another --run-dir.")
    old = read_json(path)
    old["request"] = json.loads(json.dumps(asdict(reopen(run))))
    for key, part in (("config", plan.config), ("settings", plan.settings)):
        old[key] = with_defaults(old.get(key, {}), type(part))
    for key in ("request", "config", "settings", "data_digest"):
        if old.get(key) != record[key]:
            raise RunError(f"{run.path} holds a run with another {key}; start a new one in another --run-dir.")


def with_defaults(kept: dict, kind: type[Config] | type[Settings]) -> dict:
    """Return a config or settings as run.json keeps them, a key that came later with its default."""
    defaults = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    return json.loads(json.dumps(defaults)) | kept


def reopen(run: RunFolder) -> Request:
    """Read the request of an existing run.

    Raises:
        RunError: run.json holds no request that this version knows.
    """
    try:
        request = read_json(run.path / "run.json")["request"]
        return Request(**{**request, "levels": tuple(request["levels"]), "overrides": tuple(request["overrides"])})
    except (KeyError, TypeError) as error:
        raise RunError(f"{run.path}/run.json holds no request of this version ({error}); start a new run.") from error


def fail(run: RunFolder, reason: str) -> None:
    """Record a failure as far as the disk allows."""
    try:
        run.write_status("failed", (run.checkpoint_steps() or [0])[-1], reason)
        run.log(f"Failed: {reason}.")
    except OSError as error:
        print(f"Failed: {reason}. The status could not be written: {error}.", flush=True)
