"""Two apps behind one nginx, set up as README.md says: every visitor is served as by one."""

import contextlib
import io
import json
import re
import shutil
import socket
import subprocess
import time

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.ui.conftest import ROOT, running_app

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
VISITORS = [f"127.{number}.0.2" for number in range(32)]
STICKY = "hash $remote_addr consistent;"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (apt-get install nginx-light)")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def proxy(folder, replicas, *, sticky=True):
    """Run nginx with README.md's words and other ports; give its address."""
    words = re.search(r"```nginx\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL).group(1)
    port = free_port()
    for written, meant in zip(
        ("127.0.0.1:7860", "127.0.0.1:7861", "listen 8080;"), (*replicas, f"listen 127.0.0.1:{port};"), strict=True
    ):
        assert words.count(written) == 1
        words = words.replace(written, meant)
    assert words.count(STICKY) == 1
    words = words.replace(STICKY, STICKY if sticky else "")
    folder.mkdir()
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/a; uwsgi_temp_path {folder}/b; scgi_temp_path {folder}/c;\n"
        f"add_header X-Replica $upstream_addr always;\n{words} }}"
    )
    process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"])
    try:
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def replicas(weights_dir, tmp_path_factory):
    """Two apps that share what README.md says they must; gives their hosts and how to end the second."""
    shared = tmp_path_factory.mktemp("shared")
    settings = {"GANSCOPE_RUNS_DIR": str(shared / "runs"), "GRADIO_TEMP_DIR": str(shared / "temp")}
    with running_app(weights_dir, **settings) as one, contextlib.ExitStack() as stack:
        other = stack.enter_context(running_app(weights_dir, **settings))
        yield [app.removeprefix("http://") for app in (one, other)], stack.close


def visitor(proxied, source):
    """A browser or program on another machine; nothing is kept between its requests but its address."""
    return httpx.Client(base_url=proxied, timeout=60, transport=httpx.HTTPTransport(local_address=source))


def generate(client, seed):
    """Make a call, wait for its answer, fetch its picture; return its pixels."""
    event = client.post("/gradio_api/call/v2/infogan_generate", json={"seed": seed}).json()["event_id"]
    lines = [line for line in client.get(f"/gradio_api/call/infogan_generate/{event}").text.splitlines() if line]
    assert lines[-2] == "event: complete", lines
    url = json.loads(lines[-1].removeprefix("data: "))[0]["url"]
    assert url.startswith(str(client.base_url).rstrip("/")), url  # the proxy's address, not the app's
    return np.asarray(Image.open(io.BytesIO(client.get(url).content))).tobytes()


def upload_and_read(client):
    """Do what the page does with a picture: send it, put a call into the queue, hear its events."""
    file = io.BytesIO()
    Image.fromarray(np.pad(np.full((16, 4), 255, np.uint8), ((6, 6), (12, 12)))).save(file, "PNG")
    sent = client.post("/gradio_api/upload", files={"files": ("digit.png", file.getvalue())}).json()[0]
    event = next(part for part in client.get("/config").json()["dependencies"] if part["api_name"] == "bigan_encode")
    data = [{"path": sent, "meta": {"_type": "gradio.FileData"}}, *["bigan-mnist"][: len(event["inputs"]) - 1]]
    body = {"data": data, "fn_index": event["id"], "session_hash": f"visitor{client.base_url.port}"}
    assert client.post("/gradio_api/queue/join", json=body).status_code == 200
    heard = ""
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": body["session_hash"]}) as stream:
        for line in stream.iter_lines():
            heard += line
            if "close_stream" in line:
                break
    return heard


def test_every_visitor_is_served_as_by_one_app(replicas, tmp_path):
    hosts, _ = replicas
    with proxy(tmp_path / "nginx", hosts) as proxied:
        met = {}
        for source in VISITORS:
            with visitor(proxied, source) as client:
                met[client.get("/healthz").headers["x-replica"]] = source
        assert set(met) == set(hosts)
        drawn = set()
        for source in met.values():
            with visitor(proxied, source) as client:
                assert client.get("/").status_code == 200
                drawn |= {generate(client, 7) for _ in range(3)}
                assert '"success":true' in upload_and_read(client)
        assert len(drawn) == 1
        large = io.BytesIO(b"0" * (11 * 2**20))
        refused = httpx.post(f"{proxied}/gradio_api/upload", files={"files": ("a.png", large)}, timeout=60)
        assert refused.status_code == 413


def test_visitors_who_do_not_stay_with_one_process_lose_their_answers(replicas, tmp_path):
    hosts, _ = replicas
    # The other process knows of no such call, and breaks off.
    with (
        proxy(tmp_path / "nginx", hosts, sticky=False) as proxied,
        visitor(proxied, VISITORS[0]) as client,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        [generate(client, 7) for _ in range(3)]


def test_visitors_of_a_replica_that_ended_go_on_with_the_other(replicas, tmp_path):
    hosts, end_the_second = replicas
    with proxy(tmp_path / "nginx", hosts) as proxied:
        end_the_second()
        for source in VISITORS[:8]:
            with visitor(proxied, source) as client:
                assert client.get("/").status_code == 200
                assert generate(client, 7)
