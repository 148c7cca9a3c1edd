"""What the browser fetches of runs and recordings: curves, sample grids and the end of the log, and nothing else.

What it may send, a .zip of pictures to train on, is in ui/train_data.py.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from training.runs import QueueError
from ui import train_data
from ui import train_runs as runs

MEDIA_TYPES = {".png": "image/png", ".webp": "image/webp"}
HEADERS = {"X-Content-Type-Options": "nosniff"}
FRESH = {**HEADERS, "Cache-Control": "no-store"}
KEPT = {**HEADERS, "Cache-Control": "private, max-age=86400, immutable"}


def routes() -> list[Route]:
    """Return the routes for `launch`; Starlette runs these functions in threads, since they read files."""
    found = [Route("/pictures", train_data.receive, methods=["POST"])]
    for base in ("/runs/{name}", "/recordings/{weights}/{recording}"):
        found += [
            Route(f"{base}/curves", curves),
            Route(f"{base}/samples/{{file}}", sample),
            Route(f"{base}/log", log),
        ]
    return found


def told(function: Callable[[Request, str], Response]) -> Callable[[Request], Response]:
    """Give the key that an address names; what is not there is one sentence and 404."""

    def answer(request: Request) -> Response:
        parts = request.path_params
        key = f"runs/{parts['name']}" if "name" in parts else f"recordings/{parts['weights']}/{parts['recording']}"
        try:
            return function(request, key)
        except QueueError as error:
            return PlainTextResponse(str(error), status_code=404, headers=FRESH)

    return answer


@told
def curves(request: Request, key: str) -> Response:
    """Answer GET .../curves?since=STEP&measured=STEP&drawn=STEP: what is new since those steps."""
    texts = (request.query_params.get(name, "") for name in ("since", "measured", "drawn"))
    steps = (int(text) if text.isdecimal() and text.isascii() and len(text) < 16 else -1 for text in texts)
    return JSONResponse(runs.story(key, *steps), headers=FRESH)


@told
def sample(request: Request, key: str) -> Response:
    """Answer GET .../samples/step-000200.png; a sample grid never changes."""
    path = runs.frame(key, request.path_params["file"])
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=KEPT)


@told
def log(request: Request, key: str) -> Response:
    """Answer GET .../log: its last lines."""
    return PlainTextResponse(runs.log(key), headers=FRESH)
