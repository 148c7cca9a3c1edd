"""Files that are not the weights their name says: refused in one sentence, and before they cost anything."""

import json
import os
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from models import checkpoint
from models.checkpoint import CheckpointError, load_weights
from tests.models.saving import WEIGHTS, refused, saved

ROOT = Path(__file__).resolve().parents[2]


def file_of(header, data=b""):
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor_at(start, end, dtype="F32", shape=(1,)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickle_under_our_name_is_not_opened(tmp_path):
    saved(tmp_path)
    torch.save({"state": Bomb(tmp_path / "canary")}, tmp_path / WEIGHTS)
    assert refused(tmp_path)
    assert not (tmp_path / "canary").exists()


def test_truncated_anywhere(tmp_path):
    saved(tmp_path)
    whole = (tmp_path / WEIGHTS).read_bytes()
    header = 8 + struct.unpack("<Q", whole[:8])[0]
    for length in {0, 1, 7, 8, 9, header - 1, header, header + 1, len(whole) - 1, *range(100, len(whole), 1500)}:
        (tmp_path / WEIGHTS).write_bytes(whole[:length])
        assert WEIGHTS in refused(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(whole + b"\0")
    assert WEIGHTS in refused(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff" * 8,
        b"\xff" * 64,
        struct.pack("<Q", 2**20 + 1) + b" " * 2**21,
        file_of(b"[]"),
        file_of(b"null"),
        file_of(b"{" * 5000),
        file_of(b'{"a":' * 5000),
        file_of(b"\xff\xfe"),
        file_of({"a": 1}),
        file_of({"a": tensor_at(0, 4), "b": tensor_at(0, 4)}, b"\0" * 4),
        file_of({"a": tensor_at(0, 8), "b": tensor_at(4, 12)}, b"\0" * 12),
        file_of({"a": tensor_at(4, 0)}, b"\0" * 4),
        file_of({"a": tensor_at(0, 4, shape=(2**40, 2**40))}, b"\0" * 4),
        file_of({"a": tensor_at(0, 4, shape=(-1,))}, b"\0" * 4),
        file_of({"a": tensor_at(0, 2**62)}),
        file_of({"a": tensor_at(0, 4, dtype="OBJ")}, b"\0" * 4),
        file_of({f"tensor{i}": tensor_at(0, 0, shape=(0,)) for i in range(5000)}),
        b"PK\x03\x04" + b"\0" * 100,
        b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    ],
    ids=lambda content: content[:24].hex(),
)
def test_odd_files(tmp_path, content):
    saved(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(content)
    assert WEIGHTS in refused(tmp_path)


def test_a_huge_header_is_not_parsed(tmp_path, monkeypatch):
    saved(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(file_of({f"tensor{i}": tensor_at(0, 0, shape=(0,)) for i in range(20_000)}))
    monkeypatch.setattr(checkpoint, "safe_open", None)
    assert "has a header of" in refused(tmp_path)


def spoiled(state, change):
    """A state with one thing wrong."""
    key, tensor = "encoder.last.weight", state["encoder.last.weight"]
    changes = {
        "key missing": lambda: state.pop(key),
        "key added": lambda: state.update({"extra": torch.zeros(1)}),
        "key renamed": lambda: state.update({"x\ny" * 200: state.pop(key)}),
        "shape": lambda: state.update({key: tensor[:-1].contiguous()}),
        "shape transposed": lambda: state.update({key: tensor.T.contiguous()}),
        "no shape": lambda: state.update({key: torch.tensor(1.0)}),
        "float64": lambda: state.update({key: tensor.double()}),
        "bfloat16": lambda: state.update({key: tensor.bfloat16()}),
        "integers": lambda: state.update({key: tensor.long()}),
        "count as float": lambda: state.update({"encoder.second_norm.num_batches_tracked": torch.tensor(1.0)}),
        "nan": lambda: tensor[0].fill_(torch.nan),
        "infinity": lambda: tensor[0].fill_(torch.inf),
        "half infinity": lambda: state.update({key: (tensor * 1e9).half()}),
        "nan in statistics": lambda: state["generator.first_norm.running_var"].fill_(torch.nan),
    }
    changes[change]()
    return state


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("key missing", "missing or unknown tensors: 'encoder.last.weight'"),
        ("key added", "missing or unknown tensors: 'extra'"),
        ("key renamed", "missing or unknown tensors"),
        ("shape", "encoder.last.weight has shape (5, 12), its config asks for (6, 12)"),
        ("shape transposed", "has shape (12, 6)"),
        ("no shape", "has shape ()"),
        ("float64", "has type F64"),
        ("bfloat16", "has type BF16"),
        ("integers", "has type I64"),
        ("count as float", "num_batches_tracked has type F32"),
        ("nan", "encoder.last.weight holds values that are not finite"),
        ("infinity", "not finite"),
        ("half infinity", "not finite"),
        ("nan in statistics", "generator.first_norm.running_var holds values that are not finite"),
    ],
)
def test_tensors_that_do_not_fit(tmp_path, change, message):
    saved(tmp_path)
    save_file(spoiled(load_file(tmp_path / WEIGHTS), change), tmp_path / WEIGHTS)
    assert message in refused(tmp_path)


def test_nothing_is_read_before_every_tensor_has_the_right_shape(tmp_path, monkeypatch):
    read = []

    class Watched:
        def __init__(self, *arguments, **options):
            self.file = safe_open(*arguments, **options)

        def __enter__(self):
            self.inner = self.file.__enter__()
            return self

        def __exit__(self, *error):
            return self.file.__exit__(*error)

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def get_tensor(self, key):
            read.append(key)
            return self.inner.get_tensor(key)

    saved(tmp_path)
    monkeypatch.setattr(checkpoint, "safe_open", Watched)
    load_weights(tmp_path)
    assert read
    read.clear()
    state = load_file(tmp_path / WEIGHTS)
    last = list(load_weights(tmp_path).model.state_dict())[-1]
    read.clear()
    save_file({**state, last: torch.zeros(3, 3, 3, dtype=state[last].dtype)}, tmp_path / WEIGHTS)
    assert f"{last} has shape" in refused(tmp_path)
    assert read == []


@pytest.mark.parametrize("name", ["config.json", WEIGHTS, "metrics.json"])
def test_a_file_too_large_is_not_opened(tmp_path, name, monkeypatch):
    saved(tmp_path)
    with open(tmp_path / name, "wb") as file:
        file.truncate(checkpoint.MAX_WEIGHTS_BYTES + 1)  # a hole: it takes no room
    monkeypatch.setattr(checkpoint, "safe_open", None)
    if name == "metrics.json":
        monkeypatch.undo()
    assert f"{name} has {checkpoint.MAX_WEIGHTS_BYTES + 1} bytes, more than" in refused(tmp_path)


def test_file_that_is_cut_short_under_a_loaded_model_changes_nothing(tmp_path):
    saved(tmp_path)
    script = (
        "import os, sys\nfrom models.checkpoint import load_weights\n"
        "model = load_weights(sys.argv[1]).model\nbefore = model.decode(model.latents([1]))\n"
        "os.truncate(sys.argv[1] + '/model.safetensors', 0)\nassert (model.decode(model.latents([1])) == before).all()"
    )
    # In another process, since a mapped file that is cut short takes its readers with it.
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["config.json", WEIGHTS])
def test_a_file_that_is_missing_or_no_file(tmp_path, name):
    saved(tmp_path)
    (tmp_path / name).unlink()
    assert f"{name} is missing" in refused(tmp_path)
    (tmp_path / name).mkdir()
    assert f"{name} is missing" in refused(tmp_path)


@pytest.fixture(scope="module")
def scribbled(tmp_path_factory):
    """A folder of sound weights, and what their file holds."""
    folder = tmp_path_factory.mktemp("scribbled")
    saved(folder)
    return folder, (folder / WEIGHTS).read_bytes()


@settings(max_examples=100, deadline=None)
@given(scribbles=st.lists(st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=3))
def test_scribbled_over(scribbled, scribbles):
    folder, sound = scribbled
    content = bytearray(sound)
    for place, data in scribbles:
        content[place : place + len(data)] = data
    (folder / WEIGHTS).write_bytes(content)
    state = {}
    with suppress(CheckpointError):
        state = load_weights(folder).model.state_dict()
    assert all(bool(torch.isfinite(tensor).all()) for tensor in state.values())
