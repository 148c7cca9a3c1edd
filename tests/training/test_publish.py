"""Publishing: the right calls to the Hub, the five files and no other, and nothing broken."""

from types import SimpleNamespace

import pytest
from huggingface_hub.utils import filter_repo_objects

from models.checkpoint import CheckpointError, read_json, save_weights, write_json
from tests.training.tiny import untrained
from training.publish import publish

FIVE = ["README.md", "config.json", "metrics.json", "model.safetensors", "sample.png"]


@pytest.fixture
def hub(monkeypatch):
    """A Hub that notes every call, and which files an upload would take."""
    calls = []

    class Api:
        def create_repo(self, repo, **options):
            calls.append(("create_repo", repo, options))

        def upload_folder(self, *, folder_path, allow_patterns, **options):
            names = [str(path.relative_to(folder_path)) for path in folder_path.rglob("*") if path.is_file()]
            taken = sorted(filter_repo_objects(names, allow_patterns=allow_patterns))
            calls.append(("upload_folder", taken, options))
            return SimpleNamespace(commit_url="https://hub.example/commit/1")

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    return calls


@pytest.fixture
def folder(tmp_path):
    """A measured weights folder, among things that must stay at home."""
    path = tmp_path / "gan-fake"
    weights = untrained("gan")
    save_weights(path, "gan", weights.config, weights.model)
    write_json(path / "metrics.json", {"figures": {"frechet": 1.0}, "training": []})
    for name in ("README.md", "sample.png", ".env", "notes.txt", "optimizer.safetensors", "old/config.json"):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text("text")
    return path


def test_the_five_files_go_into_a_folder_of_the_repository(hub, folder):
    assert publish(folder, "someone/ganscope") == "https://hub.example/commit/1"
    create, upload = hub
    assert create == ("create_repo", "someone/ganscope", {"exist_ok": True, "private": False})
    options = {"repo_id": "someone/ganscope", "path_in_repo": "gan-fake", "commit_message": "Publish gan-fake"}
    assert upload == ("upload_folder", FIVE, options)


def test_a_private_repository_is_asked_for(hub, folder):
    publish(folder, "someone/ganscope", private=True)
    assert hub[0][2]["private"] is True


def test_a_folder_named_by_a_dot_keeps_its_name(hub, folder, monkeypatch):
    monkeypatch.chdir(folder)
    publish(folder.relative_to(folder), "someone/ganscope")
    assert hub[1][2]["path_in_repo"] == "gan-fake"


def cut_short(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def forget(name):
    def change(folder):
        (folder / name).unlink()

    return change


def unmeasured(folder):
    metrics = read_json(folder / "metrics.json")
    write_json(folder / "metrics.json", {"training": metrics["training"]})


@pytest.mark.parametrize("change", [cut_short, unmeasured, *map(forget, FIVE)])
def test_a_broken_folder_is_refused_before_any_call(hub, folder, change):
    change(folder)
    with pytest.raises(CheckpointError) as caught:
        publish(folder, "someone/ganscope")
    assert hub == []
    assert str(caught.value).endswith(".")


def test_a_classifier_needs_no_sample(hub, tmp_path):
    path = tmp_path / "classifier-fake"
    weights = untrained("classifier")
    save_weights(path, "classifier", weights.config, weights.model)
    write_json(path / "metrics.json", {"figures": {"accuracy": 0.1}})
    (path / "README.md").write_text("card")
    publish(path, "someone/ganscope")
    assert hub[1][1] == [name for name in FIVE if name != "sample.png"]
