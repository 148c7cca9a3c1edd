"""The quiz tab, "real or generated?": components and events; it is played in ui/web/quiz.js.

The protocol is that of Denton et al. 2015, section 4.3: a picture is shown for 50 to 2000 ms, and a person says
whether it is real. Real pictures come from a process of the training module, since none are part of this repository.
"""

import json
import random
import re
import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image
from torch import Tensor

from models.checkpoint import CheckpointError, read_json
from models.infogan import InfoGAN
from models.samples import draw_samples
from ui import images, inference
from ui.canvas import NOW, PRIVATE, component, event_data, intro
from ui.train_data import RENDERED, run_training
from ui.train_texts import TEXT as TRAINING

TEXT = {
    "id": "quiz",
    "tab": "Quiz",
    "title": "Real or generated?",
    "intro": (
        "Denton and colleagues showed people pictures for a blink and asked whether they were real. "
        "**Twenty pictures, half of them generated: how often are you fooled?**"
    ),
    "paper": "Denton et al. 2015, section 4.3",
    "paper_url": "https://arxiv.org/abs/1506.05751",
    "model": "Weights",
    "exposure": "Shown for",
    "ms": "{ms} ms",
    "start": "Start",
    "again": "Once more",
    "stop": "Stop",
    "rest": "A cross, a picture for a moment, then a cover: twenty times.",
    "data": "The real ones are test pictures of {data}, which no net here was trained on.",
    "rendered": "The real ones were rendered by this program for tests; no net here was trained on them.",
    "instead": "Play with {name} instead",
    "loading": "Fetching pictures …",
    "ready": "Look at the middle.",
    "asked": "Picture {number} of {count}: real or generated?",
    "shown_alt": "Picture {number} of {count}",
    "mask_alt": "The picture is covered",
    "generated": "Generated",
    "real": "Real",
    "hint": "Keys: ← generated, → real.",
    "fooled": "Yours: generated",
    "believed": "Yours: real pictures",
    "score": "{share:.0%}",
    "interval": "95 % interval: {low:.0%} to {high:.0%}",
    "chart": "Called real",
    "paper_gan": "Paper: plain GAN",
    "paper_lapgan": "Paper: LAPGAN",
    "paper_real": "Paper: real pictures",
    "in_paper": "The paper's are rounded: 15 people, CIFAR-10. Yours add up as long as weights and time stay the same.",
    "were_generated": "These were generated. Framed: what you called real, {hits} of {count}.",
    "were_real": "These were real. You called {hits} of {count} real; framed: the others.",
    "share": "Copy the result",
    "copied": "Copied",
    "not_copied": "Not allowed here",
    "told": (
        "Ganscope, {model} at {ms} ms: of {count} generated pictures I called {fooled:.0%} real "
        "({low:.0%} to {high:.0%}), of the real ones {believed:.0%}."
    ),
    "download": "Download them now",
    "absent": "The real pictures of {data} are not on this machine: put them into the folder that GANSCOPE_DATA names.",
    "absent_zip": (
        "The real pictures of {data} are not on this machine: put {data}.zip into the folder that GANSCOPE_DATA names."
    ),
    "unknown": "These weights do not say which pictures they learned from, so there is nothing to compare with.",
    "failed": "The real pictures cannot be had: {reason}",
}
EXPOSURES = (50, 100, 200, 500, 1000, 2000)
HALF = 10
DOWNLOADED = set(TRAINING["built_in"]) - set(RENDERED)
WAIT_S = 600


def build() -> None:
    """Lay the tab out inside the current `gr.Tab`."""
    intro(TEXT)
    models = [_entry(name) for kind in inference.DEFAULTS for name in inference.names(kind)]
    value = {"texts": TEXT, "models": models, "exposures": EXPOSURES}
    quiz = component("quiz.js", "mountQuiz", json.dumps(value), "quiz", "gs-quiz")
    asked = quiz.ask(_begin, None, quiz, **PRIVATE)
    asked.failure(None, js="() => { window.ganscope?.rested?.quiz?.(); return []; }", **NOW)  # a full queue


def _entry(name: str) -> dict[str, Any]:
    """Tell what the page says of some weights before anything is fetched; they are not loaded for that."""
    data = ""
    for root in (inference.settings().weights_dir, inference.own_weights()):
        try:
            data = data or _data(read_json(root / name / "metrics.json"))
        except (LookupError, CheckpointError):
            continue
    return {"name": name, "data": TRAINING["built_in"].get(data, data), "rendered": data in RENDERED}


@inference.tell_errors
def _begin(event: gr.EventData) -> str:
    """Answer with twenty pictures in one sheet and which of them are real, or with a sentence why not."""
    asked = event_data(event)
    name, turn = str(asked.get("model")), random.randrange(2**31)
    where = inference.settings()
    # A Space has a network, and one visitor at a time may ask.
    offers = bool(where.space_id) or (where.trains and not where.training_token)
    data = ""
    try:
        data = _data(inference.weights(name).metrics)
        real = _real(name, data, seed=turn, download=offers and asked.get("download") is True)
        drawn = [images.to_png(picture) for picture in _generated(name, turn)]
    except (CheckpointError, gr.Error) as error:  # damaged weights; no memory, or too much asked at once
        return json.dumps({"turn": turn, "error": str(getattr(error, "message", error)), "download": False})
    except LookupError as error:
        had = "GANSCOPE_DATA" in str(error) and data in DOWNLOADED
        return json.dumps({"turn": turn, "error": str(error), "download": offers and had})
    pairs = [(picture, True) for picture in real] + [(picture, False) for picture in drawn]
    random.shuffle(pairs)
    side = pairs[0][0].width
    sheet = Image.new(drawn[0].mode, (side * len(pairs), side))
    for place, (picture, _) in enumerate(pairs):
        sheet.paste(picture, (side * place, 0))
    return json.dumps({"turn": turn, "sheet": images.data_url(sheet), "truth": [truth for _, truth in pairs]})


def _data(metrics: dict[str, Any]) -> str:
    """Return the data that weights were measured on, which is what their pictures are to be like.

    Raises:
        LookupError: they do not say; one sentence.
    """
    evaluated = metrics.get("evaluated")
    data = str(evaluated.get("data", "")).partition(",")[0] if isinstance(evaluated, dict) else ""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", data):
        raise LookupError(TEXT["unknown"])
    return data


def _real(name: str, data: str, *, seed: int, download: bool) -> list[Image.Image]:
    config = inference.weights(name).config
    side = config.image_size
    with tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder) / "sheet.png"
        words = ["quiz", data, "--to", str(sheet), "--count", str(HALF), "--seed", str(seed), "--size", str(side)]
        words += ["--channels", str(config.channels), *(["--download"] if download else [])]
        told, reason = run_training(words, WAIT_S)
        if not told:
            missing = "cannot be had" in reason and not download and data not in RENDERED
            absent = TEXT["absent" if data in DOWNLOADED else "absent_zip"].format(data=data)
            raise LookupError(absent if missing else TEXT["failed"].format(reason=reason))
        with Image.open(sheet) as opened:
            row = opened.convert("L" if config.channels == 1 else "RGB")
    return [row.crop((side * place, 0, side * (place + 1), side)) for place in range(HALF)]


@inference.device_call
def _generated(name: str, seed: int) -> list[Tensor]:
    found, seeds = inference.weights(name), range(seed, seed + HALF)
    codes = None
    if isinstance(found.model, InfoGAN):
        codes = [[random.uniform(-1, 1) for _ in range(found.model.config.continuous)] for _ in seeds]
    return list(draw_samples(found, seeds, codes).cpu())
