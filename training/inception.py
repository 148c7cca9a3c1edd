"""The Inception v3 net that published FIDs are computed with, and where its weights come from.

FID stands on the weights of 2015-12-05, which are not those that torchvision offers, in a net that differs from
torchvision's in how it pools. The usual packages fetch them as a pickle; here they are read from safetensors alone: a
file that is given, or a conversion on the Hugging Face Hub, used only where its SHA-256 is what its page says.
"""

import hashlib
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torchvision.models.inception import (
    BasicConv2d,
    InceptionA,
    InceptionB,
    InceptionC,
    InceptionD,
    InceptionE,
)

from models.checkpoint import MAX_WEIGHTS_BYTES, CheckpointError, check_size, read_tensors
from models.device import choose_device

REPOSITORY, FILE = "nikhilr01/sen-bridge-weights", "fid_inception.safetensors"
SHA256 = "b7a528bf4051f62c057bc14657865abf180a23eb1748d00ff0933d84698202ed"
SIDE = 299
BATCH = 50
# A file may also hold the layer that names the 1,008 classes, and what training counted; no feature needs either.
UNUSED = {"fc.weight": (1008, 2048), "fc.bias": (1008,)}
COUNTER = "num_batches_tracked"


class MeanA(InceptionA):
    """At 35 px; its means leave out what lies beyond the edge."""

    def forward(self, x: Tensor) -> Tensor:
        wide = self.branch5x5_2(self.branch5x5_1(x))
        wider = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), wide, wider, self.branch_pool(mean(x))], dim=1)


class MeanC(InceptionC):
    """At 17 px, likewise."""

    def forward(self, x: Tensor) -> Tensor:
        wide = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        wider = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        wider = self.branch7x7dbl_5(self.branch7x7dbl_4(wider))
        return torch.cat([self.branch1x1(x), wide, wider, self.branch_pool(mean(x))], dim=1)


class MeanE(InceptionE):
    """At 8 px, likewise."""

    def forward(self, x: Tensor) -> Tensor:
        wide, wider = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        parts = [self.branch1x1(x), self.branch3x3_2a(wide), self.branch3x3_2b(wide)]
        parts += [self.branch3x3dbl_3a(wider), self.branch3x3dbl_3b(wider), self.branch_pool(self.pooled(x))]
        return torch.cat(parts, dim=1)

    def pooled(self, x: Tensor) -> Tensor:
        return mean(x)


class MaxE(MeanE):
    """The last block, which takes the largest instead of the mean."""

    def pooled(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, stride=1, padding=1)


def mean(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


class InceptionV3(nn.Module):
    """The net as far as its 2,048 pooled features; the names are those of the published weights."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = BasicConv2d(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = BasicConv2d(32, 64, kernel_size=3, padding=1)
        self.MaxPool_1 = nn.MaxPool2d(3, stride=2)
        self.Conv2d_3b_1x1 = BasicConv2d(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = BasicConv2d(80, 192, kernel_size=3)
        self.MaxPool_2 = nn.MaxPool2d(3, stride=2)
        self.Mixed_5b = MeanA(192, pool_features=32)
        self.Mixed_5c = MeanA(256, pool_features=64)
        self.Mixed_5d = MeanA(288, pool_features=64)
        self.Mixed_6a = InceptionB(288)
        self.Mixed_6b = MeanC(768, channels_7x7=128)
        self.Mixed_6c = MeanC(768, channels_7x7=160)
        self.Mixed_6d = MeanC(768, channels_7x7=160)
        self.Mixed_6e = MeanC(768, channels_7x7=192)
        self.Mixed_7a = InceptionD(768)
        self.Mixed_7b = MeanE(1280)
        self.Mixed_7c = MaxE(2048)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Return features (N, 2048) on the CPU of images (N, 1 or 3, s, s) in [-1, 1], grey ones as grey colours.

        They are rounded to bytes and brought to 299 px by bilinear interpolation, as torchmetrics does for its own.
        """
        place = self.Conv2d_1a_3x3.conv.weight.device
        return torch.cat([self.pooled(enlarged(part).to(place)).cpu() for part in images.split(BATCH)])

    def pooled(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x.mean(dim=(2, 3))


def enlarged(images: Tensor) -> Tensor:
    """Return what the net takes, (N, 3, 299, 299): the bytes less 128, over 128."""
    pixels = ((images.cpu().float().clamp(-1, 1) + 1) * 127.5).round().expand(-1, 3, -1, -1)
    pixels = F.interpolate(pixels, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
    return (pixels - 128) / 128


def load_inception(path: Path | None = None) -> InceptionV3:
    """Read the net onto the best device there is, from a safetensors file or, without one, from the Hub or its cache.

    Raises:
        CheckpointError: the weights cannot be had, or are not this net's; one sentence: where they were looked for, and
            what to do.
    """
    with torch.device("meta"):
        net = InceptionV3()
    try:
        tensors = read_net(path or fetched(), net)
    except CheckpointError as error:
        advice = f"fetch {FILE} of the Hub's {REPOSITORY} and name it by --inception-weights"
        raise CheckpointError(f"{str(error).removesuffix('.')}; {advice}.") from error
    net.load_state_dict(tensors, strict=True, assign=True)
    return net.eval().requires_grad_(False).to(choose_device())


def read_net(path: Path, net: InceptionV3) -> dict[str, Tensor]:
    """Read the net's tensors, and no others than those that may lie beside them."""
    check_size(path, MAX_WEIGHTS_BYTES)
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path.name} is not a valid safetensors file: {error}.") from error
    expected = {name: wanted for name, wanted in net.state_dict().items() if COUNTER not in name or name in names}
    unused = {name: torch.empty(shape, device="meta") for name, shape in UNUSED.items() if name in names}
    tensors = read_tensors(path, expected | unused)
    return {name: tensors.get(name, torch.tensor(0)) for name in net.state_dict()}


def fetched() -> Path:
    """Return the Hub's file, once it is known to be the one that is meant."""
    from huggingface_hub import hf_hub_download, logging

    told = logging.get_verbosity()
    logging.set_verbosity_error()  # it warns of every try
    try:
        path = Path(hf_hub_download(REPOSITORY, FILE))
    except Exception as error:  # the Hub's client and the network raise anything at all
        cause: BaseException = error  # the first is the one that says what happened
        while cause.__cause__:
            cause = cause.__cause__
        reason = (str(cause).strip() or type(cause).__name__).splitlines()[0].removesuffix(".")
        raise CheckpointError(
            f"Inception's weights are not in the Hub's cache here, and the Hub did not give them ({reason})."
        ) from error
    finally:
        logging.set_verbosity(told)
    check_size(path, MAX_WEIGHTS_BYTES)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256:
        raise CheckpointError(f"The Hub's {FILE} is not Inception's weights: its SHA-256 is {digest}, not {SHA256}.")
    return path
