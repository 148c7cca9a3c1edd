"""Write a weights folder's nets as ONNX for the visitor's browser: `python -m training export`.

Weights are stored as float16, or as int8 where they were rounded to that (`models.steps`), and become float32
where they are used; the batch is the one free dimension. golden.json holds what
torch makes of a few seeded inputs, so that the page can try an engine before it trusts it, and names the weights.
"""

import hashlib
import io
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
import tyro
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from models.bigan import BiGAN
from models.checkpoint import Weights, load_weights, write_durably
from models.infogan import InfoGAN
from models.lapgan import LAPGAN
from models.pyramid import up
from models.random import latents
from models.steps import LARGE, is_rounded, to_steps
from training.run import RunError

OPSET = 17
GOLDEN_SEED = 42
GOLDEN_VALUES = 64


@dataclass(frozen=True)
class Net:
    """One graph: what it runs, and the names and shapes (without the batch) of its inputs and outputs."""

    name: str
    module: nn.Module
    inputs: dict[str, tuple[int, ...]]
    outputs: tuple[str, ...]


class Call(nn.Module):
    """A method of a model as the module that the exporter asks for."""

    def __init__(self, model: nn.Module, call: Callable[..., Tensor | tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.model, self.call = model, call

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.call(*inputs)


def nets_of(weights: Weights) -> list[Net]:
    """List the nets that the page runs for one model."""
    model = weights.model
    if isinstance(model, InfoGAN):
        config = model.config
        image = (config.channels, config.image_size, config.image_size)
        read = Call(model, lambda images: model.q_head(model.trunk(images)))
        return [
            Net("generator", model.generator, {"codes": (config.noise + config.codes,)}, ("images",)),
            Net("q", read, {"images": image}, ("codes",)),
        ]
    if isinstance(model, BiGAN):
        image = (model.config.channels, model.config.image_size, model.config.image_size)
        return [
            Net("generator", model.generator, {"z": (model.config.latent,)}, ("images",)),
            Net("encoder", model.encoder, {"images": image}, ("z",)),
        ]
    if isinstance(model, LAPGAN):
        return [lapgan_level(model, level) for level in range(model.config.levels)]
    raise RunError(f"{weights.name} is a {weights.kind}, which no tab runs; choose lapgan, infogan or bigan.")


def lapgan_level(model: LAPGAN, level: int) -> Net:
    """One level from the coarser image to the enlarged one and its band, or the coarsest image itself."""
    config, base = model.config, model.config.levels - 1
    size, shapes = config.image_sizes[level], model.noise_shapes(level)
    inputs = {f"noise{i}": shape for i, shape in enumerate(shapes)}
    inputs |= {"classes": (config.classes,)} if config.classes else {}
    if level == base:
        return Net(
            f"level{level}",
            Call(model, lambda *given: model.draw(level, [given[0]], given[1] if config.classes else None, None)),
            inputs,
            ("image",),
        )
    coarse = (config.channels, config.image_sizes[level + 1], config.image_sizes[level + 1])

    def grow(coarse: Tensor, *given: Tensor) -> tuple[Tensor, Tensor]:
        enlarged = up(coarse, size)
        classes = given[-1] if config.classes else None
        return enlarged, model.draw(level, list(given[: len(shapes)]), classes, enlarged)

    return Net(f"level{level}", Call(model, grow), {"coarse": coarse, **inputs}, ("enlarged", "band"))


def golden_inputs(net: Net, count: int = 1) -> list[Tensor]:
    """Draw a net's inputs from the portable generator, U(-1, 1): seeds 42 on, input i reads stream i."""
    seeds = range(GOLDEN_SEED, GOLDEN_SEED + count)
    return [latents(seeds, shape, stream) for stream, shape in enumerate(net.inputs.values())]


@torch.no_grad()
def to_onnx(net: Net) -> bytes:
    """Return one net as an ONNX file with small weights, its batch free and every other dimension fixed."""
    file = io.BytesIO()
    names = [*net.inputs, *net.outputs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that branches on shapes are fixed, which is wanted
        torch.onnx.export(
            net.module.eval(),
            tuple(golden_inputs(net, 2)),
            file,  # type: ignore[arg-type]  # a buffer will do where dynamo is off
            dynamo=False,
            opset_version=OPSET,
            input_names=list(net.inputs),
            output_names=list(net.outputs),
            dynamic_axes={name: {0: "batch"} for name in names},
        )
    graph = shrink_weights(onnx.load_from_string(file.getvalue()))
    made = net.module(*golden_inputs(net))
    for value, tensor in zip(graph.graph.output, made if isinstance(made, tuple) else (made,), strict=True):
        for row, size in enumerate(tensor.shape[1:], start=1):  # enlarging leaves them unnamed
            value.type.tensor_type.shape.dim[row].dim_value = size
    onnx.checker.check_model(graph, full_check=True)
    return graph.SerializeToString()


def shrink_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large float32 weights as float16 and a cast, or as int8 steps, a cast and their size where they allow."""
    graph, nodes, sizes = model.graph, [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < LARGE:
            continue
        name, weight = tensor.name, torch.from_numpy(values.copy())
        turned = weight.dim() == 2 and not is_rounded(weight)  # the exporter lays some dense layers out so
        weight = weight.T if turned else weight
        if is_rounded(weight):
            steps, size = (part.T if turned else part for part in to_steps(weight))
            tensor.CopyFrom(numpy_helper.from_array(steps.contiguous().numpy(), f"{name}.steps"))
            sizes.append(numpy_helper.from_array(size.contiguous().numpy(), f"{name}.size"))
            nodes.append(helper.make_node("Cast", [f"{name}.steps"], [f"{name}.whole"], to=TensorProto.FLOAT))
            nodes.append(helper.make_node("Mul", [f"{name}.whole", f"{name}.size"], [name]))
        else:
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            nodes.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes += graph.node
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(sizes)
    return model


@torch.no_grad()
def export(weights: Weights, folder: Path) -> dict[str, int]:
    """Write every net of a weights folder as NAME.onnx, and golden.json; return the bytes of each.

    Raises:
        RunError: a model that no tab runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    golden, sizes = {}, {}
    for net in nets_of(weights):
        payload = to_onnx(net)
        write_durably(folder / f"{net.name}.onnx", payload)
        sizes[net.name] = len(payload)
        made = net.module(*golden_inputs(net))
        made = made if isinstance(made, tuple) else (made,)
        golden[net.name] = {
            "inputs": {name: list(shape) for name, shape in net.inputs.items()},
            "outputs": {
                name: {"shape": list(values.shape[1:]), "values": sampled(values)}
                for name, values in zip(net.outputs, made, strict=True)
            },
        }
    digest = hashlib.sha256((weights.folder / "model.safetensors").read_bytes()).hexdigest()
    record = {"seed": GOLDEN_SEED, "weights": digest, "nets": golden}
    write_durably(folder / "golden.json", (json.dumps(record) + "\n").encode())
    return sizes


def sampled(values: Tensor) -> list[float]:
    """Return at most 64 values, evenly spread over a flat tensor."""
    flat = values.flatten()
    rows = torch.arange(min(GOLDEN_VALUES, len(flat))) * len(flat) // min(GOLDEN_VALUES, len(flat))
    return [round(float(value), 6) for value in flat[rows]]


def export_command(weights: tyro.conf.Positional[Path], /) -> None:
    """Write a weights folder's nets as ONNX beside it, for the visitor's browser.

    Args:
        weights: weights folder; the nets go to its onnx/.
    """
    torch.set_num_threads(1)
    for name, size in export(load_weights(weights), weights / "onnx").items():
        print(f"{name}.onnx: {size / 1e6:.2f} MB")
