"""Decoding in a process with limits, which says of each file what came of it, in what time and with what memory."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_S, MOST_MB = 2.0, 150
# Memory is that of the process, the file that it reads included: the most since the last file.
SCRIPT = """
import hashlib, json, os, resource, sys, time, warnings
from pathlib import Path
import numpy as np
warnings.simplefilter("ignore")
which, limit_mb = sys.argv[1], int(sys.argv[2])
if which == "ui":
    from ui.decode import ImageError as Refusal, read_image
    decode = lambda path: read_image(path)
else:
    from training.pictures import DataError as Refusal, decode as of_bytes
    decode = lambda path: of_bytes(path.read_bytes(), path.name)

def memory(what):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(what)) / 1024

def measured(path):
    Path("/proc/self/clear_refs").write_text("5")
    before, start = memory("VmRSS"), time.process_time()
    told = {"sentence": None, "size": None, "digest": None}
    try:
        image = decode(path).convert("RGB")
        told |= {"size": image.size, "digest": hashlib.sha256(image.tobytes()).hexdigest()}
        del image
    except Refusal as error:
        told["sentence"] = str(error)
    except MemoryError:
        told["sentence"] = "MEMORY"
    return told | {"seconds": time.process_time() - start, "mb": memory("VmHWM") - before}

first, *rest = sys.stdin.read().splitlines()
measured(Path(first))  # what Pillow loads late counts for no file
if limit_mb:
    most = int(memory("VmSize") + limit_mb) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
for line in rest:
    print(json.dumps(measured(Path(line))), flush=True)
"""


def decoded(folder, files, *, which, root=ROOT, limit_mb=400, timeout=280):
    """Decode [(name, data)] as the page ("ui") or the trainer ("training") does; return a dict for each name.

    Each has `sentence` or else `size` and `digest` (SHA-256 of the RGB pixels), `seconds` of processor time, and `mb`.
    """
    paths = []
    for number, (_, data) in enumerate(files):
        paths.append(folder / f"{number}.bin")
        paths[-1].write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, which, str(limit_mb)],
        cwd=folder,
        env={"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        input="\n".join(map(str, [paths[0], *paths])),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return dict(zip((name for name, _ in files), answers, strict=True))
