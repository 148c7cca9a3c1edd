"""Files for Pillow's advisories, as page and trainer decode them: the right pixels or one sentence, soon and small.

Without pictures/clean.py each of them fails here, by its time, its memory or its answer, with one decoder or both.
"""

import hashlib
import io

import pytest
from PIL import Image

from tests.pictures.advisories import COLOUR, READ, advisories, blank_png, encode
from tests.pictures.measured import MOST_MB, MOST_S, decoded

LARGE = "GHSA-5xm2 png within the limits"


def plain(name):
    """What a file of COLOUR would give without what is hostile in it."""
    picture = Image.fromarray(COLOUR)
    if " jpeg" in f" {name}":
        data = encode(picture, "JPEG", quality=95)
    else:
        data = encode(picture.quantize(64), "GIF") if " gif" in f" {name}" else encode(picture, "PNG")
    return hashlib.sha256(Image.open(io.BytesIO(data)).convert("RGB").tobytes()).hexdigest()


@pytest.fixture(scope="module")
def files():
    return list(advisories())


@pytest.mark.parametrize("which", ["ui", "training"])
def test_every_advisory_ends_soon_and_small(tmp_path, which, files):
    named = [("still", blank_png(6000, 4000)), *((name, data) for name, data, _ in files)]
    answers = decoded(tmp_path, named, which=which, limit_mb=600)
    still = answers.pop("still")
    for name, _, wanted in files:
        told = answers[name]
        assert told["seconds"] <= MOST_S, (name, told)
        # The trainer keeps all pixels of what is large, so that costs what it costs without an animation.
        assert told["mb"] <= (still["mb"] + 20 if name == LARGE else MOST_MB), (name, told)
        if wanted == READ:
            assert told["digest"] == (still["digest"] if name == LARGE else plain(name)), (name, told)
        else:
            assert told["sentence"] not in (None, "MEMORY"), (name, told)
            assert told["sentence"].endswith("."), name
            assert "\n" not in told["sentence"], name
    assert which == "training" or still["mb"] <= MOST_MB
    slowest, most = (max(told[key] for told in answers.values()) for key in ("seconds", "mb"))
    print(f"\nadvisories, {which}: {len(answers)} files, slowest {slowest:.2f} s, at most {most:.0f} MB")
