"""Everything that the page can say in English, found where it is written; the Korean catalogue must know it."""

import ast
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from training.experiments import EXPERIMENTS
from training.figures import FIGURES
from training.measured import FACTORS
from ui import api, train_texts

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "ui" / "web"
CATALOGUE = WEB / "ko.json"

# What stays as it is: names, formats, units, and the letters of formulas. The page's walk uses the same list.
NAMES = (
    *("Ganscope", "LAPGAN", "InfoGAN", "BiGAN", "GAN", "GANs", "DCGAN", "Gradio", "Hugging Face", "Hub", "Redis"),
    *("MNIST", "Fashion-MNIST", "CIFAR-10", "Torch", "English", "Space", "JavaScript", "Python", "WebAssembly"),
    *("PNG", "JPEG", "WebP", "GIF", "BMP", "WebM", "JSON", "API", "MCP", "ONNX", "EXIF", "RGB", "CPU", "GPU", "CUDA"),
    *("curl", "zip", "npy", "json", "deflate", "safetensors", "px", "ms", "MB", "nats", "ln", "NN", "PyTorch"),
    *("KEY", "VALUE", "OWNER", "NAME", "PATH", "DejaVu", "AVX2", "AVX512", "x86_64", "app.py", "ema=0.99"),
)
# Words to type: settings, options, paths, commands and addresses.
TYPED = (
    *(
        r"GANSCOPE_\w+",
        r"--[\w-]+",
        r"`[^`]*`",
        r"'[^'\s]*'",
        r"b'[^']*'",
        r"https?://\S+",
        r"redis://\S+",
        r"pip install [\w. -]+",
        "X-Forwarded-For",
        "hf auth login",
        "HF_TOKEN",
    ),
    *(
        r"\b(?:train|test|CLASS)/(?:CLASS/)?",
        "folder:PATH",
        r"\b(?:config|run)\.json\b",
        r"\b(?:uint8|fake|torch|redis|rq)\b|\b(?:lapgan|infogan|bigan|gan|dcgan)(?:[_-]\w+)+|category|probabilities|codes",
    ),
)
KEPT = re.compile("|".join((*TYPED, r"\b(?:" + "|".join(map(re.escape, NAMES)) + r")\b")), re.ASCII)
PLACE = re.compile(r"\{(\w*)(?:![rs])?(?::[^{}]*)?\}")
UNSEEN = {"id", "paper", "paper_url"}  # keys of TEXT that are no text, or a citation

# Texts beside the TEXT of a module.
CONSTANTS = {
    "ui.train_texts": ("MODELS", "DATA"),
    "ui.bigan_examples": ("NAMES",),
    "ui.lapgan_examples": ("EXAMPLES",),
    "ui.inference": ("BUSY", "NO_MEMORY"),
}
# Whose refusals reach the page.
REFUSALS = (
    *("models/checkpoint.py", "training/jobs.py", "training/job.py", "training/runs.py", "training/pictures.py"),
    *("training/data.py", "training/start.py", "training/run.py", "training/workers.py"),
    *("pictures/clean.py", "pictures/opened.py"),
)
ERRORS = {"ImageError", "PictureError", "CheckpointError", "QueueError", "DataError", "RunError", "Error"}
# What is put together elsewhere: steps of ui/images.py, words in other texts, notes and reasons of training/ (checked
# against its files), figures in a table, and what Gradio itself says.
OTHERS = (
    *(
        "inverted",
        "levelled",
        "cropped to ink",
        "scaled",
        "centred",
        "centre square",
        "dark",
        "light",
        "{0} numbers",
        "{0} thread",
        "{0} threads",
    ),
    *("{0} s", "{0} min", "{0} h", "modern", "paper", "steps", "minutes", "disk full", "middle square"),
    *(
        "{path} is not a folder or .zip that can be read",
        "{name!r} in {zip} cannot be read",
        "{name!r} cannot be decoded",
    ),
    *("replace or remove it", "use CLASS/ folders, train/CLASS/ and test/CLASS/, or pictures alone"),
    "no test/ folder, so this split leaves out 1 file in 10, by the hash of its name",
    *("none held out of {0}", "resized: {0}", "Lanczos from {0}", "area mean from {0}"),
    *("{spec} cannot be had from {root}", "{0} was {1} at step {2}", "{0} was not finite at step {1}"),
    "; check the network, delete a damaged copy, or give --data-root a folder that holds {held}",
    *("loss level{0} discriminator", "loss level{0} generator", "accuracy level{0} discriminator"),
    "The coarsest level of fifteen kinds of scenes, 4 x 4 pixels out of nothing but noise. There are only 7,500 "
    "pictures, so D sees all of them through random changes of colour and place.",
    *("alp", "barn", "cliff", "cliff dwelling", "dam", "lakeside", "lighthouse", "obelisk", "seashore"),
    *("steel arch bridge", "suspension bridge", "thatch", "triumphal arch", "viaduct", "water tower"),
    *("range slider for {label}", "number input for {label}", "Error", "Info", "Warning", "Success", "Close", "remove"),
)


def written() -> dict[str, str]:
    """Return every text that needs a translation, and where it stands."""
    return {text: where for text, where in everything().items() if needs_translation(text)}


def everything() -> dict[str, str]:
    """Return every text, those that stay as they are included, and where it stands."""
    found: dict[str, str] = {}
    for text, where in _all():
        found.setdefault(text, where)
    return found


def needs_translation(text: str) -> bool:
    """Tell whether a text holds a word that is no name."""
    return bool(re.search(r"[A-Za-z]{2,}", KEPT.sub(" ", PLACE.sub(" ", text))))


def places(text: str) -> set[str]:
    """Return the names of a text's places."""
    return set(PLACE.findall(text))


def citations() -> list[str]:
    """Return the names of papers, which stay as they are."""
    modules = [importlib.import_module(f"ui.{path.stem}") for path in sorted((ROOT / "ui").glob("*.py"))]
    return list(dict.fromkeys(text["paper"] for one in modules if "paper" in (text := getattr(one, "TEXT", {}))))


def _all() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "ui").glob("*.py")):
        name = f"ui.{path.stem}"
        module = importlib.import_module(name)
        if getattr(module, "TEXT", {}).__class__ is dict and _defines(path, "TEXT"):
            shown = {key: text for key, text in module.TEXT.items() if key not in UNSEEN}
            yield from ((text, f"{name}.TEXT") for text in _strings(shown))
        for constant in CONSTANTS.get(name, ()):
            yield from ((text, f"{name}.{constant}") for text in _strings(getattr(module, constant)))
        yield from ((text, str(path.relative_to(ROOT))) for text in _raised(path))
    yield from ((word, "ui.train_texts.STATES") for word, _ in train_texts.STATES.values())
    for chart in train_texts.CHARTS:
        lines = [*chart.get("series", ()), *chart.get("levels", ())]
        yield from ((text, "ui.train_texts.CHARTS") for text in (chart["title"], *(label for _, label in lines)))
    for told in map(api.documented, api.FUNCTIONS):
        texts = (told["summary"], told["returns"], *(argument["text"] for argument in told["arguments"]))
        yield from ((text, f"the docstring of {told['name']}") for text in texts)
    for name in REFUSALS:
        yield from ((text, name) for text in _raised(ROOT / name))
    for path in sorted(WEB.glob("*.js")):
        for text in re.findall(r"new Error\(`([^`]*)`\)", path.read_text(encoding="utf-8")):
            yield _numbered(re.split(r"\$\{[^}]*\}", text)), path.name
    for path in sorted((ROOT / "weights").glob("*/recording*/recording.json")):
        yield json.loads(path.read_text(encoding="utf-8"))["note"], f"{path.parts[-3]}/{path.parts[-2]}"
    for path in sorted((ROOT / "weights").glob("*/config.json")):
        config = json.loads(path.read_text(encoding="utf-8"))["config"]
        for key in ("class_names", "category_names", "continuous_names"):
            yield from ((name.replace("_", " "), f"{path.parts[-2]}/config.json") for name in config.get(key) or ())
    for known in FIGURES.values():
        yield from ((text, "training/figures.py") for text in (known.name, known.definition, *known.paper.values()))
    yield from ((text, "training/figures.py") for text in FACTORS.values())
    for one in EXPERIMENTS.values():
        words = (one.title, one.definition, *one.rows.values(), *one.columns.values(), *one.pictures.values())
        yield from ((text, "training/experiments.py") for text in words)
    report = json.loads((ROOT / "weights" / "report.json").read_text(encoding="utf-8"))["weights"]
    for entry in report:
        notes = set(entry["others"]) - {one["name"] for one in report}
        yield from ((note, f"{entry['name']}/metrics.json") for note in sorted(notes))
    yield from ((text, "tests/ui/written.py") for text in OTHERS)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _strings(key if callable(one) else one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def _defines(path: Path, name: str) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    targets = [t for node in tree.body if isinstance(node, ast.Assign) for t in node.targets]
    targets += [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _raised(path: Path) -> Iterator[str]:
    """Give the sentences that a module raises, with a place for each value: its name, else its number."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args):
            continue
        name, sentence = ast.unparse(node.exc.func).split(".")[-1], node.exc.args[0]
        if name not in ERRORS:
            continue
        if isinstance(sentence, ast.Constant) and isinstance(sentence.value, str):
            yield sentence.value
        elif isinstance(sentence, ast.JoinedStr):
            yield _template(sentence)


def _template(sentence: ast.JoinedStr) -> str:
    parts = []
    for number, part in enumerate(sentence.values):
        if isinstance(part, ast.Constant):
            parts.append(part.value)
            continue
        name = ast.unparse(part.value)
        name = name.split(".")[-1] if re.fullmatch(r"[\w.]+", name) else str(number)
        name = str(number) if f"{{{name}" in "".join(parts) else name  # two values of one name
        form = "".join(ast.literal_eval(piece) for piece in part.format_spec.values) if part.format_spec else ""
        parts.append("{" + name + ("!r" if part.conversion == 114 else "") + (f":{form}" if form else "") + "}")
    return "".join(parts)


def _numbered(pieces: list[str]) -> str:
    return pieces[0] + "".join(f"{{{number}}}{piece}" for number, piece in enumerate(pieces[1:]))
