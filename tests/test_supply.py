"""What a release installs: exact versions with hashes, from wherever the installer is told to look."""

import re
import subprocess
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def normal(name):
    return re.sub("[-_.]+", "-", name).lower()


def pins(text):
    return {normal(name): version for name, version in PIN.findall(text)}


def locked(text):
    """Give name -> (version, hashes) of a lock file."""
    entries = re.split(r"\n(?=\S)", text.strip())
    found = {}
    for entry in entries:
        ((name, version),) = PIN.findall(entry)
        found[normal(name)] = (version, re.findall(r"--hash=sha256:([0-9a-f]{64})\b", entry))
    return found


def disagreements(wanted, lock):
    """List the pins that a lock lacks, pins otherwise, or does not hash."""
    found = [f"{name}=={version}" for name, version in wanted.items() if lock.get(name, ("",))[0] != version]
    return found + [name for name, (_, hashes) in lock.items() if not hashes]


def test_planted_disagreement_is_found():
    good = "a==1 \\\n    --hash=sha256:" + "0" * 64
    assert disagreements({"a": "1"}, locked(good)) == []
    assert disagreements({"a": "2"}, locked(good)) == ["a==2"]
    assert disagreements({"b": "1"}, locked(good)) == ["b==1"]
    assert disagreements({"a": "1"}, locked("a==1 ; sys_platform == 'linux'")) == ["a"]


def test_lock_agrees_with_the_requirements():
    text = (ROOT / "requirements.lock").read_text()
    assert disagreements(pins((ROOT / "requirements.txt").read_text()), locked(text)) == []


@pytest.mark.parametrize("path", [*REQUIREMENTS, ROOT / "requirements.lock"], ids=lambda path: path.name)
def test_every_requirement_is_exact_and_names_no_host(path):
    text = path.read_text()
    assert "://" not in text
    assert "index-url" not in text
    assert "find-links" not in text
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#", "-r "))]
    assert [line for line in lines if not PIN.match(line)] == []


def test_release_image_installs_by_hash():
    assert "--require-hashes" in (ROOT / "Dockerfile").read_text()


def test_the_image_without_cuda_leaves_out_nothing_else(tmp_path):
    """The Dockerfile takes torch apart from the rest; of its part, an image without CUDA keeps two packages only."""
    text = (ROOT / "requirements.lock").read_text()
    (tmp_path / "requirements.lock").write_text(text)
    step = re.search(r"awk .*requirements\.lock", (ROOT / "Dockerfile").read_text(), flags=re.DOTALL)[0]
    subprocess.run(["sh", "-c", step], cwd=tmp_path, check=True)
    apart, rest = (locked((tmp_path / name).read_text()) for name in ("torch.lock", "rest.lock"))
    assert {**apart, **rest} == locked(text)
    assert {name for name in apart if not name.startswith(("cuda-", "nvidia-"))} == {"torch", "torchvision", "triton"}


def test_an_audit_that_saw_nothing_fails():
    recipe = (ROOT / "Makefile").read_text().split("\naudit:")[1].split("\n\n")[0]
    assert "pip-audit --strict" in recipe
    assert "npm audit" in recipe


def test_waivers_are_dated_with_a_reason():
    rows = re.findall(r"^\| ((?:CVE|GHSA)-[^|]+) \| ([^|]+) \| (\d{4}-\d\d-\d\d) \|$", SECURITY, flags=re.MULTILINE)
    assert len(rows) == len(re.findall(r"^\| (?:CVE|GHSA)-", SECURITY, flags=re.MULTILINE)) > 0
    for name, reason, day in rows:
        assert len(reason) > 40, name
        assert date.fromisoformat(day), name


def test_pillow_is_patched_or_waived():
    major = int(pins((ROOT / "requirements.txt").read_text())["pillow"].split(".")[0])
    assert major >= 13 or "CVE-2026-96639" in SECURITY
