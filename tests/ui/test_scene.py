"""Scenes as data: the pixels that reach the browser are the ones the API answers."""

import base64
import json

import numpy as np
import torch

from ui import scene
from ui.images import grid, to_png


def pixels(tile, dtype=np.uint8):
    return np.frombuffer(base64.b64decode(tile["pixels"]), dtype).reshape(tile["shape"])


def test_picture_has_the_bytes_of_its_png():
    for channels in (1, 3):
        tensor = torch.rand(channels, 5, 7) * 2.4 - 1.2  # sums of a pyramid leave the range
        tile = scene.image("a", tensor)
        assert np.array_equal(pixels(tile).squeeze(), np.asarray(to_png(tensor)))


def test_mosaic_lays_pictures_out_row_by_row():
    images = torch.rand(6, 3, 4, 5) * 2 - 1
    tile = scene.mosaic("a", images, columns=3)
    assert tile["cells"] == [2, 3]
    assert np.array_equal(pixels(tile), np.asarray(to_png(grid(images, 3))))


def test_heat_map_keeps_signs_and_clips_at_its_limit():
    values = torch.tensor([[[-9.0, -0.5, 0.0, 0.25, 9.0]]])
    assert pixels(scene.signed("a", values, limit=0.5), np.int8).ravel().tolist() == [-127, -127, 0, 64, 127]


def test_bars_keep_every_code_that_a_link_can_hold():
    held = np.arange(-32767, 32768)  # ui/web/link.js: two bytes a number
    values = scene.bars("a", (held / 32767).tolist(), low=-1, high=1)["values"]
    assert np.array_equal(np.rint(np.array(values) * 32767), held)


def test_patch_of_a_plane_moves_its_cross_without_pictures():
    first = json.loads(scene.patch("here", scene.plane("a", 0.5, -1.0)))["patch"][0]
    assert (first["x"], first["y"]) == (0.5, -1.0)
    assert "pixels" not in first
    assert "pixels" in scene.plane("a", 0, 0, torch.zeros(4, 1, 2, 2), columns=2)


def test_scene_is_json_with_a_text_for_screen_readers():
    text = scene.scene("a five", scene.group("g", scene.glyph("plus", "+"), layout="grid", columns=2))
    assert json.loads(text) == {
        "label": "a five",
        "groups": [
            {
                "id": "g",
                "layout": "grid",
                "columns": 2,
                "tiles": [{"id": "plus", "kind": "glyph", "sign": "+"}],
            }
        ],
    }
