"""What reaches Gradio at all: its doors that this page does not use stay shut, whoever knocks."""

import base64
import binascii
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile, _TemporaryFileWrapper
from typing import Any, NoReturn
from urllib.parse import urlsplit

import gradio as gr
from gradio import processing_utils, route_utils
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from ui.health import no_room_for_pictures

MB = 2**20
TEXT = {
    "shut": "There is nothing here.",
    "large": "The request has more than {mb} MB: send a smaller picture.",
    "foreign": "Another site's page sent this; open Ganscope itself. (A proxy in front must pass X-Forwarded-For on.)",
    "address": "Addresses are not fetched: send the picture itself.",
    "no_call": "There is no call of that name; {names} are there.",
    "no_argument": "An argument is not one of this call; the API's list names them.",
    "damaged": "The picture arrived damaged; send it again.",
}
# Ways to fetch from elsewhere, to run ffmpeg on a stranger's film, to look at what others do, to edit the app.
SHUT = re.compile(
    r"(/gradio_api)?/+(proxy=.*|file=[/\s]*https?:.*|(stream|process_recording|vibe-(edit|code)|undo-vibe-edit|run-history"
    r"|deep_link|dev|custom_component|monitoring|login|logout|component_server)(/.*)?)"
    r"|/gradio_api/+runs(/.*)?",  # without the prefix they are the page's own
    re.IGNORECASE | re.DOTALL,
)
UPLOAD = "/gradio_api/upload"
ARRIVING = "arriving-"  # how the files of uploads begin that have not ended
BROKEN_S = 30 * 60  # older than that, they never will
OWN_LIMIT = "/pictures"  # those to train on
CALL = re.compile(r"/gradio_api/call(?:/v2)?/([^/]+)/?")
LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1")


class Door:
    """ASGI middleware: refuse what the page never asks for, before Gradio sees it."""

    def __init__(self, app: Callable, *, most_mb: int, calls: Sequence[str]) -> None:
        self.app = app
        self.most_mb = most_mb
        self.calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        if SHUT.fullmatch(path):
            await PlainTextResponse(TEXT["shut"], status_code=404)(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD", "OPTIONS") and _is_foreign(Request(scope)):
            await PlainTextResponse(TEXT["foreign"], status_code=403)(scope, receive, send)
        elif scope["method"] == "POST" and (call := CALL.fullmatch(path)) and call[1] not in self.calls:
            known = TEXT["no_call"].format(names=", ".join(self.calls))
            await PlainTextResponse(known, status_code=404)(scope, receive, send)
        elif scope["method"] == "POST" and path.rstrip("/") == UPLOAD and (sentence := _room_for_upload()):
            await PlainTextResponse(sentence, status_code=507)(scope, receive, send)
        elif scope["method"] == "POST" and path.rstrip("/") != OWN_LIMIT:
            await self.app(scope, self._limited(Request(scope), receive), send)
        else:
            await self.app(scope, receive, send)

    def _limited(self, request: Request, receive: Receive) -> Receive:
        most = self.most_mb * MB
        too_large = HTTPException(413, TEXT["large"].format(mb=self.most_mb))
        told = request.headers.get("content-length", "")
        size = 0

        async def counted() -> Message:
            nonlocal size
            if told.isdecimal() and int(told) > most:
                raise too_large
            message = await receive()
            size += len(message.get("body", b""))
            if size > most:
                raise too_large
            return message

        return counted


def _is_foreign(request: Request) -> bool:
    """Tell whether another site's page makes a browser on this very machine send this."""
    origin = urlsplit(request.headers.get("origin", "")).hostname
    sent_null = request.headers.get("origin") == "null"
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    behind_proxy = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    if not LOOPBACK.fullmatch(host) or behind_proxy:
        return False
    return sent_null or (origin is not None and not LOOPBACK.fullmatch(origin))


def tell_of_arguments(request: Request, error: Exception) -> Response:
    """Say in a sentence that a call got an argument that it has not, which Gradio would answer as its own fault."""
    if CALL.fullmatch(request.url.path) and "key-word argument" in str(error):
        return PlainTextResponse(TEXT["no_argument"], status_code=422)
    raise error


def mark_arrivals() -> None:
    """Let the files of uploads lie where they can be told from others until they have ended."""

    def arriving(**given: Any) -> "_TemporaryFileWrapper[bytes]":
        folder = Path(get_upload_folder())
        folder.mkdir(parents=True, exist_ok=True)
        return NamedTemporaryFile(**{**given, "dir": folder, "prefix": ARRIVING})

    route_utils.NamedTemporaryFile = arriving  # type: ignore[assignment]


def _room_for_upload() -> str | None:
    """Forget uploads that were broken off, which Gradio does not; say where there is no room for another."""
    for path in Path(get_upload_folder()).glob(f"{ARRIVING}*"):
        try:
            if time.time() - path.stat().st_mtime > BROKEN_S:
                path.unlink()
        except OSError:  # it has ended this very moment, or another process forgot it
            continue
    return no_room_for_pictures()


def fetch_nothing() -> None:
    """Keep Gradio from fetching what a visitor names by address instead of sending it."""

    async def refuse(*_: object, **__: object) -> NoReturn:
        raise gr.Error(TEXT["address"], print_exception=False)

    processing_utils.async_ssrf_protected_download = refuse


def unopened(payload: ImageData | None) -> str | bytes | None:
    """Hand a picture over as it came, for ui.images to look at first: Gradio would open it with all of Pillow."""
    if payload is None:
        return None
    if payload.url and payload.url.startswith("data:"):
        try:
            return base64.b64decode(payload.url.partition(",")[2], validate=True)
        except binascii.Error as error:
            raise gr.Error(TEXT["damaged"], print_exception=False) from error
    return payload.path
