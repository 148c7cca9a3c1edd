"""Weights of 8 bits: no weight moves by more than half a step, and what is stored so comes back exactly."""

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from models import build
from models.checkpoint import load_weights, save_weights
from models.steps import LARGE, from_steps, is_rounded, to_steps
from tests.models.saving import WEIGHTS, refused
from tests.models.tiny import TINY

SHAPES = [(6, 40), (5, 3, 4, 4)]


def random_weight(shape):
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    weight[1] = 0
    return weight


@pytest.mark.parametrize("shape", SHAPES)
def test_rounding_moves_no_weight_by_more_than_half_a_step(shape):
    weight = random_weight(shape)
    steps, size = to_steps(weight)
    assert (steps.dtype, steps.shape) == (torch.int8, weight.shape)
    assert (from_steps(steps, size) - weight).abs().le(0.5001 * size).all()
    assert not is_rounded(weight)
    assert is_rounded(from_steps(steps, size).half())


@pytest.mark.parametrize("shape", SHAPES)
def test_rounding_twice_changes_nothing(shape):
    steps, size = to_steps(random_weight(shape))
    again, same = to_steps(from_steps(steps, size))
    assert torch.equal(steps, again)
    assert torch.allclose(size, same, rtol=1e-6, atol=0)


def rounded(folder, name):
    """Save a small net whose large weights were rounded; return it."""
    kind, config = TINY[name]
    torch.manual_seed(0)
    model = build(kind, config, adversary=False).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1 and parameter.numel() >= LARGE:
                parameter.copy_(from_steps(*to_steps(parameter)))
    save_weights(folder, kind, config, model, half=True)
    return model


@pytest.mark.parametrize("name", TINY)
def test_rounded_weights_are_stored_as_a_byte_each_and_come_back(tmp_path, name):
    state = rounded(tmp_path / "net", name).state_dict()
    stored = load_file(tmp_path / "net" / WEIGHTS)
    large = [key for key, tensor in state.items() if tensor.dim() > 1 and tensor.numel() >= LARGE]
    assert large
    assert all(stored[key].dtype == torch.int8 for key in large)
    for key, tensor in load_weights(tmp_path / "net").model.state_dict().items():
        assert torch.allclose(tensor, state[key], rtol=1e-6 if key in large else 1e-3, atol=1e-7), key


def test_weights_that_were_not_rounded_stay_as_they_are(tmp_path):
    kind, config = TINY["bigan, affine"]
    model = build(kind, config).eval()
    save_weights(tmp_path / "half", kind, config, model, half=True)
    with safe_open(tmp_path / "half" / WEIGHTS, framework="pt") as file:
        assert {file.get_slice(key).get_dtype() for key in file.keys()} == {"F16", "I64"}  # noqa: SIM118


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("size missing", "missing or unknown tensors: 'encoder.first.weight.step'"),
        ("size of a whole weight's shape", "encoder.first.weight.step has shape"),
        ("size in whole numbers", "encoder.first.weight.step has type I8"),
        ("size not finite", "encoder.first.weight holds values that are not finite"),
        ("size without steps", "missing or unknown tensors: 'encoder.first.weight.step'"),
        ("steps for a bias", "encoder.last.bias has type I8"),
        ("steps for a count", "num_batches_tracked has type I8"),
    ],
)
def test_steps_that_do_not_fit(tmp_path, change, message):
    rounded(tmp_path, "bigan, affine")
    state = load_file(tmp_path / WEIGHTS)
    key = "encoder.first.weight"
    changes = {
        "size missing": lambda: state.pop(f"{key}.step"),
        "size of a whole weight's shape": lambda: state.update({f"{key}.step": state[key].float()}),
        "size in whole numbers": lambda: state.update({f"{key}.step": state[f"{key}.step"].to(torch.int8)}),
        "size not finite": lambda: state[f"{key}.step"].fill_(torch.inf),
        "size without steps": lambda: state.update({key: state[key].half()}),
        "steps for a bias": lambda: state.update({"encoder.last.bias": state["encoder.last.bias"].to(torch.int8)}),
        "steps for a count": lambda: state.update(
            {name: count.to(torch.int8) for name, count in state.items() if name.endswith("num_batches_tracked")}
        ),
    }
    changes[change]()
    save_file(state, tmp_path / WEIGHTS)
    assert message in refused(tmp_path)
