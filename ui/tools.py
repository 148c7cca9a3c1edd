"""The row under a stage: a link to what is shown, exports, a walk, the states seen last (ui/web/tools.js)."""

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr

from ui import inference
from ui.canvas import NOW, component
from ui.engine_files import encoder
from ui.shelf import Shelf

TEXT = {
    "copy": "Copy link",
    "copied": "Copied",
    "not_copied": "Not allowed here",
    "past": "What you have seen",
    "star": "Keep this one in this browser",
    "unstar": "Do not keep this one",
    "state": "Go back to state {number}",
    "kept_state": "Go to kept state {number}",
    "export": "Export",
    "walk": "Walk",
    "walk_server": "Walks are drawn by your browser, and at present the server draws.",
    "walk_k": "Round the classes",
    "walk_s": "To another seed",
    "walk_g": "Detail up and down",
    "walk_to": "Seed",
    "speed": "Speed",
    "play": "Play",
    "stop": "Stop",
    "working": "Drawing …",
    "failed": "That did not work:",
    "to_png": "PNG",
    "to_png8": "PNG × 8",
    "to_grid": "Walk as grid",
    "to_gif": "Walk as GIF",
    "to_webm": "Walk as WebM",
    "to_npy": "Code (.npy)",
    "to_json": "Recipe (.json)",
    "to_python": "Copy Python",
    "to_curl": "Copy curl",
}


def tools(kind: str, start: Sequence[Any], config: dict[str, Any]) -> gr.HTML:
    """Make the row of a tab, inside its stage's column.

    Args:
        kind: of the weights, which is also the tab's id.
        start: the values of the controls at first, in the order that `TABS` of ui/web/session.js reads.
        config: what the browser's engine is told of the first weights.
    """
    value = {
        "kind": kind,
        "start": list(start),
        "weights": inference.names(kind),
        "config": {key: config[key] for key in ("names", "sizes", "code_names") if key in config},
        "space": inference.settings().space_id,
        "gifenc": encoder(),
        "texts": TEXT,
    }
    return component("tools.js", "mountTools", json.dumps(value), f"{kind}-tools", "gs-under-stage")


def note(kind: str, controls: Sequence[gr.components.Component]) -> None:
    """Let the row know of every change of a tab's controls; nothing is asked of the server."""
    js = f"(...controls) => {{ window.ganscope?.noted?.{kind}?.(controls); return []; }}"
    changes = [control.change for control in controls]  # type: ignore[attr-defined]  # every control has it
    gr.on(changes, None, list(controls), None, js=js, **NOW)


def options(kind: str, controls: Sequence[gr.components.Component]) -> None:
    """Let the tab's own engine know of controls that no link holds, also when it is not they that call it."""
    js = f"(...held) => {{ ((window.ganscope ??= {{}}).options ??= {{}}).{kind} = held; return []; }}"
    changes = [control.change for control in controls]  # type: ignore[attr-defined]  # every control has it
    gr.on(changes, None, list(controls), None, js=js, **NOW)


def bring(kind: str, row: gr.HTML, controls: Sequence[gr.components.Component]) -> gr.events.Dependency:
    """Let the row know of a tab's controls, the menu of weights first, and set the others; draw after it."""
    note(kind, controls)
    return row.bring(None, None, list(controls[1:]), js=f"() => window.ganscope.brought.{kind}()", **NOW)


def wire(row: gr.HTML, shelf: Shelf) -> None:
    """Let a tab follow its menu of weights, and the row choose other weights there before it sets the controls."""
    shelf.wire()
    event = row.ask(None, None, shelf.model, js=f"() => window.ganscope.wanted.{shelf.kind}()", **NOW)
    shelf.after(event.then).then(None, js=f"() => window.ganscope.again.{shelf.kind}()", **NOW)
