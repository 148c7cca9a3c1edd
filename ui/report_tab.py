"""The report tab: every measured figure beside its paper's and the baselines', and samples side by side at one seed.

The figures are those of report.json, which `python -m training report` writes beside the weights; the table is made in
ui/web/report.js.
"""

import functools
import json
from pathlib import Path

import gradio as gr
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from torch import Tensor

from models.checkpoint import CheckpointError, load_weights, read_json
from models.samples import draw_samples
from ui import images, inference
from ui.canvas import component, notice
from ui.settings import settings

TEXT = {
    "id": "report",
    "tab": "Report",
    "title": "What is claimed, and what is measured",
    "intro": (
        "Every figure of the weights on this page, beside what the papers have and what a baseline reaches. "
        "**Choose a figure to see what it is, and the command that computes it again.**"
    ),
    "missing": "There are no figures beside these weights: run `python -m training report`.",
    "failed": "The figures cannot be fetched; load the page anew.",
    "none": "There are no weights called {name!r} in the report.",
    "busy": "The server is busy; load the page anew in a moment.",
    "weights": "Weights",
    "every": "Every one",
    "all": "Baselines, classifiers and lesser figures, too",
    "table": "Figures; a heading sorts by its column",
    "figure": "Figure",
    "in_paper": "Paper",
    "here": "Here",
    "baseline": "Baseline",
    "nothing": "–",
    "count": "Test pictures or samples",
    "seed": "Seed of the training",
    "date": "Measured on",
    "command": "Command",
    "json": "All figures of these weights as JSON",
    "close": "Close",
    "samples": "Samples at one seed",
    "samples_hint": "Ten pictures of each, drawn now from seed {seed} on, with classes or categories in turn.",
    "sample_alt": "Ten samples of {name}",
    "experiments": "The papers' tables and figures, made again",
    "experiments_hint": "Each compares several trainings; what was done stands above it, the command below.",
    "experiment_told": "From {n} pictures each, measured on {date}.",
    "experiment_json": "All figures of this experiment as JSON",
    "no_experiment": "There is no such file among the experiments.",
}
SEED, COUNT, COLUMNS = 42, 10, 5
HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


def build() -> None:
    """Lay the tab out inside the current `gr.Tab`."""
    gr.Markdown(f"## {TEXT['title']}\n\n{TEXT['intro']}", elem_classes=["gs-intro", "gs-report-intro"])
    if not _file().is_file():
        notice(TEXT["missing"])
        return
    component("report.js", "mountReport", json.dumps({"texts": TEXT, "seed": SEED}), "report", "gs-report")


def routes() -> list[Route]:
    """Return the routes of the figures and the samples; Starlette runs these functions in threads."""
    return [
        Route("/report/figures.json", figures),
        Route("/report/experiments/{file}", experiment),
        Route("/report/{name}/metrics.json", metrics),
        Route("/report/{name}/sample.png", sample),
    ]


def figures(_: Request) -> Response:
    """Answer GET /report/figures.json: what the table shows."""
    if not _file().is_file():
        return PlainTextResponse(TEXT["missing"], status_code=404, headers=HEADERS)
    return FileResponse(_file(), media_type="application/json", headers=HEADERS)


def metrics(request: Request) -> Response:
    """Answer GET /report/NAME/metrics.json: all that is known of these weights' figures and training."""
    name = request.path_params["name"]
    if name not in _kinds():
        return PlainTextResponse(TEXT["none"].format(name=name), status_code=404, headers=HEADERS)
    return FileResponse(settings().weights_dir / name / "metrics.json", media_type="application/json", headers=HEADERS)


def sample(request: Request) -> Response:
    """Answer GET /report/NAME/sample.png: ten samples from one seed."""
    name = request.path_params["name"]
    folder = settings().weights_dir / name
    if _kinds().get(name, "classifier") == "classifier":
        return PlainTextResponse(TEXT["none"].format(name=name), status_code=404, headers=HEADERS)
    try:
        changed = (folder / "model.safetensors").stat().st_mtime_ns
        return Response(_sheet(name, changed), media_type="image/png", headers=HEADERS)
    except (CheckpointError, OSError):
        return PlainTextResponse(TEXT["none"].format(name=name), status_code=404, headers=HEADERS)
    except gr.Error:
        return PlainTextResponse(TEXT["busy"], status_code=503, headers=HEADERS)


def experiment(request: Request) -> Response:
    """Answer GET /report/experiments/FILE: an experiment's figures as JSON, or one of its pictures."""
    file, folder = request.path_params["file"], settings().weights_dir / "experiments"
    if file not in _experiment_files() or not (folder / file).is_file():
        return PlainTextResponse(TEXT["no_experiment"], status_code=404, headers=HEADERS)
    return FileResponse(folder / file, headers=HEADERS)


def _file() -> Path:
    return settings().weights_dir / "report.json"


def _kinds() -> dict[str, str]:
    """Return the kind of each of the weights in the report."""
    try:
        return {entry["name"]: entry["kind"] for entry in read_json(_file())["weights"]}
    except CheckpointError:
        return {}


def _experiment_files() -> set[str]:
    """Return the names of what may be given of the experiments: their JSON files and pictures."""
    try:
        made = read_json(_file())["experiments"]
    except CheckpointError:
        return set()
    return {f"{one['name']}.json" for one in made} | {picture["file"] for one in made for picture in one["pictures"]}


@functools.lru_cache(maxsize=32)
def _sheet(name: str, _changed: int) -> bytes:
    return images.png_bytes(images.to_png(images.grid(_drawn(name), COLUMNS)))


@inference.device_call
def _drawn(name: str) -> Tensor:
    # Plain GANs are measured against only: no tab keeps them loaded.
    plain = _kinds()[name] == "gan"
    found = load_weights(settings().weights_dir / name, inference.device()) if plain else inference.weights(name)
    return draw_samples(found, range(SEED, SEED + COUNT)).cpu()
