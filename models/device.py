"""Which processor to compute on."""

import platform

import torch


def choose_device(wanted: str | None = None) -> torch.device:
    """Pick CUDA, else Apple's MPS, else the CPU; `wanted` ("cuda", "cuda:1", "mps", "cpu") overrides.

    Raises:
        ValueError: the wanted device is unknown or absent.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted is None:
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if available[kind]))
    try:
        device = torch.device(wanted)
    except RuntimeError:  # not a device at all
        device = torch.device("meta")
    counted = device.type != "cuda" or (device.index or 0) < torch.cuda.device_count()
    if not available.get(device.type, False) or not counted:
        here = ", ".join(name for name, there in available.items() if there)
        raise ValueError(f"Device {wanted!r} is not available here; choose one of: {here}.")
    return device


def describe(device: torch.device) -> str:
    """Name a device for people, for instance "CPU (x86_64, 2 threads, AVX2)"."""
    if device.type == "cuda":
        return f"CUDA ({torch.cuda.get_device_name(device)})"
    if device.type == "mps":
        return "MPS (Apple)"
    threads = torch.get_num_threads()
    counted = f"{threads} thread{'s' * (threads > 1)}"
    return f"CPU ({platform.machine()}, {counted}, {torch.backends.cpu.get_cpu_capability()})"


def has_fast_bfloat16(device: torch.device) -> bool:
    """Tell whether bfloat16 is computed natively; where it is emulated it is some 20 times slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())
