"""What the browser is served to draw by itself: onnxruntime-web, gifenc, and the nets exported as ONNX."""

import functools
import hashlib
from pathlib import Path
from typing import Any

import brotli
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from models.checkpoint import CheckpointError, read_json
from ui import inference
from ui.settings import ROOT

FOR_EVER = "public, max-age=31536000, immutable"
DIST = ROOT / "node_modules" / "onnxruntime-web" / "dist"
# Pinned in package.json; the digests let a CDN's copy of the same version be trusted where node_modules is absent.
ORT_VERSION = "1.30.0"
ORT_FILES = {
    "ort.wasm.min.mjs": "sha384-SfFfy/pvthiOsgaw3KX0bV5TfQ6Iq+oY9KutMe4SxIuHH4cl+DCSD4rTsYOoG1tJ",
    "ort-wasm-simd-threaded.mjs": "sha384-XcXA/MtAf0WpB8e023xQH9CM7RIjiugakT7x99DIwpFf7k56BIFFcAPerIF7FDad",
    "ort-wasm-simd-threaded.wasm": "sha384-vjBJ1z7qrhkTyYsNqKeF6c7N+nOJSU94czEo+tvZcu8G75JparGq9kB+kTnEUNVM",
}
GIF_DIST = ROOT / "node_modules" / "gifenc" / "dist"
GIF_VERSION, GIF_FILE = "1.0.3", "gifenc.esm.js"
GIF_INTEGRITY = "sha384-P7/5O5/b1yQQnqgcqktjBKyP5irxx5L0p6ft3eD1i3ASjVm03RkbLOmZkKr6qFHb"
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
}


def runtime() -> dict[str, Any]:
    """Say where the page finds onnxruntime-web: `base`, `version`, `integrity` of each file, `local` or a CDN."""
    local = all((DIST / name).is_file() for name in ORT_FILES)
    return {"base": f"ort/{ORT_VERSION}", "version": ORT_VERSION, "integrity": ORT_FILES, "local": local}


def encoder() -> dict[str, Any]:
    """Say where the page finds gifenc, likewise."""
    local = (GIF_DIST / GIF_FILE).is_file()
    return {"base": f"gif/{GIF_VERSION}", "version": GIF_VERSION, "integrity": GIF_INTEGRITY, "local": local}


def exported(name: str) -> dict[str, Any] | None:
    """Return the address of a model's nets and its golden.json, or None where none fit the weights that are loaded.

    Raises:
        CheckpointError: there are no such weights.
    """
    folder = inference.weights(name).folder
    try:
        golden = read_json(folder / "onnx" / "golden.json")
        stamp = _digest(folder / "model.safetensors", (folder / "model.safetensors").stat().st_mtime_ns)
        nets = golden["nets"]
        fits = golden["weights"] == stamp and all((folder / "onnx" / f"{net}.onnx").is_file() for net in nets)
    except (CheckpointError, KeyError, OSError):
        return None
    return {"url": f"nets/{stamp[:12]}/{name}", "golden": golden} if fits else None


async def ort_file(request: Request) -> Response:
    """Serve a file of onnxruntime-web, compressed where `make run` has compressed it and the browser can read that."""
    name = request.path_params["name"]
    if request.path_params["version"] != ORT_VERSION or name not in ORT_FILES or not (DIST / name).is_file():
        return PlainTextResponse("Not found", status_code=404)
    return _file(request, DIST / name, for_ever=True)


async def gif_file(request: Request) -> Response:
    """Serve gifenc, which makes a GIF of a walk."""
    wanted = (request.path_params["version"], request.path_params["name"])
    if wanted != (GIF_VERSION, GIF_FILE) or not (GIF_DIST / GIF_FILE).is_file():
        return PlainTextResponse("Not found", status_code=404)
    return _file(request, GIF_DIST / GIF_FILE, for_ever=True)


async def net_file(request: Request) -> Response:
    """Serve one exported net; under the present weights' stamp browsers may keep it for ever."""
    name, file = request.path_params["model"], request.path_params["file"]
    known = any(name in inference.names(kind) for kind in inference.DEFAULTS)
    try:
        found = exported(name) if known else None
    except CheckpointError:
        found = None
    if found is None or file not in {f"{net}.onnx" for net in found["golden"]["nets"]}:
        return PlainTextResponse("Not found", status_code=404)
    current = found["url"].split("/")[1] == request.path_params["stamp"]
    path = inference.weights(name).folder / "onnx" / file
    if not _reads_brotli(request):
        return _file(request, path, for_ever=current)
    headers = {**_headers(for_ever=current), "Content-Encoding": "br"}
    return Response(_compressed(path, path.stat().st_mtime_ns), media_type=TYPES[".onnx"], headers=headers)


def routes() -> list[Route]:
    """Return the routes that serve these files."""
    return [
        Route("/ort/{version}/{name}", ort_file),
        Route("/gif/{version}/{name}", gif_file),
        Route("/nets/{stamp}/{model}/{file}", net_file),
    ]


def _file(request: Request, path: Path, *, for_ever: bool) -> Response:
    headers = _headers(for_ever=for_ever)
    small = path.with_name(f"{path.name}.br")
    if _reads_brotli(request) and small.is_file():
        headers["Content-Encoding"] = "br"
        return FileResponse(small, media_type=TYPES[path.suffix], headers=headers)
    return FileResponse(path, media_type=TYPES[path.suffix], headers=headers)


def _headers(*, for_ever: bool) -> dict[str, str]:
    return {
        "Cache-Control": FOR_EVER if for_ever else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }


def _reads_brotli(request: Request) -> bool:
    codings = request.headers.get("accept-encoding", "").split(",")
    return "br" in {coding.split(";")[0].strip() for coding in codings}


@functools.lru_cache(maxsize=32)
def _compressed(path: Path, _changed: int) -> bytes:
    """Compress a net of steps by a tenth, once."""
    return brotli.compress(path.read_bytes(), quality=5)


@functools.lru_cache(maxsize=64)
def _digest(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
