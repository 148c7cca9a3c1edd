"""The one place where the page meets torch: loaded models, the device, and a limit on what runs at once."""

import functools
import threading
from collections.abc import Callable

import gradio as gr
import torch

from models.checkpoint import CheckpointError, Weights, find_weights, load_weights
from models.device import choose_device
from ui.images import ImageError
from ui.settings import Settings, load_settings

try:
    # A ZeroGPU Space attaches its GPU only while a function decorated with this runs.
    from spaces import GPU as attach_gpu
except ImportError:

    def attach_gpu(function: Callable) -> Callable:
        """Leave the function as it is: the device is always there."""
        return function


DEFAULTS = {"lapgan": "lapgan-cifar10", "infogan": "infogan-mnist", "bigan": "bigan-mnist"}
BUSY = "All {slots} places are busy computing; the picture on show is the last one, please try again in a moment."
BUSY_AFTER_S = 2.0

_loaded: dict[str, Weights] = {}
_errors: dict[str, str] = {}
_loading = threading.Lock()


@functools.cache
def settings() -> Settings:
    """Return the settings, read once from the environment."""
    return load_settings()


@functools.cache
def device() -> torch.device:
    """Return the device chosen at start; these nets are too small to gain from more threads than the settings say."""
    torch.set_num_threads(settings().threads)
    return choose_device(settings().device)


@functools.cache
def _slots() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(settings().concurrency)


def names(kind: str) -> list[str]:
    """List the weights of a kind ("lapgan", "infogan" or "bigan"), the default first, whether or not they load."""
    folders = sorted(path.name for path in settings().weights_dir.glob(f"{kind}-*") if path.is_dir())
    return list(dict.fromkeys([DEFAULTS[kind], *folders]))


def weights(name: str, kind: str | None = None) -> Weights:
    """Load weights on their first use and keep them.

    Raises:
        CheckpointError: unknown name, not found, refused, or not of `kind`; one sentence.
    """
    found = _loaded.get(name) or _load(name)
    if kind not in (None, found.kind):
        raise CheckpointError(f"The weights {name!r} are not of a {kind}: use {' or '.join(names(kind))}.")
    return found


def source(name: str) -> str | None:
    """Tell where loaded weights came from: a local folder or a pinned Hub repository."""
    if name not in _loaded:
        return None
    if _loaded[name].folder.is_relative_to(settings().weights_dir):
        return f"{settings().weights_dir.name}/{name}"
    return f"{settings().weights_repo}@{settings().weights_revision}"


def error(name: str) -> str | None:
    """Tell why weights could not be loaded, None where they could or were not asked for."""
    return _errors.get(name)


def _load(name: str) -> Weights:
    # Only listed names reach the file system: `name` may come from the API.
    if not any(name in names(kind) for kind in DEFAULTS):
        raise CheckpointError(f"There are no weights called {name!r}.")
    with _loading:
        if name not in _loaded:
            try:
                where = settings()
                folder = find_weights(name, where.weights_dir, where.weights_repo, where.weights_revision)
                _loaded[name] = load_weights(folder, device())
                _errors.pop(name, None)
            except CheckpointError as error:
                _errors[name] = str(error)
                raise
    return _loaded[name]


def tell_errors(function: Callable) -> Callable:
    """Decorate what a visitor calls: refused weights and pictures reach them as a sentence, all else as "Error"."""

    @functools.wraps(function)
    def told(*args: object, **kwargs: object) -> object:
        try:
            return function(*args, **kwargs)
        except (CheckpointError, ImageError) as error:
            raise gr.Error(str(error), print_exception=False) from error

    return told


def device_call(function: Callable) -> Callable:
    """Decorate every function that computes with torch.

    At most `settings().concurrency` run at once; a caller that finds no place within two seconds gets a `gr.Error`
    instead of a growing queue. Arguments and results must be plain data or CPU tensors, because a ZeroGPU Space runs
    the function in another process.
    """
    attached = attach_gpu(function)

    @functools.wraps(function)
    def guarded(*args: object, **kwargs: object) -> object:
        if not _slots().acquire(timeout=BUSY_AFTER_S):
            raise gr.Error(BUSY.format(slots=settings().concurrency), print_exception=False)
        try:
            return attached(*args, **kwargs)
        finally:
            _slots().release()

    return guarded
