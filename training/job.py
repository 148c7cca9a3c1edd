"""What a run is asked to be, as the queue keeps it and as the words of the one command that trains."""

from dataclasses import dataclass, replace
from pathlib import Path

from models.checkpoint import CheckpointError, read_json
from training.runs import CONTROL, QueueError


@dataclass(frozen=True)
class Job:
    """What `python -m training train` is asked for, see there; kept in job.json.

    Attributes:
        device: as resolved when it was asked for, so that the queue knows what it occupies.
        created: Unix time in seconds.
    """

    model: str
    data: str
    device: str
    preset: str = "modern"
    seed: int = 0
    only_class: str | None = None
    steps: int | None = None
    minutes: float | None = None
    levels: tuple[int, ...] = ()
    image_size: int | None = None
    channels: int | None = None
    overrides: tuple[str, ...] = ()
    data_root: str | None = None
    save_seconds: float = 15.0
    created: float = 0.0

    def words(self, run_dir: Path) -> list[str]:
        """Return the words of the command line that trains this, or goes on with it."""
        words = ["train", self.model, "--data", self.data, "--preset", self.preset, "--seed", str(self.seed)]
        for name in ("only_class", "steps", "minutes", "image_size", "channels", "data_root", "save_seconds"):
            value = getattr(self, name)
            words += [] if value is None else [f"--{name.replace('_', '-')}", str(value)]
        words += ["--levels", *map(str, self.levels)] if self.levels else []
        words += ["--set", *self.overrides] if self.overrides else []
        return [*words, "--device", self.device, "--run-dir", str(run_dir), "--resume"]

    def stem(self) -> str:
        """Return the beginning of a name for its run, of small letters, digits and hyphens; a control says so."""
        source = self.data.rpartition("/")[2].removesuffix(".zip") if self.data.startswith("folder:") else self.data
        letters = (c if c.isalnum() and c.isascii() else "-" for c in f"{self.model}-{source}".lower())
        return "".join(letters)[:60].strip("-") + ("-control" if CONTROL in self.overrides else "")

    def control(self) -> "Job":
        """Return the same run with a G that is told nothing of its codes: figure 1 of the InfoGAN paper.

        Raises:
            QueueError: another model, or a control already.
        """
        if self.model != "infogan" or CONTROL in self.overrides:
            raise QueueError("Only a run of an InfoGAN has a control, and a control has none; choose another run.")
        return replace(self, overrides=(*self.overrides, CONTROL))


def read_job(path: Path) -> Job:
    """Read what a run was asked to be from its folder: its job.json, else the request of a run started by hand.

    Raises:
        QueueError: neither can be read.
    """
    try:
        if (path / "job.json").exists():
            noted = read_json(path / "job.json")
        else:
            request, status = path / "run.json", read_json(path / "status.json")
            noted = {**read_json(request)["request"], "created": request.stat().st_mtime}
            noted |= {key: status.get(key) for key in ("steps", "minutes")} | {"device": status.get("device") or "cpu"}
        noted |= {key: tuple(noted.get(key) or ()) for key in ("levels", "overrides")}
        return Job(**noted)
    except (CheckpointError, KeyError, TypeError) as error:
        raise QueueError(f"{path.name} holds no job that can be read ({error}); remove it, start anew.") from error
