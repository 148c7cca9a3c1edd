"""Log-likelihood by Gaussian Parzen windows, for a plain generator and, level by level, for a Laplacian pyramid.

As the LAPGAN paper does it (Denton et al. 2015, section 4.1 and appendix): the density of an image is that of its
coarsest level times, at each finer level, that of its true high pass given its true low pass. There d averages 2 x 2
blocks and the high pass stands in an orthonormal basis, so that the whole mapping is unitary and the densities of all
levels multiply to one over pixels. Such figures depend on sigma, on the number of samples and on the unit of a pixel
(here [-1, 1]): compare them with each other only, and not with the paper's.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

SIGMAS = tuple(0.02 * 2 ** (i / 2) for i in range(14))  # 0.02 to 1.8
CHUNK = 1000


def parzen_log_density(points: Tensor, samples: Tensor, sigma: float) -> Tensor:
    """Return the log density in nats, (N,), of points (N, D) under Gaussians of deviation sigma round samples (M, D).

    Samples may also be (N, M, D): each point's own, drawn on its condition.

    Raises:
        ValueError: sigma that is not above 0, or points and samples of other shapes.
    """
    return log_density(squared_distances(points, samples), points.shape[-1], sigma)


def log_density(squares: Tensor, dimensions: int, sigma: float) -> Tensor:
    """Return the same from the squared distances (N, M) of each point to its samples."""
    if not sigma > 0:
        raise ValueError(f"sigma must be above 0, got {sigma}.")
    exponents = -squares / (2 * sigma**2)
    constant = math.log(squares.shape[1]) + dimensions / 2 * math.log(2 * math.pi * sigma**2)
    return exponents.logsumexp(dim=1) - constant


def squared_distances(points: Tensor, samples: Tensor) -> Tensor:
    """Return the squared Euclidean distances, float64 (N, M), of points (N, D) to samples (M, D) or (N, M, D)."""
    if points.shape[-1] != samples.shape[-1] or (samples.dim() == 3 and len(points) != len(samples)):
        raise ValueError(f"Samples {tuple(samples.shape)} do not fit points {tuple(points.shape)}.")
    points, samples = points.double(), samples.double()
    if samples.dim() == 3:
        return (samples - points[:, None]).square().sum(dim=2)
    parts = [torch.cdist(points, part, compute_mode="donot_use_mm_for_euclid_dist") for part in samples.split(CHUNK)]
    return torch.cat(parts, dim=1).square()


def choose_sigma(squares: Tensor, dimensions: int) -> float:
    """Return the sigma of `SIGMAS` under which held-out points, given by squared distances (N, M), are likeliest."""
    return max(SIGMAS, key=lambda sigma: float(log_density(squares, dimensions, sigma).mean()))


def low_pass(images: Tensor) -> Tensor:
    """Return d of images (N, C, 2s, 2s): the mean of each 2 x 2 block, (N, C, s, s)."""
    a, b, c, d = _corners(images)
    return (a + b + c + d) / 4


def high_pass(images: Tensor) -> Tensor:
    """Return what the block means lack, (N, 3 * C * s * s), in an orthonormal basis (Haar's)."""
    a, b, c, d = _corners(images)
    details = torch.stack([a - b + c - d, a + b - c - d, a - b - c + d], dim=1) / 2
    return details.flatten(1)


def plain_log_likelihood(images: Tensor, held_out: Tensor, samples: Tensor) -> Tensor:
    """Return the log-likelihood of images, (N,), by samples of a generator of whole images; sigma from held_out."""
    images, held_out, samples = images.flatten(1), held_out.flatten(1), samples.flatten(1)
    sigma = choose_sigma(squared_distances(held_out, samples), samples.shape[1])
    return parzen_log_density(images, samples, sigma)


def pyramid_log_likelihood(
    images: Tensor,
    held_out: Tensor,
    coarsest: Tensor,
    draw: Callable[[int, int, Tensor], Tensor],
    levels: int,
) -> Tensor:
    """Return the log-likelihood of images, (N,), by a model of a pyramid of halves; sigma of each level from held_out.

    Args:
        images: (N, C, s, s).
        held_out: others, (M, C, s, s).
        coarsest: samples of the coarsest level, (K, C, s', s') with s' = s / 2 ** (levels - 1).
        draw: from a row (of images, then of held_out), a level (0 the finest) and that row's true low pass there,
            (C, s / 2, s / 2), to samples of the level on that condition, (K, C, s, s).
        levels: how many.
    """
    together, count = torch.cat([images, held_out]), len(images)
    total = torch.zeros(count, dtype=torch.float64)
    for level in range(levels - 1):
        coarse = low_pass(together)
        squares = torch.cat(
            [
                squared_distances(high_pass(image[None]), high_pass(draw(row, level, low)))
                for row, (image, low) in enumerate(zip(together, coarse, strict=True))
            ]
        )
        dimensions = together[0].numel() * 3 // 4
        total += log_density(squares[:count], dimensions, choose_sigma(squares[count:], dimensions))
        # The unitary low pass is twice the mean: its share of the density is left to the next level.
        total -= coarse[0].numel() * math.log(2)
        together = coarse
    return total + plain_log_likelihood(together[:count], together[count:], coarsest)


def _corners(images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    if images.shape[-1] % 2 or images.shape[-2] % 2:
        raise ValueError(f"Only even sides can be halved block by block, not {tuple(images.shape[-2:])}.")
    upper, lower = images[..., 0::2, :], images[..., 1::2, :]
    return upper[..., 0::2], upper[..., 1::2], lower[..., 0::2], lower[..., 1::2]
