"""The shape of the code: which package may import which, what no file may call, and how long a file may be.

Every rule is a function over source text, tried here on a planted violation before it is put to the tree.
"""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("models", "pictures", "training", "ui")
SOURCES = sorted([*ROOT.glob("*.py"), *(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))])
FRONT_END = (".js", ".mjs", ".css", ".html")
MAX_LINES, MAX_TEST_LINES = 300, 350

# Dependencies point one way: models <- training, models <- ui <- app. The page may see to the run queue, which starts
# trainers as processes of their own, and to nothing else of the training. Both decode by pictures, which the page also
# loads into processes of their own, where torch would take seconds.
FORBIDDEN_IMPORTS = {
    "models": {"pictures", "training", "ui", "app", "gradio"},
    "pictures": {"models", "training", "ui", "app", "gradio", "torch"},
    "training": {"ui", "app", "gradio"},
    "ui": {"training", "app"},
    "app": {"training"},
}
ALLOWED_IMPORTS = {"ui": ("training.jobs", "training.job", "training.runs")}
# Only models/checkpoint.py touches files, and none of the rest needs these.
FILE_MODULES = {"io", "os", "pathlib", "shutil", "tempfile", "PIL", "safetensors", "huggingface_hub"}
PICKLES = {"pickle", "_pickle", "pickletools", "dill", "cloudpickle", "jsonpickle", "joblib", "shelve", "marshal"}
# What a decoder must not see yet is looked at without one.
NO_DECODER = {"pictures/clean.py", "pictures/exif.py"}
# Pillow's ways to open, and to read Exif from, what nobody has cleaned; the others name files of our own.
OWN_PICTURES = {"training/record.py", "ui/quiz_tab.py"}
OPENERS = re.compile(r"\bImage\.open\(|exif_transpose|getexif|_getmp")
# What else turns text, bytes or a name from a file into running code.
RUNNERS = {"code", "codeop", "runpy", "imp", "pty"}
FORBIDDEN_NAMES = {
    *(f"{place}{name}" for place in ("", "builtins.") for name in ("eval", "exec", "__import__")),
    *("builtins.compile", "importlib.util.spec_from_file_location", "importlib.machinery.SourceFileLoader"),
    *(f"torch.{place}{name}" for place in ("", "serialization.", "jit.", "export.") for name in ("load", "save")),
    *("torch.hub.load", "torch.package.PackageImporter", "pandas.read_pickle"),
    *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "os.startfile"),
    *("asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_shell"),
}
FORBIDDEN_SWITCHES = {"shell", "allow_pickle"}
# A path of one machine; the same letters inside a longer path or an address are none.
MACHINE_PATH = re.compile(rb"(?<![\w.-])/(?:work|tmp)/")


def imported_modules(source, package):
    """List the dotted names that source imports, relative ones resolved against package."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "import_module":
            names |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
    return names


def forbidden_imports(source, package, forbidden):
    """List the imports of source whose first part is in forbidden, unless that very module is allowed."""
    allowed = ALLOWED_IMPORTS.get(package.split(".")[0], ())
    found = [name for name in imported_modules(source, package) if name.split(".")[0] in forbidden]
    return sorted(name for name in found if not any(f"{name}.".startswith(f"{module}.") for module in allowed))


def forbidden_calls(source):
    """List the dangerous names that source uses, whatever they were imported as, and the unsafe switches."""
    tree = ast.parse(source)
    real_names = {}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            real_names |= {alias.asname: alias.name for alias in node.names if alias.asname}
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in PICKLES | RUNNERS]
        elif isinstance(node, ast.ImportFrom):
            real_names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            dangerous = not node.level and (node.module or "").split(".")[0] in PICKLES | RUNNERS
            found += [node.module] if dangerous else []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            name = ".".join([real_names.get(first, first), *rest])
            found += [name] if name in FORBIDDEN_NAMES else []
        elif isinstance(node, ast.keyword) and node.arg in FORBIDDEN_SWITCHES:
            off = isinstance(node.value, ast.Constant) and node.value.value is False
            found += [] if off else [f"{node.arg}="]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "compile":
            found.append("compile()")
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "import_module":
            # A module named by a constant may be looked at like an import; one named by a value may be any.
            named = [a.value if isinstance(a, ast.Constant) else "?" for a in node.args[:1]] or ["?"]
            found += [name for name in named if str(name).split(".")[0] in {"?"} | PICKLES | RUNNERS]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "recv":
            found += [] if node.args else ["recv()"]  # a pipe's, which unpickles; recv_bytes does not
    return found


def untyped_functions(source):
    """List the public functions and methods of source that leave an argument without a type."""
    found = []

    def visit(body):
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                visit(node.body)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                arguments += [star for star in (node.args.vararg, node.args.kwarg) if star]
                bare = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
                found.extend(f"{node.name}({name})" for name in bare)

    visit(ast.parse(source).body)
    return found


def package_of(path):
    """Give the dotted package of a source file; a file at the top stands for itself."""
    parts = path.relative_to(ROOT).parts
    return ".".join(parts[:-1]) or path.stem


def label(path):
    return str(path.relative_to(ROOT))


def committed_files():
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode != 0:
        pytest.skip("not a git checkout, so what is committed is unknown")
    return [path for name in listing.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("models", "import gradio as gr"),
        ("models", "from ui import settings"),
        ("models", "from ..training import loop"),
        ("training", "def late():\n    from gradio import Blocks"),
        ("training", "import importlib\nimportlib.import_module('ui.settings')"),
        ("pictures", "import torch"),
        ("pictures", "from models.checkpoint import load_weights"),
        ("ui", "from training.loop import train"),
        ("ui", "from training import loop"),
        ("ui", "from training.jobs_of_others import Queue"),
        ("app", "from training.jobs import Queue"),
        ("ui.web", "from ...training import loop"),
        ("app", "import training"),
    ],
)
def test_planted_import_is_found(package, source):
    assert forbidden_imports(source, package, FORBIDDEN_IMPORTS[package.split(".")[0]])


def test_allowed_imports_pass():
    source = "import torch\nfrom models import random\nfrom . import losses\nfrom .data import load"
    assert forbidden_imports(source, "training", FORBIDDEN_IMPORTS["training"]) == []
    source = "from training.jobs import Queue\nfrom training.runs import Run, read_run"
    assert forbidden_imports(source, "ui", FORBIDDEN_IMPORTS["ui"]) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import torch\ntorch.load('x')",
        "import torch as t\nread = t.load",
        "from torch import load as read\nread('x')",
        "eval('1')",
        "run = exec",
        "import os\nos.system('ls')",
        "from os import system\nsystem('ls')",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import subprocess\nsubprocess.run('ls', shell=wanted)",
        "import numpy\nnumpy.load('x', allow_pickle=True)",
        "from torch.serialization import load\nload('x')",
        "import torch\ntorch.hub.load('owner/name', 'net')",
        "import torch.jit as j\nj.load('x')",
        "import marshal",
        "import runpy",
        "from dill import loads as read",
        "compile('1', '', 'eval')",
        "import builtins\nbuiltins.compile('1', '', 'eval')",
        "import importlib\nimportlib.import_module('pickle')",
        "from importlib import import_module\nimport_module(name)",
        "import asyncio\nasyncio.create_subprocess_shell('ls')",
        "from multiprocessing import Pipe\nnear, far = Pipe()\nnear.recv()",
    ],
)
def test_planted_call_is_found(source):
    assert forbidden_calls(source)


def test_harmless_lookalikes_pass():
    source = "model.eval()\nload_file('x')\nre.compile('a')\n'torch.load('\nf('ls', shell=False)\npipe.recv_bytes(9)"
    assert forbidden_calls(source) == []


def test_planted_untyped_argument_is_found():
    source = "class A:\n    def f(self, x, *, y: int): ...\ndef _g(z): ...\ndef h(*rest): ..."
    assert untyped_functions(source) == ["f(x)", "h(rest)"]


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        (b"see /tmp/x", True),
        (b'"/work/main"', True),
        (b"PATH=/work/a", True),
        (b"net/work/a", False),
        (b"home/tmp/", False),
    ],
)
def test_machine_path(text, matches):
    assert bool(MACHINE_PATH.search(text)) is matches


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_imports_point_one_way(path):
    package = package_of(path)
    forbidden = FORBIDDEN_IMPORTS.get(package.split(".")[0], set())
    assert forbidden_imports(path.read_text(encoding="utf-8"), package, forbidden) == []


@pytest.mark.parametrize("path", [path for path in SOURCES if package_of(path) == "models"], ids=label)
def test_only_the_checkpoint_touches_files(path):
    if path.name != "checkpoint.py":
        source = path.read_text(encoding="utf-8")
        assert forbidden_imports(source, "models", FILE_MODULES) == []
        assert "open" not in {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def test_untrusted_pictures_are_opened_in_one_place():
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        if label(path) in NO_DECODER:
            assert forbidden_imports(source, "pictures", FILE_MODULES | {"numpy"}) == []
        if label(path) not in OWN_PICTURES:
            assert OPENERS.findall(source) == [], label(path)


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_no_dangerous_call(path):
    assert forbidden_calls(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_public_functions_are_typed(path):
    assert untyped_functions(path.read_text(encoding="utf-8")) == []


def test_no_long_file():
    front_end = [path for path in committed_files() if path.suffix in FRONT_END]
    texts = {label(path): path.read_text(encoding="utf-8") for path in [*SOURCES, *front_end]}
    assert [name for name, text in texts.items() if len(text.splitlines()) > MAX_LINES] == []
    tests = {label(path): path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}
    assert [name for name, text in tests.items() if len(text.splitlines()) > MAX_TEST_LINES] == []


def test_nothing_committed_names_this_machine():
    outside_tests = [path for path in committed_files() if path.relative_to(ROOT).parts[0] != "tests"]
    assert [label(path) for path in outside_tests if MACHINE_PATH.search(path.read_bytes())] == []


def test_space_and_image_use_the_pinned_versions():
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    front = dict(re.findall(r"^(\w+): (.+)$", readme.split("---")[1], flags=re.MULTILINE))
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert front["sdk_version"] == pins["gradio"]
    assert f"FROM python:{front['python_version'].strip(chr(34))}-slim" in dockerfile
    assert (ROOT / front["app_file"]).name == "app.py"
    assert len(front["short_description"]) <= 60
