"""The Train tab: who may do what, and what is told."""

import dataclasses
import itertools
import json
import re
import zipfile

import gradio as gr
import huggingface_hub
import pytest

from models.checkpoint import write_json
from tests.ui.training_page import RECORDING, pictures, write_recording
from training.job import Job
from training.jobs import Queue
from training.runs import QueueError, Run, read_run
from ui import inference, train_compare, train_data, train_runs, train_start, train_tab, train_view
from ui.settings import Settings

RUN = Run("gan-fake-1", "running", model="gan", step=200, steps=400, minutes=1.0, seconds=30.0, device="cpu")


@pytest.fixture
def where(monkeypatch, tmp_path):
    """Settings of a page with its own folders; returns what changes them."""
    made = {"weights_dir": tmp_path / "weights", "runs_dir": tmp_path / "runs", "training": True}
    (tmp_path / "weights").mkdir()

    def change(**values):
        made.update(values)
        settings = Settings(**made)
        monkeypatch.setattr(inference, "settings", lambda: settings)
        queue = Queue(settings.runs_dir)
        monkeypatch.setattr(queue, "start", lambda: None)
        monkeypatch.setattr(train_runs, "queue", lambda: queue)
        return tmp_path

    change()
    return change


ACTING = [
    lambda token: train_tab._act("pause")(token, "runs/x"),
    lambda token: train_tab._act("go_on")(token, "runs/x"),
    lambda token: train_tab._act("stop")(token, "runs/x"),
    lambda token: train_tab._act("resume")(token, "runs/x"),
    lambda token: train_tab._remove(token, "runs/x"),
    lambda token: train_tab._control(token, "runs/x"),
    lambda token: train_tab._pack(token, "runs/x"),
    lambda token: train_tab._use([])(token, "runs/x"),
    lambda token: train_start._start(token, "gan", "mnist", "minute", "modern", 0, 0, 0, [], "", *[0] * 7),
    lambda token: train_start._look(token, "mnist", "gan", 0, 0),
    lambda token: train_compare._publish(token, "runs/x", "a/b"),
]


@pytest.mark.parametrize("act", ACTING, ids=range(len(ACTING)))
@pytest.mark.parametrize(
    ("settings", "token", "sentence"),
    [
        ({"training": False}, "", "switched off"),
        ({"training_token": "sesame"}, "", "not the password"),
        ({"training_token": "sesame"}, "sesam", "not the password"),
        ({"training_token": "sesame"}, None, "not the password"),
        ({"space_id": "a/b", "training": None}, "", "switched off"),
    ],
)
def test_every_acting_function_asks_who_may(where, act, settings, token, sentence):
    folder = where(**settings)
    with pytest.raises(gr.Error, match=sentence):
        act(token)
    assert not (folder / "runs").exists() or list((folder / "runs").iterdir()) == []


def test_the_right_password_opens(where):
    where(training_token="sésame")  # noqa: S106
    with pytest.raises(gr.Error, match="There is no run 'x'"):
        train_tab._act("pause")("sésame", "runs/x")
    with pytest.raises(gr.Error, match="cannot be changed"):
        train_tab._remove("sésame", RECORDING)


def test_what_is_chosen_becomes_a_job(where):
    where()
    values = {"info_weight": 0.0, "continuous_weight": 0.3, "lr_generator": 0.0, "lr_discriminator": 0.0001}
    fields = [values.get(key, "log" if key == "loss" else 1.0) for key in train_start.FIELDS]
    job = train_start.job("infogan", "chairs", "short", "paper", 3, 0, 0, [1], "ema=0.9 flip=true", *fields)
    assert (job.model, job.data, job.preset, job.seed, job.minutes, job.image_size) == (
        *("infogan", "chairs", "paper", 3, 10, 32),
    )
    assert set(job.overrides) == {
        *("lr_discriminator=0.0001", "info_weight=0.0", "continuous_weight=0.3", "ema=0.9", "flip=true"),
    }
    assert job.levels == ()
    for others, sentence in [("--device cuda", "is not a setting"), ("a=b;c", "is not a setting")]:
        with pytest.raises(QueueError, match=sentence):
            train_start.job("gan", "mnist", "minute", "modern", 0, 0, 0, [], others, *fields)
    with pytest.raises(QueueError, match="no pictures called"):
        train_start.job("gan", "../secret", "minute", "modern", 0, 0, 0, [], "", *fields)


@pytest.mark.parametrize(
    ("run", "records", "lead"),
    [
        (RUN, [{"step": i, "accuracy/discriminator": 0.99} for i in range(20)], "D is too strong."),
        (RUN, [{"step": i, "accuracy/level2/discriminator": 0.99} for i in range(20)], "D is too strong at level 2."),
        (dataclasses.replace(RUN, measured={"diversity": 0.1}), [], "The samples look alike."),
        (dataclasses.replace(RUN, state="diverged", reason="loss was nan"), [], "It diverged."),
        (dataclasses.replace(RUN, state="failed", reason="disk full"), [], "It failed."),
        (dataclasses.replace(RUN, step=0), [], "Preparing."),
        (dataclasses.replace(RUN, step=2000), [{"step": 1, "information/categorical": 0.1}], "The codes say nothing"),
    ],
)
def test_what_goes_wrong_is_said_in_plain_words(run, records, lead):
    (warning,) = train_view.warnings(run, records)
    assert warning["lead"].startswith(lead)
    assert warning["text"]


def test_a_healthy_run_is_not_warned_about():
    records = [{"step": i, "accuracy/discriminator": 0.8, "information/categorical": 2.2} for i in range(20)]
    run = dataclasses.replace(RUN, step=9000, measured={"diversity": 0.9})
    assert train_view.warnings(run, records, touched=100, now=110) == []
    (warning,) = train_view.warnings(run, records, touched=100, now=1000)
    assert warning["lead"] == "No progress."


def test_one_press_queues_the_control_and_compares_both(where, monkeypatch):
    where()
    said = []
    monkeypatch.setattr(gr, "Info", said.append)
    queue = train_runs.queue()
    name = queue.submit(Job("infogan", "chairs", "cpu", minutes=1, seed=4, overrides=("info_weight=2",)))
    watch, compare, curves, _ = train_tab._control("", f"runs/{name}")
    control = f"{name.removesuffix('-1')}-control-1"
    assert queue.job(control) == dataclasses.replace(
        queue.job(name), overrides=("info_weight=2", "informed=false"), created=queue.job(control).created
    )
    assert compare["value"] == json.loads(curves)["keys"] == [f"runs/{name}", f"runs/{control}"]
    assert f"runs/{control}" in [key for _, key in watch["choices"]]
    assert control in said[0]
    run, its_control = (read_run(queue.root, one) for one in (name, control))
    assert (train_tab.possible(run)["control"], train_tab.possible(its_control)["control"]) == (True, False)
    with pytest.raises(gr.Error, match="a control has none"):
        train_tab._control("", f"runs/{control}")


def test_without_a_login_nothing_is_measured_to_be_published(where, monkeypatch):
    where()
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    monkeypatch.setattr(train_data, "run_training", lambda words, seconds: pytest.fail("measured"))
    with pytest.raises(gr.Error, match="not logged in to the Hugging Face Hub"):
        train_compare._publish("", "runs/x", "a/b")
    for repo, key, sentence in (("nonsense", "runs/x", "is no repository"), ("a/b", RECORDING, "cannot be changed")):
        with pytest.raises(gr.Error, match=sentence):
            train_compare._publish("", key, repo)


def test_time_left_is_of_the_limit_that_comes_first():
    assert train_view.left(RUN) == "30 s"
    assert train_view.left(dataclasses.replace(RUN, steps=220)) == "3 s"
    assert train_view.left(dataclasses.replace(RUN, steps=None, minutes=None)) == ""


def test_a_pyramid_has_a_chart_of_losses_for_every_level():
    last = {f"loss/level{k}/{net}": 1.0 for k in (0, 1) for net in ("discriminator", "generator")}
    charts = train_view.charts({"image_sizes": [64, 32]}, last, {})
    assert [(chart["title"], len(chart["series"])) for chart in charts] == [
        ("Losses at 64 px", 2),
        ("Losses at 32 px", 2),
    ]


def test_a_story_gives_only_what_is_new(where):
    folder = where()
    write_recording(folder / "weights" / "infogan-mnist" / "recording", 40)
    whole = train_runs.story(RECORDING)
    assert (len(whole["records"]), len(whole["samples"]), whole["live"]) == (40, 3, False)
    assert whole["marks"]["information"][0] == pytest.approx(2.3026, abs=1e-4)
    news = train_runs.story(RECORDING, 38, 40, 20)
    assert [record["step"] for record in news["records"]] == [39, 40]
    assert news["measures"] == []
    assert news["samples"] == ["step-000040.webp"]
    assert "charts" not in news


def test_a_record_that_came_while_the_run_was_read_is_told_once(where, monkeypatch):
    folder = where() / "runs" / "gan-fake-1"
    folder.mkdir(parents=True)
    write_json(folder / "run.json", {"request": {"model": "gan", "data": "fake"}, "config": {}})
    steps = itertools.count(20, 20)

    def write():
        with (folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"step": next(steps), "loss/generator": 1.0}) + "\n")

    def read_then_write(*names):
        run = read_run(*names)
        write()
        return run

    write()
    monkeypatch.setattr(train_runs, "read_run", read_then_write)
    first = train_runs.story("runs/gan-fake-1")
    again = train_runs.story("runs/gan-fake-1", first["last"])
    assert [[record["step"] for record in told["records"]] for told in (first, again)] == [[20, 40], [60]]


def test_the_first_measures_bring_their_chart_and_a_long_run_is_judged_by_its_end(where):
    folder = where() / "runs" / "gan-fake-1"
    (folder / "samples").mkdir(parents=True)
    write_json(folder / "run.json", {"request": {"model": "gan", "data": "fake"}, "config": {}})
    lines = [{"step": 20 * i, "loss/generator": 1.0, "accuracy/discriminator": i / 5000} for i in range(1, 5001)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = train_runs.story("runs/gan-fake-1")
    assert [chart["id"] for chart in told["charts"]] == ["loss", "accuracy"]
    assert [figure[1:] for figure in told["figures"]] == [
        ["Steps", "100,000"],
        ["Loss of G", "1.000"],
        ["D is right", "1.000"],
    ]
    (folder / "measures.jsonl").write_text('{"step": 100000, "diversity": 0.5}\n')
    told = train_runs.story("runs/gan-fake-1", 100_000)
    assert [chart["id"] for chart in told["charts"]] == ["loss", "accuracy", "diversity"]
    assert "charts" not in train_runs.story("runs/gan-fake-1", 100_000, 100_000)
    assert "figures" not in train_runs.story("runs/gan-fake-1", 100_000, 100_000)


def test_own_weights_are_listed_after_the_shipped_ones_and_can_be_forgotten(where, weights_dir):
    import shutil

    folder = where()
    shutil.copytree(weights_dir / "infogan-mnist", folder / "weights" / "infogan-mnist")
    shutil.copytree(weights_dir / "infogan-mnist", folder / "runs" / "weights" / "infogan-chairs-1")
    assert inference.names("infogan") == ["infogan-mnist", "infogan-chairs-1"]
    first = inference.weights("infogan-chairs-1")
    assert inference.source("infogan-chairs-1") == "runs/weights/infogan-chairs-1"
    assert inference.weights("infogan-chairs-1") is first
    inference.forget("infogan-chairs-1")
    assert inference.weights("infogan-chairs-1") is not first
    inference.forget("infogan-chairs-1")


def test_a_zip_that_is_too_large_or_useless_leaves_nothing(where):
    folder = where(training_data_mb=1)
    data = folder / "runs" / "data"
    data.mkdir(parents=True)
    (data / "odd-12345678.zip").write_bytes(pictures(2)[:-40])
    with pytest.raises(QueueError) as refusal:
        train_data.look("odd-12345678", "lapgan", None, None)
    assert str(refusal.value).count("\n") == 0
    assert str(folder) not in str(refusal.value)
    assert list(data.iterdir()) == []


def test_a_zip_that_was_usable_once_stays_where_a_second_look_fails(where, monkeypatch):
    folder = where()
    data = folder / "runs" / "data"
    data.mkdir(parents=True)
    (data / "mine-12345678.zip").write_bytes(pictures(2))
    (data / "mine-12345678.json").write_text("{}")  # a run may need it
    monkeypatch.setattr(train_data, "run_training", lambda words, seconds: ("", train_data.TEXT["look_slow"]))
    with pytest.raises(QueueError, match=re.escape(train_data.TEXT["look_slow"])):
        train_data.look("mine-12345678", "lapgan", None, None)
    assert (data / "mine-12345678.zip").exists()
    assert ("mine-12345678", "mine-12345678") in train_data.choices()


def test_pictures_that_are_still_looked_through_stay_chosen(where):
    data = where() / "runs" / "data"
    data.mkdir(parents=True)
    (data / "mine-12345678.zip").write_bytes(pictures(2))
    assert train_start._list("mine-12345678")["value"] == "mine-12345678"
    assert train_start._list("gone-12345678")["value"] == train_data.choices()[0][1]


def test_what_cannot_be_looked_at_is_said_in_one_sentence(where, monkeypatch):
    where()
    with pytest.raises(QueueError, match="There are no pictures called"):
        train_data.spec("../secret")
    with pytest.raises(QueueError, match="There are no pictures called"):
        train_data.spec("unsent-12345678")
    text, sheet = train_start._look("", "unsent-12345678", "gan", 0, 0)
    assert "There are no pictures called" in text["value"]
    assert (text["visible"], sheet["visible"]) == (True, False)
    monkeypatch.setattr(train_data, "run_training", lambda words, seconds: ("no JSON", ""))
    with pytest.raises(QueueError, match=re.escape(train_data.TEXT["look_failed"])):
        train_data.look("mnist", "infogan", None, None)


def test_a_command_that_takes_too_long_is_ended_and_said(where):
    where()
    assert train_data.run_training(["look", "--help"], 0.05) == ("", train_data.TEXT["look_slow"])


def test_publishing_ships_measures_and_uploads_in_this_order_and_says_what_failed(where, monkeypatch):
    where()
    queue = train_runs.queue()
    name = queue.submit(Job("gan", "fake", "cpu", minutes=1))
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_test")
    said = train_compare._publish("", f"runs/{name}", "a/b")
    assert said.startswith(f"**{train_data.TEXT['publish_failed']}**")  # nothing was trained yet
    asked = []

    def answer(words, seconds):
        asked.append(words[0])
        return ("", "No room.") if words[0] == "publish" else ("{}", "")

    monkeypatch.setattr(queue, "ship", lambda name: queue.root / "weights" / name)
    monkeypatch.setattr(train_data, "run_training", answer)
    assert train_compare._publish("", f"runs/{name}", "a/b").endswith("** No room.")
    assert asked == ["evaluate", "publish"]
    monkeypatch.setattr(train_data, "run_training", lambda words, seconds: ("made\nhttps://hub.example/a/b", ""))
    assert "https://hub.example/a/b" in train_compare._publish("", f"runs/{name}", "a/b")


def test_the_plain_gan_has_no_tab_to_be_used_in(where):
    where()
    name = train_runs.queue().submit(Job("gan", "fake", "cpu", minutes=1))
    with pytest.raises(gr.Error, match="Plain GAN"):
        train_tab._use([])("", f"runs/{name}")


def test_a_run_is_removed_and_its_weights_are_packed(where, monkeypatch):
    folder = where()
    queue = train_runs.queue()
    name = queue.submit(Job("gan", "fake", "cpu", minutes=1))
    made = folder / "runs" / "weights" / name
    made.mkdir(parents=True)
    (made / "config.json").write_text("{}")
    monkeypatch.setattr(queue, "ship", lambda name: made)
    with zipfile.ZipFile(train_tab._pack("", f"runs/{name}")) as packed:
        assert f"{name}/config.json" in packed.namelist()
    train_tab._remove("", f"runs/{name}")
    assert name not in [key for _, key in train_runs.choices()]
    with pytest.raises(gr.Error):
        train_tab._remove("", f"runs/{name}")


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_number_that_no_training_can_use_is_refused(where, value):
    where()
    with pytest.raises(gr.Error, match=re.escape(str(value))):
        train_start._start("", "gan", "mnist", "minute", "modern", 0, 0, 0, [], "", *[value] * 7)
