"""Sample grids as PNG files."""

import io
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from models.checkpoint import write_durably


def save_grid(path: Path, images: Tensor, columns: int, *, scale: int = 2, border: int = 1) -> None:
    """Write images (N, C, s, s) in [-1, 1] as one picture, nearest-neighbour enlarged."""
    pixels = ((images.detach().float().cpu().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    pixels = make_grid(pixels, nrow=columns, padding=border, pad_value=128)[: images.shape[1]]
    pixels = pixels.repeat_interleave(scale, dim=1).repeat_interleave(scale, dim=2)
    buffer = io.BytesIO()
    Image.fromarray(pixels[0].numpy() if len(pixels) == 1 else pixels.permute(1, 2, 0).numpy()).save(buffer, "PNG")
    write_durably(path, buffer.getvalue())
