"""Calls of the public API over HTTP, as its documentation shows them; and which parameters make test takes."""

import io
import json

import httpx
import numpy as np
import pytest
from PIL import Image


def first(values):
    """Parametrise by the first of some values, and by the others in `make broad` only."""
    one, *others = (value if isinstance(value, tuple) else (value,) for value in values)
    return [pytest.param(*one), *(pytest.param(*other, marks=pytest.mark.broad) for other in others)]


def call(app, name, **arguments):
    """Call an endpoint with named arguments; return the kind and the data of its last event."""
    with httpx.Client(base_url=app, timeout=60) as client:
        event = client.post(f"/gradio_api/call/v2/{name}", json=arguments).json()["event_id"]
        lines = [line for line in client.get(f"/gradio_api/call/{name}/{event}").text.splitlines() if line]
    kind, data = (line.split(": ", 1)[1] for line in lines[-2:])
    return kind, json.loads(data)


def picture(app, name, **arguments):
    """Call an endpoint that answers a picture; return its pixels."""
    kind, data = call(app, name, **arguments)
    assert kind == "complete", data
    content = httpx.get(data[0]["url"], timeout=60).content
    assert content.startswith(b"\x89PNG")
    return np.asarray(Image.open(io.BytesIO(content)))
