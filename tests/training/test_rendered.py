"""Rendered chairs and faces: what each factor does to the picture, and the copy on disk."""

import itertools
import json
import subprocess
import sys

import pytest
import torch

from tests.training.making import REPOSITORY
from training import rendered
from training.__main__ import main
from training.data import DataError, open_dataset
from training.rendered import SCENES, draw_factors, open_rendered, render

torch.set_num_threads(1)

SETS = ("chairs", "faces")
EVERY = [(spec, factor) for spec in SETS for factor in SCENES[spec].factors]
USUAL = {
    "chairs": {"rotation": 30.0, "width": 1.0, "height": 1.0},
    "faces": {"azimuth": 0.0, "elevation": 0.0, "lighting": 0.0, "width": 1.0, "jaw": 1.0},
}


@pytest.fixture
def few(tmp_path, monkeypatch):
    """Make the sets small and the cache one's own; returns the folder of rendered pictures."""
    monkeypatch.setattr("training.rendered.COUNTS", {"train": 24, "test": 12})
    monkeypatch.setenv("GANSCOPE_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache" / "rendered"


def drawn(spec, style=0, size=32, **changes):
    """Draw one picture, int32 (size, size)."""
    values = torch.tensor([list((USUAL[spec] | changes).values())])
    return render(spec, values, torch.tensor([style]), size)[0, 0].int()


def gone_from(picture, spec):
    """Tell which pixels are clearly not background; a chair's shadow is not counted."""
    return picture < 140 if spec == "chairs" else picture > 24


def differences(one, other):
    return (one - other).abs().float()


# The pictures


@pytest.mark.parametrize("spec", SETS)
def test_pictures_are_grey_and_repeat_exactly(spec):
    values, styles = (drawing[:10] for drawing in draw_factors(spec, "train"))
    told = []
    first = render(spec, values, styles, 24, progress=told.append)
    assert (first.shape, first.dtype, sum(told)) == ((10, 1, 24, 24), torch.uint8, 10)
    assert torch.equal(first, render(spec, values, styles, 24))
    for picture in first:
        assert picture.float().std() > 20  # something is there
        assert len(picture.unique()) > 40  # with soft shading


# Means over 8 x 8 blocks of one chair and one face: who changes them on purpose raises VERSION.
OTHERS = {"chairs": {"width": 1.1, "height": 0.9}, "faces": {"azimuth": 25.0, "elevation": 10.0, "lighting": -40.0}}
KNOWN = {
    "chairs": [[254, 213, 236, 255], [249, 176, 169, 253], [254, 147, 157, 255], [255, 207, 225, 254]],
    "faces": [[13, 72, 40, 13], [26, 176, 124, 13], [22, 170, 116, 13], [13, 83, 50, 13]],
}


@pytest.mark.parametrize("spec", SETS)
def test_pictures_are_those_of_this_version(spec):
    blocks = drawn(spec, 3, **OTHERS[spec]).float().reshape(4, 8, 4, 8).mean((1, 3))
    assert differences(blocks, torch.tensor(KNOWN[spec])).max() < 2, blocks.round().int().tolist()


@pytest.mark.parametrize(("spec", "factor"), EVERY)
@pytest.mark.parametrize("style", [0, 2, 5])
def test_every_factor_changes_the_picture(spec, factor, style):
    low, high = SCENES[spec].factors[factor]
    high = 180.0 if factor == "rotation" else high
    apart = differences(drawn(spec, style, **{factor: low}), drawn(spec, style, **{factor: high}))
    assert (apart > 16).float().mean() > 0.02


@pytest.mark.parametrize("spec", SETS)
def test_no_ray_is_given_up_on_its_way(spec, monkeypatch):
    values, styles = (drawing[:60] for drawing in draw_factors(spec, "train"))
    pictures = render(spec, values, styles, 32)
    monkeypatch.setattr("training.rendered.WALK", (*rendered.WALK, 50))
    assert (pictures != render(spec, values, styles, 32)).float().mean() < 1e-4


@pytest.mark.parametrize("spec", SETS)
def test_every_style_is_another(spec):
    pictures = [drawn(spec, style) for style in range(len(SCENES[spec].styles))]
    for one, other in itertools.combinations(pictures, 2):
        assert (differences(one, other) > 16).float().mean() > 0.03


@pytest.mark.parametrize("spec", SETS)
def test_nothing_leaves_the_frame(spec):
    ends = {name: list(ends) for name, ends in SCENES[spec].factors.items()}
    if spec == "chairs":
        ends["rotation"] = [float(angle) for angle in range(0, 360, 45)]
    else:
        ends |= {"azimuth": [-60.0, 0.0, 60.0], "lighting": [0.0]}
    values = torch.tensor(list(itertools.product(*ends.values())))
    for style in range(len(SCENES[spec].styles)):
        pictures = render(spec, values, torch.full((len(values),), style), 32)[:, 0].int()
        border = torch.cat([pictures[:, [0, -1]].flatten(), pictures[:, :, [0, -1]].flatten()])
        assert (border - round(255 * SCENES[spec].background)).abs().max() <= 1


@pytest.mark.parametrize("spec", SETS)
@pytest.mark.parametrize("style", [0, 1, 4])
def test_a_larger_picture_is_the_same_picture(spec, style):
    large = drawn(spec, style, 64).float().reshape(32, 2, 32, 2).mean((1, 3))
    assert differences(large, drawn(spec, style)).mean() < 4


@pytest.mark.parametrize(("spec", "front"), [("chairs", {"rotation": 0.0}), ("faces", {})])
@pytest.mark.parametrize("style", [0, 2, 4])
def test_a_greater_width_is_wider(spec, front, style):
    widths = []
    for share in (0.0, 0.5, 1.0):
        low, high = SCENES[spec].factors["width"]
        picture = drawn(spec, style, 64, **front, width=low + share * (high - low))
        widths.append(gone_from(picture, spec).any(0).sum().item())
    assert widths[0] + 3 < widths[1] < widths[2] - 3
    assert widths[2] / widths[0] == pytest.approx(high / low, rel=0.15)


@pytest.mark.parametrize("style", [0, 3, 7])
def test_a_full_turn_is_the_same_chair(style):
    start = drawn("chairs", style, rotation=77.0)
    assert differences(start, drawn("chairs", style, rotation=77.0 + 360)).mean() < 0.2
    assert differences(start, drawn("chairs", style, rotation=77.0 + 180)).mean() > 5


def test_a_higher_back_reaches_higher():
    tops = [gone_from(drawn("chairs", 0, 64, height=high), "chairs").any(1).int().argmax() for high in (0.8, 1.15)]
    assert tops[1] + 4 < tops[0]


@pytest.mark.parametrize("style", range(6))
def test_a_face_turned_the_other_way_is_its_mirror_image(style):
    one = drawn("faces", style, azimuth=40.0, lighting=30.0, elevation=8.0)
    other = drawn("faces", style, azimuth=-40.0, lighting=-30.0, elevation=8.0)
    assert differences(one, other.flip(1)).mean() < 0.5
    assert differences(one, other).mean() > 5


def test_a_face_looks_to_the_right_at_a_positive_azimuth():
    def dark(azimuth):  # the middle of the eyes, as far as the head's own middle
        picture = drawn("faces", 0, 64, azimuth=azimuth)
        columns = torch.arange(64.0)
        inside = gone_from(picture, "faces").any(0)
        eyes = (picture[24:34] < 90) & (columns > columns[inside][6]) & (columns < columns[inside][-6])
        return (eyes * columns).sum() / eyes.sum() - columns[inside].mean()

    assert dark(-45.0) + 4 < dark(0.0) < dark(45.0) - 4


def test_light_falls_from_where_it_is_said_to():
    for angle in (-70.0, 70.0):
        picture = drawn("faces", 0, lighting=angle).float()
        left, right = picture[:, :16].mean(), picture[:, 16:].mean()
        assert (left > right + 15) if angle < 0 else (right > left + 15)
    middle = drawn("faces", 0, lighting=0.0)
    assert differences(middle, middle.flip(1)).mean() < 0.5


# The sets


@pytest.mark.parametrize("spec", SETS)
def test_factors_fill_their_ranges_and_are_the_same_everywhere(spec):
    values, styles = draw_factors(spec, "train")
    assert (values.shape, styles.shape) == ((10_000, len(SCENES[spec].factors)), (10_000,))
    for column, (low, high) in zip(values.T, SCENES[spec].factors.values(), strict=True):
        assert low <= column.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < column.max() <= high
        assert column.mean() == pytest.approx((low + high) / 2, abs=0.02 * (high - low))
    counts = torch.bincount(styles)
    assert len(counts) == len(SCENES[spec].styles)
    assert counts.max() - counts.min() <= 1
    again, _ = draw_factors(spec, "train")
    assert torch.equal(values, again)
    test, _ = draw_factors(spec, "test")
    assert not torch.isclose(test[0], values[: len(test)]).all(1).any()


@pytest.mark.parametrize("spec", SETS)
def test_a_set_has_its_true_factors(few, spec):
    data = open_dataset(spec, split="train", size=16, channels=None)
    assert (data.images.shape, data.factors.shape[0]) == ((24, 1, 16, 16), 24)
    assert data.class_names == SCENES[spec].styles
    assert data.factor_names == tuple(SCENES[spec].factors)
    assert torch.equal(data.images, render(spec, data.factors, data.labels, 16))
    colour = open_dataset(spec, split="train", size=16, channels=3)
    assert torch.equal(colour.images, data.images.expand(-1, 3, -1, -1))
    test = open_dataset(spec, split="test", size=None, channels=1)
    assert test.images.shape == (12, 1, 32, 32)
    assert open_dataset("fake", split="train", size=8, channels=1).factors is None


def test_factors_stay_with_their_pictures(few):
    everything = open_dataset("faces", split="train", size=16, channels=1)
    some = open_dataset("faces", split="train", size=16, channels=1, only_class="hat", limit=3)
    rows = (everything.labels == SCENES["faces"].styles.index("hat")).nonzero()[:, 0][torch.tensor([0, 1, 2])]
    assert len(some.images) == len(some.factors) == 3
    assert not some.labels.any()
    found = [(everything.factors == factors).all(1).nonzero().item() for factors in some.factors]
    assert torch.equal(everything.images[found], some.images)
    assert found[0] == rows[0]


@pytest.mark.parametrize("size", [8, 15, 129])
def test_sizes_that_cannot_be_rendered_are_refused(few, size):
    with pytest.raises(DataError, match=f"16 to 128 pixels, not {size}"):
        open_dataset("chairs", split="train", size=size, channels=1)
    assert not few.exists()


# The copy on disk


def test_second_opening_renders_nothing(few, monkeypatch):
    first = open_rendered("chairs", "train", 16)
    assert len(list(few.iterdir())) == 1
    with monkeypatch.context() as patch:
        patch.setattr("training.rendered.render", lambda *_, **__: pytest.fail("rendered again"))
        again = open_rendered("chairs", "train", 16)
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    for asked in (("chairs", "test", 16), ("chairs", "train", 17), ("faces", "train", 16)):
        open_rendered(*asked)
    assert len(list(few.iterdir())) == 4


@pytest.mark.parametrize("damage", ["cut", "flip", "foreign"])
def test_a_damaged_copy_is_told_and_rendered_again(few, damage, caplog):
    first, _, _ = open_rendered("faces", "test", 16)
    (cache,) = few.iterdir()
    data = cache.read_bytes()
    cache.write_bytes({"cut": data[:-9], "flip": data[:-1] + b"\xff", "foreign": b"hello"}[damage])
    assert torch.equal(open_rendered("faces", "test", 16)[0], first)
    assert "rendered again" in caplog.text
    caplog.clear()
    assert torch.equal(open_rendered("faces", "test", 16)[0], first)
    assert not caplog.text


def test_a_copy_that_cannot_be_written_is_told(few, caplog):
    few.parent.write_bytes(b"a file where the folder should be")
    assert len(open_rendered("chairs", "test", 16)[0]) == 12
    assert "cannot be written" in caplog.text


def test_two_processes_at_once_make_one_copy(few):
    code = "from training import rendered as r; r.COUNTS = {'test': 12}; "
    code += "print(int(r.open_rendered('faces', 'test', 16)[0].sum()))"
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=200)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert told[0] == told[1] == f"{open_rendered('faces', 'test', 16)[0].sum()}\n"
    assert [path.suffix for path in few.iterdir()] == [".safetensors"]


@pytest.mark.parametrize("spec", SETS)
def test_a_run_can_be_planned_with_it(few, spec, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["training", "train", "infogan", "--data", spec, "--dry-run"])
    main()
    plan = json.loads(capsys.readouterr().out)
    assert plan["first batch"]["images"][1:] == [1, 32, 32]
    assert SCENES[spec].styles[0] in plan["data"]


@pytest.mark.slow
@pytest.mark.parametrize("spec", SETS)
def test_a_whole_test_split(spec, tmp_path, monkeypatch):
    monkeypatch.setenv("GANSCOPE_DATA", str(tmp_path))
    images, styles, factors = open_rendered(spec, "test", 32)
    assert len(images) == len(styles) == len(factors) == rendered.COUNTS["test"]
    assert len({picture.numpy().tobytes() for picture in images}) == len(images)
