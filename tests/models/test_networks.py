"""Every net that can be trained: shapes, ranges, gradients, and pictures that depend on nothing but their own seed."""

import pytest
import torch

from models import build
from models.pyramid import down
from tests.models.tiny import TINY, draw, noise
from training.data import open_dataset
from training.recipes import RECIPES

BROWSER_LIMIT = 2_000_000  # parameters of one net that runs in a visitor's browser
SHAPES = {"28 x 28, grey": (28, 1), "32 x 32, colour": (32, 3)}
PUBLISHED = [(kind, preset, shape) for kind in RECIPES for preset in RECIPES[kind].presets for shape in SHAPES]


def data(size, channels):
    return open_dataset("fake", split="train", size=size, channels=channels)


def config_of(kind, preset, size, channels):
    return RECIPES[kind].presets[preset](data(size, channels))[0]


def everything(kind, model, images):
    """Every number that any of a model's nets computes on a batch."""
    config, count = model.config, len(images)
    if kind == "lapgan":
        classes = model.one_hot([i % config.classes for i in range(count)], count) if config.classes else None
        outputs = []
        for level, size in enumerate(config.image_sizes):
            enlarged = None if level == config.levels - 1 else noise(count, config.channels, size, size, seed=level)
            drawn = model.draw(level, model.seeded_noise(range(count), level), classes, enlarged)
            judged = down(images, size) if enlarged is None else enlarged + drawn
            outputs += [drawn, model.discriminators[level](judged, enlarged, classes)]
        return outputs
    if kind == "infogan":
        codes = model.codes(range(count), [[0] * len(config.categorical)] * count, [[0.5] * config.continuous] * count)
        drawn = model.generator(codes)
        return [drawn, *model.discriminate(images), *model.discriminate(drawn)]
    if kind == "bigan":
        z, codes = noise(count, config.latent), model.encoder(images)
        drawn = model.generator(z)
        return [codes, drawn, model.discriminator(images, codes), model.discriminator(drawn, z)]
    if kind == "gan":
        drawn = model.generator(noise(count, config.noise))
        return [drawn, model.discriminator(images), model.discriminator(drawn)]
    return [model(images)]


def weighted_sum(outputs):
    """One number with a slope in every output; a plain sum has none behind a batch norm."""
    return sum((noise(*output.shape, seed=i) * output).sum() for i, output in enumerate(outputs))


@pytest.fixture(scope="module", params=PUBLISHED, ids=lambda case: ", ".join(case))
def published(request):
    """A preset's nets on data of one shape, in eval mode, after batch norm has seen a batch."""
    kind, preset, shape = request.param
    size, channels = SHAPES[shape]
    torch.manual_seed(0)
    model = build(kind, config_of(kind, preset, size, channels)).train()
    with torch.no_grad():
        everything(kind, model, noise(8, channels, size, size))
    return kind, model.eval(), (channels, size, size)


def test_published_nets(published):
    kind, model, shape = published

    # Shapes and ranges.
    pictures = draw(kind, model, [5, 6, 7, 5])
    assert pictures.shape == ((4, *shape) if kind != "classifier" else (4, 10))
    assert bool(torch.isfinite(pictures).all())
    if kind != "classifier":
        assert pictures.abs().max() <= 1
        assert (pictures[0] - pictures[1]).abs().max() > 0

    # A picture depends on its own seed alone; sums may be ordered otherwise in a batch of another size.
    assert torch.allclose(pictures[0], pictures[3], atol=1e-5)
    assert torch.equal(pictures[0], draw(kind, model, [5, 90, 91, 92])[0])
    assert torch.allclose(pictures[2], draw(kind, model, [7])[0], atol=1e-5)

    # Every parameter takes part.
    model.train()
    weighted_sum(everything(kind, model, noise(8, *shape))).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name
        assert bool(parameter.grad.any()), name
    model.zero_grad(set_to_none=True)
    model.eval()


@pytest.mark.parametrize("name", TINY)
def test_only_training_needs_the_adversary(name):
    kind, config = TINY[name]
    whole, shipped = (set(build(kind, config, adversary=needed).state_dict()) for needed in (True, False))
    assert shipped <= whole
    assert not any(part in key for key in shipped for part in ("discriminator", "d_head"))
    assert (shipped < whole) == (kind != "classifier")


def parameters(*nets):
    return sum(parameter.numel() for net in nets for parameter in net.parameters())


@pytest.mark.parametrize(
    ("kind", "preset", "size", "channels"),
    [
        ("infogan", "modern", 28, 1),
        ("infogan", "modern", 32, 3),
        ("lapgan", "modern", 28, 1),
        ("lapgan", "modern", 32, 3),
        ("lapgan", "modern", 64, 3),
        ("bigan", "paper", 28, 1),
        ("bigan", "modern", 28, 1),
    ],
)
def test_nets_for_the_browser_are_small(kind, preset, size, channels):
    config = config_of(kind, preset, size, channels)
    with torch.device("meta"):
        model = build(kind, config, adversary=False)
    nets = {
        "infogan": lambda: [[model.generator], [model.trunk, model.q_head]],
        "lapgan": lambda: [[generator] for generator in model.generators],
        "bigan": lambda: [[model.generator], [model.encoder]],
    }[kind]()
    assert all(parameters(*net) <= BROWSER_LIMIT for net in nets)
