"""A run folder: the truth about one training run, readable by anyone while it is written.

run.json        what was asked for; written once
status.json     state, step, reason
metrics.jsonl   one line a tick
measures.jsonl  one line a checkpoint: its score, and what its kind is measured by while it trains
log.txt         what the trainer printed
samples/        fixed-latent grids, step-000200.png
checkpoints/    step-000200.safetensors, the last two, and best.safetensors
.lock           held by the trainer while it lives
"""

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from models.checkpoint import read_json, write_durably, write_json
from training.grids import save_grid

KEEP_CHECKPOINTS = 2
SPARE_BYTES = 64 * 2**20
LOCK_PATIENCE_S = 0.5


class RunError(Exception):
    """A run folder that cannot be used as asked; one sentence for people."""


@dataclass(frozen=True)
class State:
    """Everything that resuming needs, from one checkpoint file."""

    step: int
    tensors: dict[str, Tensor]
    meta: dict


class RunFolder:
    """Paths, lock and durable writes of one run."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.checkpoints = self.path / "checkpoints"
        self.samples = self.path / "samples"
        self.metrics = self.path / "metrics.jsonl"
        self.measures = self.path / "measures.jsonl"
        self.facts: dict[str, object] = {}  # of the trainer at work, for status.json

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's lock; the kernel frees it at any death.

        Raises:
            RunError: another trainer holds it.
        """
        for folder in (self.path, self.checkpoints, self.samples):
            folder.mkdir(parents=True, exist_ok=True)
        with open(self.path / ".lock", "a+") as file:
            until = time.monotonic() + LOCK_PATIENCE_S
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        message = f"Another trainer is working in {self.path}; choose another --run-dir."
                        raise RunError(message) from None
                    time.sleep(0.02)  # someone may only be looking whether a trainer lives
            for leftover in self.path.rglob(".*.tmp-*"):
                leftover.unlink(missing_ok=True)
            yield

    def write_status(self, state: str, step: int, reason: str = "") -> None:
        """Record running, done, cancelled, failed or diverged, and the facts of the trainer that says so."""
        status = {"state": state, "step": step, "reason": reason, "pid": os.getpid(), **self.facts}
        write_json(self.path / "status.json", status)

    def status(self) -> dict:
        return read_json(self.path / "status.json") if (self.path / "status.json").exists() else {}

    def log(self, line: str) -> None:
        """Print a line and append it to log.txt."""
        print(line, flush=True)
        with open(self.path / "log.txt", "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def save_sample(self, step: int, images: Tensor, columns: int) -> None:
        """Keep a grid of what the fixed latents give at a step."""
        save_grid(self.samples / f"step-{step:06d}.png", images, columns)

    def append_metrics(self, record: dict) -> None:
        append_record(self.metrics, record)

    def append_measures(self, record: dict) -> None:
        append_record(self.measures, record)

    def read_metrics(self) -> list[dict]:
        """Return the records so far, one a tick."""
        return read_records(self.metrics)

    def read_measures(self) -> list[dict]:
        """Return the records so far, one a checkpoint."""
        return read_records(self.measures)

    def cut_metrics(self, step: int) -> None:
        """Drop records after `step`, so that a resumed run logs each step once."""
        for path in (self.metrics, self.measures):
            kept = [json.dumps(record) + "\n" for record in read_records(path) if record["step"] <= step]
            write_durably(path, "".join(kept).encode())

    def checkpoint_steps(self) -> list[int]:
        """Return the steps that have a checkpoint, oldest first."""
        return sorted(int(path.stem.removeprefix("step-")) for path in self.checkpoints.glob("step-*.safetensors"))

    def checkpoint_path(self, step: int) -> Path:
        return self.checkpoints / f"step-{step:06d}.safetensors"

    def save(self, state: State, *, best: bool) -> None:
        """Write a checkpoint durably, then drop all but the last two and the best.

        Raises:
            OSError: no room for it; the checkpoints before it stay.
        """
        tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in state.tensors.items()}
        payload = save(tensors, metadata={"meta": json.dumps({**state.meta, "step": state.step})})
        free = shutil.disk_usage(self.checkpoints).free
        if free < len(payload) + SPARE_BYTES:
            raise OSError(28, f"No space left: a checkpoint needs {len(payload)} bytes, {free} are free")
        path = self.checkpoint_path(state.step)
        write_durably(path, payload)
        if best:
            self.mark_best(state.step)
        for old in self.checkpoint_steps()[:-KEEP_CHECKPOINTS]:
            self.checkpoint_path(old).unlink()

    def mark_best(self, step: int) -> None:
        """Keep a step's checkpoint as best.safetensors, whatever comes after it."""
        link = self.checkpoints / f".best.tmp-{os.getpid()}"
        link.unlink(missing_ok=True)
        os.link(self.checkpoint_path(step), link)
        os.replace(link, self.checkpoints / "best.safetensors")
        link.unlink(missing_ok=True)  # it stays where both names meant this checkpoint already

    def load_newest(self) -> State | None:
        """Return the newest checkpoint that loads, or None; a bad one is reported and passed over."""
        for step in reversed(self.checkpoint_steps()):
            try:
                return load_state(self.checkpoint_path(step))
            except RunError as error:
                self.log(f"{error} Stepping back one checkpoint.")
        return None


class SilentRun(RunFolder):
    """The folder as the processes beside the first use it: they read what that one alone writes."""

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        yield

    def _nothing(self, *args: object, **options: object) -> None:
        """Leave it to the first process."""

    write_status = log = append_metrics = append_measures = cut_metrics = save = save_sample = mark_best = _nothing


def append_record(path: Path, record: dict) -> None:
    """Append one line of JSON."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def read_records(path: Path) -> list[dict]:
    """Read lines of JSON; one that a kill cut short is left out."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):
            records.append(json.loads(line))
    return records


def load_state(path: Path) -> State:
    """Read one checkpoint file.

    Raises:
        RunError: it is not a whole checkpoint with finite values.
    """
    try:
        with safe_open(path, framework="pt") as file:
            meta = json.loads(file.metadata()["meta"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise RunError(f"{path.name} is not a readable checkpoint: {error}.") from error
    for key, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise RunError(f"{path.name}: {key} is not finite.")
    return State(meta["step"], tensors, meta)
