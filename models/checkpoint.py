"""Weights on disk: safetensors and JSON, read strictly, written durably. The only file access of `models`.

A weights folder holds `model.safetensors` (the nets that inference needs), `config.json`, `metrics.json`, a model card
and a sample picture. Nothing here can run code: no pickle, no class names from files.
"""

import json
import os
import typing
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from models import MODELS, Config, build
from models.steps import from_steps, is_rounded, size_shape, to_steps

MAX_WEIGHTS_BYTES = 256 * 2**20
MAX_JSON_BYTES = 2**20
MAX_HEADER_BYTES = 2**20  # a header is parsed before anything in it can be checked
MAX_INTEGER = 16_384  # bounds every size, width and count in a config
MAX_LIST = 16  # numbers in a list of a config; a thousand layers take seconds to build even without memory
MAX_NAMES = 1000
MAY_BE_ZERO = {"classes", "continuous", "generator_hidden", "noise", "noise_planes", "trunk_hidden"}
CARD_FILES = ("config.json", "model.safetensors", "metrics.json")
DTYPES = {"F16": torch.float16, "F32": torch.float32, "I64": torch.int64}
STEPS, SIZE = "I8", ".step"  # a weight of whole steps, and what is added to its name for the size of a step


Network = TypeVar("Network", bound=nn.Module)


class CheckpointError(Exception):
    """Weights that cannot be used; the text is one sentence for people."""


@dataclass(frozen=True)
class Weights:
    """A loaded weights folder.

    Attributes:
        name: the folder's name, for instance "infogan-mnist".
        kind: key of `models.MODELS`.
        config: the model's config.
        model: the network in eval mode.
        folder: where it was read from.
        metrics: contents of metrics.json, empty where there is none.
    """

    name: str
    kind: str
    config: Config
    model: nn.Module
    folder: Path
    metrics: dict

    def net(self, network: type[Network]) -> Network:
        """Return the model as the class wanted.

        Raises:
            CheckpointError: these weights are of another kind.
        """
        if not isinstance(self.model, network):
            raise CheckpointError(f"{self.name} is a {self.kind}, not a {network.__name__}; choose other weights.")
        return self.model


def load_weights(folder: Path, device: torch.device | str = "cpu") -> Weights:
    """Load a weights folder: size, header, config, keys, shapes and values are checked before the net is used.

    Raises:
        CheckpointError: anything is missing, too large, unknown or not finite.
    """
    folder = Path(folder)
    described = read_json(folder / "config.json")
    kind = described.get("model")
    if not isinstance(kind, str) or kind not in MODELS or set(described) != {"model", "config"}:
        raise CheckpointError(f"{folder.name}/config.json must hold 'model' (one of {', '.join(MODELS)}) and 'config'.")
    config = config_from_dict(kind, described["config"])
    with torch.device("meta"):
        model = build(kind, config, adversary=False)
    tensors = read_tensors(folder / "model.safetensors", expected=model.state_dict())
    model.load_state_dict({key: tensor.to(device) for key, tensor in tensors.items()}, strict=True, assign=True)
    metrics = read_json(folder / "metrics.json") if (folder / "metrics.json").exists() else {}
    return Weights(folder.name, kind, config, model.eval().requires_grad_(False), folder, metrics)


def save_weights(folder: Path, kind: str, config: Config, model: nn.Module, *, half: bool = False) -> None:
    """Write `model.safetensors` and `config.json`; parts that only training needs are left out.

    Args:
        half: store floating-point tensors as float16, and those rounded to 8 bits (`models.steps`) as int8 with the
            size of a step beside them; they are computed in float32 all the same.

    Raises:
        CheckpointError: a value is not finite, or too large for float16; nothing is written then.
        OSError: the folder cannot be written.
    """
    folder = Path(folder)
    with torch.device("meta"):
        keys = build(kind, config, adversary=False).state_dict().keys()
    state = model.state_dict()
    tensors = {}
    for key in keys:
        tensor = state[key].detach().cpu().contiguous()
        shrunk = half and tensor.is_floating_point()
        tensors[key] = tensor.half() if shrunk else tensor
        check_finite(folder.name, key, tensors[key])
        if shrunk and is_rounded(tensor):
            tensors[key], tensors[key + SIZE] = to_steps(tensor)
    folder.mkdir(parents=True, exist_ok=True)
    write_durably(folder / "model.safetensors", save(tensors))
    write_json(folder / "config.json", {"model": kind, "config": asdict(config)})


def find_weights(name: str, root: Path, repo: str | None = None, revision: str | None = None) -> Path:
    """Locate a weights folder: in `root`, else in a Hugging Face Hub repository that holds one folder a model.

    Raises:
        CheckpointError: it is in neither.
    """
    local = Path(root) / name
    if (local / "model.safetensors").is_file():
        return local
    if repo is None:
        raise CheckpointError(
            f"Weights {name!r} are not in {Path(root).name}/: train them with `python -m training train`, "
            "or name a Hub repository in GANSCOPE_WEIGHTS_REPO."
        )
    from huggingface_hub import hf_hub_download

    try:
        paths = [Path(hf_hub_download(repo, f"{name}/{file}", revision=revision)) for file in CARD_FILES]
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"Weights {name!r} could not be fetched from the Hub's {repo}: {reason}") from error
    return paths[0].parent


def config_from_dict(kind: str, values: object) -> Config:
    """Build a config from JSON: unknown keys, wrong types and numbers out of bounds are refused.

    Raises:
        CheckpointError: naming the key and its value.
    """
    config = MODELS[kind].config
    if not isinstance(values, dict):
        raise CheckpointError(f"The config of a {kind} must be a JSON object, got {type(values).__name__}.")
    hints = typing.get_type_hints(config)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise CheckpointError(f"Unknown keys in the config of a {kind}: {_shortened(unknown)}.")
    missing = [f.name for f in fields(config) if f.name not in values and f.default is MISSING]
    if missing:
        raise CheckpointError(f"Missing keys in the config of a {kind}: {', '.join(missing)}.")
    checked: dict[str, Any] = {key: _checked(f"{kind}.{key}", value, hints[key]) for key, value in values.items()}
    try:
        return config(**checked)
    except ValueError as error:
        raise CheckpointError(str(error)) from error


def read_tensors(path: Path, expected: dict[str, Tensor]) -> dict[str, Tensor]:
    """Read exactly the expected tensors, as float32 or int64.

    Args:
        expected: tensors (n, ...) on any device (meta will do) with the shapes and types wanted; one of floats may be
            stored as int8 steps, with the size of a step (n, 1, ...) beside it.
    """
    check_size(path, MAX_WEIGHTS_BYTES)
    try:
        with open(path, "rb") as file:
            header = int.from_bytes(file.read(8), "little")
        if header > MAX_HEADER_BYTES:
            raise CheckpointError(f"{path.name} has a header of {header} bytes, more than {MAX_HEADER_BYTES} allowed.")
        with safe_open(path, framework="pt") as file:
            keys = set(file.keys())
            rows = {
                key for key in keys & set(expected) if expected[key].is_floating_point() and expected[key].dim() > 1
            }
            whole = {key for key in rows if file.get_slice(key).get_dtype() == STEPS}
            sizes = {key + SIZE: expected[key].new_empty(size_shape(expected[key].shape)) for key in whole}
            if keys != set(expected) | set(sizes):
                odd = _shortened(sorted(keys ^ (set(expected) | set(sizes))))
                raise CheckpointError(f"{path.name} does not fit its config: missing or unknown tensors: {odd}.")
            for key, wanted in (expected | sizes).items():
                part = file.get_slice(key)
                if tuple(part.get_shape()) != tuple(wanted.shape):
                    raise CheckpointError(
                        f"{path.name}: {key} has shape {tuple(part.get_shape())}, "
                        f"its config asks for {tuple(wanted.shape)}."
                    )
                stored = wanted.dtype if key in whole else DTYPES.get(part.get_dtype())
                if stored is None or stored.is_floating_point != wanted.dtype.is_floating_point:
                    raise CheckpointError(f"{path.name}: {key} has type {part.get_dtype()}, expected {wanted.dtype}.")
            # Copied: what lies in a mapped file that is later cut short ends the process.
            tensors = {
                key: from_steps(file.get_tensor(key), file.get_tensor(key + SIZE))
                if key in whole
                else file.get_tensor(key).to(wanted.dtype, copy=True)
                for key, wanted in expected.items()
            }
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path.name} is not a valid safetensors file: {error}.") from error
    for key, tensor in tensors.items():
        check_finite(path.name, key, tensor)
    return tensors


def read_json(path: Path) -> dict:
    """Read a JSON object of at most 1 MB."""
    check_size(path, MAX_JSON_BYTES)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise CheckpointError(f"{path.parent.name}/{path.name} is not valid JSON: {error}.") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path.parent.name}/{path.name} must hold a JSON object.")
    return values


def write_json(path: Path, values: dict) -> None:
    """Write JSON durably."""
    write_durably(path, (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode())


def write_durably(path: Path, payload: bytes) -> None:
    """Replace a file so that a kill or a power cut leaves the old or the new one, never a torn one."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        if temporary.read_bytes() != payload:
            raise OSError(f"{path.name} was not written as given; the disk may be full or failing.")
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def check_size(path: Path, limit: int) -> None:
    """Refuse a file that is absent or over `limit` bytes, before it is read."""
    if not path.is_file():
        raise CheckpointError(f"{path.parent.name}/{path.name} is missing.")
    size = path.stat().st_size
    if size > limit:
        raise CheckpointError(f"{path.parent.name}/{path.name} has {size} bytes, more than the {limit} allowed.")


def check_finite(file: str, key: str, tensor: Tensor) -> None:
    """Refuse NaN and infinity."""
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        raise CheckpointError(f"{file}: {key} holds values that are not finite.")


def _shortened(keys: list[str]) -> str:
    """Show the first three keys: those of a hostile file may be many and long."""
    return ", ".join(repr(key[:60]) for key in keys[:3]) + (", ..." if len(keys) > 3 else "")


def _checked(name: str, value: object, hint: object) -> object:
    """Return a JSON value as the type a dataclass field asks for, or refuse it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    longest = MAX_NAMES if str in inner else MAX_LIST
    if origin is tuple and isinstance(value, list | tuple) and len(value) <= longest:
        return tuple(_checked(f"{name}[{i}]", item, inner[0]) for i, item in enumerate(value))
    if origin is typing.Literal and value in inner:
        return value
    if hint is bool and isinstance(value, bool):
        return value
    smallest = 0 if name.split(".")[-1] in MAY_BE_ZERO else 1
    if hint is int and isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= MAX_INTEGER:
        return value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e6:
        return float(value)
    if hint is str and isinstance(value, str) and len(value) <= 100:
        return value
    wanted = hint.__name__ if isinstance(hint, type) else str(hint)
    raise CheckpointError(f"{name} must be {wanted} within bounds, got {str(value)[:60]!r}.")
