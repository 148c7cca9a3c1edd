"""The list of keys behind "?" (ui/web/keyboard.js); what they do is in ui/web/keys.js."""

import json

from ui.canvas import component

TEXT = {
    "open": "Keyboard",
    "title": "Keyboard",
    "close": "Close",
    "on": "Single keys act on the open tab",
    "new": "Another seed; in BiGAN another example",
    "neighbours": "The seed before and the one after; in BiGAN the example",
    "category": "The category, class or example of that number",
    "first": "First code down and up; in LAPGAN the finest detail",
    "second": "Second code down and up; in LAPGAN the detail before it",
    "play": "Play or stop the walk; in LAPGAN watch it grow",
    "save": "Save the picture as PNG",
    "film": "Save the walk as GIF",
    "link": "Copy a link to what is shown",
    "theme": "Light or dark",
    "help": "This list",
}
KEYS = {
    "new": ["R"],
    "neighbours": ["←", "→"],
    "category": ["0 – 9"],
    "first": ["[", "]"],
    "second": [";", "'"],
    "play": ["Space"],
    "save": ["S"],
    "film": ["G"],
    "link": ["L"],
    "theme": ["D"],
    "help": ["?"],
}


def build() -> None:
    """Put the keys and their list into the page."""
    value = {"texts": TEXT, "keys": [[names, TEXT[key]] for key, names in KEYS.items()]}
    component("keyboard.js", "mountKeyboard", json.dumps(value), "gs-keyboard", "gs-behaviour")
