"""How the app ends: on SIGTERM it takes no new calls, answers those that it took, and is gone within ten seconds."""

import re
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr
from starlette.responses import JSONResponse, PlainTextResponse

TEXT = {"ending": "Ganscope is ending or being started anew; try again in a moment."}
ANSWERS_S = 8.0  # for what is under way; a supervisor often kills after ten
QUIET_S = 0.5  # between a call that was taken and the request for its answer
# What lasts as long as a page or an assistant is open is not waited for.
ENDLESS = re.compile(r"/gradio_api/(heartbeat|mcp)(/.*)?")
RETRY = {"Retry-After": "10"}

_asked = threading.Event()
_under_way: set[int] = set()  # changed by the server's one event loop only
_last_end = [0.0]


class Ending:
    """ASGI middleware: know what is under way, and once the end is near, turn away what would begin."""

    def __init__(self, app: Callable) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Callable, send: Callable[..., Awaitable[None]]) -> None:
        """Pass a request on, or answer that the app is ending."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or ENDLESS.fullmatch(path):
            await self.app(scope, receive, send)
        elif _asked.is_set() and path == "/healthz":
            sentences = {"status": "ending", "trouble": [TEXT["ending"]]}
            await JSONResponse(sentences, 503, headers=RETRY)(scope, receive, send)
        elif _asked.is_set() and scope["method"] == "POST":
            await PlainTextResponse(TEXT["ending"], 503, headers=RETRY)(scope, receive, send)
        else:
            mark = id(scope)
            _under_way.add(mark)
            try:
                await self.app(scope, receive, send)
            finally:
                _under_way.discard(mark)
                _last_end[0] = time.monotonic()


def end_well(page: gr.Blocks) -> None:
    """Have SIGTERM end the app in this way; from the main thread, before the app is launched."""

    def end(*_: object) -> None:
        if not _asked.is_set():
            _asked.set()
            threading.Thread(target=_close_when_answered, args=[page], daemon=True).start()

    signal.signal(signal.SIGTERM, end)


def _close_when_answered(page: gr.Blocks) -> None:
    started = _last_end[0] = time.monotonic()
    while time.monotonic() - started < ANSWERS_S:
        queue = page._queue
        idle = not _under_way and len(queue) == 0 and queue.get_active_worker_count() == 0
        if idle and time.monotonic() - _last_end[0] > QUIET_S:
            break
        time.sleep(0.05)
    page.is_running = False  # the main thread waits for that; what is still open ends with the process
