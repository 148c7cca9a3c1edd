"""The weights that a tab has to choose from, and how another tab makes it show some of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from ui import inference
from ui.canvas import NOW

Step = tuple[Callable, list, list]


@dataclass(frozen=True)
class Shelf:
    """A tab's menu of weights.

    Attributes:
        kind: of the weights, which is also the tab's id.
        model: the menu.
        steps: what the tab does one after another when other weights are chosen, as (function, inputs, outputs).
    """

    kind: str
    model: gr.Dropdown
    steps: list[Step] = field(default_factory=list)

    def wire(self) -> None:
        """Let the tab follow its own menu."""
        self.after(self.model.input)

    def after(self, listen: Callable) -> gr.events.Dependency:
        """Let the tab do its steps after an event; `listen` is the method that hears of it."""
        for function, inputs, outputs in self.steps:
            event = listen(inference.tell_errors(function), inputs, outputs, **NOW)
            listen = event.then
        return event

    def follow(self, event: gr.events.Dependency, chosen: gr.State) -> gr.events.Dependency:
        """Let the tab follow an event elsewhere, where `chosen` holds its kind after it."""
        for function, inputs, outputs in self.steps:
            event = event.then(_gated(self.kind, function, len(outputs)), [chosen, *inputs], outputs, **NOW)
        return event


def menu(kind: str, chosen: str | None = None) -> dict[str, Any]:
    """Update a menu of weights: all there are now, and which is chosen; None leaves that."""
    names = inference.names(kind)
    choice = {} if chosen is None else {"value": chosen}
    return gr.update(choices=names, visible=len(names) > 1, **choice)


def _gated(kind: str, function: Callable, count: int) -> Callable:
    def gated(chosen: str, *inputs: object) -> object:
        if chosen != kind:
            return gr.skip() if count == 1 else (gr.skip(),) * count
        return inference.tell_errors(function)(*inputs)

    return gated


def refreshed(shelves: Sequence[Shelf]) -> list[dict[str, Any]]:
    """Update the menus of all tabs."""
    return [menu(shelf.kind) for shelf in shelves]
