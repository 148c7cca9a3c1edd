"""Train every case below for a few steps with the real loop: alone, or as one of several processes under torchrun."""

import sys
from pathlib import Path
from unittest.mock import patch

import torch

from tests.training.tiny import request, signals_kept
from training import loop
from training.distributed import join
from training.loop import Limits
from training.run import RunFolder
from training.start import Request, resolve, start

STEPS = 17  # R1 is taken at 16; each step more multiplies what is rounded differently
# Between them: batch norm, dropout, the minibatch statistic, R1, half batches, augmentation, Q's entropy of a batch,
# the order of its codes.
CASES = {
    "lapgan": request("lapgan", "batch_size=16", "flip=true"),
    "lapgan-paper": Request(
        "lapgan",
        "fake",
        preset="paper",
        image_size=8,
        channels=1,
        overrides=("image_sizes=8,4", "widths=6", "band_scale=1", "base_width=16", "noise=5", "batch_size=16"),
    ),
    "infogan": request(
        *("infogan", "batch_size=16", "consistency_from=-1", "consistency_full=1"),
        *("steering_weight=1", "steering_from=3", "spread_weight=1"),
    ),
    "bigan": request("bigan", "batch_size=16"),
    "gan": request("gan", "batch_size=16"),
    "gan-paper": request("gan", "width=12", "batch_size=16", preset="paper"),
    "classifier": request("classifier", "batch_size=16", "flip=true"),
}


def train_all(to):
    limits = Limits(steps=STEPS, tick_steps=1, save_steps=STEPS)
    # In float32: bfloat16 rounds a sum in parts otherwise than the whole, by more than is compared.
    with patch.object(loop, "has_fast_bfloat16", lambda device: False):
        for name, asked in CASES.items():
            with signals_kept():
                start(resolve(asked), RunFolder(Path(to) / name), limits, resume=False, device_name=join("cpu"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    train_all(sys.argv[1])
