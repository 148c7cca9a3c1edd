"""The last cards of the Train tab: runs side by side, and a checkpoint published."""

import re

import gradio as gr

from training.runs import QueueError
from ui import inference, train_data
from ui import train_runs as runs
from ui.canvas import NOW, PRIVATE, component
from ui.train_texts import TEXT

MOST = 4
REPO = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
MEASURE_S, UPLOAD_S = 1800.0, 600.0
SAMPLES = 1000  # of a quick measurement; the shipped weights are measured on 10,000


def build(token: gr.Textbox, watch: gr.Dropdown) -> tuple[gr.Dropdown, gr.HTML, gr.HTML]:
    """Lay out the cards and return the menu of runs to compare, their curves and their table."""
    choices = runs.choices()
    chosen = [key for _, key in choices if "infogan" in key][:2]
    with gr.Column(elem_classes="gs-card"):
        gr.Markdown(f"### {TEXT['compare']}\n{TEXT['compare_hint']}")
        compare = gr.Dropdown(
            choices, value=chosen, multiselect=True, max_choices=MOST, label=TEXT["compare_label"],
            elem_id="train-compare",
        )  # fmt: skip
        curves = component(
            "curves.js", "mountCurves", runs.curves_value(chosen), "train-overlaid", "gs-lines", texts=TEXT["curves"]
        )
        figures = component("figures.js", "mountFigures", runs.curves_value(chosen), "train-table", "gs-figures")
    compare.input(shown, compare, [curves, figures], **NOW)
    if inference.settings().trains:
        with (
            gr.Column(elem_classes="gs-card"),
            gr.Accordion(TEXT["publish"], open=False, elem_id="train-publication"),
        ):
            gr.Markdown(TEXT["publish_hint"])
            repo = gr.Textbox("", label=TEXT["repo"], elem_id="train-repo")
            publish = gr.Button(TEXT["publish_button"], elem_id="train-publish")
            said = gr.Markdown("", elem_id="train-published")
        asked = publish.click(
            _announce, [token, watch, repo], said, **PRIVATE
        )  # queued: Gradio shows no refusal of NOW
        asked.success(_publish, [token, watch, repo], said, **PRIVATE)
    return compare, curves, figures


def shown(keys: list[str]) -> tuple[str, str]:
    """Return what curves and table show of some runs and recordings."""
    value = runs.curves_value([key for key in keys or [] if isinstance(key, str)][:MOST])
    return value, value


def _announce(token: str, key: str, repo: str) -> str:
    runs.allow(token)
    if not REPO.fullmatch((repo or "").strip()):
        raise gr.Error(TEXT["bad_repo"].format(repo=(repo or "")[:80]), print_exception=False)
    if not key or not key.startswith("runs/"):
        raise gr.Error(TEXT["not_a_run"], print_exception=False)
    if not logged_in():
        raise gr.Error(TEXT["no_login"], print_exception=False)
    return TEXT["publishing"]


def logged_in() -> bool:
    """Tell whether this machine has a token of the Hub: without one, measuring first would be in vain."""
    from huggingface_hub import get_token

    return bool(get_token())


def _publish(token: str, key: str, repo: str) -> str:
    """Ship, measure and upload the newest checkpoint, each by the command that anyone may type."""
    _announce(token, key, repo)
    queue, name = runs.allow(token), key.removeprefix("runs/")
    try:
        weights = queue.ship(name).resolve()
        job = queue.job(name)
    except QueueError as error:
        return f"**{TEXT['publish_failed']}** {error}"
    words = ["evaluate", str(weights), "--data", job.data, "--samples", str(SAMPLES), "--write"]
    answer, sentence = train_data.run_training(words, MEASURE_S)
    if answer:
        answer, sentence = train_data.run_training(["publish", str(weights), repo.strip()], UPLOAD_S)
    inference.forget(weights.name)
    if not answer:
        return f"**{TEXT['publish_failed']}** {sentence}"
    return TEXT["published"].format(address=answer.splitlines()[-1])
