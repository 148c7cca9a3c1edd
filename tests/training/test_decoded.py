"""The cache of decoded pictures: found again, never stale, and not trusted."""

import time

import pytest
import torch

from tests.training.making import classed, encoded, folder, opened, shared, zipped

torch.set_num_threads(1)


@pytest.mark.parametrize("pack", [folder, zipped])
def test_second_open_decodes_nothing(tmp_path, own_cache, pack, monkeypatch):
    path = pack(tmp_path / ("pets.zip" if pack is zipped else "pets"), classed())
    first = opened(path, size=4)
    assert len(list(own_cache.iterdir())) == 1
    monkeypatch.setattr("training.decoded.decode", lambda *_: pytest.fail("decoded again"))
    second = opened(path, size=4)
    assert torch.equal(first.images, second.images)
    assert first.describe() == second.describe()


@pytest.mark.parametrize("pack", [folder, zipped])
def test_changed_pictures_or_wishes_are_decoded_anew(tmp_path, own_cache, pack):
    path = pack(tmp_path / ("pets.zip" if pack is zipped else "pets"), classed())
    wishes = [{}, {"size": 4}, {"channels": 1}, {"limit": 3}, {"only_class": "cat"}, {"split": "test"}]
    digests = [opened(path, **wish).digest for wish in wishes]
    time.sleep(0.02)
    pack(path, classed(**{"train/cat/0.png": encoded((1, 1, 1))}))
    digests.append(opened(path).digest)
    assert len(set(digests)) == len(digests) == len(list(own_cache.iterdir()))


@pytest.mark.parametrize("damage", ["cut", "flip", "foreign"])
def test_damaged_cache_is_told_and_decoded_again(tmp_path, own_cache, damage, caplog):
    path = folder(tmp_path / "pets", classed())
    first = opened(path)
    (cache,) = own_cache.iterdir()
    data = cache.read_bytes()
    cache.write_bytes({"cut": data[:-9], "flip": data[:-1] + b"\xff", "foreign": b"hello"}[damage])
    assert opened(path).digest == first.digest
    assert "decoded again" in caplog.text
    caplog.clear()
    assert opened(path).digest == first.digest
    assert not caplog.text


def test_cache_that_cannot_be_written_is_told(tmp_path, own_cache, caplog):
    own_cache.parent.write_bytes(b"a file where the folder should be")
    assert len(opened(folder(tmp_path / "pets", classed())).images) == 4
    assert "cannot be written" in caplog.text


@pytest.mark.data
@pytest.mark.slow
def test_real_cifar10_zip_opens_fast_the_second_time(own_cache):
    path = shared("cifar10.zip")
    seconds, found = [], []
    for _ in range(2):
        start = time.perf_counter()
        found.append(opened(path, size=32, channels=3))
        seconds.append(time.perf_counter() - start)
    print(f"cifar10.zip: first open {seconds[0]:.1f} s, second {seconds[1]:.1f} s; {found[0].describe()}")
    assert found[0].images.shape == (50000, 3, 32, 32)
    assert torch.bincount(found[0].labels).tolist() == [5000] * 10
    assert found[0].class_names[:3] == ("airplane", "automobile", "bird")
    assert found[0].digest == found[1].digest
    assert seconds[1] < seconds[0] / 2
