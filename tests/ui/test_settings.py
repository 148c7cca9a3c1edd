"""The settings: defaults, environment, refusals in one sentence, and the table in README.md."""

import os
import re
from pathlib import Path

import pytest

from ui.settings import ROOT, Settings, SettingsError, load_settings, settings_table

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith(("GANSCOPE_", "GRADIO_", "SPACE_")):
            monkeypatch.delenv(name)


def test_defaults():
    settings = load_settings()
    assert (settings.host, settings.port, settings.root_path) == ("127.0.0.1", 7860, "")
    assert (settings.device, settings.threads, settings.concurrency) == (None, 1, 2)
    assert (settings.queue_size, settings.max_upload_mb) == (64, 10)
    assert (settings.weights_dir, settings.weights_repo) == (ROOT / "weights", None)
    assert (settings.weights_revision, settings.space_id) == (None, None)
    assert (settings.runs_dir, settings.training_token, settings.trains) == (ROOT / "runs", None, True)


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("GANSCOPE_HOST", "::1", "host", "::1"),
        ("GANSCOPE_PORT", "8080", "port", 8080),
        ("GANSCOPE_ROOT_PATH", "/lab", "root_path", "/lab"),
        ("GANSCOPE_ROOT_PATH", "https://example.org/lab", "root_path", "https://example.org/lab"),
        ("GANSCOPE_DEVICE", "cuda:1", "device", "cuda:1"),
        ("GANSCOPE_THREADS", "2", "threads", 2),
        ("GANSCOPE_CONCURRENCY", "4", "concurrency", 4),
        ("GANSCOPE_QUEUE_SIZE", "8", "queue_size", 8),
        ("GANSCOPE_MAX_UPLOAD_MB", "5", "max_upload_mb", 5),
        ("GANSCOPE_WEIGHTS_DIR", str(ROOT), "weights_dir", ROOT),
        ("GANSCOPE_RUNS_DIR", "elsewhere", "runs_dir", Path("elsewhere")),
        ("GANSCOPE_TRAINING", "off", "trains", False),
        ("GANSCOPE_TRAINING_TOKEN", "sesame", "training_token", "sesame"),
        ("GANSCOPE_TRAINING_MINUTES", "5", "training_minutes", 5),
        ("SPACE_ID", "someone/ganscope", "space_id", "someone/ganscope"),
        ("SPACE_ID", "someone/ganscope", "trains", False),
        ("GANSCOPE_HOST", "0.0.0.0", "trains", False),  # whoever can connect could
        ("GRADIO_SERVER_NAME", "0.0.0.0", "host", "0.0.0.0"),
        ("GRADIO_SERVER_PORT", "9000", "port", 9000),
        ("GANSCOPE_PORT", "", "port", 7860),
        ("HOST", "elsewhere", "host", "127.0.0.1"),
        ("DEVICE", "mps", "device", None),
    ],
)
def test_environment(monkeypatch, variable, text, field, value):
    monkeypatch.setenv(variable, text)
    assert getattr(load_settings(), field) == value


def test_every_field_has_a_description():
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_own_variable_wins_over_gradios(monkeypatch):
    monkeypatch.setenv("GRADIO_SERVER_PORT", "9000")
    monkeypatch.setenv("GANSCOPE_PORT", "9001")
    assert load_settings().port == 9001


def test_space_listens_outside_unless_told(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/ganscope")
    assert load_settings().host == "0.0.0.0"
    monkeypatch.setenv("GANSCOPE_HOST", "127.0.0.1")
    assert load_settings().host == "127.0.0.1"


def test_pinned_repository(monkeypatch):
    monkeypatch.setenv("GANSCOPE_WEIGHTS_REPO", "someone/weights")
    monkeypatch.setenv("GANSCOPE_WEIGHTS_REVISION", COMMIT)
    settings = load_settings()
    assert (settings.weights_repo, settings.weights_revision) == ("someone/weights", COMMIT)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("GANSCOPE_HOST", "two words"),
        ("GANSCOPE_PORT", "abc"),
        ("GANSCOPE_PORT", "0"),
        ("GANSCOPE_PORT", "65536"),
        ("GANSCOPE_PORT", "1.5"),
        ("GRADIO_SERVER_PORT", "many"),
        ("GANSCOPE_ROOT_PATH", "lab"),
        ("GANSCOPE_ROOT_PATH", "/lab/"),
        ("GANSCOPE_DEVICE", "tpu"),
        ("GANSCOPE_DEVICE", "cuda:"),
        ("GANSCOPE_THREADS", "0"),
        ("GANSCOPE_CONCURRENCY", "-1"),
        ("GANSCOPE_QUEUE_SIZE", "nan"),
        ("GANSCOPE_MAX_UPLOAD_MB", "101"),
        ("GANSCOPE_WEIGHTS_DIR", "no/such/folder"),
        ("GANSCOPE_TRAINING", "perhaps"),
        ("GANSCOPE_TRAINING_STEPS", "0"),
        ("GANSCOPE_WEIGHTS_REPO", "one-word"),
        ("GANSCOPE_WEIGHTS_REVISION", "main"),
        ("SPACE_ID", "not a space"),
    ],
)
def test_refusal_is_one_sentence_naming_the_variable(monkeypatch, variable, text):
    monkeypatch.setenv(variable, text)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    sentence = str(refusal.value)
    assert sentence.startswith(f"{variable} is ")
    assert text in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("variable", ["GANSCOPE_WEIGHTS_REPO", "GANSCOPE_WEIGHTS_REVISION"])
def test_repository_and_revision_go_together(monkeypatch, variable):
    monkeypatch.setenv(variable, COMMIT if variable.endswith("REVISION") else "someone/weights")
    with pytest.raises(SettingsError, match=r"^GANSCOPE_WEIGHTS_\w+ is set without GANSCOPE_WEIGHTS_\w+; "):
        load_settings()


def test_training_on_a_space_needs_a_password(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/ganscope")
    monkeypatch.setenv("GANSCOPE_TRAINING", "on")
    with pytest.raises(SettingsError, match=r"^GANSCOPE_TRAINING is on, .* GANSCOPE_TRAINING_TOKEN, .*\.$"):
        load_settings()
    monkeypatch.setenv("GANSCOPE_TRAINING_TOKEN", "sesame")
    assert load_settings().trains


def test_unknown_variable_is_refused(monkeypatch):
    monkeypatch.setenv("GANSCOPE_DEVISE", "cpu")
    with pytest.raises(SettingsError, match=r"^GANSCOPE_DEVISE is not a setting .* GANSCOPE_DEVICE\?$"):
        load_settings()


def test_test_variables_are_no_settings(monkeypatch):
    monkeypatch.setenv("GANSCOPE_TEST_DATA", "somewhere")
    monkeypatch.setenv("GANSCOPE_DATA", "the trainer's")
    assert load_settings().port == 7860


def test_readme_holds_exactly_this_table():
    readme = (Path(ROOT) / "README.md").read_text(encoding="utf-8")
    held = re.findall(r"(?:^\|.*\n)+", readme, flags=re.MULTILINE)
    assert settings_table() + "\n" in held
