"""`/healthz`: is the app up, on which device, with which weights from where."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from models.device import describe
from ui import inference


def report() -> dict:
    """Say which weights are loaded or failed, without loading any.

    Returns:
        `status` ("ok", or "degraded" while some weights cannot be loaded), `device`, and for each weights name
        `loaded`, `source` and `error`.
    """
    weights = {
        name: {
            "loaded": inference.source(name) is not None,
            "source": inference.source(name),
            "error": inference.error(name),
        }
        for kind in inference.DEFAULTS
        for name in inference.names(kind)
    }
    failed = any(entry["error"] for entry in weights.values())
    return {
        "status": "degraded" if failed else "ok",
        "device": describe(inference.device()),
        "weights": weights,
    }


async def healthz(_: Request) -> JSONResponse:
    """Answer GET /healthz: 200 as long as the app can serve its page."""
    return JSONResponse(report(), headers={"Cache-Control": "no-store"})
