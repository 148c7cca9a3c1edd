"""Save a small net, and have a folder of weights refused."""

import time

import pytest
import torch

from models import build
from models.checkpoint import CheckpointError, load_weights, save_weights
from tests.models.tiny import TINY

KIND, CONFIG = TINY["bigan, affine"]
WEIGHTS = "model.safetensors"


def saved(folder, kind=KIND, config=CONFIG, **options):
    torch.manual_seed(0)
    model = build(kind, config).eval()
    save_weights(folder, kind, config, model, **options)
    return model


def refused(folder):
    """Return why a folder is refused: in one sentence, within a second of this process."""
    started = time.process_time()
    with pytest.raises(CheckpointError) as caught:
        load_weights(folder)
    assert time.process_time() - started < 2
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert len(text) < 400
    return text
