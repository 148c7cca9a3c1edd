"""Pictures of chairs and faces with known factors, rendered here, so that they need no download.

They stand in for the two 3D sets of the InfoGAN paper (section 7), which are not free: one grey channel, chairs on
white, faces on black. Each ray walks through the distances of `solids` until it meets something (sphere tracing).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor
from tqdm import tqdm

from models.checkpoint import write_durably
from training.decoded import default_root, digest_of
from training.pictures import DataError
from training.solids import CHAIRS, HEADS, Part, chair, head, length

LOG = logging.getLogger(__name__)
VERSION = 2  # goes up when the pictures change
COUNTS = {"train": 10_000, "test": 1_000}
SEEDS = {"train": 2016, "test": 2017}
SIZES = (16, 128)
RAYS = 2**18  # at a time: few enough for the memory, many enough to keep torch busy
WALK = (2, 2, 2, 2, 2, 3, 5, 8, 12, 16)  # steps between two looks at which rays have arrived
DISTANCE = 6.0  # of the camera from the middle, in units of `solids`
GAMMA = 1 / 2.2


@dataclass(frozen=True)
class Scene:
    """Say what can be drawn, and how it is looked at.

    Attributes:
        factors: the range of each factor, in the order of their columns; angles in degrees, the rest as a ratio.
        styles: names of the designs, the classes of the set.
        parts: x, y, z, what `shape` gives, and the style's number, to the solid's parts (see `solids`).
        roles: which factor (or a fixed number) gives the turn of the solid, the lift of the camera, the direction and
            height of the light (degrees, as the camera sees it), the width and the shape.
        box: half width, bottom, top and half depth of a box round every solid of width 1.
        middle, view: height that the camera looks at, and half the side of the picture there.
        light, sky, rim: strengths of the lamp, of the light from all sides, and of the gleam on the outline.
        background: 0 black to 1 white.
        floor: whether a soft shadow lies on y = 0.
    """

    factors: dict[str, tuple[float, float]]
    styles: tuple[str, ...]
    parts: Callable[[Tensor, Tensor, Tensor, Tensor, int], list[Part]]
    roles: dict[str, str | float]
    box: tuple[float, float, float, float]
    middle: float
    view: float
    light: float
    sky: tuple[float, float]
    rim: float
    background: float
    floor: bool


SCENES = {
    "chairs": Scene(
        factors={"rotation": (-60.0, 60.0), "width": (0.75, 1.25), "height": (0.8, 1.15)},
        styles=tuple(CHAIRS),
        parts=lambda x, y, z, height, style: chair(x, y, z, height, tuple(CHAIRS.values())[style]),
        roles={"turn": "rotation", "lift": 24.0, "side": -40.0, "above": 50.0, "width": "width", "shape": "height"},
        box=(0.65, 0.0, 2.12, 0.7),
        middle=0.865,
        view=1.48,
        light=0.95,
        sky=(0.1, 0.25),
        rim=0.0,
        background=1.0,
        floor=True,
    ),
    "faces": Scene(
        factors={
            "azimuth": (-60.0, 60.0),
            "elevation": (-20.0, 20.0),
            "lighting": (-80.0, 80.0),
            "width": (0.8, 1.2),
            "jaw": (0.85, 1.15),
        },
        styles=HEADS,
        parts=lambda x, y, z, jaw, style: head(x, y, z, jaw, HEADS[style]),
        roles={
            "turn": "azimuth",
            "lift": "elevation",
            "side": "lighting",
            "above": 20.0,
            "width": "width",
            "shape": "jaw",
        },
        box=(0.91, -1.29, 1.29, 1.09),
        middle=0.0,
        view=1.43,
        light=1.1,
        sky=(0.04, 0.1),
        rim=0.06,
        background=0.05,
        floor=False,
    ),
}


def draw_factors(spec: str, split: str) -> tuple[Tensor, Tensor]:
    """Return the true factors of a split, float32 (N, k) uniform over their ranges, and its styles, int64 (N,).

    All styles are equally frequent. The seed is fixed for each split, so they are the same everywhere.
    """
    scene, count = SCENES[spec], COUNTS[split]
    generator = torch.Generator().manual_seed(SEEDS[split])
    low, high = torch.tensor(list(scene.factors.values())).T
    values = low + (high - low) * torch.rand(count, len(low), generator=generator)
    return values, torch.randperm(count, generator=generator) % len(scene.styles)


def open_rendered(spec: str, split: str, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return images uint8 (N, 1, size, size), styles int64 (N,) and factors float32 (N, k), as `draw_factors` has them.

    They are rendered on the CPU once, a minute or several, and then kept under `default_root()`; that copy is checked,
    may be deleted at any time, and costs only a warning where it fails. Two machines may differ by a grey level here
    and there.

    Raises:
        DataError: size is not 16 to 128.
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise DataError(f"{spec} can be rendered with sides of {SIZES[0]} to {SIZES[1]} pixels, not {size}.")
    values, styles = draw_factors(spec, split)
    cache = default_root() / "rendered" / f"{spec}-{split}-{size}-{len(values)}-v{VERSION}.safetensors"
    if cache.exists():
        try:
            return _read(cache, styles), styles, values
        except Exception as error:  # whatever is wrong with it, the pictures can be had again
            LOG.warning("The rendered pictures in %s are damaged (%s) and are rendered again.", cache, error)
    told = f"rendering {spec} ({split}, {size} px)"
    with tqdm(total=len(values), desc=told, unit=" pictures", leave=False, disable=None) as bar:
        images = render(spec, values, styles, size, progress=bar.update)
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        write_durably(cache, save({"images": images}, {"digest": digest_of(images, styles)}))
    except (OSError, MemoryError) as error:
        LOG.warning("%s cannot be written (%s); the next start renders the pictures again.", cache, error)
    return images, styles, values


def _read(cache: Path, styles: Tensor) -> Tensor:
    with safe_open(cache, "pt") as file:
        # A copy in memory: the file is mapped, and may be deleted under a run.
        images, found = file.get_tensor("images").clone(), file.metadata()
    if found["digest"] != digest_of(images, styles):
        raise ValueError("the digest differs")
    return images


@torch.no_grad()
def render(
    spec: str, factors: Tensor, styles: Tensor, size: int, *, progress: Callable[[int], object] | None = None
) -> Tensor:
    """Draw `chairs` or `faces` of given factors, each pixel the mean of 2 x 2 rays.

    Args:
        factors: float32 (N, k), columns as `SCENES[spec].factors`; values outside the ranges may leave the frame. The
            work is done on their device.
        styles: int64 (N,), numbers into `SCENES[spec].styles`.
        size: side in pixels.
        progress: told how many pictures were done since the last call.

    Returns:
        uint8 (N, 1, size, size) on the CPU.
    """
    scene = SCENES[spec]
    images = torch.empty(len(factors), 1, size, size, dtype=torch.uint8)
    for style in styles.unique().tolist():
        for rows in (styles == style).nonzero()[:, 0].split(max(1, RAYS // (4 * size * size))):
            picture = _draw(scene, factors[rows.to(factors.device)], style, size)
            picture = picture.reshape(-1, 1, size, 2, size, 2).mean((3, 5))
            images[rows.cpu()] = (picture * 255).round().to(torch.uint8).cpu()
            if progress:
                progress(len(rows))
    return images


def _draw(scene: Scene, factors: Tensor, style: int, size: int) -> Tensor:
    """Return the brightness (0 to 1) that every ray meets, (N, 2 size * 2 size)."""
    columns = dict(zip(scene.factors, factors.T, strict=True))
    one = torch.ones_like(factors[:, 0])
    role = {name: columns[by] if isinstance(by, str) else by * one for name, by in scene.roles.items()}
    axes, eye, way = _camera(scene, role, size)
    near, far = _cross(scene, eye, way, role["width"])
    pixel = (near < far).reshape(-1).nonzero()[:, 0]
    picture = pixel // way.shape[2]
    # One column a ray: start (3), direction (3), how far it is, where it leaves the box, width and shape of the solid.
    ends = torch.stack([role["width"], role["shape"]]).index_select(1, picture)
    paths = torch.cat([way.reshape(3, -1), near.reshape(1, -1), far.reshape(1, -1)]).index_select(1, pixel)
    rays = torch.cat([eye.index_select(1, picture), paths, ends])
    blur = 0.3 * scene.view / size  # how near counts as touching

    def gap(x: Tensor, y: Tensor, z: Tensor, width: Tensor, shape: Tensor) -> Tensor:
        first, *others = (part for part, _ in scene.parts(x / width, y, z, shape, style))
        for part in others:
            first = torch.minimum(first, part)
        return first * width.clamp(max=1)  # a squeezed solid is nearer than it says

    rays, pixel = _walk(rays, pixel, gap, blur)
    side, above = torch.deg2rad(role["side"]), torch.deg2rad(role["above"])
    lamp = axes[0] * (side.sin() * above.cos()) + axes[1] * above.sin() + axes[2] * (side.cos() * above.cos())
    result = torch.full((near.numel(),), scene.background, device=factors.device)
    if scene.floor:
        _shade_floor(result, scene, eye, way, role, gap)
    result[pixel] = _shade(scene, rays, lamp.index_select(1, pixel // way.shape[2]), gap, style, blur)
    return result.reshape(len(factors), -1)


def _camera(scene: Scene, role: dict[str, Tensor], size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the camera's right, up and back (3, 3, N), its place (3, N), and the rays' directions (3, N, R)."""
    turn, lift = -torch.deg2rad(role["turn"]), torch.deg2rad(role["lift"])
    right = torch.stack([turn.cos(), 0 * turn, -turn.sin()])
    up = torch.stack([-turn.sin() * lift.sin(), lift.cos(), -turn.cos() * lift.sin()])
    back = torch.stack([turn.sin() * lift.cos(), lift.sin(), turn.cos() * lift.cos()])
    steps = ((torch.arange(2 * size, device=turn.device) + 0.5) / size - 1) * scene.view / DISTANCE
    v, u = (grid.reshape(-1) for grid in torch.meshgrid(-steps, steps, indexing="ij"))
    way = right[:, :, None] * u + up[:, :, None] * v - back[:, :, None]
    eye = back * DISTANCE
    eye[1] += scene.middle
    return torch.stack([right, up, back]), eye, way / (1 + u * u + v * v).sqrt()


def _cross(scene: Scene, eye: Tensor, way: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
    """Return where each ray enters and leaves the scene's box (N, R); it misses the box where that is no order."""
    half, bottom, top, deep = scene.box
    one = torch.ones_like(width)
    low, high = (
        torch.stack([-half * width, bottom * one, -deep * one]),
        torch.stack([half * width, top * one, deep * one]),
    )
    safe = torch.where(way.abs() < 1e-6, 1e-6, way)
    first, second = ((wall - eye)[:, :, None] / safe for wall in (low, high))
    return torch.minimum(first, second).amax(0), torch.maximum(first, second).amin(0)


def _walk(rays: Tensor, pixel: Tensor, gap: Callable[..., Tensor], blur: float) -> tuple[Tensor, Tensor]:
    """Move rays on by the distance to the solid, again and again; return those that met it, and their pixels."""
    arrived = []
    for steps in WALK:
        t = rays[6]
        for _ in range(steps):
            free = gap(*torch.addcmul(rays[:3], rays[3:6], t), *rays[8:])
            t = t + free
        rays[6] = t
        here, onward = free < blur, (free >= blur) & (t < rays[7])
        here, onward = here.nonzero()[:, 0], onward.nonzero()[:, 0]
        arrived.append((rays.index_select(1, here), pixel[here]))
        rays, pixel = rays.index_select(1, onward), pixel[onward]
    return torch.cat([some for some, _ in arrived], 1), torch.cat([some for _, some in arrived])


def _shade(scene: Scene, rays: Tensor, lamp: Tensor, gap: Callable[..., Tensor], style: int, blur: float) -> Tensor:
    """Return the brightness (M,) of the places where rays met the solid; lamp: directions of the light (3, M)."""
    place, who = torch.addcmul(rays[:3], rays[3:6], rays[6]), rays[8:]
    x, y, z = place
    shade: Tensor | float
    (nearest, shade), *others = scene.parts(x / who[0], y, z, who[1], style)
    for part, grey in others:
        shade = torch.where(part < nearest, grey, shade)
        nearest = torch.minimum(nearest, part)
    step = 0.3 * blur
    steeper = torch.stack([gap(x + step, y, z, *who), gap(x, y + step, z, *who), gap(x, y, z + step, *who)])
    steeper -= nearest * who[0].clamp(max=1)
    out = steeper / length(*steeper).clamp(min=1e-9)
    lit = (out * lamp).sum(0).clamp(min=0)
    for t in (0.08, 0.2, 0.42):  # in shadow where something is near on the way to the lamp
        lit = lit * (6 * gap(*(place + out * blur + lamp * t), *who) / t).clamp(0, 1)
    reach = 0.2
    hollow = (gap(*(place + out * reach), *who) / reach).clamp(0, 1)  # little light finds its way into corners
    sky = scene.sky[0] + scene.sky[1] * (0.5 + 0.5 * out[1])
    rim = scene.rim * (1 + (out * rays[3:6]).sum(0)).clamp(0, 1) ** 3
    return (shade * (scene.light * lit + sky * hollow) + rim * hollow).clamp(0, 1) ** GAMMA


def _shade_floor(
    result: Tensor, scene: Scene, eye: Tensor, way: Tensor, role: dict[str, Tensor], gap: Callable[..., Tensor]
) -> None:
    """Darken the floor of `result` (N * R,) by what stands over it."""
    t = eye[1][:, None] / (-way[1]).clamp(min=1e-6)
    x, z = eye[0][:, None] + t * way[0], eye[2][:, None] + t * way[2]
    half, _, _, deep = scene.box
    under = (x.abs() < half * role["width"][:, None] + 0.3) & (z.abs() < deep + 0.3) & (way[1] < 0)
    pixel = under.reshape(-1).nonzero()[:, 0]
    picture = pixel // way.shape[2]
    x, z, who = x.reshape(-1)[pixel], z.reshape(-1)[pixel], (role["width"][picture], role["shape"][picture])
    for height, reach, dark in ((0.1, 0.1, 0.2), (0.35, 0.25, 0.15), (0.85, 0.3, 0.3)):
        cover = (1 - gap(x, torch.full_like(x, height), z, *who) / reach).clamp(0, 1)
        result[pixel] -= dark * cover.square()
