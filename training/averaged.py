"""The averaged nets of runs, in memory: what is shipped as weights, and what is measured without being shipped."""

from dataclasses import asdict
from pathlib import Path

import torch

from models import build
from models.checkpoint import Weights, config_from_dict, load_weights, read_json
from training.data import public_name
from training.run import RunError, RunFolder, load_state
from training.start import reopen


def average_nets(runs: list[RunFolder], *, newest: bool, rest: Weights | None = None) -> Weights:
    """Return the averaged nets of one run, or of several that trained different LAPGAN levels, in full precision.

    Args:
        newest: take the newest checkpoints, not those whose score, which knows no labels, is best.
        rest: where the levels come from that none of the runs trained, as they are there.

    Returns:
        Weights named and placed as the first run's folder, with `training` in their metrics: of each run its `request`,
        `settings`, `step` of the checkpoint, `minutes`, `cpu_minutes` and version of `torch`.

    Raises:
        RunError: a run without checkpoint, or runs that do not fit together, or the rest, or that lack a level.
    """
    if not runs:
        raise RunError("Name at least one run folder to ship.")
    requests, records = [reopen(run) for run in runs], [read_json(run.path / "run.json") for run in runs]
    kind, config = requests[0].model, records[0]["config"]
    for what in ("config", "data_digest"):
        if any(record[what] != records[0][what] for record in records):
            raise RunError(f"These runs differ in {what}, so they do not fit together; name runs of one {what}.")
    shape = config_from_dict(kind, config)
    model = build(kind, shape, adversary=False)
    wanted, history = model.state_dict().keys(), []
    found: dict[str, torch.Tensor] = {}
    for run, request, record in zip(runs, requests, records, strict=True):
        path = run.checkpoints / "best.safetensors"
        if newest or not path.exists():
            path = run.checkpoint_path((run.checkpoint_steps() or [0])[-1])
        if not path.exists():
            raise RunError(f"{run.path} holds no checkpoint yet.")
        state = load_state(path)
        prefixes = tuple(f"generators.{level}." for level in request.levels) or ("",)
        average = {key.removeprefix("average/"): t for key, t in state.tensors.items() if key.startswith("average/")}
        average = {key: tensor for key, tensor in average.items() if key in wanted and key.startswith(prefixes)}
        if found.keys() & average.keys():
            raise RunError(f"{run.path} trained what another of these runs trained as well; name one run a level.")
        found |= average
        history.append(
            {
                "request": {**asdict(request), "data": public_name(request.data)},
                "settings": record["settings"],
                "step": state.step,
                "minutes": round(state.meta["seconds"] / 60, 1),
                "cpu_minutes": round(state.meta["cpu_seconds"] / 60, 1),
                "torch": record["torch"],
            }
        )
    if rest:
        if (rest.kind, rest.config) != (kind, shape):
            raise RunError(f"{rest.name} has another config than these runs; name weights of the same nets.")
        trained = {level for request in requests for level in request.levels}
        for old in rest.metrics.get("training", []):
            levels = old["request"]["levels"]  # none named: all of them
            if not levels or set(levels) - trained:
                history.append(old)
        history.sort(key=lambda entry: list(entry["request"]["levels"]))
        found = {**rest.model.state_dict(), **found}
    lacking = sorted({".".join(key.split(".")[:2]) for key in wanted - found.keys()})
    if lacking:
        raise RunError(f"No run here trained {', '.join(lacking)}; name the runs of those levels as well.")
    model.load_state_dict(found, strict=True)
    path = runs[0].path
    return Weights(path.name, kind, shape, model.eval().requires_grad_(False), path, {"training": history})


def run_or_weights(path: Path, *, newest: bool = False) -> Weights:
    """Load the averaged nets of a run folder, or a weights folder.

    Args:
        newest: of a run, take the newest checkpoint, not the best.

    Raises:
        RunError: a run without checkpoint.
        CheckpointError: neither of both.
    """
    if (path / "run.json").is_file():
        return average_nets([RunFolder(path)], newest=newest)
    return load_weights(path)
