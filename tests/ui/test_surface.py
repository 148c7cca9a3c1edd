"""What strangers can ask the server for: nothing but the page, its files and its calls."""

import base64
import http.client
import io
import json
import os
import re
import subprocess
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio import route_utils
from PIL import Image

from tests.ui.calls import call
from tests.ui.conftest import ROOT, running_app
from ui import door
from ui.canvas import web_version
from ui.engine_files import GIF_VERSION, ORT_VERSION
from ui.page import MEDIA_TYPES

SECRET = re.compile(rb"root:x:0|import hashlib|\[project\]|gradio==|safetensors|GANSCOPE_|def build_page")
TRICKS = (
    *("../app.py", "../../app.py", "..%2fapp.py", "%2e%2e/app.py", "%2e%2e%2fapp.py", "%252e%252e%252fapp.py"),
    *("..%5capp.py", "..\\app.py", "....//app.py", "..;/app.py", ".%00./app.py", "..%c0%afapp.py", "..%ef%bc%8fapp.py"),
    *("/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "../../../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd"),
    *("file:///etc/passwd", "/proc/self/environ", "/proc/self/cwd/app.py", "%2fproc%2fself%2fenviron", "~/.bashrc"),
    *("../requirements.txt", "../pyproject.toml", "../.git/config", "../.venv/pyvenv.cfg", "../weights/x/config.json"),
    *("C:%5cWindows%5cwin.ini", "%5c%5chost%5cshare", "app.py%00.js", "a%0d%0aSet-Cookie:%20x=1", ".", "", "%"),
)
ROUTES = (
    f"/web/{web_version()}/{{}}",
    f"/ort/{ORT_VERSION}/{{}}",
    f"/gif/{GIF_VERSION}/{{}}",
    "/nets/0123456789ab/{}/encoder.onnx",
    "/nets/0123456789ab/bigan-mnist/{}",
    "/runs/{}/log",
    "/runs/x/samples/{}",
    "/recordings/{}/x/log",
    "/recordings/bigan-mnist/{}/curves",
    "/recordings/bigan-mnist/x/samples/{}",
    "/gradio_api/file={}",
    "/gradio_api/file/{}",
    "/file={}",
    "/static/{}",
    "/assets/{}",
    "/svelte/{}",
    "/gradio_api/custom_component/{}/client/component/index.js",
)
PICTURE_CALLS = (("bigan_reconstruct", "image"), ("bigan_interpolate", "image_b"), ("infogan_infer", "image"))


def png(pixels=None):
    file = io.BytesIO()
    Image.fromarray(np.zeros((28, 28), np.uint8) if pixels is None else pixels).save(file, "PNG")
    return file.getvalue()


def raw(app, path, method="GET", body=None, headers=None):
    """Send a request line as it stands: clients would tidy the dots away."""
    connection = http.client.HTTPConnection(app.removeprefix("http://"), timeout=60)
    connection.putrequest(method, path.replace(" ", "%20"), skip_host=True)
    headers = {"Host": app.removeprefix("http://"), "Content-Length": str(len(body or b"")), **(headers or {})}
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.fixture(scope="module")
def elsewhere():
    """A server that the app must never ask; gives its address and what was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(png())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


@pytest.mark.parametrize(
    "route",
    [*ROUTES[::4], *(pytest.param(route, marks=pytest.mark.broad) for route in ROUTES if route not in ROUTES[::4])],
)
def test_no_file_route_leaves_its_folder(app, route):
    assert len(TRICKS) >= 30
    for trick in TRICKS:
        status, body = raw(app, route.format(trick))
        assert status != 500, trick
        assert not SECRET.search(body), (trick, body[:300])


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file={}/a.png",
        "/gradio_api/file=/{}/a.png",
        "/file={}/a.png",
        "/gradio_api/proxy={}/a.png",
        "/proxy={}/a.png",
        "//gradio_api/file={}/a.png",
    ],
)
def test_addresses_in_the_path_are_not_fetched(app, elsewhere, path):
    address, asked = elsewhere
    status, _ = raw(app, path.format(address))
    assert status in (400, 403, 404)
    assert asked == []


@pytest.mark.parametrize(("name", "argument"), PICTURE_CALLS)
@pytest.mark.parametrize("form", ["plain", "in another field", "as a stream", "secure", "other scheme"])
def test_addresses_instead_of_pictures_are_not_fetched(app, elsewhere, name, argument, form):
    address, asked = elsewhere
    data = {"path": f"{address}/a.png", "meta": {"_type": "gradio.FileData"}}
    if form == "in another field":
        data = {"path": "a.png", "url": f"{address}/a.png", "meta": {"_type": "gradio.FileData"}}
    elif form == "as a stream":
        data["is_stream"] = True
    elif form == "secure":
        data["path"] = data["path"].replace("http:", "HTTPS:")
    elif form == "other scheme":
        data["path"] = data["path"].replace("http:", "ftp:")
    kind, answer = call(app, name, **{argument: data})
    assert kind == "error"
    assert "pass" not in json.dumps(answer)
    assert asked == []


def test_address_is_refused_in_one_sentence(app):
    data = {"path": "http://example.org/a.png", "meta": {"_type": "gradio.FileData"}}
    _, answer = call(app, "bigan_reconstruct", image=data)
    assert answer["error"] == "Addresses are not fetched: send the picture itself."


@pytest.mark.parametrize("path", ["/etc/passwd", "app.py", "../app.py", "/proc/self/environ", "weights"])
def test_files_of_the_server_are_no_pictures(app, path):
    kind, answer = call(app, "bigan_reconstruct", image={"path": path, "meta": {"_type": "gradio.FileData"}})
    assert kind == "error"
    assert "root" not in json.dumps(answer)


@pytest.mark.parametrize(
    "data", [b"not a picture", b"%!PS-Adobe-3.0 EPSF-3.0", b"II*\0" + bytes(60), b"<svg onload='x'/>"]
)
@pytest.mark.parametrize("way", ["upload", "data"])
def test_what_is_no_picture_is_looked_at_by_our_decoders_only(app, data, way):
    if way == "data":
        image = {"url": "data:image/png;base64," + base64.b64encode(data).decode(), "path": None}
    else:
        sent = httpx.post(f"{app}/gradio_api/upload", files={"files": ("a.png", data, "image/png")}, timeout=60)
        image = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
    kind, answer = call(app, "bigan_reconstruct", image=image)
    assert kind == "error"
    assert "is not a PNG, JPEG, WebP, GIF or BMP" in answer["error"]


def test_picture_in_the_call_itself(app):
    digit = np.pad(np.full((16, 4), 255, np.uint8), ((6, 6), (12, 12)))
    image = {"url": "data:image/png;base64," + base64.b64encode(png(digit)).decode()}
    kind, code = call(app, "bigan_encode", image=image)
    assert kind == "complete"
    assert len(code[0]) == 50
    kind, answer = call(app, "bigan_encode", image={"url": "data:image/png;base64,%%%"})
    assert (kind, answer["error"]) == ("error", "The picture arrived damaged; send it again.")


@pytest.mark.parametrize("path", ["/gradio_api/call/v2/bigan_encode", "/gradio_api/queue/join", "/gradio_api/run/x"])
@pytest.mark.parametrize("told", [True, False])
def test_large_bodies_are_cut_off(app, path, told):
    body = b'{"image":{"url":"data:image/png;base64,' + b"A" * (16 * 2**20) + b'"}}'
    with httpx.Client(base_url=app, timeout=60) as client:
        content = body if told else iter([body[i : i + 2**20] for i in range(0, len(body), 2**20)])
        start = time.monotonic()
        answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert time.monotonic() - start < 20
        assert client.get("/healthz").status_code == 200


def test_folders_that_are_served_hold_public_files_only():
    files = subprocess.run(["git", "ls-files", "ui/web"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {Path(name).suffix for name in files.stdout.splitlines()} <= set(MEDIA_TYPES)
    # Gradio serves its temporary files and what these name.
    source = "".join(path.read_text() for path in [ROOT / "app.py", *(ROOT / "ui").glob("*.py")])
    assert re.findall(r'"allowed_paths": (.*),', source) == ["[]"]
    assert "set_static_paths" not in source


@pytest.mark.parametrize("way", ["call", "call/v2"])
def test_calls_and_arguments_that_are_not_there_get_a_sentence(app, way):
    unknown = httpx.post(f"{app}/gradio_api/{way}/lambda_1", json={"data": []}, timeout=60)
    assert unknown.status_code == 404
    assert unknown.text.startswith("There is no call of that name; lapgan_generate, ")
    odd = httpx.post(f"{app}/gradio_api/call/v2/infogan_generate", json={"sead": 1}, timeout=60)
    assert (odd.status_code, odd.text) == (422, "An argument is not one of this call; the API's list names them.")


def test_large_uploads_are_cut_off(app):
    large = {"files": ("large.png", b"0" * (11 * 2**20), "image/png")}
    assert httpx.post(f"{app}/gradio_api/upload", files=large, timeout=60).status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        *("/monitoring", "/monitoring/summary", "/monitoring/x", "/gradio_api/process_recording", "/gradio_api/runs"),
        *("/gradio_api/vibe-edit/", "/gradio_api/vibe-code/", "/gradio_api/run-history/connect", "/login", "/logout"),
        *("/gradio_api/component_server", "/gradio_api/deep_link", "/gradio_api/stream/x", "/gradio_api/dev/reload"),
        "/gradio_api/custom_component/x/client/component/index.js",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_doors_of_gradio_that_the_page_does_not_use_are_shut(app, path, method):
    status, body = raw(app, path, method)
    assert (status, body.decode()) == (404, "There is nothing here.")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://10.0.0.1"])
@pytest.mark.parametrize("path", ["/gradio_api/upload", "/gradio_api/queue/join", "/pictures", "/gradio_api/cancel"])
def test_other_sites_cannot_use_a_visitors_browser(app, origin, path):
    form = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.html"\r\n\r\nx\r\n--b--\r\n'
    headers = {"Origin": origin, "Content-Type": "multipart/form-data; boundary=b"}
    status, _ = raw(app, path, "POST", form, headers)
    assert status == 403
    answer = httpx.get(f"{app}/config", headers={"Origin": origin}, timeout=60)
    assert answer.headers.get("access-control-allow-origin") != origin


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://127.0.0.1:9"}, {"Origin": "https://a.example", "X-Forwarded-For": "1.2.3.4"}, {}]
)
def test_own_pages_and_proxies_pass(app, headers):
    sent = httpx.post(f"{app}/gradio_api/upload", files={"files": ("a.png", png())}, headers=headers, timeout=60)
    assert sent.status_code == 200


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.js", "../a.html", "a.png\0.html"])
def test_uploads_never_run_in_our_name(app, name):
    script = b"<script>alert(1)</script>"
    sent = httpx.post(f"{app}/gradio_api/upload", files={"files": (name, script, "text/html")}, timeout=60).json()
    answer = httpx.get(f"{app}/gradio_api/file={sent[0]}", timeout=60)
    disposition = answer.headers.get("content-disposition", "")
    if answer.status_code != 200:
        return
    assert "attachment" in disposition or answer.headers["content-type"].startswith("text/plain"), answer.headers


def test_private_events_do_nothing_without_the_password(weights_dir, tmp_path):
    settings = {"GANSCOPE_TRAINING": "on", "GANSCOPE_TRAINING_TOKEN": "open sesame", "GANSCOPE_RUNS_DIR": str(tmp_path)}
    with running_app(weights_dir, **settings) as app:
        config = httpx.get(f"{app}/config", timeout=60).json()
        values = {part["id"]: part["props"].get("value") for part in config["components"]}
        boxes = {part["id"] for part in config["components"] if part["props"].get("type") == "password"}
        events = [event for event in config["dependencies"] if boxes & set(event["inputs"])]
        assert events
        before = {path for path in tmp_path.rglob("*") if path.is_file()}
        with httpx.Client(base_url=app, timeout=60) as client:
            for event in events:
                # What every input holds at first, as from a visitor who never gave a password.
                data = [values[source] for source in event["inputs"]]
                body = {"data": data, "fn_index": event["id"], "session_hash": "x", "event_data": {"key": "runs/x"}}
                assert client.post("/gradio_api/queue/join", json=body).status_code == 200
            answers, wanted = "", {"session_hash": "x"}
            with (
                suppress(httpx.ReadTimeout),
                client.stream("GET", "/gradio_api/queue/data", params=wanted, timeout=20) as stream,
            ):
                for line in stream.iter_lines():
                    answers += line
                    if "close_stream" in line:
                        break
            sent = client.post("/pictures", content=b"PK\3\4", headers={"X-Ganscope-Name": "a"})
        assert '"success":true' not in answers
        assert sent.status_code == 403
        new = {path for path in tmp_path.rglob("*") if path.is_file()} - before
        assert [path for path in new if path.suffix in (".json", ".jsonl", ".zip", ".safetensors")] == []


def test_what_a_broken_upload_leaves_is_forgotten(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(route_utils, "NamedTemporaryFile", route_utils.NamedTemporaryFile)
    door.mark_arrivals()
    old, new = (route_utils.NamedTemporaryFile(delete=False, dir=None).name for _ in range(2))
    other = tmp_path / "tmp-of-something-else"
    other.touch()
    for path in (old, other):
        os.utime(path, (0, 0))
    assert door._room_for_upload() is None
    assert sorted(tmp_path.iterdir()) == sorted([other, Path(new)])
