"""Keep a run small: its curves, a few of its sample grids as a film, and a word on how it went.

recording.json      what was asked for, curves of at most 300 points, measures, and a note
step-000200.webp    a sample grid; at most twelve
"""

import io
import json
from dataclasses import asdict
from pathlib import Path

import tyro
from PIL import Image

from models.checkpoint import read_json, write_durably
from training.data import public_name
from training.run import RunError, RunFolder
from training.start import reopen
from training.tails import shortened

MOST_RECORDS = 300
MOST_FRAMES = 12
DIGITS = 4
COLOUR_QUALITY = 80  # greys stay exact; colours cost five times as much when they do


def record(run: RunFolder, to: Path, note: str) -> Path:
    """Write a recording of a run; frames of another recording that lay there are removed.

    Samples that show photographs are left out, so that only the curves stay of LAPGAN levels that were grown on real
    coarse pictures, and of a BiGAN of natural images.

    Raises:
        RunError: it has no samples or metrics yet.
    """
    request, asked = reopen(run), read_json(run.path / "run.json")
    frames, records = sorted(run.samples.glob("step-*.png")), run.read_metrics()
    if not frames or not records:
        raise RunError(f"{run.path} has no samples and metrics yet; record it when it has.")
    to.mkdir(parents=True, exist_ok=True)
    for old in to.glob("step-*.webp"):
        old.unlink()
    kept = [] if shows_data(request.model, request.levels, asked["config"]) else thin(frames, MOST_FRAMES)
    for frame in kept:
        write_durably(to / f"{frame.stem}.webp", shrink(frame))
    recording = {
        "note": note,
        "request": {**asdict(request), "data": public_name(request.data)},
        "config": asked["config"],
        "settings": asked["settings"],
        "status": {key: value for key, value in run.status().items() if key in ("state", "step", "reason", "device")},
        "records": [shortened(entry, DIGITS) for entry in thin(records, MOST_RECORDS)],
        "measures": [shortened(entry, DIGITS) for entry in thin(run.read_measures(), MOST_RECORDS)],
        "samples": [f"{frame.stem}.webp" for frame in kept],
    }
    write_durably(to / "recording.json", (json.dumps(recording, separators=(",", ":")) + "\n").encode())
    return to


def shows_data(model: str, levels: tuple[int, ...], config: dict) -> bool:
    """Tell whether a run's samples show real pictures: LAPGAN levels without the coarsest, BiGAN's in colour."""
    if model == "bigan":
        return config["channels"] == 3
    return bool(levels) and len(config["image_sizes"]) - 1 not in levels


def thin(items: list, most: int) -> list:
    """Keep at most so many, evenly, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def shrink(frame: Path) -> bytes:
    """Return a sample grid as WebP: greys exactly in their own pixels, colours nearly and twice as large."""
    with Image.open(frame) as file:
        picture = file.convert("RGB")
    grey = picture.convert("L")
    data = io.BytesIO()
    if grey.convert("RGB").tobytes() != picture.tobytes():
        picture.save(data, "WEBP", quality=COLOUR_QUALITY, method=6)
        return data.getvalue()
    half = grey.resize((grey.width // 2, grey.height // 2), Image.Resampling.NEAREST)
    exact = half.resize(grey.size, Image.Resampling.NEAREST).tobytes() == grey.tobytes()  # grids are enlarged twice
    (half if exact else grey).convert("RGB").save(data, "WEBP", lossless=True, quality=100, method=6)
    return data.getvalue()


def record_command(run: tyro.conf.Positional[Path], /, to: Path, note: str = "") -> None:
    """Keep a run's curves and a few of its samples, small, to be replayed in the page.

    Args:
        run: run folder.
        to: folder of the recording, for instance weights/infogan-mnist/recording.
        note: what is to be seen in it.
    """
    print(record(RunFolder(run), to, note))
