"""Pictures to take apart, drawn by code: nobody's photographs, so they may be shown anywhere."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 256
Colour = tuple[int, int, int]


def boat() -> Image.Image:
    """Draw a sailing boat on a calm sea."""
    image = _gradient((88, 150, 214), (206, 228, 240), (32, 96, 138), (14, 52, 84), horizon=158)
    draw = ImageDraw.Draw(image)
    for x, y, r in ((44, 56, 18), (66, 50, 24), (92, 58, 17), (206, 36, 13), (222, 32, 17), (240, 38, 12)):
        draw.ellipse((x - r, y - r * 0.7, x + r, y + r * 0.7), fill=(242, 246, 250))
    _ripples(image, (120, 176, 200), top=166)
    draw.polygon([(132, 22), (132, 158), (206, 158)], fill=(250, 248, 240))
    draw.polygon([(122, 48), (122, 158), (66, 158)], fill=(226, 84, 62))
    draw.rectangle((125, 16, 130, 172), fill=(72, 46, 30))
    draw.polygon([(44, 168), (218, 168), (190, 202), (76, 202)], fill=(122, 66, 38))
    draw.polygon([(44, 168), (218, 168), (213, 176), (50, 176)], fill=(240, 222, 190))
    return image.filter(ImageFilter.GaussianBlur(0.8))


def sunset() -> Image.Image:
    """Draw the sun going down behind hills and their lake."""
    image = _gradient((58, 40, 104), (250, 150, 72), (176, 92, 82), (36, 28, 66), horizon=164)
    draw = ImageDraw.Draw(image)
    draw.ellipse((98, 92, 178, 172), fill=(255, 226, 150))
    draw.polygon([(0, 166), (0, 128), (34, 108), (74, 136), (112, 166)], fill=(52, 34, 70))
    draw.polygon([(256, 166), (256, 96), (222, 80), (184, 122), (140, 166)], fill=(42, 28, 60))
    rng = np.random.default_rng(7)
    for y in range(170, 252, 7):
        half = 12 + (y - 170) * 0.25 + rng.uniform(0, 20)
        draw.rectangle((138 - half, y, 138 + half, y + 2), fill=(255, 204, 128))
    return image.filter(ImageFilter.GaussianBlur(1.0))


def car() -> Image.Image:
    """Draw a red car on a country road."""
    image = _gradient((150, 196, 226), (222, 232, 226), (104, 148, 78), (84, 122, 66), horizon=130)
    draw = ImageDraw.Draw(image)
    for x, r in ((20, 30), (60, 22), (214, 34), (246, 26)):
        draw.ellipse((x - r, 118 - r, x + r, 118 + r), fill=(58, 104, 62))
    draw.rectangle((0, 184, 256, 256), fill=(82, 84, 90))
    for x in range(-10, 256, 64):
        draw.rectangle((x, 232, x + 34, 237), fill=(230, 226, 210))
    draw.polygon([(76, 128), (106, 88), (172, 88), (206, 130)], fill=(170, 26, 30))
    draw.polygon([(88, 127), (111, 97), (136, 97), (136, 127)], fill=(186, 214, 230))
    draw.polygon([(143, 97), (168, 97), (192, 127), (143, 127)], fill=(186, 214, 230))
    draw.rounded_rectangle((28, 124, 234, 186), radius=24, fill=(206, 38, 40))
    draw.rectangle((30, 158, 232, 164), fill=(150, 22, 28))
    draw.ellipse((216, 136, 232, 152), fill=(255, 240, 190))
    for x in (78, 186):
        draw.ellipse((x - 27, 160, x + 27, 214), fill=(26, 26, 30))
        draw.ellipse((x - 13, 174, x + 13, 200), fill=(190, 194, 200))
    return image.filter(ImageFilter.GaussianBlur(0.8))


EXAMPLES: dict[str, Callable[[], Image.Image]] = {"boat": boat, "sunset": sunset, "car": car}
# The classes that an example belongs to, of whichever weights have one of them.
CLASSES = {"boat": ("ship", "seashore"), "sunset": ("lakeside",), "car": ("automobile",)}


def _gradient(sky: Colour, haze: Colour, near: Colour, far: Colour, *, horizon: int) -> Image.Image:
    """Blend sky into haze above the horizon, and one ground colour into the other below."""
    rows = np.zeros((SIDE, 3))
    rows[:horizon] = np.linspace(sky, haze, horizon)
    rows[horizon:] = np.linspace(near, far, SIDE - horizon)
    grain = np.random.default_rng(1).normal(0, 3, (SIDE, SIDE, 1))
    return Image.fromarray((rows[:, None] + grain).clip(0, 255).astype(np.uint8))


def _ripples(image: Image.Image, colour: Colour, *, top: int) -> None:
    draw, rng = ImageDraw.Draw(image), np.random.default_rng(3)
    for y in range(top, SIDE, 8):
        for x in rng.uniform(-20, SIDE, 5):
            draw.rectangle((x, y, x + rng.uniform(14, 44), y + 2), fill=colour)
