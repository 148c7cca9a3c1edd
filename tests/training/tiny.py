"""Runs and nets of every kind, small enough to train or measure in a moment."""

import math
import signal
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from models import build
from models.bigan import BiGANConfig
from models.checkpoint import Weights
from models.classifier import ClassifierConfig
from models.gan import GANConfig
from models.infogan import InfoGANConfig
from models.lapgan import LAPGANConfig
from training.job import Job
from training.jobs import Queue
from training.loop import Limits
from training.run import RunFolder
from training.start import Request, resolve, start

DIGITS = tuple("0123456789")
CONFIGS = {
    "lapgan": LAPGANConfig(
        image_sizes=(16, 8, 4),
        classes=10,
        class_names=DIGITS,
        widths=(6, 8),
        base_width=16,
        noise=5,
        noise_planes=2,
        band_scale=(0.2, 0.4),
    ),
    "infogan": InfoGANConfig(
        image_size=16,
        noise=5,
        generator_hidden=12,
        generator_widths=(8, 6),
        trunk_widths=(6, 8),
        trunk_hidden=10,
        head=7,
    ),
    "bigan": BiGANConfig(image_size=16, latent=6, hidden=12),
    "gan": GANConfig(image_size=16, noise=5, width=12),
    "classifier": ClassifierConfig(image_size=16, widths=(4, 6), features=9, class_names=DIGITS),
}
# Settings and configs that shrink the presets, for pictures of 8 pixels.
SMALL = {
    "lapgan": ("widths=6", "base_width=16", "noise=5", "noise_planes=2", "batch_size=8"),
    "infogan": (
        *("noise=5", "generator_hidden=12", "generator_widths=8,6", "trunk_widths=6,8", "trunk_hidden=10", "head=7"),
        "batch_size=10",
    ),
    "bigan": ("latent=6", "hidden=12", "batch_size=10"),
    "gan": ("noise=5", "width=4", "batch_size=10"),
    "classifier": ("widths=4,6", "features=9", "batch_size=10"),
}
LONG = Job(
    "gan", "fake", "cpu", minutes=2, image_size=8, channels=1, overrides=SMALL["gan"], save_seconds=0.2
)  # far longer than any test lets it run, but no orphan for ever
SHORT = replace(LONG, minutes=None, steps=40)


def idle(root):
    """Make a queue that starts nothing, as a page that only looks."""
    queue = Queue(root)
    queue.launch = lambda path, words: None
    return queue


def request(kind, *overrides, **changes):
    return Request(kind, "fake", **{"image_size": 8, "channels": 1, "overrides": (*SMALL[kind], *overrides), **changes})


def trained(asked, path, *, steps=3):
    """Train a request for a few steps with the real loop; returns the run folder."""
    run = RunFolder(path)
    with signals_kept():
        outcome = start(resolve(asked), run, Limits(steps=steps, tick_steps=1), resume=False, device_name="cpu")
    assert outcome == "done"
    return run


@contextmanager
def signals_kept():
    """Give Ctrl-C back to pytest after a run has taken it."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def untrained(kind, **changes):
    """Random nets as loaded weights; `changes` go over the tiny config."""
    torch.manual_seed(3)
    config = type(CONFIGS[kind])(**{**vars(CONFIGS[kind]), **changes})
    model = build(kind, config, adversary=False).eval().requires_grad_(False)
    return Weights(f"{kind}-fake", kind, config, model, Path("nowhere"), {})


def all_finite(figures):
    return all(isinstance(value, int | float) and math.isfinite(value) for value in figures.values())
