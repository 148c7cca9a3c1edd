"""The Train tab, "watch one learn": what is on show, and what may be done with it."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from training.jobs import Queue
from training.runs import QueueError, Run, read_run
from ui import inference, train_compare, train_start
from ui import train_runs as runs
from ui.canvas import NOW, PRIVATE, component, intro, notice
from ui.shelf import Shelf, menu, refreshed
from ui.train_texts import MODELS, TEXT

ACTIONS = ("pause", "go_on", "stop", "resume", "use", "download", "control", "remove")
_TO_COMPARE = "() => document.querySelector('#train-compare')?.scrollIntoView({block: 'center'})"
_SAVE = "() => document.querySelector('#train-file')?.click()"


def build(demo: gr.Blocks, tabs: gr.Tabs, shelves: Sequence[Shelf]) -> None:
    """Lay the tab out inside the current `gr.Tab`.

    Args:
        demo: the page, whose load brings the menus up to date.
        tabs: all tabs, to switch to the one of a model.
        shelves: the menus of weights of the other tabs.
    """
    trains = inference.settings().trains
    key = runs.first_key()
    with gr.Row(elem_classes="gs-bench gs-train"):
        with gr.Column(elem_classes="gs-stage"):
            film = component("film.js", "mountFilm", runs.film_value(key), "train-film", "gs-film", texts=TEXT["film"])
        with gr.Column(elem_classes="gs-controls"):
            intro(TEXT)
            token = gr.Textbox(
                label=TEXT["token"], type="password", visible=bool(trains and inference.settings().training_token),
                elem_id="train-token", elem_classes="gs-card",
            )  # fmt: skip
            wirings: list[tuple[Callable, list]] = []
            if trains:
                train_start.build(token, lambda listen, what: wirings.append((listen, what)))
            with gr.Column(elem_classes="gs-card"):
                watch = gr.Dropdown(
                    runs.choices(), value=key or None, label=TEXT["watch"], filterable=False, elem_id="train-watch"
                )
                facts = component("facts.js", "mountFacts", runs.film_value(key), "train-facts", "gs-told")
                with gr.Row(elem_classes="gs-line gs-actions", visible=trains):
                    buttons = {
                        name: gr.Button(
                            TEXT[name], min_width=100, visible=False, elem_id=f"train-{name.replace('_', '-')}",
                            variant="primary" if name == "use" else "secondary",
                        )
                        for name in ACTIONS
                    }  # fmt: skip
                    sure = gr.Button(TEXT["sure"], min_width=100, visible=False, variant="stop", elem_id="train-sure")
                file = gr.DownloadButton(elem_id="train-file", elem_classes="gs-behaviour")
                curves = component(
                    "curves.js", "mountCurves", runs.curves_value([key] if key else []), "train-curves", "gs-lines",
                    texts=TEXT["curves"],
                )  # fmt: skip
                if not key:
                    notice(TEXT["nothing"])
            if not trains:
                gr.Markdown(TEXT["off_hint"], elem_classes="gs-hint")
            compare, *compared = train_compare.build(token, watch)

    shown = [film, facts, curves, *buttons.values(), sure]
    everything = [watch, compare, *shown]

    for listen, (function, inputs) in wirings:
        fresh = gr.State("")
        listen(function, inputs, fresh, **PRIVATE).success(_show_new, fresh, everything, **NOW)
    watch.input(_show, watch, shown, **NOW)
    facts.news(_news, watch, [watch, compare, *buttons.values(), sure], **NOW)
    demo.load(_load(shelves), watch, [*everything, *(shelf.model for shelf in shelves)], **NOW)
    if not trains:
        return
    for name in ("pause", "go_on", "stop", "resume"):
        buttons[name].click(_act(name), [token, watch], everything, **PRIVATE)
    buttons["remove"].click(lambda: gr.update(visible=True), None, sure, **NOW)
    sure.click(_remove, [token, watch], everything, **PRIVATE)
    buttons["download"].click(_pack, [token, watch], file, **PRIVATE).success(None, js=_SAVE, **NOW)
    event = buttons["control"].click(_control, [token, watch], [watch, compare, *compared], **PRIVATE)
    event.success(None, js=_TO_COMPARE, **NOW)
    chosen = gr.State("")
    menus = [shelf.model for shelf in shelves]
    used = buttons["use"].click(_use(shelves), [token, watch], [chosen, *menus], **PRIVATE)
    used = used.success(_turn, chosen, tabs, **NOW).then(None, js="() => scrollTo(0, 0)", **NOW)
    for shelf in shelves:
        used = shelf.follow(used, chosen)


def _load(shelves: Sequence[Shelf]) -> Callable:
    """Make what brings a page that is opened up to date; the first page starts the queue."""

    def load(key: str | None) -> tuple:
        runs.started()
        first = runs.first_key()
        return *_show_new(first if first.startswith("runs/") or not key else key), *refreshed(shelves)

    return load


def _show_new(key: str) -> tuple:
    choices = runs.choices()
    known = [name for _, name in choices]
    key = key if key in known else (known[0] if known else "")
    return (
        gr.update(choices=choices, value=key or None),
        gr.update(choices=choices),
        *_show(key),
    )


def _show(key: str) -> tuple:
    value = runs.film_value(key)
    return value, value, runs.curves_value([key] if key else []), *_actions(key)


def _news(key: str) -> tuple:
    """Follow what a run does: the menus name its state, and the buttons suit it."""
    choices = runs.choices()
    return gr.update(choices=choices), gr.update(choices=choices), *_actions(key)


def _actions(key: str | None) -> list[dict]:
    run = None
    if key and key.startswith("runs/"):
        try:
            run = read_run(inference.settings().runs_dir, key.removeprefix("runs/"))
        except QueueError:
            run = None
    return [*(gr.update(visible=fits) for fits in possible(run).values()), gr.update(visible=False)]


def possible(run: Run | None) -> dict[str, bool]:
    """Say for each action whether a run can have it done to it."""
    if run is None or not inference.settings().trains:
        return dict.fromkeys(ACTIONS, False)
    running, drawn = run.state == "running", bool(run.measured) or run.step > 0
    return {
        "pause": running and not run.paused,
        "go_on": running and run.paused,
        "stop": run.state in ("running", "queued"),
        "resume": run.resumable,
        "use": drawn and run.model in inference.DEFAULTS,
        "download": drawn,
        "control": run.model == "infogan" and not run.control,
        "remove": not running,
    }


def _name(key: str | None) -> str:
    if not key or not key.startswith("runs/"):
        raise gr.Error(TEXT["not_a_run"], print_exception=False)
    return key.removeprefix("runs/")


def told(function: Callable) -> Callable:
    """Decorate what acts on the run on show: what the queue refuses reaches the visitor as its sentence."""

    def checked(token: str, key: str, *rest: Any) -> object:
        queue = runs.allow(token)
        try:
            return function(queue, _name(key), *rest)
        except QueueError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return checked


def _act(action: str) -> Callable:
    order = {"pause": "pause", "go_on": "go_on", "stop": "cancel", "resume": "resume"}[action]

    @told
    def act(queue: Queue, name: str) -> tuple:
        getattr(queue, order)(name)
        return _show_new(f"runs/{name}")

    return act


@told
def _control(queue: Queue, name: str) -> tuple:
    """Queue a run's control, and put both into the comparison."""
    control = queue.submit(queue.job(name).control())
    gr.Info(TEXT["controlled"].format(name=control))
    choices, keys = runs.choices(), [f"runs/{name}", f"runs/{control}"]
    return gr.update(choices=choices), gr.update(choices=choices, value=keys), *train_compare.shown(keys)


@told
def _remove(queue: Queue, name: str) -> tuple:
    queue.remove(name)
    return _show_new(runs.first_key())


@told
def _pack(queue: Queue, name: str) -> str:
    """Ship a run's newest checkpoint and pack its folder; return the .zip."""
    weights = queue.ship(name)
    folder = Path(tempfile.gettempdir()) / "ganscope-downloads"
    folder.mkdir(exist_ok=True)
    return shutil.make_archive(str(folder / weights.name), "zip", weights.parent, weights.name)


def _use(shelves: Sequence[Shelf]) -> Callable:
    """Make what ships a run's newest checkpoint and chooses it in the menu of its model's tab."""

    @told
    def use(queue: Queue, name: str) -> tuple:
        kind = queue.job(name).model
        if kind not in inference.DEFAULTS:
            raise QueueError(TEXT["no_tab"].format(model=MODELS[kind]))
        weights = queue.ship(name).name
        inference.forget(weights)
        gr.Info(TEXT["used"].format(name=weights, tab=MODELS[kind]))
        menus = [menu(shelf.kind, weights if shelf.kind == kind else None) for shelf in shelves]
        return kind, *menus

    return use


def _turn(kind: str) -> gr.Tabs:
    return gr.Tabs(selected=kind)
