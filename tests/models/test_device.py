"""Which processor is chosen."""

import pytest
import torch

from models.device import choose_device, describe, has_fast_bfloat16


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(False, False, "cpu"), (False, True, "mps"), (True, False, "cuda"), (True, True, "cuda")],
)
def test_the_fastest_there_is(monkeypatch, cuda, mps, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device().type == chosen
    assert choose_device("cpu").type == "cpu"


@pytest.mark.parametrize("wanted", ["cuda", "cuda:9", "mps", "meta", "tpu", "cpu:x", ""])
def test_what_is_not_here_is_refused(monkeypatch, wanted):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: wanted == "cuda:9")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match=rf"^Device '{wanted}' is not available here; choose one of: cpu"):
        choose_device(wanted)


def test_the_processor_is_named_for_people():
    device = torch.device("cpu")
    assert describe(device).startswith("CPU (")
    assert has_fast_bfloat16(device) in (True, False)
    assert not has_fast_bfloat16(torch.device("mps"))
