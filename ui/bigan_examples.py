"""Pictures to try in the BiGAN tab: the generator's own, and shapes drawn here that it never learned."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from models.bigan import BiGAN
from ui import images, inference
from ui.images import ImageError

NAMES = {
    "letter": "a letter",
    "face": "a face",
    "star": "a star",
    "turned": "upside down",
    "pair": "two digits",
    "halves": "two in one",
    "own": "generated",
}
OWN = 6
CANDIDATES = 96
PAIR = (1, 2)  # which of its own pictures are put side by side
SIDE = 280
FINE = 4  # shapes are drawn this much larger and averaged down, because ImageDraw does not smooth
PEN = 22


@dataclass(frozen=True, eq=False)
class Example:
    """A picture to try.

    Attributes:
        name: a few words below it.
        picture: as it is shown on the pad.
        seen: what the encoder sees, (C, H, W) in [-1, 1].
        steps: what was done to it on the way.
        hard: it is nothing the model learned to draw.
    """

    name: str
    picture: Image.Image
    seen: Tensor
    steps: tuple[str, ...]
    hard: bool


@functools.cache
def examples(model: str) -> tuple[Example, ...]:
    """Make the examples for some weights: the generator's own first, then the hard ones."""
    own, turned = _own(model)
    ready = [Example(NAMES["own"], images.to_png(image), image, (), hard=False) for image in own]
    side = own.shape[-1] // 5  # what is left and right of a digit would push the two apart
    pair = torch.cat([own[index, :, :, side:-side] for index in PAIR], dim=2)
    shapes = {"letter": draw(_letter), "face": draw(_face), "star": draw(_star)}
    both = "pair" if inference.knows_digits(model) else "halves"
    pictures = {**shapes, "turned": images.to_png(turned), both: images.to_png(pair)}
    for key, picture in pictures.items():
        try:
            seen, steps = prepare(picture, model, dust=False)  # the search takes half a second at first
        except ImageError:  # an untrained generator draws nothing that stands out
            continue
        ready.append(Example(NAMES[key], picture, seen, steps, hard=True))
    return tuple(ready)


inference.forgetting.append(examples.cache_clear)


def prepare(picture: Image.Image, model: str, *, dust: bool = True) -> tuple[Tensor, tuple[str, ...]]:
    """Bring a picture into the form the model was trained on.

    Returns:
        The picture, (C, H, W) in [-1, 1], and the steps that changed something. What learned digits gets
        `images.digit_view`; all else gets the centre square.

    Raises:
        ImageError: no digit stands out.
    """
    config = inference.weights(model).config
    if inference.knows_digits(model):
        view = images.digit_view(picture, config.image_size, dust=dust)
        return images.to_tensor(view.image, size=config.image_size, channels=1)[0], view.steps
    steps = () if picture.size == (config.image_size, config.image_size) else ("centre square", "scaled")
    return images.to_tensor(picture, size=config.image_size, channels=config.channels)[0], steps


def draw(shape: Callable[[ImageDraw.ImageDraw], None]) -> Image.Image:
    """Draw a shape in white on black, 280 x 280."""
    image = Image.new("L", (SIDE * FINE, SIDE * FINE))
    shape(ImageDraw.Draw(image))
    return image.reduce(FINE)


@inference.device_call
def _own(model: str) -> tuple[Tensor, Tensor]:
    """Let the generator draw: pictures (OWN, C, H, W), and one of them upside down, (C, H, W)."""
    net = inference.weights(model, "bigan").net(BiGAN)
    drawn = images.on_levels(net.decode(net.latents(range(CANDIDATES))))
    own = drawn[_clear_and_different(drawn)]
    turned = own.flip(2, 3)
    # The one in which the encoder sees something else then; 0, 1 and 8 look the same both ways up.
    middle = net.features(drawn).mean(dim=0)
    alike = nn.functional.cosine_similarity(net.features(own) - middle, net.features(turned) - middle)
    return own.cpu(), turned[alike.argmin()].cpu()


def _clear_and_different(drawn: Tensor) -> list[int]:
    # Chosen by rule, because which seeds draw a good picture changes with every training.
    flat = drawn.flatten(1)
    grey = (1 - flat.abs()).mean(1) / (1 + flat).mean(1)
    clear = grey.argsort()[: CANDIDATES // 7].tolist()
    chosen = clear[:1]
    while len(chosen) < OWN:
        nearest = torch.cdist(flat[clear], flat[chosen]).min(dim=1).values
        chosen.append(clear[int(nearest.argmax())])
    return chosen


def _letter(pen: ImageDraw.ImageDraw) -> None:
    _line(pen, [(75, 225), (140, 55), (205, 225)])
    _line(pen, [(100, 165), (180, 165)])


def _face(pen: ImageDraw.ImageDraw) -> None:
    _line(
        pen,
        [(140 + 95 * math.sin(step / 24 * math.tau), 140 + 95 * math.cos(step / 24 * math.tau)) for step in range(25)],
    )
    _line(pen, [(105, 112), (105, 122)])
    _line(pen, [(175, 112), (175, 122)])
    _line(
        pen,
        [(140 + 48 * math.cos(step / 12 * math.pi), 155 + 36 * math.sin(step / 12 * math.pi)) for step in range(13)],
    )


def _star(pen: ImageDraw.ImageDraw) -> None:
    tips = [(step * 2 % 5) / 5 * math.tau for step in range(6)]
    _line(pen, [(140 + 105 * math.sin(tip), 148 - 105 * math.cos(tip)) for tip in tips])


def _line(pen: ImageDraw.ImageDraw, points: list[tuple[float, float]]) -> None:
    fine = [(FINE * x, FINE * y) for x, y in points]
    pen.line(fine, fill=255, width=PEN * FINE, joint="curve")
    radius = PEN * FINE / 2
    for x, y in fine:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
