"""The public calls, told to visitors: what each does, its arguments, and words to copy (ui/web/api.js)."""

import importlib.metadata
import inspect
import json
import re
from collections.abc import Callable
from typing import Any

from ui import bigan_tab, inference, infogan_tab, lapgan_tab
from ui.canvas import component

TEXT = {
    "link": "API",
    "title": "API",
    "close": "Close",
    "intro": (
        "What this page shows a program can ask for, too: the same numbers give the same picture. "
        "What a call leaves out has the value given here."
    ),
    "mcp": "These calls are also tools for assistants that speak MCP, at {address}.",
    "language": "Language",
    "python": "Python",
    "curl": "curl",
    "javascript": "JavaScript",
    "copy": "Copy",
    "copied": "Copied",
    "not_copied": "Not allowed here",
    "returns": "Answer",
}
FUNCTIONS = (
    lapgan_tab.lapgan_generate,
    lapgan_tab.lapgan_refine,
    infogan_tab.infogan_generate,
    infogan_tab.infogan_sweep,
    infogan_tab.infogan_infer,
    bigan_tab.bigan_reconstruct,
    bigan_tab.bigan_encode,
    bigan_tab.bigan_decode,
    bigan_tab.bigan_interpolate,
)
# In the words to copy, instead of nothing: what shows the form of such an argument.
EXAMPLES = {"level_seeds": [30, 31, 32, 33], "gains": [1, 1.5, 1, 0.5]}


def documented(function: Callable) -> dict[str, Any]:
    """Read a function's docstring: `summary`, `returns`, and of each argument `name`, `default` and `text`."""
    parts = re.split(r"\n\n?(?:Args|Returns):\n", inspect.getdoc(function) or "")
    texts = dict(re.findall(r"^    (\w+): (.+?)(?=\n    \w+: |\Z)", parts[1], re.MULTILINE | re.DOTALL))
    return {
        "name": function.__name__,
        "summary": parts[0],
        "returns": _line(parts[2]),
        "arguments": [
            {"name": name, "default": parameter.default, "text": _line(texts[name])}
            for name, parameter in inspect.signature(function).parameters.items()
        ],
    }


def speaks_mcp() -> bool:
    """Tell whether the package of requirements-mcp.txt is there, so that the calls are MCP tools, too.

    Gradio speaks the protocol with version 1 of that package; any other is as good as none.
    """
    try:
        return importlib.metadata.version("mcp").split(".")[0] == "1"
    except importlib.metadata.PackageNotFoundError:
        return False


def build() -> None:
    """Put the dialog into the page; a link to #api opens it."""
    value = {
        "texts": TEXT,
        "functions": [documented(function) for function in FUNCTIONS],
        "examples": EXAMPLES,
        "space": inference.settings().space_id,
        "mcp": speaks_mcp(),
    }
    component("api.js", "mountApi", json.dumps(value), "gs-api", "gs-behaviour")


def _line(text: str) -> str:
    line = " ".join(text.replace("`", "").split())
    return line[:1].upper() + line[1:]
