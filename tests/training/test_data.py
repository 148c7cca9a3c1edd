"""Data sets by name, numbers and batches."""

import struct
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from tests.training.making import folder, opened, shared
from training.data import DataError, InfiniteSampler, normalise, open_dataset

torch.set_num_threads(1)


# The built-in names


def test_fake_is_deterministic_and_has_the_asked_shape():
    first = open_dataset("fake", split="train", size=16, channels=1)
    again = open_dataset("fake", split="train", size=16, channels=1)
    other = open_dataset("fake", split="test", size=16, channels=1)
    assert first.images.shape == (512, 1, 16, 16)
    assert (first.images.dtype, first.labels.dtype) == (torch.uint8, torch.int64)
    assert torch.equal(first.images, again.images)
    assert first.digest == again.digest != other.digest
    assert first.labels.unique().tolist() == list(range(10))
    assert open_dataset("fake", split="train", size=None, channels=None).images.shape == (512, 3, 32, 32)


def test_describe_is_one_line_with_what_must_be_checked():
    data = open_dataset("fake", split="train", size=16, channels=3)
    line = data.describe()
    assert "\n" not in line
    for part in ("fake", "train", "512 pictures", "16 x 16", "3 channel", "10 class", "0.4 MB", data.digest):
        assert part in line


def test_one_class_alone_has_label_zero():
    everything = open_dataset("fake", split="train", size=8, channels=1)
    data = open_dataset("fake", split="train", size=8, channels=1, only_class="3")
    assert data.class_names == ("3",)
    assert not data.labels.any()
    assert torch.equal(data.images, everything.images[everything.labels == 3])


def test_limit_is_spread_evenly():
    data = open_dataset("fake", split="train", size=8, channels=1, limit=50)
    assert torch.bincount(data.labels, minlength=10).float().std() < 3
    assert len(open_dataset("fake", split="train", size=8, channels=1, limit=9999).images) == 512
    few = open_dataset("fake", split="train", size=8, channels=1, limit=3, only_class="7")
    assert len(few.images) == 3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"spec": "imagenet"}, "fashion-mnist"),
        ({"spec": "folder:"}, "folder:PATH"),
        ({"split": "val"}, "'val'"),
        ({"size": 0}, "Size 0"),
        ({"size": 5000}, "5000"),
        ({"channels": 4}, "4 channels"),
        ({"limit": 0}, "limit is 0"),
        ({"only_class": "cat"}, "'cat'"),
    ],
)
def test_impossible_wishes_are_refused(change, told):
    wishes = {"spec": "fake", "split": "train", "size": 8, "channels": 1} | change
    with pytest.raises(DataError, match=told):
        open_dataset(wishes.pop("spec"), **wishes)


@pytest.mark.parametrize("spec", ["mnist", "fashion-mnist", "cifar10"])
def test_failed_download_says_what_to_do(spec, monkeypatch):
    def fail(*_args, **_options):
        raise URLError("no route\nto host")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", fail)
    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", fail)
    with pytest.raises(DataError) as caught:
        open_dataset(spec, split="train", size=None, channels=None)
    text = str(caught.value)
    assert spec in text
    assert "check the network" in text
    assert "--data-root" in text
    assert "\n" not in text


def test_given_data_root_is_never_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("a download was tried"))
    with pytest.raises(DataError, match="FashionMNIST/raw"):
        open_dataset("fashion-mnist", split="train", size=None, channels=None, data_root=tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="MNIST/raw"):
        open_dataset("mnist", split="train", size=None, channels=None, data_root=tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


def idx(array):
    """Encode an array in the format of the published MNIST files."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def small_mnist(root, count=12):
    images = np.arange(count * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(count, 28, 28)
    labels = (np.arange(count) % 10).astype(np.uint8)
    named = {f"{part}-images-idx3-ubyte": idx(images) for part in ("train", "t10k")}
    named |= {f"{part}-labels-idx1-ubyte": idx(labels) for part in ("train", "t10k")}
    return images, folder(root, {f"MNIST/raw/{name}": data for name, data in named.items()})


def test_mnist_is_read_from_a_data_root_without_download(tmp_path):
    images, root = small_mnist(tmp_path)
    data = open_dataset("mnist", split="train", size=28, channels=1, data_root=root)
    assert np.array_equal(data.images.numpy(), images[:, None])
    assert data.class_names == tuple("0123456789")
    colour = open_dataset("mnist", split="test", size=14, channels=3, data_root=root)
    assert colour.images.shape == (12, 3, 14, 14)
    assert "area mean from 28 (12)" in colour.describe()
    means = images.reshape(12, 14, 2, 14, 2).mean(axis=(2, 4))
    assert np.abs(colour.images[:, 1].numpy() - means).max() <= 0.5


def test_colour_sets_become_channels_first(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    held = SimpleNamespace(data=images, targets=[3, 1, 0, 1, 2, 0], classes=["ant", "bee", "cat", "dog"])
    monkeypatch.setattr("torchvision.datasets.CIFAR10", lambda *_, **__: held)
    data = open_dataset("cifar10", split="train", size=None, channels=None)
    assert np.array_equal(data.images.permute(0, 2, 3, 1).numpy(), images)
    assert (data.labels.tolist(), data.class_names) == (held.targets, tuple(held.classes))
    assert open_dataset("cifar10", split="train", size=32, channels=1, only_class="bee").images.shape[:2] == (
        2,
        1,
    )


def test_torn_mnist_is_refused(tmp_path):
    _, root = small_mnist(tmp_path)
    path = root / "MNIST/raw/train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="delete a damaged copy"):
        open_dataset("mnist", split="train", size=28, channels=1, data_root=root)


def test_mnist_with_too_few_labels_is_refused(tmp_path):
    _, root = small_mnist(tmp_path)
    (root / "MNIST/raw/train-labels-idx1-ubyte").write_bytes(idx(np.zeros(5, np.uint8)))
    with pytest.raises(DataError, match="12 pictures but 5 labels"):
        open_dataset("mnist", split="train", size=28, channels=1, data_root=root)


# Numbers and batches


def test_normalise_is_exactly_invertible():
    every = torch.arange(256).to(torch.uint8)
    images = normalise(every)
    assert images.dtype == torch.float32
    assert (images.min().item(), images.max().item()) == (-1.0, 1.0)
    assert torch.equal(((images + 1) * 127.5).round().to(torch.uint8), every)
    with pytest.raises(DataError, match="float32"):
        normalise(images)


@settings(deadline=None, max_examples=60)
@given(
    count=st.integers(1, 40),
    batch_size=st.integers(1, 100),
    seed=st.integers(0, 2**32 - 1),
    before=st.integers(0, 12),
    other=st.integers(0, 2**32 - 1),
)
def test_sampler_resumes_exactly(count, batch_size, seed, before, other):
    unbroken = InfiniteSampler(count, batch_size, seed)
    for _ in range(before):
        unbroken.next()
    state = load(save(unbroken.state()))  # as it lies in a checkpoint
    resumed = InfiniteSampler(count, batch_size, other)
    resumed.load_state(state)
    assert resumed.epoch == unbroken.epoch
    for _ in range(8):
        assert torch.equal(resumed.next(), unbroken.next())
    assert all(torch.equal(value, unbroken.state()[name]) for name, value in resumed.state().items())


@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 30), batch_size=st.integers(1, 70), seed=st.integers(0, 2**32 - 1))
def test_sampler_uses_every_picture_once_an_epoch(count, batch_size, seed):
    sampler = InfiniteSampler(count, batch_size, seed)
    batches = [sampler.next() for _ in range(3 * count)]
    assert {(len(batch), batch.dtype) for batch in batches} == {(batch_size, torch.int64)}
    stream = torch.cat(batches)
    for start in range(0, len(stream) - count + 1, count):
        assert stream[start : start + count].sort().values.tolist() == list(range(count))


def test_sampler_shuffles_anew_by_epoch_and_seed():
    sampler = InfiniteSampler(100, 100, 0)
    first, second = sampler.next(), sampler.next()
    assert not torch.equal(first, second)
    assert not torch.equal(first, InfiniteSampler(100, 100, 1).next())


@pytest.mark.parametrize(
    "change",
    [
        {"counters": torch.tensor([10, 4, 0, 0])},
        {"counters": torch.tensor([9, 3, 0, 0])},
        {"counters": torch.tensor([10, 3, 0, 11])},
        {"counters": torch.tensor([10, 3, -1, 0])},
        {"counters": torch.tensor([10])},
        {"generator": torch.zeros(3, dtype=torch.uint8)},
        {"generator": torch.zeros(5056)},
    ],
)
def test_foreign_sampler_state_changes_nothing(change):
    sampler, twin = InfiniteSampler(10, 3, 5), InfiniteSampler(10, 3, 5)
    with pytest.raises(DataError):
        sampler.load_state(sampler.state() | change)
    with pytest.raises(DataError):
        sampler.load_state({})
    assert all(torch.equal(sampler.next(), twin.next()) for _ in range(9))


@pytest.mark.parametrize(("count", "batch_size"), [(0, 1), (1, 0)])
def test_sampler_needs_something_to_draw(count, batch_size):
    with pytest.raises(DataError):
        InfiniteSampler(count, batch_size, 0)


# The real sets


@pytest.mark.data
def test_real_mnist():
    root = shared("MNIST/raw").parents[1]
    train = open_dataset("mnist", split="train", size=28, channels=1, data_root=root, download=False)
    test = open_dataset("mnist", split="test", size=28, channels=1, data_root=root, download=False)
    assert (train.images.shape, test.images.shape) == ((60000, 1, 28, 28), (10000, 1, 28, 28))
    assert torch.bincount(test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]


@pytest.mark.data
def test_real_scenes_zip(own_cache):
    path = shared("scenes64.zip")
    data = opened(path, split="test", size=32, channels=3)
    assert data.images.shape == (750, 3, 32, 32)
    assert len(data.class_names) == 15
    assert "area mean from 64 (750)" in data.describe()
