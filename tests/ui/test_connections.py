"""The server opens no connection to anywhere while its page is used: what it connects to is written down by a hook."""

import json
import re
import subprocess
import sys

import httpx
import pytest

from tests.ui.calls import call
from tests.ui.conftest import SHIPPED, STATE, TABS, running_app
from tests.ui.test_page import ENDPOINTS

# Before anything else in the process, and in every Python process that it starts with the same environment.
HOOK = """
import sys
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"):
        with open({path!r}, "a") as file:
            print(event, *map(str, arguments[-1:] if event != "socket.getaddrinfo" else arguments[:1]), file=file)
sys.addaudithook(note)
"""
HOME = ("('127.0.0.1'", "('::1'", "127.0.0.1", "::1", "localhost", "/", "b'/", "None")


@pytest.fixture
def hooked(tmp_path):
    """Settings that have the connections of a process written down, and what gives those that leave the machine."""
    (tmp_path / "sitecustomize.py").write_text(HOOK.format(path=str(tmp_path / "connections")))

    def connections():
        lines = (tmp_path / "connections").read_text().splitlines()
        away = [line for line in lines if not line.split(" ", 1)[1].startswith(HOME)]
        return lines, away

    return {"PYTHONPATH": str(tmp_path)}, connections


def test_the_hook_sees_what_leaves_the_machine(hooked):
    environment, connections = hooked
    words = (
        "import socket, contextlib, urllib.request\n"
        "with contextlib.suppress(OSError): socket.create_connection(('192.0.2.1', 9), timeout=0.01)\n"
        "with contextlib.suppress(OSError): urllib.request.urlopen('http://host.invalid/', timeout=0.01)\n"
        "with contextlib.suppress(OSError): socket.create_connection(('127.0.0.1', 9), timeout=0.01)\n"
    )
    subprocess.run([sys.executable, "-c", words], env=environment, check=True)
    _, away = connections()
    assert {line.split(" ", 1)[1] for line in away} >= {"('192.0.2.1', 9)", "192.0.2.1", "host.invalid"}
    assert not any("127.0.0.1" in line for line in away)


@pytest.mark.browser
def test_no_connection_while_every_tab_and_every_call_is_used(hooked, chromium, tmp_path):
    environment, connections = hooked
    # Pictures are decoded apart, as where strangers come; Gradio's own switch for its telemetry is left as it is.
    with running_app(SHIPPED, GANSCOPE_DECODE_APART="on", **environment) as app:
        context = chromium.new_context(accept_downloads=True)
        page = context.new_page()
        asked, sent = [], []
        page.on("request", lambda request: (sent if request.method == "POST" else asked).append(request.url))
        page.route("**/ort/**", lambda route: route.abort())  # so that the server draws
        page.goto(app)
        for kind, name in TABS.items():
            page.get_by_role("tab", name=name).click()
            page.wait_for_selector(f"#{kind}-stage .gs-root[data-drawn]")
            page.wait_for_function(f"{STATE.format(kind)} === 'server'")
            for slider in page.locator("input[type=range]:visible").all()[:3]:
                slider.focus()
                page.keyboard.press("End")
            for again in page.get_by_role("button", name=re.compile("New (noise|picture)")).all()[:1]:
                again.click()
            page.wait_for_timeout(500)
        for tab in page.get_by_role("tab").all():
            tab.click()
            page.wait_for_timeout(500)
        context.close()
        for name in ENDPOINTS:
            kind, answer = call(app, name.removeprefix("/"))
            assert kind == "complete", (name, answer)
        address = {"path": "http://192.0.2.1/a.png", "meta": {"_type": "gradio.FileData"}}
        assert call(app, "bigan_encode", image=address)[0] == "error"
        assert httpx.get(f"{app}/healthz", timeout=60).status_code == 200
    lines, away = connections()
    assert lines, "not even the app's own first request to itself was written down"
    assert len(sent) > 3, "the page had the server do next to nothing"
    assert [url for url in asked + sent if not url.startswith((app, "data:", "blob:"))] == []
    assert away == [], json.dumps(away)
