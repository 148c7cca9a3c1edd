"""Run `python -m training` as processes of their own, forked from one that has imported everything.

Importing the trainer takes seconds, a run of a tiny net a tenth of one, and these tests run it some fifty times.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """The process that forks; every order and every answer is one line."""

    def __init__(self):
        command = [sys.executable, "-m", "tests.training.forks"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        assert self.process.stdout.readline() == "ready\n"

    def order(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class App:
    """A process that keeps the queue under a root."""

    def __init__(self, server, root):
        self.server, self.pid = server, server.order(root=str(root))

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.server.order(wait=self.pid)


class Trainer:
    """One running command; as nobody but the server reaps it, its number stays its own until `wait`."""

    def __init__(self, server, words, output, file_limit=None):
        self.server, self.output = server, Path(output)
        self.output.parent.mkdir(parents=True, exist_ok=True)
        self.pid = server.order(words=[str(word) for word in words], output=str(output), file_limit=file_limit)
        self.code = None

    def send(self, number):
        if self.code is None:
            os.kill(self.pid, number)

    def ended(self):
        if self.code is None:
            self.code = self.server.order(poll=self.pid)
        return self.code is not None

    def wait(self):
        """Return the exit code, or minus the signal that ended it."""
        if self.code is None:
            self.code = self.server.order(wait=self.pid)
        return self.code

    def until(self, condition):
        """Wait until the condition holds or the command has ended."""
        while not condition() and not self.ended():
            time.sleep(0.002)

    def errors(self):
        return self.output.with_suffix(".err").read_text()


def serve():
    import torch
    import torch._dynamo  # the first step of an optimiser imports it otherwise

    import training.__main__

    torch.set_num_threads(1)
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if "root" in order:
            answer = os.fork()
            if not answer:
                keep_queue(training.__main__.main, Path(order["root"]))
        elif "words" in order:
            answer = os.fork()
            if not answer:
                become(training.__main__.main, order)
        else:
            number = order.get("poll") or order["wait"]
            ended, status = os.waitpid(number, os.WNOHANG if "poll" in order else 0)
            answer = os.waitstatus_to_exitcode(status) if ended else None
        print(json.dumps(answer), flush=True)


def become(main, order):
    """Run the command in this fork as a shell would, and end."""
    code = 1
    try:
        for stream, suffix in ((1, ".out"), (2, ".err")):
            path = Path(order["output"]).with_suffix(suffix)
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if order["file_limit"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_limit"],) * 2)
        sys.argv = ["python -m training", *order["words"]]
        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def keep_queue(main, root):
    """Be an app that keeps the run queue until it is killed; its trainers are forks in sessions of their own."""
    from models.checkpoint import write_json
    from training.jobs import Queue
    from training.processes import born

    def launch(path, words):
        pid = os.fork()
        if not pid:
            os.setsid()
            os.closerange(3, 256)  # as a new program would: the queue's lock among them
            become(main, {"words": words, "output": path / "trainer", "file_limit": None})
        write_json(path / "process.json", {"pid": pid, "born": born(pid)})

    queue = Queue(root)
    queue.launch = launch
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the trainers
    queue.start()
    while True:
        time.sleep(60)


@contextmanager
def server():
    running = Server()
    try:
        yield running
    finally:
        running.close()


if __name__ == "__main__":
    serve()
