"""Take single steps of training on fake data with tiny nets, and see which weights they moved."""

import torch

from tests.training.tiny import request
from training.data import normalise
from training.start import prepare, resolve

CPU = torch.device("cpu")
DEEP = ("widths=6,8", "band_scale=0.2,0.4")  # for LAPGAN at 16 pixels: 16, 8, 4


def training_of(kind, preset="modern", *overrides, **changes):
    size = 16 if (kind, preset) == ("infogan", "paper") else 8  # its published nets halve a side four times
    plan = resolve(request(kind, *overrides, **{"preset": preset, "image_size": size, **changes}))
    training = prepare(plan, CPU)
    training.dataset = plan.dataset
    training.model.train()
    return training


def step(training, *, at=0, count=8):
    """Take one step on the first images, as the loop does; returns the statistics."""
    torch.manual_seed(1)
    images, labels = training.dataset.images[:count], training.dataset.labels[:count]
    return training.step(normalise(images), labels, at)


def parameters(model):
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def changed(before, model):
    """Names of the parameters that are no longer what they were."""
    return {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}


def equal_weights(a, b, part=""):
    """Tell whether two models agree bit for bit in the parameters whose names start with `part`."""
    a, b = parameters(a), parameters(b)
    return all(torch.equal(a[name], b[name]) for name in a if name.startswith(part))
