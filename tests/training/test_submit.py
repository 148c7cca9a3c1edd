"""A job for Hugging Face Jobs: what is sent to a Hub that stands in, and that its commands are ours."""

import json
import shlex
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from huggingface_hub import constants

from tests.training.tiny import SMALL
from training.__main__ import main

SOURCE = "https://huggingface.co/spaces/someone/ganscope"
WORDS = ("gan", "--to", "someone/nets", "--source", SOURCE)


@pytest.fixture
def hub(monkeypatch):
    """A server that notes what it is sent, and answers as the Hub does; `refuse` makes it answer 402."""

    class Hub(BaseHTTPRequestHandler):
        requests, refuse = [], False

        def do_GET(self):
            self.answer(200, {"name": "someone", "type": "user"})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.requests.append((self.path, self.headers["Authorization"], body))
            if self.refuse:
                self.answer(402, {"error": "Add credits to use Jobs"})
                return
            self.answer(
                200,
                {"id": "5f", "owner": {"id": "1", "name": "someone", "type": "user"}, "status": {"stage": "RUNNING"}},
            )

        def answer(self, code, content):
            payload = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *words):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    yield Hub
    server.shutdown()


@pytest.fixture
def command(monkeypatch, capsys):
    """Run `python -m training ...`; returns exit code, output and errors."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["python -m training", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return run


def test_the_request_reaches_the_hub(hub, command):
    code, output, _ = command("submit", *WORDS, "--minutes", 30, "--flavor", "l4x1")
    assert (code, output) == (0, f"5f: {constants.ENDPOINT}/jobs/someone/5f\n")
    ((path, authorization, body),) = hub.requests
    assert (path, authorization) == ("/api/jobs/someone", "Bearer hf_secret")
    assert body.pop("command")[:2] == ["bash", "-euc"]
    assert body == {
        "arguments": [],
        "environment": {"PYTHONUNBUFFERED": "1"},
        "flavor": "l4x1",
        "secrets": {"HF_TOKEN": "hf_secret"},
        "timeoutSeconds": 75 * 60,
        "labels": {"name": "gan-mnist"},
        "dockerImage": "python:3.11",
    }


def test_a_dry_run_shows_the_request_without_the_token_and_sends_nothing(hub, command):
    code, output, _ = command("submit", *WORDS, "--minutes", 30, "--dry-run")
    shown = json.loads(output)
    assert code == 0
    assert hub.requests == []
    assert "hf_secret" not in output
    assert (shown["image"], shown["flavor"], shown["timeout"]) == ("python:3.11", "a10g-small", "75m")
    assert shown["command"][2].splitlines() == [
        f"git clone --depth 1 {SOURCE} ganscope",
        "cd ganscope",
        "pip install --quiet -r requirements.txt",
        "python -m training train gan --data mnist --preset modern --seed 0 --minutes 30.0 --save-seconds 120.0 "
        "--device cuda --run-dir runs/job --resume || echo 'The training did not end well; what it saved is shipped.'",
        "python -m training ship runs/job --to weights/gan-mnist",
        "python -m training evaluate weights/gan-mnist --data mnist --write",
        "python -m training publish weights/gan-mnist someone/nets",
    ]


def test_the_commands_of_the_job_run(hub, command, tmp_path, monkeypatch):
    small = ("--data", "fake", "--image-size", 8, "--channels", 1, "--steps", 2, "--timeout", "5m")
    _, output, _ = command("submit", *WORDS, *small, "--flavor", "cpu-basic", "--dry-run", "--set", *SMALL["gan"])
    monkeypatch.chdir(tmp_path)
    lines = json.loads(output)["command"][2].splitlines()[3:]
    train, ship, *_ = [shlex.split(line.partition(" || ")[0]) for line in lines]
    for words in (train, ship):
        assert words[:3] == ["python", "-m", "training"]
        code, _, errors = command(*words[3:])
        assert code == 0, errors
    assert (tmp_path / "weights" / "gan-fake" / "model.safetensors").exists()


def test_own_pictures_are_mounted_and_several_cards_are_used(hub, command):
    code, _, _ = command("submit", *WORDS, "--dataset", "someone/scenes", "--minutes", 5, "--processes", 4)
    assert code == 0
    body = hub.requests[0][2]
    mounted = {"type": "dataset", "source": "someone/scenes", "mountPath": "/pictures", "readOnly": True}
    assert body["volumes"] == [mounted]
    lines = body["command"][2].splitlines()
    assert lines[3].startswith("torchrun --nproc_per_node=4 -m training train gan --data folder:/pictures")
    assert lines[5] == "python -m training evaluate weights/gan-scenes --data folder:/pictures --write"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--data", "folder:/home/me/cats", "--minutes", 5), "upload them as a dataset and give --dataset"),
        (("--levels", 0, "--minutes", 5), "it has to train every level; leave --levels out"),
        ((), "Say how long to train"),
        (("--steps", 100), "Say when the job is to end at the latest"),
    ],
)
def test_what_a_job_cannot_do_is_refused(hub, command, words, reason):
    code, _, errors = command("submit", *WORDS, *words)
    assert code == 2
    assert reason in errors
    assert len(errors.splitlines()) == 1
    assert hub.requests == []


def test_a_refusal_and_a_missing_login_are_told_in_a_sentence(hub, command, monkeypatch):
    monkeypatch.setattr(hub, "refuse", True)
    code, _, errors = command("submit", *WORDS, "--minutes", 5)
    assert code == 2
    assert errors.startswith("RunError: The Hub did not take the job: ")
    assert len(errors.splitlines()) == 1
    with monkeypatch.context() as patch:
        patch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
        assert command("submit", *WORDS, "--minutes", 5)[0] == 2
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    code, _, errors = command("submit", *WORDS, "--minutes", 5)
    assert code == 2
    assert "run `hf auth login`" in errors
