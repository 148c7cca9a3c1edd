"""The page: header, one tab a model, one to train them, footer; and how it is served."""

from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from models.device import describe
from ui import (
    api,
    bigan_tab,
    engine_files,
    first_paint,
    health,
    inference,
    infogan_tab,
    keyboard,
    lapgan_tab,
    quiz_tab,
    report_tab,
    sessions,
    train_routes,
    train_tab,
)
from ui.canvas import NOW, WEB, web_version
from ui.door import Door, fetch_nothing, mark_arrivals, tell_of_arguments
from ui.ending import Ending
from ui.engine_files import FOR_EVER
from ui.theme import make_theme

TEXT = {
    "title": "Ganscope",
    "tagline": "Three ideas that taught generators something new, really trained, to take apart by hand.",
    "theme": "Light or dark",
    "language": "한국어 / English",
    "loaded": "Ready: {names}",
    "missing": "Missing: {names}",
}
TABS = (lapgan_tab, infogan_tab, bigan_tab, quiz_tab, report_tab)
MEDIA_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}

# A link opens its own tab; the tab then reads the rest (ui/web/tools.js).
_OPEN = """
async () => {{
  const [{{ readLink }}, {{ followTabs }}] = await Promise.all(
    ["link.js", "tabs.js"].map((name) => import(new URL(`web/{version}/${{name}}`, document.baseURI))));
  followTabs();
  const link = readLink(location.search);
  return link ? {{ __type__: "update", selected: link.m }} : {{ __type__: "update" }};
}}
"""
_TOGGLE = """
const button = element.querySelector("[data-tool=theme]");
button.addEventListener("click", () => {
  const dark = document.body.classList.toggle("dark");
  try { localStorage.setItem("ganscope-theme", dark ? "dark" : "light"); } catch { /* private window */ }
});
try {
  const kept = localStorage.getItem("ganscope-theme");
  if (kept) document.body.classList.toggle("dark", kept === "dark");
} catch { /* private window */ }
"""


def build_page() -> gr.Blocks:
    """Build the whole page; models whose weights are there draw their first picture now."""
    sessions.keep_little()
    with gr.Blocks(title=TEXT["title"], analytics_enabled=False, delete_cache=(600, 1800), fill_width=True) as demo:
        gr.HTML(_header(), elem_id="gs-header", apply_default_css=False, js_on_load=_TOGGLE)
        with gr.Tabs(elem_id="gs-tabs") as tabs:
            shelves = []
            for tab in TABS:
                with gr.Tab(tab.TEXT["tab"], id=tab.TEXT["id"], elem_classes="gs-panel"):
                    shelves.append(tab.build())  # its menu of weights, if it has one
            with gr.Tab(train_tab.TEXT["tab"], id=train_tab.TEXT["id"], elem_classes="gs-panel"):
                train_tab.build(demo, tabs, [shelf for shelf in shelves if shelf is not None])
        demo.load(None, None, tabs, js=_OPEN.format(version=web_version()), **NOW)
        gr.HTML(_footer(), elem_id="gs-footer", apply_default_css=False)
        keyboard.build()
        api.build()
    return demo.queue(max_size=inference.settings().queue_size, api_open=False)


def launch_arguments() -> dict[str, Any]:
    """Return everything `launch` needs, from the settings."""
    settings = inference.settings()
    fetch_nothing()
    mark_arrivals()
    return {
        "server_name": settings.host,
        "server_port": settings.port,
        "root_path": settings.root_path or None,
        "theme": make_theme(),
        "head": _head(),
        "footer_links": [],
        "app_kwargs": {
            # A picture in a JSON text takes a third more.
            "middleware": [
                Middleware(Ending),
                Middleware(
                    first_paint.FirstPaint, head=_early_head(), title=TEXT["title"], description=TEXT["tagline"]
                ),
                Middleware(
                    Door,
                    most_mb=settings.max_upload_mb * 4 // 3 + 1,
                    calls=[function.__name__ for function in api.FUNCTIONS],
                ),
            ],
            "exception_handlers": {TypeError: tell_of_arguments},
            "routes": [
                Route("/healthz", health.healthz),
                Route("/web/{version}/{path:path}", web_file),
                *train_routes.routes(),
                *engine_files.routes(),
                *report_tab.routes(),
            ],
        },
        "max_file_size": f"{settings.max_upload_mb}mb",
        "allowed_paths": [],
        "state_session_capacity": sessions.KEPT,
        "run_history": False,
        "enable_monitoring": False,
        "strict_cors": True,
        "show_error": False,
        "ssr_mode": False,
        "mcp_server": api.speaks_mcp(),
        "share": False,
        "pwa": False,
    }


async def web_file(request: Request) -> Response:
    """Serve a file of ui/web; under the present version's address browsers may keep it for ever."""
    name = request.path_params["path"]
    path = (WEB / name.replace("\0", "")).resolve()
    if not path.is_relative_to(WEB.resolve()) or not path.is_file() or path.suffix not in MEDIA_TYPES:
        return PlainTextResponse("Not found", status_code=404)
    current = request.path_params["version"] == web_version()
    headers = {"Cache-Control": FOR_EVER if current else "no-cache", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=headers)


def _early_head() -> str:
    """What the browser can begin with before Gradio's scripts have run."""
    base = f"web/{web_version()}"
    modules = "".join(
        f'<link rel="modulepreload" href="{base}/{path.name}">' for path in sorted(Path(WEB).glob("*.js"))
    )
    styles = "".join(f'<link rel="preload" as="style" href="{base}/{name}">' for name in _sheets())
    return first_paint.head() + styles + modules


def _head() -> str:
    """What stands behind Gradio's own, which its styles would otherwise overrule."""
    base = f"web/{web_version()}"
    styles = "".join(f'<link rel="stylesheet" href="{base}/{name}">' for name in _sheets())
    return (
        f'{styles}<script type="module" src="{base}/language.js"></script>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
    )


def _sheets() -> list[str]:
    # style.css first: a tab's own sheet builds on it.
    return sorted((path.name for path in Path(WEB).glob("*.css")), key=lambda name: (name != "style.css", name))


def _header() -> str:
    return (
        f'<header><div class="gs-brand"><span class="gs-mark" aria-hidden="true"><i></i><i></i><i></i><i></i></span>'
        f"<h1>{TEXT['title']}</h1></div><p>{TEXT['tagline']}</p>{_switch()}"
        f"{_header_button('help', keyboard.TEXT['open'], '?')}{_header_button('theme', TEXT['theme'], '◐')}</header>"
    )


def _header_button(name: str, text: str, sign: str) -> str:
    return f'<button type="button" data-tool="{name}" aria-label="{text}" title="{text}">{sign}</button>'


def _switch() -> str:
    """Make what changes the language (ui/web/language.js); ui/web/language.css shows the name of the other one."""
    names = "".join(f'<span lang="{code}">{name}</span>' for code, name in (("ko", "한국어"), ("en", "English")))
    label = TEXT["language"]
    return f'<button type="button" id="gs-language" translate="no" aria-label="{label}">{names}</button>'


def _footer() -> str:
    entries = health.report()["weights"].items()
    parts = [describe(inference.device())]
    for text, wanted in (("loaded", "loaded"), ("missing", "error")):
        found = [name for name, entry in entries if entry[wanted]]
        if found:
            parts.append(TEXT[text].format(names=", ".join(found)))
    spans = "".join(f"<span>{part}</span>" for part in parts)
    return f'<footer>{spans}<a href="#api">{api.TEXT["link"]}</a></footer>'
