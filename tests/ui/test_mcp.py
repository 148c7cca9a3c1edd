"""The public calls as MCP tools, where the optional package is installed; without it the app starts as ever."""

import asyncio
import base64
import io
import os
import subprocess
import sys

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.ui.calls import picture
from tests.ui.conftest import ROOT
from tests.ui.test_page import ENDPOINTS
from ui.api import speaks_mcp

needs_mcp = pytest.mark.skipif(not speaks_mcp(), reason="mcp is not installed: pip install -r requirements-mcp.txt")


async def ask(address, *calls):
    """List the tools and call some: (list of tools, list of answers)."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async with (
        streamablehttp_client(f"{address}/gradio_api/mcp/") as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        tools = (await session.list_tools()).tools
        return tools, [await session.call_tool(name, arguments) for name, arguments in calls]


@needs_mcp
def test_tools_are_the_public_calls_and_give_the_same_picture(app):
    arguments = {"label": 3, "seed": 7, "level_seeds": [7, 1, 2, 3], "gains": [1, 1, 0.5, 1]}
    tools, (drawn, read, wrong) = asyncio.run(
        ask(app, ("lapgan_generate", arguments), ("infogan_infer", {}), ("lapgan_generate", {"label": 99}))
    )
    assert {f"/{tool.name}": list(tool.inputSchema["properties"]) for tool in tools} == ENDPOINTS
    assert all(tool.description for tool in tools)
    (image,) = (part for part in drawn.content if part.type == "image")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.data))).convert("RGB"), dtype=int)
    assert np.abs(pixels - picture(app, "lapgan_generate", **arguments).astype(int)).max() <= 1
    assert "probabilities" in read.content[0].text
    assert wrong.isError
    assert "Label 99 is not one of this model's" in wrong.content[0].text


@needs_mcp
@pytest.mark.browser
def test_the_dialog_names_the_address(app, visit):
    page = visit(f"{app}/?#api")
    page.get_by_text(f"at {app}/gradio_api/mcp/").wait_for()


@pytest.mark.skipif(speaks_mcp(), reason="mcp is installed")
def test_without_the_package_there_are_no_tools_and_no_complaint(app, tmp_path):
    assert httpx.get(f"{app}/gradio_api/mcp/schema", timeout=30).status_code == 404
    words = "import app; print(app.launch_arguments()['mcp_server'])"
    environment = {**os.environ, "GANSCOPE_WEIGHTS_DIR": str(tmp_path), "GANSCOPE_DEVICE": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    assert done.stdout.split() == ["False"]
    assert "mcp" not in done.stderr.lower()
