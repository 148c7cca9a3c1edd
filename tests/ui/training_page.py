"""An app that trains, with a recording beside its weights, for the tests of the Train tab."""

import io
import json
import random
import shutil
import zipfile
from contextlib import contextmanager

from PIL import Image, ImageDraw

from models.checkpoint import write_json
from tests.ui.conftest import running_app

STEPS = 2000
RECORDING = "recordings/infogan-mnist/recording"
TINY = "widths=8,8,8,8 base_width=16 batch_size=8 noise=8 penalty=0"


@contextmanager
def training_app(weights_dir, folder, **environment):
    """Start an app with weights of its own, a recorded run among them, and an empty folder of runs."""
    weights, runs = folder / "weights", folder / "runs"
    shutil.copytree(weights_dir, weights)
    write_recording(weights / "infogan-mnist" / "recording", STEPS)
    write_recording(weights / "infogan-mnist" / "recording-failed", 40)
    settings = {"GANSCOPE_RUNS_DIR": str(runs), "GANSCOPE_DATA": str(folder / "data"), "GANSCOPE_TRAINING_FREE_MB": "0"}
    with running_app(weights, **{**settings, **environment}) as address:
        yield address, runs


def write_recording(folder, count):
    """Write a recording of `count` steps with three sample grids, each of one shade."""
    folder.mkdir(parents=True)
    names = [f"step-{step:06d}.webp" for step in (1, count // 2, count)]
    for place, name in enumerate(names):
        Image.new("RGB", (50, 50), (80 * place + 40,) * 3).save(folder / name, lossless=True)
    chance = random.Random(1)
    records = [
        {
            "step": step,
            "seconds": step / 2,
            "loss/discriminator": 1 + chance.random(),
            "loss/generator": 2 + chance.random(),
            "information/categorical": 2.3 * step / count,
            "accuracy/discriminator": 0.5 + 0.2 * chance.random(),
        }
        for step in range(1, count + 1)
    ]
    request = {"model": "infogan", "data": "mnist", "preset": "modern", "seed": 1, "levels": []}
    told = {
        "note": "Watch the rows settle.",
        "request": request,
        "config": {"categorical": [10]},
        "settings": {},
        "status": {"state": "done"},
        "records": records,
        "measures": [{"step": count, "diversity": 0.9}],
        "samples": names,
    }
    write_json(folder / "recording.json", told)


def pictures(count=24, side=72):
    """Make a .zip of two classes of pictures."""
    data, chance = io.BytesIO(), random.Random(2)
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(count):
            kind = ("disc", "square")[number % 2]
            image = Image.new("RGB", (side, side), tuple(chance.randrange(90) for _ in range(3)))
            x, y = (chance.randrange(side // 2) for _ in range(2))
            draw = ImageDraw.Draw(image)
            shape = draw.ellipse if kind == "disc" else draw.rectangle
            shape((x, y, x + side // 2, y + side // 2), fill=tuple(120 + chance.randrange(130) for _ in range(3)))
            file = io.BytesIO()
            image.save(file, "PNG")
            archive.writestr(f"{kind}/{number}.png", file.getvalue())
    return data.getvalue()


def story(client, key, **since):
    return json.loads(client.get(f"/{key}/curves", params=since).text)
