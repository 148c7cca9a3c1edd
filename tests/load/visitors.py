"""Visitors who call the API over HTTP: many in one process, light, so that they leave the processors to the server."""

import asyncio
import json
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

SERVER_S = 120


@dataclass(frozen=True)
class Answer:
    """How long an answer took, its kind ("complete", "full" of a full queue, or what went wrong), and its data."""

    seconds: float
    kind: str
    data: object = None


def server_of(address):
    """Return the process that listens on an address."""
    port = urlsplit(address).port
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
            return psutil.Process(connection.pid)
    raise AssertionError(f"nobody listens on {address}")


async def fetch(address, path, body=None, headers=None):
    """Send one request, as HTTP/1.0 on a connection of its own; return its status and its body."""
    host = urlsplit(address).netloc
    sent = b"" if body is None else json.dumps(body).encode()
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.0", f"Host: {host}", f"Content-Length: {len(sent)}"]
    lines += ["Content-Type: application/json", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    async with asyncio.timeout(SERVER_S):
        reader, writer = await asyncio.open_connection(*host.split(":"))
        try:
            writer.write("\r\n".join([*lines, "", ""]).encode() + sent)
            head, _, content = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
    return int(head.split(b" ", 2)[1]), content


async def ask(address, name, headers=None, **arguments):
    """Make one call of the API and wait for its answer."""
    start = time.monotonic()
    refusal, event = await take(address, name, headers, **arguments)
    kind, data = (refusal, None) if refusal else await hear(address, name, event, headers)
    return Answer(time.monotonic() - start, kind, data)


async def take(address, name, headers=None, **arguments):
    """Make one call of the API: ("", its event) once the server has taken it, or (why it did not, None)."""
    status, content = await fetch(address, f"/gradio_api/call/v2/{name}", arguments, headers)
    if status == 503 and b"Queue is full" in content:
        return "full", None
    if status != 200:
        return f"{status} {content[:200]}", None
    return "", json.loads(content)["event_id"]


async def hear(address, name, event, headers=None):
    """Wait for the answer to a call that was taken: (its kind, its data)."""
    _, content = await fetch(address, f"/gradio_api/call/{name}/{event}", None, headers)
    lines = [line for line in content.decode().split("\n") if line]
    kind, data = (line.split(": ", 1)[1] for line in lines[-2:])
    return "complete" if kind == "complete" else f"{kind} {data}", json.loads(data)


async def picture(address, answer):
    """Fetch the PNG of an answer, as bytes."""
    assert answer.kind == "complete", answer
    url = urlsplit(answer.data[0]["url"])
    status, content = await fetch(address, url.path)
    assert status == 200, content[:200]
    return content


def crowd(visits):
    """Let visitors, one coroutine each, go about together; return what each of them returns."""

    async def all_of_them():
        return await asyncio.gather(*visits)

    return asyncio.run(all_of_them())
