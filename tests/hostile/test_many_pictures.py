"""Hundreds of hostile pictures and thousands of damaged ones, each decoded as on a public server."""

import os
import random
import time

import numpy as np
import pytest
from PIL import Image

from tests.hostile.hostile_files import COLOUR, READ, REFUSED, encode, kinds
from training.pictures import DataError
from training.pictures import decode as decode_for_training
from ui.decode import ImageError
from ui.decode_apart import Decoders
from ui.images import to_tensor

pytestmark = [
    pytest.mark.filterwarnings("ignore:Saving I mode:DeprecationWarning"),
    pytest.mark.hostile,
    pytest.mark.timeout(900),
]
MUTATIONS = 2000
MOST_S = 2.0
MOST_MB = 150


def memory(pid, what):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what)) / 1024


def processor_s(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watch:
    """A decoding child whose time and memory are measured."""

    def __init__(self):
        self.decoders = Decoders(1)
        self.decoders.read_image(encode(COLOUR, "PNG"))
        self.pid = self.decoders._idle[0].process.pid
        self.base = memory(self.pid, "VmRSS")
        self.slowest = self.counted = self.read = 0

    def decode(self, data):
        """Return the tensor or the sentence."""
        # Processor time of both sides: other work on the machine stretches the clock's.
        start = time.thread_time() + processor_s(self.pid)
        try:
            answer = to_tensor(self.decoders.read_image(data), size=32, channels=3)
            assert answer.shape == (1, 3, 32, 32)
            assert -1 <= answer.min() <= answer.max() <= 1
            self.read += 1
        except ImageError as error:
            answer = str(error)
            assert "\n" not in answer
            assert answer.endswith(".")
            assert "more memory or time" not in answer  # the child's own limits caught it, not its end
        self.slowest = max(self.slowest, time.thread_time() + processor_s(self.pid) - start)
        self.counted += 1
        return answer

    @property
    def peak(self):
        return memory(self.pid, "VmHWM") - self.base

    def report(self, what):
        print(
            f"\n{what}: {self.counted:,} files, {self.read:,} read, {self.counted - self.read:,} refused, "
            f"slowest {self.slowest:.2f} s of processor time, at most {self.peak:.0f} MB, child alive"
        )
        assert self.decoders._idle[0].process.pid == self.pid
        assert self.decoders._idle[0].process.poll() is None
        assert self.slowest <= MOST_S
        assert self.peak <= MOST_MB


@pytest.fixture
def watch(monkeypatch):
    monkeypatch.setattr("ui.decode_apart.PICTURES", 10**6)
    made = Watch()
    yield made
    made.decoders.close()


def test_every_kind(watch):
    files = list(kinds())
    assert len(files) >= 80
    for name, data, wanted in files:
        answer = watch.decode(data)
        if wanted in (READ, REFUSED):
            assert isinstance(answer, str) is (wanted == REFUSED), (name, answer)
    watch.report("hostile pictures")


def test_every_kind_as_training_data():
    for name, data, wanted in kinds():
        try:
            picture = decode_for_training(data, name)
        except DataError as error:
            sentence = str(error)
            assert "\n" not in sentence, name
        else:
            assert isinstance(picture, Image.Image)
            assert wanted != REFUSED or name.startswith(("png 20", "jpeg 20", "webp bomb", "webp above", "eleven")), (
                name
            )


def test_mutations(watch):
    rng = random.Random(5)
    image = Image.fromarray(COLOUR)
    sound = [
        *(encode(image.convert(mode), "PNG") for mode in ("1", "LA", "P", "RGBA", "I;16")),
        *(encode(image, "JPEG", progressive=progressive) for progressive in (False, True)),
        *(encode(image, "WEBP", lossless=lossless) for lossless in (False, True)),
        *(encode(image, kind) for kind in ("GIF", "BMP")),
        *(encode(image, kind, save_all=True, append_images=[image]) for kind in ("GIF", "PNG", "WEBP")),
    ]
    for _ in range(MUTATIONS):
        watch.decode(mutated(bytearray(rng.choice(sound)), rng))
    watch.report("mutated pictures")


def mutated(data, rng):
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(min(len(data), rng.choice((64, 400, 10**6))))
        length = rng.choice((1, 1, 2, 4, 8))
        match rng.randrange(5):
            case 0:
                data[place] ^= 1 << rng.randrange(8)
            case 1:
                data[place : place + length] = rng.randbytes(length)
            case 2:
                data[place : place + length] = rng.choice((b"\0", b"\xff")) * length
            case 3:
                del data[place : place + length]
            case 4:
                data[place:place] = data[place : place + 64] * rng.randint(1, 20)
        if not data:
            return b""
    return bytes(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_are_exact(watch, orientation):
    turns = [
        lambda a: a,
        lambda a: a[:, ::-1],
        lambda a: a[::-1, ::-1],
        lambda a: a[::-1],
        lambda a: a.swapaxes(0, 1),
        lambda a: np.rot90(a, -1),
        lambda a: a[::-1, ::-1].swapaxes(0, 1),
        lambda a: np.rot90(a),
    ]
    exif = Image.Exif()
    exif[0x0112] = orientation
    seen = watch.decoders.read_image(encode(COLOUR, "PNG", exif=exif))
    assert np.array_equal(np.asarray(seen), turns[orientation - 1](COLOUR))
