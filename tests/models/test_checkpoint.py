"""Weights on disk: what is saved comes back, and nothing that is merely like it does."""

import errno
import json
import os
import resource
from contextlib import contextmanager
from dataclasses import asdict

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file

from models import build
from models.bigan import BiGAN
from models.checkpoint import CheckpointError, find_weights, load_weights, save_weights, write_durably, write_json
from models.gan import GAN
from tests.models.saving import CONFIG, KIND, WEIGHTS, refused, saved
from tests.models.tiny import TINY, draw


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("name", TINY)
def test_round_trip(tmp_path, name, half):
    kind, config = TINY[name]
    model = saved(tmp_path / "net", kind, config, half=half)
    weights = load_weights(tmp_path / "net")
    assert (weights.name, weights.kind, weights.config, weights.metrics) == ("net", kind, config, {})
    assert not weights.model.training
    assert not any(parameter.requires_grad for parameter in weights.model.parameters())
    state = model.state_dict()
    for key, tensor in weights.model.state_dict().items():
        assert tensor.dtype in (torch.float32, torch.int64)
        assert torch.allclose(tensor, state[key], rtol=0, atol=2e-3 if half else 0), key
    difference = draw(kind, weights.model, [1, 2]) - draw(kind, model, [1, 2])
    assert difference.abs().max() <= (0.02 if half else 0)
    stored = {tensor.dtype for tensor in load_file(tmp_path / "net" / WEIGHTS).values()}
    assert stored <= ({torch.float16, torch.int64} if half else {torch.float32, torch.int64})


def test_a_net_of_another_kind_is_refused(tmp_path):
    saved(tmp_path / "net", *TINY["bigan"])
    weights = load_weights(tmp_path / "net")
    assert weights.net(BiGAN) is weights.model
    with pytest.raises(CheckpointError, match=r"^net is a bigan, not a GAN; choose other weights\.$"):
        weights.net(GAN)


def test_metrics_come_with_the_weights(tmp_path):
    saved(tmp_path)
    write_json(tmp_path / "metrics.json", {"figures": {"ratio": 0.5}})
    assert load_weights(tmp_path).metrics == {"figures": {"ratio": 0.5}}
    (tmp_path / "metrics.json").write_text("{")
    assert "metrics.json is not valid JSON" in refused(tmp_path)


@pytest.mark.parametrize(("value", "half"), [(torch.nan, False), (torch.inf, True), (1e5, True)])
def test_what_could_not_be_loaded_is_not_saved(tmp_path, value, half):
    model = build(KIND, CONFIG)
    with torch.no_grad():
        model.encoder.last.bias[0] = value
    with pytest.raises(CheckpointError, match=r"encoder\.last\.bias holds values that are not finite"):
        save_weights(tmp_path / "net", KIND, CONFIG, model, half=half)
    assert not (tmp_path / "net").exists()


# Finding weights


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub that holds one folder of weights, and notes what was asked of it."""
    saved(tmp_path / "hub" / "net")
    write_json(tmp_path / "hub" / "net" / "metrics.json", {})
    asked = []

    def download(repo, file, revision=None):
        asked.append((repo, file, revision))
        if not (tmp_path / "hub" / file).is_file():
            raise huggingface_hub.errors.EntryNotFoundError(f"404 for {file}\nRequest ID: 1")
        return str(tmp_path / "hub" / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return asked


def test_local_weights_come_first(tmp_path, hub):
    saved(tmp_path / "weights" / "net")
    assert find_weights("net", tmp_path / "weights", "someone/nets", "abc") == tmp_path / "weights" / "net"
    assert hub == []


def test_the_hub_is_asked_for_the_pinned_revision(tmp_path, hub):
    folder = find_weights("net", tmp_path / "weights", "someone/nets", "abc123")
    assert load_weights(folder).config == CONFIG
    assert {(repo, revision) for repo, _, revision in hub} == {("someone/nets", "abc123")}
    assert {file for _, file, _ in hub} == {"net/config.json", f"net/{WEIGHTS}", "net/metrics.json"}


@pytest.mark.parametrize(("repo", "message"), [(None, "train them with"), ("someone/nets", "could not be fetched")])
def test_weights_that_are_nowhere(tmp_path, hub, repo, message):
    with pytest.raises(CheckpointError, match=message) as caught:
        find_weights("other", tmp_path / "weights", repo, "abc")
    assert "\n" not in str(caught.value)
    assert "'other'" in str(caught.value)


# Writing


@contextmanager
def file_limit(size):
    """Let no file grow beyond `size` bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fail(*arguments, **options):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("failing", ["limit", "fsync", "replace", "other bytes"])
def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path, monkeypatch, failing):
    path = tmp_path / "file"
    write_durably(path, b"old")
    with monkeypatch.context() as patch, file_limit(1000 if failing == "limit" else resource.RLIM_INFINITY):
        if failing in ("fsync", "replace"):
            patch.setattr(os, failing, fail)
        if failing == "other bytes":
            patch.setattr(type(path), "read_bytes", lambda path: b"other")
        with pytest.raises(OSError, match=r"large|space|not written as given"):
            write_durably(path, b"new" * 1000)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_durably(path, b"new")
    assert path.read_bytes() == b"new"


def test_the_file_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    events = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, real=real, name=name: (events.append(name), real(*args)))
    write_durably(tmp_path / "file", b"new")
    assert events == ["fsync", "replace", "fsync"]  # the second one is the folder's


def test_config_is_written_as_it_is_read(tmp_path):
    saved(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())
    assert written == {"model": KIND, "config": asdict(CONFIG)}
