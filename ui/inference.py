"""The one place where the page meets torch: loaded models, the device, and a limit on what runs at once."""

import contextlib
import functools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import gradio as gr
import torch

from models.checkpoint import CheckpointError, Weights, find_weights, load_weights
from models.device import choose_device
from ui.decode import ImageError
from ui.settings import settings

try:
    # A ZeroGPU Space attaches its GPU only while a function decorated with this runs.
    from spaces import GPU as attach_gpu
except ImportError:

    def attach_gpu(function: Callable) -> Callable:
        """Leave the function as it is: the device is always there."""
        return function


Given = ParamSpec("Given")
Answer = TypeVar("Answer")
DEFAULTS = {"lapgan": "lapgan-cifar10", "infogan": "infogan-mnist", "bigan": "bigan-mnist"}
BUSY = "All {slots} places are busy computing; the picture on show is the last one, please try again in a moment."
BUSY_AFTER_S = 2.0
NO_MEMORY = "The server has no memory left for this at the moment; the picture on show is the last one, try again soon."
MEMORY_NEWS_S = 300.0  # how long /healthz speaks of it
RESERVE = 4 * 2**20  # bytes; to read a request asyncio asks for 256 KiB at once, and a connection that gets none is cut

forgetting: list[Callable[[], object]] = []  # called when weights have changed: whoever keeps what they drew

_loaded: dict[str, Weights] = {}
_errors: dict[str, str] = {}
_loading = threading.Lock()
_short_of_memory: list[float] = []  # when that was last so
_reserve: list[bytes] = []  # memory let go in a shortage, so that the server can still say that there is one


@functools.cache
def device() -> torch.device:
    """Return the device chosen at start; these nets are too small to gain from more threads than the settings say."""
    torch.set_num_threads(settings().threads)
    return choose_device(settings().device)


@functools.cache
def _slots() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(settings().concurrency)


def names(kind: str) -> list[str]:
    """List the weights of a kind ("lapgan", "infogan" or "bigan"), the default first, whether or not they load.

    Those that were taken from training runs come last.
    """
    roots = (settings().weights_dir, own_weights())
    folders = [path.name for root in roots for path in sorted(root.glob(f"{kind}-*")) if path.is_dir()]
    return list(dict.fromkeys([DEFAULTS[kind], *folders]))


def own_weights() -> Path:
    """Return the folder of the weights that were taken from training runs."""
    return settings().runs_dir / "weights"


def forget(name: str) -> None:
    """Load weights anew on their next use, because their folder has changed."""
    with _loading:
        _loaded.pop(name, None)
        _errors.pop(name, None)
    for listener in forgetting:
        listener()


def weights(name: str, kind: str | None = None) -> Weights:
    """Load weights on their first use and keep them.

    Raises:
        CheckpointError: unknown name, not found, refused, or not of `kind`; one sentence.
    """
    found = _loaded.get(name) or _load(name)
    if kind not in (None, found.kind):
        raise CheckpointError(f"The weights {name!r} are not of a {kind}: use {' or '.join(names(kind))}.")
    return found


def knows_digits(name: str) -> bool:
    """Tell whether weights learned digits, as far as is known: only then a picture is brought into their form."""
    found = weights(name)
    requests = [run.get("request", {}) for run in found.metrics.get("training", []) if isinstance(run, dict)]
    return found.config.channels == 1 and all(request.get("data", "mnist") == "mnist" for request in requests)


def is_control(model: str) -> bool:
    """Tell whether G was told nothing of its codes (InfoGAN's figure 1, lambda = 0), so that they mean nothing."""
    runs = weights(model).metrics.get("training", [])
    return any(run.get("settings", {}).get("informed") is False for run in runs)


def intro_key(model: str) -> str:
    """Choose the text that opens a tab for some weights: another for a control, or where they draw no digits."""
    if is_control(model):
        return "intro_control"
    return "intro" if knows_digits(model) else "intro_other"


def source(name: str) -> str | None:
    """Tell where loaded weights came from: a local folder or a pinned Hub repository."""
    if name not in _loaded:
        return None
    if _loaded[name].folder.is_relative_to(settings().weights_dir):
        return f"{settings().weights_dir.name}/{name}"
    if _loaded[name].folder.is_relative_to(own_weights()):
        return f"{settings().runs_dir.name}/weights/{name}"
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
                own = own_weights() / name
                shipped = (where.weights_dir / name / "model.safetensors").is_file()
                folder = (
                    own
                    if not shipped and (own / "model.safetensors").is_file()
                    else find_weights(name, where.weights_dir, where.weights_repo, where.weights_revision)
                )
                _loaded[name] = load_weights(folder, device())
                _errors.pop(name, None)
            except CheckpointError as error:
                _errors[name] = str(error)
                raise
    return _loaded[name]


def tell_errors(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Decorate what a visitor calls: refused weights and pictures reach them as a sentence, all else as "Error"."""

    @functools.wraps(function)
    def told(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        try:
            return function(*args, **kwargs)
        except (CheckpointError, ImageError) as error:
            raise gr.Error(str(error), print_exception=False) from error

    return told


def lacked_memory() -> bool:
    """Tell whether a computation ran out of memory in the last minutes."""
    return any(time.monotonic() - when < MEMORY_NEWS_S for when in _short_of_memory)


def _lacks_memory(error: BaseException) -> bool:
    # On a CPU torch says so in words only.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)


def _keep_reserve() -> None:
    if not _reserve:
        with contextlib.suppress(MemoryError):
            _reserve.append(bytes(RESERVE))


def device_call(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Decorate every function that computes with torch.

    At most `settings().concurrency` run at once; a caller that finds no place within two seconds gets a `gr.Error`
    instead of a growing queue. Arguments and results must be plain data or CPU tensors, because a ZeroGPU Space runs
    the function in another process.
    """
    attached = attach_gpu(function)

    @functools.wraps(function)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        if not _slots().acquire(timeout=BUSY_AFTER_S):
            raise gr.Error(BUSY.format(slots=settings().concurrency), print_exception=False)
        try:
            _keep_reserve()
            return attached(*args, **kwargs)
        except (MemoryError, RuntimeError) as error:
            if not _lacks_memory(error):
                raise
            _reserve.clear()
            _short_of_memory[:] = [time.monotonic()]
            raise gr.Error(NO_MEMORY, print_exception=False) from error
        finally:
            _slots().release()

    return guarded
