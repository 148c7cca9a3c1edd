"""What every test needs."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Small nets are slower on two threads than on one, above all where others compute too."""
    torch.set_num_threads(1)
