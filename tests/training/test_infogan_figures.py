"""InfoGAN's figures 1 and 2: curves lie where their numbers say, and in a sweep nothing but one code changes."""

import math
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
import torch
from PIL import Image

from models import build
from models.checkpoint import load_weights, save_weights, write_json
from models.infogan import InfoGANConfig
from training.experiments import read_experiments
from training.infogan_figures import (
    COLUMNS,
    ROWS,
    SEED,
    Curve,
    draw_curves,
    in_order,
    infogan_figures_command,
    sweep_categories,
    sweep_continuous,
)
from training.run import RunError

NAMES = ("2", "0", "1")
CONFIG = InfoGANConfig(
    image_size=8,
    noise=4,
    categorical=(3,),
    generator_hidden=0,
    generator_widths=(8,),
    trunk_widths=(4,),
    trunk_hidden=0,
    head=8,
    category_names=NAMES,
    continuous_names=("slant", "width"),
)
BOUNDS = {"infogan-x": [0.1, 0.9, math.log(3)], "infogan-x-control": [-0.5, 0.0, 0.02]}


@pytest.fixture
def shelf(tmp_path):
    """Two small InfoGANs with recordings; returns their folder."""
    for seed, (name, bounds) in enumerate(BOUNDS.items()):
        torch.manual_seed(seed)
        folder = tmp_path / name
        save_weights(folder, "infogan", CONFIG, build("infogan", CONFIG, adversary=False), half=False)
        write_json(folder / "metrics.json", {"training": [{"request": {"seed": seed}}]})
        records = [{"step": 20 * (i + 1), "information/categorical": value} for i, value in enumerate(bounds)]
        (folder / "recording").mkdir()
        write_json(folder / "recording" / "recording.json", {"settings": {"batch_size": 64}, "records": records})
    return tmp_path


def drawn(curves, most):
    """Return the points of each curve, and the height of the line that none can pass."""
    root = ElementTree.fromstring(draw_curves(curves, most))  # noqa: S314, our own
    lines = [[tuple(map(float, point.split(","))) for point in line.get("points").split()] for line in polylines(root)]
    (dashed,) = (path for path in root.findall(".//{*}path") if path.get("stroke-dasharray"))
    return lines, float(dashed.get("d").split("H")[0].split()[1]), (float(root.get("width")), float(root.get("height")))


def polylines(root):
    return root.findall(".//{*}polyline")


def test_curves_lie_where_their_numbers_say():
    curves = [Curve("one", [(20, 0.0), (60, 1.0), (100, 2.0)]), Curve("other", [(20, -0.4), (100, 2.0)])]
    (one, other), most, (width, height) = drawn(curves, 2.0)
    assert one[-1] == other[-1] == pytest.approx((one[-1][0], most))
    steps = [later[1] - earlier[1] for earlier, later in pairwise(one)]
    assert steps[0] == pytest.approx(steps[1], abs=0.15)  # as far from 0 to 1 as from 1 to 2; up is less
    assert steps[0] < 0
    assert other[0][1] > one[0][1]
    assert one[1][0] - one[0][0] == pytest.approx(one[2][0] - one[1][0], abs=0.15)
    for x, y in [*one, *other]:
        assert 0 < x < width
        assert 0 < y < height


@pytest.mark.parametrize("steps", [20, 140, 900, 1500, 3920, 30_000])
def test_the_axis_has_a_few_steps_to_read(steps):
    root = ElementTree.fromstring(draw_curves([Curve("one", [(20, 0.0), (steps, 1.0)])] * 2, 1.0))  # noqa: S314, our own
    texts = [text.text for text in root.findall(".//{*}text") if text.get("text-anchor") == "middle"]
    assert 3 <= len(texts) <= 9
    assert texts[0] == "0"
    assert int(texts[-1].replace(",", "")) <= steps


def test_the_end_of_a_curve_is_the_mean_of_its_last_points():
    assert Curve("one", [(step, 0.0) for step in range(50)] + [(50 + step, 2.0) for step in range(10)]).end == 2.0
    assert Curve("one", [(20, 1.0), (40, 2.0)]).end == 1.5


def test_categories_stand_in_the_order_of_their_names(shelf):
    assert in_order(load_weights(shelf / "infogan-x").model) == [1, 2, 0]


def test_a_sweep_changes_one_code_alone(shelf):
    model = load_weights(shelf / "infogan-x").model
    images, columns = sweep_categories(model)
    assert (len(images), columns) == (ROWS * 3, 3)
    assert torch.allclose(images[4], model.generate([SEED + 1], [[2]], [[0.0, 0.0]])[0], atol=1e-6)
    for code in (0, 1):
        images, columns = sweep_continuous(model, code)
        assert (len(images), columns) == (ROWS * COLUMNS, COLUMNS)
        ends = [[-2.0, 0.0], [2.0, 0.0]] if code == 0 else [[0.0, -2.0], [0.0, 2.0]]
        wanted = model.generate([SEED + 1] * 2, [[0]] * 2, ends)  # the second row has every other value: the third
        assert torch.allclose(images[[COLUMNS, 2 * COLUMNS - 1]], wanted, atol=1e-6)


def test_the_command_leaves_what_the_report_shows(shelf):
    infogan_figures_command(shelf / "infogan-x", shelf / "infogan-x-control")
    curves, sweeps = read_experiments(shelf)
    assert (curves["name"], sweeps["name"]) == ("infogan-figure1", "infogan-figure2")
    assert [row["cells"] for row in curves["rows"]] == [["0.700"], ["-0.160"]]
    assert (curves["n"], curves["seeds"]) == (64 * 20, [0, 1])
    sizes = {Image.open(shelf / "experiments" / f"infogan-figure2{letter}.png").size for letter in "ab"}
    assert len(sizes) == 1
    assert "--weights weights/infogan-x --control weights/infogan-x-control" in sweeps["command"]


def test_weights_that_do_not_fit_are_refused(shelf):
    (shelf / "infogan-x-control" / "recording" / "recording.json").unlink()
    with pytest.raises(RunError, match="infogan-x-control has no recording"):
        infogan_figures_command(shelf / "infogan-x", shelf / "infogan-x-control")
    assert not (shelf / "experiments").exists()
