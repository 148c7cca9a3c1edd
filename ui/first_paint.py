"""What the visitor sees before Gradio has put the page together: a picture at first paint, and an engine under way.

The page's own HTML carries one small picture a tab, drawn as it is built, and what the browser's engine has to open; so
neither waits for the interface.
"""

import json
from collections.abc import Callable

from PIL import Image
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from torch import Tensor

from models.checkpoint import CheckpointError
from ui import bigan_view, images, inference, infogan_view, lapgan_tab, lapgan_view
from ui.canvas import web_version
from ui.infogan_view import Turn
from ui.live import told

SIDE, GAP = 32, 3  # pixels of each picture, and between two; shown four times as large
BASE = '<base href="./" />'
HEAD_BYTES = 1800  # up to Gradio's settings
# Until the first canvas is drawn. A picture behind text needs no description: the canvas that follows has one.
_STYLE = """
body:not(:has(#gs-header))::before {{
  position: fixed; top: 17px; left: var(--gs-edge); padding-left: 33px; content: "Ganscope";
  font: 700 21px/29px "IBM Plex Sans", system-ui, sans-serif; letter-spacing: -0.02em;
  background: 0 50% / 22px no-repeat url("data:image/svg+xml,{mark}");
}}
{waiting}::after {{
  position: fixed; z-index: 60; inset: var(--gs-top) var(--gs-right) auto var(--gs-edge); height: var(--gs-high);
  border-radius: 20px; content: ""; image-rendering: pixelated;
  background: #0b0c0f center / auto min(128px, var(--gs-tall, 20vw)) no-repeat;
}}
/* Where each tab has its stage, so that nothing jumps when the real one is there; what stands below it waits. */
html {{ --gs-edge: max(32px, 50vw - 608px); --gs-right: var(--gs-edge); --gs-top: 267px; --gs-high: 409px; }}
html[data-opens=infogan] {{
  --gs-top: 136px; --gs-high: 586px; --gs-right: calc(100vw - var(--gs-edge) - 507px); --gs-tall: 88px;
}}
html[data-opens=bigan] {{ --gs-top: 292px; --gs-high: 344px; }}
{waiting} :is(.gs-controls, .gs-below, #gs-footer, .wrap:has(> .loading)) {{ visibility: hidden; }}
@media (max-width: 860px) {{
  html {{ --gs-edge: 12px; --gs-top: 112px; --gs-high: 245px; --gs-tall: 15vw; }}
  html[data-opens=infogan] {{ --gs-top: 112px; --gs-high: 264px; --gs-right: 12px; --gs-tall: 15vw; }}
  html[data-opens=bigan] {{ --gs-top: 719px; --gs-high: 549px; }}
  body:not(:has(#gs-header))::before {{ top: 11px; }}
}}
{pictures}
"""
# The mark of the header: four squares, the last one lit.
_MARK = (
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 22 22'%3E%3Cg fill='%23147a69'%3E"
    "%3Crect width='10' height='10' rx='2'/%3E%3Crect x='12' width='10' height='10' rx='2' opacity='.65'/%3E"
    "%3Crect y='12' width='10' height='10' rx='2' opacity='.4'/%3E%3C/g%3E"
    "%3Crect x='12' y='12' width='10' height='10' rx='2' fill='%23ffb854'/%3E%3C/svg%3E"
)
_OPENS = 'document.documentElement.dataset.opens = new URLSearchParams(location.search).get("m") ?? "lapgan";'


def head() -> str:
    """Return the style with the pictures, what says which tab opens, and what opens that tab's nets at once."""
    pictures, nets = {}, {}
    for kind, draw in _DRAW.items():
        name = inference.DEFAULTS[kind]
        try:
            pictures[kind] = images.data_url(_row(draw(name)))
            nets[kind] = json.loads(told(name, {}))
        except CheckpointError:
            continue
    opens = ", ".join(f"[data-opens={kind}]" for kind in pictures)  # a tab without weights has no stage to wait for
    rules = (
        f"html[data-opens={kind}] body:not(:has(.gs-root[data-drawn]))::after {{ background-image: url({address}); }}"
        for kind, address in pictures.items()
    )
    waiting = f"html:is({opens}) body:not(:has(.gs-root[data-drawn]))"
    style = _STYLE.format(mark=_MARK, waiting=waiting, pictures="\n".join(rules))
    said = json.dumps(nets).replace("<", "\\u003c")
    return (
        f"<script>{_OPENS}</script><style>{style}</style>"
        f'<script type="application/json" id="gs-early">{said}</script>'
        # Not a module script, which would wait for Gradio's.
        f'<script>import(new URL("web/{web_version()}/early.js", document.baseURI))</script>'
    )


class FirstPaint:
    """ASGI middleware: put `head` into the page's own HTML, and send that compressed.

    Gradio adds its `head` only once its scripts run, and compresses files only: of the page's 0.8 MB a quarter remains.
    """

    def __init__(self, app: ASGIApp, *, head: str, title: str, description: str) -> None:
        self.app, self.compressed = app, GZipMiddleware(self._page, compresslevel=6)
        self.changes = {
            BASE: BASE + head,
            'content="Gradio"': f'content="{title}"',
            'content="Click to try out the app!"': f'content="{description}"',
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the page; hand every other on."""
        page = scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) in ("", "/")
        await (self.compressed if page else self.app)(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {}
        parts: list[bytes] = []

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(parts)
            if start["status"] == 200 and body:
                # What comes first in the HTML is the head; what a visitor may have written stands far below.
                top, rest = body[:HEAD_BYTES].decode(errors="surrogateescape"), body[HEAD_BYTES:]
                for old, new in self.changes.items():
                    top = top.replace(old, new)
                body = top.encode(errors="surrogateescape") + rest
                headers = MutableHeaders(raw=start["headers"])
                headers["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, hold)


def _pyramid(name: str) -> list[Tensor]:
    return [stage.image[0] for stage in lapgan_view.grow([lapgan_tab.first(name)])]


def _categories(name: str) -> list[Tensor]:
    return list(infogan_view.draw([Turn(name, row=row) for row in range(min(5, len(infogan_view.labels(name))))]))


def _drawn(name: str) -> list[Tensor]:
    return list(bigan_view.decode(name, bigan_view.net(name).latents(range(5))))


_DRAW: dict[str, Callable[[str], list[Tensor]]] = {
    "lapgan": _pyramid,
    "infogan": _categories,
    "bigan": _drawn,
}


def _row(pictures: list[Tensor]) -> Image.Image:
    """Lay pictures (C, s, s) in a row, each enlarged to the same side, the gaps clear."""
    row = Image.new("RGBA", ((SIDE + GAP) * len(pictures) - GAP, SIDE))
    for place, picture in enumerate(pictures):
        row.paste(images.to_png(picture).resize((SIDE, SIDE), Image.Resampling.NEAREST), (place * (SIDE + GAP), 0))
    return row
