"""What every test needs."""

import os

# Two workers, each with an app or a trainer at times: more threads than processors only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Small nets are slower on two threads than on one, above all where others compute too."""
    torch.set_num_threads(1)
