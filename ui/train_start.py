"""The first card of the Train tab: choose a model, pictures and how long, and press Start."""

import re
from collections.abc import Callable
from typing import Any

import gradio as gr

from models.random import SEED_LIMIT
from training.job import Job
from training.runs import QueueError
from ui import inference, train_data
from ui import train_runs as runs
from ui.canvas import NEWEST, NOW, component, event_data
from ui.train_texts import MODELS, TEXT

TRAINABLE = ("lapgan", "infogan", "bigan", "gan")
MINUTES = {"minute": 1, "short": 10, "full": 60}
SAVE_S = {"minute": 5.0, "short": 15.0, "full": 45.0}  # the first pictures should come soon
SIZES = (28, 32, 64)
OTHER = re.compile(r"[a-z_]{1,40}=[\w.,+-]{1,80}")
SENDER_TEXTS = ("upload", "upload_hint", "uploading", "upload_lost")

# Settings of their own fields: component name, the trainer's key, and the models that have it.
FIELDS = {
    "lr": ("lr", ("lapgan", "bigan", "gan")),
    "lr_generator": ("lr_generator", ("infogan",)),
    "lr_discriminator": ("lr_discriminator", ("infogan",)),
    "info_weight": ("info_weight", ("infogan",)),
    "continuous_weight": ("continuous_weight", ("infogan",)),
    "reconstruction_weight": ("reconstruction_weight", ("bigan",)),
    "loss": ("loss", ("lapgan",)),
}


def build(token: gr.Textbox, started: Callable[[Any, list], Any]) -> None:
    """Lay the card out.

    Args:
        token: the password box.
        started: wires what the rest of the tab does with an event whose function returns a new run's key.
    """
    longest = inference.settings().training_minutes
    allowed = [key for key, minutes in MINUTES.items() if minutes <= longest] or ["minute"]
    with gr.Column(elem_classes="gs-card", elem_id="train-new"):
        gr.Markdown(f"### {TEXT['new']}\n{TEXT['new_hint']}")
        with gr.Row(elem_classes="gs-line"):
            model = gr.Dropdown(
                [(MODELS[key], key) for key in TRAINABLE], value="infogan", label=TEXT["model"], min_width=130,
                filterable=False, elem_id="train-model",
            )  # fmt: skip
            data = gr.Dropdown(
                train_data.choices(), value="chairs", label=TEXT["data"], min_width=180, filterable=False,
                elem_id="train-data",
            )  # fmt: skip
        length = gr.Radio(
            [(TEXT["presets"][key], key) for key in allowed], value=allowed[0], label=TEXT["time_limit"],
            elem_id="train-length",
        )  # fmt: skip
        with gr.Row(elem_classes="gs-line"):
            start = gr.Button(TEXT["start"], variant="primary", min_width=150, elem_id="train-start")
            look = gr.Button(TEXT["look"], min_width=150, elem_id="train-look")
        texts = {key: TEXT[key] for key in SENDER_TEXTS}
        most = inference.settings().training_data_mb
        texts["upload_big"] = TEXT["upload_big"].format(mb=most)
        sender = component(
            "sender.js", "mountSender", "", "train-sender", "gs-sender", texts=texts, most=most * train_data.MB
        )
        seen = gr.Markdown(visible=False, elem_classes="gs-hint", elem_id="train-seen")
        sheet = gr.HTML(visible=False, elem_id="train-sheet")
        with gr.Accordion(TEXT["advanced"], open=False, elem_id="train-advanced"):
            nets = gr.Radio(
                [(text, key) for key, text in TEXT["nets_choices"].items()], value="modern", label=TEXT["nets"]
            )
            with gr.Row(elem_classes="gs-line"):
                seed = _number(0, TEXT["train_seed"], precision=0, maximum=SEED_LIMIT - 1)
                size = gr.Dropdown(
                    [(TEXT["size_auto"], 0), *((str(side), side) for side in SIZES)], value=0, label=TEXT["size"],
                    filterable=False, min_width=110,
                )  # fmt: skip
                channels = gr.Dropdown(
                    [(text, int(key)) for key, text in TEXT["channels_choices"].items()], value=0,
                    label=TEXT["channels"], filterable=False, min_width=130,
                )  # fmt: skip
            with gr.Row(elem_classes="gs-line gs-fields"):
                fields = {key: _field(key) for key in FIELDS}
            levels = gr.CheckboxGroup(
                [(str(level), level) for level in range(5)], label=TEXT["levels"], info=TEXT["levels_info"],
                visible=False,
            )  # fmt: skip
            others = gr.Textbox("", label=TEXT["others"], info=TEXT["others_info"], elem_id="train-others")

    asked = [model, data, length, nets, seed, size, channels, levels, others, *fields.values()]
    shape = [data, model, size, channels]
    started(start.click, [_start, [token, *asked]])
    model.input(_suit, model, [levels, *fields.values()], **NOW)
    looked = [seen, sheet]
    look.click(_looking, None, looked, **NOW).then(_look, [token, *shape], looked, **NEWEST)
    sender.bring(_bring, None, [data, *looked], **NOW).then(_look, [token, *shape], looked, **NEWEST).then(
        _list, data, data, **NOW
    )


def _number(value: float, label: str, **look: Any) -> gr.Number:
    return gr.Number(value, label=label, minimum=0, min_width=110, **look)


def _field(key: str) -> gr.Number | gr.Radio:
    visible = "infogan" in FIELDS[key][1]
    if key == "loss":
        choices = [(text, name) for name, text in TEXT["loss_choices"].items()]
        return gr.Radio(choices, value="log", label=TEXT["loss"], visible=visible)
    infos = {"info_weight": TEXT["info_info"], "reconstruction_weight": TEXT["reconstruction_info"]}
    info = infos.get(key, TEXT["rate_info"] if key.startswith("lr") else None)
    start = {"info_weight": 1.0, "continuous_weight": 0.3, "reconstruction_weight": 2.0}
    return _number(
        start.get(key, 0), TEXT[key], info=info, visible=visible, step=0.0001 if key.startswith("lr") else 0.1
    )


def _suit(model: str) -> tuple:
    """Show the settings that a model has."""
    return gr.update(visible=model == "lapgan"), *(gr.update(visible=model in of) for _, of in FIELDS.values())


def _start(token: str, *asked: Any) -> str:
    """Queue a run and return its key."""
    queue = runs.allow(token)
    try:
        return f"runs/{queue.submit(job(*asked))}"
    except QueueError as error:
        raise gr.Error(str(error), print_exception=False) from error


def job(
    model: str,
    data: str,
    length: str,
    nets: str,
    seed: float | None,
    size: int | None,
    channels: int | None,
    levels: list[int],
    others: str,
    *values: Any,
) -> Job:
    """Put what was chosen into a job.

    Raises:
        QueueError: something is not possible; one sentence.
    """
    overrides = []
    for (label, (key, of)), value in zip(FIELDS.items(), values, strict=True):
        if model not in of or value is None or (key.startswith("lr") and value == 0):
            continue
        if not isinstance(value, str) and not 0 <= value < float("inf"):
            raise QueueError(TEXT["bad_number"].format(label=TEXT[label], value=value))
        overrides.append(f"{key}={value}" if isinstance(value, str) else f"{key}={float(value)}")
    for word in (others or "").split():
        if not OTHER.fullmatch(word):
            raise QueueError(TEXT["bad_other"].format(word=word[:60]))
        overrides.append(word)
    side, colours = train_data.shape(data, model, size or None, channels or None)
    where = inference.settings()
    return Job(
        model,
        train_data.spec(data),
        str(inference.device()),
        preset=nets,
        seed=int(seed or 0),
        minutes=min(MINUTES[length], where.training_minutes),
        steps=where.training_steps,
        levels=tuple(sorted(int(level) for level in levels or ())) if model == "lapgan" else (),
        image_size=side,
        channels=colours,
        overrides=tuple(overrides),
        save_seconds=SAVE_S[length],
    )


def _looking() -> tuple:
    return gr.update(value=TEXT["looking"], visible=True), gr.update(visible=False)


def _bring(event: gr.EventData) -> tuple:
    key = str(event_data(event).get("key", ""))
    choices = train_data.choices()
    if key not in (known for _, known in choices):
        choices.append((key, key))
    return gr.update(choices=choices, value=key), *_looking()


def _look(token: str, data: str, model: str, size: int, channels: int) -> tuple:
    runs.allow(token)
    try:
        text, sheet = train_data.look(data, model, size or None, channels or None)
    except QueueError as error:
        return gr.update(value=f"**{TEXT['look_failed']}** {error}", visible=True), gr.update(value="", visible=False)
    return gr.update(value=text, visible=True), gr.update(value=sheet, visible=True)


def _list(data: str) -> dict:
    """Leave pictures out of the menu that turned out to be useless; those sent last may not be looked through yet."""
    choices = train_data.choices()
    known = [key for _, key in choices]
    if data not in known and train_data.was_sent(data):
        choices.append((data, data))
        known.append(data)
    return gr.update(choices=choices, value=data if data in known else known[0])
