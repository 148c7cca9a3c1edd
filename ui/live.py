"""The browser's own engine in a tab: what it is told, and the component that carries it (ui/web/live.js)."""

import json
from typing import Any

import gradio as gr

from models.checkpoint import CheckpointError
from ui import inference
from ui.canvas import component
from ui.engine_files import exported, runtime

TEXT = {
    "loading": "Drawn on the server; your browser is getting ready …",
    "browser": "⚡ Drawn in your browser{time}",
    "server": "☁ Drawn on the server",
    "took": " · {ms} ms",
    "to_server": "Let the server draw instead",
    "to_browser": "Let this browser draw instead",
    "failed": "This browser cannot draw: {reason}",
    "absent": "these weights have not been exported for the browser",
}


# Of these kinds the page needs some nets only when they are first run.
AT_ONCE = {"bigan": ["generator"]}


def engine(module: str, mount: str, value: str, *, elem_id: str) -> gr.HTML:
    """Make a tab's engine; its value is `told(...)`, and `engine.ask(handler)` fires where the server has to draw.

    The handler's first parameter is `event: gr.EventData`; its data hold `what` is asked and the `controls`.
    """
    return component(module, mount, value, elem_id, "gs-engine")


def told(model: str, config: dict[str, Any]) -> str:
    """Say to the engine which nets there are, those to open at once, and what its scenes need."""
    try:
        nets = exported(model)
    except CheckpointError:
        nets = None
    first = AT_ONCE.get(inference.weights(model).kind) or list(nets["golden"]["nets"] if nets else ())
    return json.dumps({"runtime": runtime(), "model": nets, "first": first, "config": config, "texts": TEXT})


def ask(tab: str, what: str) -> str:
    """Return the JavaScript of an event that hands its inputs to a tab's engine, or keeps them until it is there."""
    return (
        "(...controls) => { const page = (window.ganscope ??= {}); "
        f'if (page.{tab}) page.{tab}("{what}", controls); else (page.early ??= {{}}).{tab} = ["{what}", controls]; '
        "return []; }"
    )


def late(tab: str) -> str:
    """Return the JavaScript after an answer of the server: the tab's engine may have drawn what is newer meanwhile."""
    return f"() => {{ window.ganscope?.late?.{tab}?.(); return []; }}"
