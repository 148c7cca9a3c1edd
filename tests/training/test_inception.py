"""FID's own net: what it computes, where its weights come from, and what is said where they cannot be had."""

import json
import sys
from dataclasses import replace

import huggingface_hub
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from models.checkpoint import CheckpointError, read_json, save_weights
from tests.training.tiny import untrained
from training import inception
from training.__main__ import main
from training.bench import load_bench
from training.evaluate import evaluate
from training.figures import figure
from training.inception import COUNTER, InceptionV3, load_inception
from training.metrics import frechet_distance

SMALL = 75  # pixels; the net takes no fewer, and 299 take a second a picture
SOME = slice(None, None, 32)  # of the features: the distance on all 2,048 takes half a minute


def seeded_weights():
    """Give the net's tensors, all of them random."""
    generator, tensors = torch.Generator().manual_seed(0), {}
    with torch.device("meta"):
        net = InceptionV3()
    for name, wanted in net.state_dict().items():
        if wanted.dim() == 4:
            tensors[name] = (torch.randn(wanted.shape, generator=generator) * (2 / wanted[0].numel()) ** 0.5).half()
        elif name.endswith(("bn.weight", "running_var")):
            tensors[name] = (torch.rand(wanted.shape, generator=generator) + 0.5).half()
        elif wanted.is_floating_point():
            tensors[name] = (torch.randn(wanted.shape, generator=generator) / 10).half()
    return tensors


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("inception") / "random.safetensors"
    save_file(seeded_weights(), path)
    return path


@pytest.fixture(scope="module")
def net(weights):
    return load_inception(weights)


def soft(count, seed, channels=3):
    """Draw pictures of soft spots on a slope."""
    spots = torch.rand(count, channels, 4, 4, generator=torch.Generator().manual_seed(seed)) - 0.5
    return (F.interpolate(spots, size=32, mode="bicubic") + torch.linspace(-0.5, 0.5, 32)).clamp(-1, 1)


# The net


def test_its_features_are_those_of_the_usual_package(net):
    """What torch-fidelity 0.4.0 computes with these very weights on this picture of 299 px."""
    rows = torch.arange(299.0)
    waves = (rows[:, None] * rows) % 256
    picture = torch.stack([waves, waves.T.flip(0), 255 - waves])[None] / 127.5 - 1
    found = net(picture)[0]
    assert found.shape == (2048,)
    some = [0.0, 0.1290097, 0.4476210, 1.2014190, 0.1454236, 1.7065070]
    assert found[::400].tolist() == pytest.approx(some, rel=1e-3, abs=1e-4)
    assert [float(found.mean()), float(found.std())] == pytest.approx([3.2967544, 4.6104631], rel=1e-4)


def test_pictures_are_rounded_to_bytes_and_enlarged():
    seen = inception.enlarged(torch.tensor([[-1.0, 1.0], [0.5, -3.0]]).reshape(1, 1, 2, 2))
    assert seen.shape == (1, 3, 299, 299)
    corners = seen[0, :, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert torch.equal(corners, torch.tensor([[0, 255, 191, 0]]).expand(3, 4) / 128 - 1)
    flat = inception.enlarged(torch.full((1, 3, 32, 32), 0.1))
    assert torch.allclose(flat, torch.tensor(12 / 128))  # byte 140


def test_grey_pictures_are_grey_colours_and_batches_change_nothing(net, monkeypatch):
    monkeypatch.setattr(inception, "SIDE", SMALL)
    grey = soft(5, seed=1, channels=1)
    whole = net(grey)
    assert torch.equal(whole, net(grey.expand(-1, 3, -1, -1)))
    monkeypatch.setattr(inception, "BATCH", 2)
    assert torch.allclose(net(grey), whole, atol=1e-4)


def test_equal_sets_are_at_0_and_noise_is_far(net, monkeypatch):
    monkeypatch.setattr(inception, "SIDE", SMALL)
    noise = torch.rand(32, 3, 32, 32, generator=torch.Generator().manual_seed(3)) * 2 - 1
    real, again, far = (net(images)[:, SOME] for images in (soft(32, seed=1), soft(32, seed=2), noise))
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-4)
    assert frechet_distance(real, far) > 5 * frechet_distance(real, again) > 0


# Its weights


@pytest.mark.parametrize("left_out", ["nothing", "classes and counters"])
def test_what_no_feature_needs_may_lie_in_the_file(tmp_path, left_out):
    tensors = seeded_weights()
    if left_out == "nothing":
        tensors |= {"fc.weight": torch.zeros(1008, 2048).half(), "fc.bias": torch.zeros(1008)}
        with torch.device("meta"):
            names = InceptionV3().state_dict()
        tensors |= {name: torch.tensor(7) for name in names if COUNTER in name}
    save_file(tensors, tmp_path / "x.safetensors")
    read = load_inception(tmp_path / "x.safetensors").state_dict()
    assert torch.equal(read["Mixed_7c.branch1x1.conv.weight"].cpu(), tensors["Mixed_7c.branch1x1.conv.weight"].float())


def refusal(path=None):
    with pytest.raises(CheckpointError) as caught:
        load_inception(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith("name it by --inception-weights.")
    assert ". " not in text
    return text


def test_a_file_that_is_absent_or_another_is_refused_in_a_sentence(tmp_path):
    assert "none.safetensors is missing" in refusal(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no tensors at all")
    assert "is not a valid safetensors file" in refusal(tmp_path / "text.safetensors")
    save_file({"fc.weight": torch.zeros(1000, 2048)}, tmp_path / "other.safetensors")
    assert "missing or unknown tensors" in refusal(tmp_path / "other.safetensors")


def test_a_pickle_is_never_opened(tmp_path):
    torch.save(seeded_weights(), tmp_path / "weights.pth")
    assert "is not a valid safetensors file" in refusal(tmp_path / "weights.pth")


def test_only_the_very_file_is_taken_from_the_hub(weights, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda repository, name: str(weights))
    assert "its SHA-256 is" in refusal()
    digest = inception.hashlib.sha256(weights.read_bytes()).hexdigest()
    monkeypatch.setattr(inception, "SHA256", digest)
    assert load_inception().Conv2d_1a_3x3.conv.weight.isfinite().all()


def unreachable(repository, name):
    try:
        raise OSError("[Errno -2] Name or service not known")
    except OSError as error:
        raise FileNotFoundError("An error happened. Please check your connection.") from error


def test_a_hub_that_does_not_answer_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", unreachable)
    assert refusal() == (
        "Inception's weights are not in the Hub's cache here, and the Hub did not give them ([Errno -2] Name or "
        "service not known); fetch fid_inception.safetensors of the Hub's nikhilr01/sen-bridge-weights and name it by "
        "--inception-weights."
    )


# In an evaluation


@pytest.mark.parametrize("kind", ["lapgan", "infogan", "bigan", "gan", "classifier"])
def test_every_kind_has_it_beside_its_other_figures(kind, monkeypatch):
    monkeypatch.setattr("training.fidelity.PARZEN_SAMPLES", 100)
    weights = untrained(kind, channels=3) if kind in ("lapgan", "gan", "classifier") else untrained(kind)
    channels = weights.config.channels
    judge = untrained("classifier", channels=channels) if kind != "classifier" else None
    without = load_bench("fake", data_root=None, size=16, channels=channels, classifier=judge, samples=50)
    seen = []

    def features(images):
        seen.append(images)
        return images.flatten(1)[:, ::97]

    plain, more = (evaluate(weights, bench)["figures"] for bench in (without, replace(without, inception=features)))
    name = "floor_inception_fid" if kind == "classifier" else "inception_fid"
    assert set(more) - set(plain) == {name}
    assert {key: more[key] for key in plain} == plain
    assert "Inception" in figure(name).definition
    real, pictures = seen
    assert torch.equal(real, without.real())
    assert pictures.shape == real.shape
    assert more[name] == pytest.approx(frechet_distance(*(part.flatten(1)[:, ::97] for part in seen)))
    assert len({tuple(row) for row in pictures.flatten(1).tolist()}) == 50  # no two alike


def command(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["training", *map(str, words)])
    capsys.readouterr()
    main()
    out, told = capsys.readouterr()
    return json.loads(out), told


def test_the_command_says_what_is_left_out_and_measures_the_rest(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", unreachable)
    bigan = untrained("bigan")
    save_weights(tmp_path / "bigan-fake", "bigan", bigan.config, bigan.model)
    words = ("evaluate", "bigan-fake", "--data", "fake", "--samples", 50)
    plain, nothing = command(monkeypatch, capsys, *words)
    assert nothing == ""
    written, told = command(monkeypatch, capsys, *words, "--inception", "--write")
    assert written == pytest.approx(plain, abs=1e-4)
    assert told.startswith("FID is left out: Inception's weights are not in the Hub's cache here")
    assert told.count("\n") == 1
    assert "--inception" not in read_json(tmp_path / "bigan-fake/metrics.json")["evaluated"]["command"]

    monkeypatch.setattr(inception, "load_inception", lambda path: lambda images: images.flatten(1)[:, ::97])
    written, told = command(monkeypatch, capsys, *words, "--inception-weights", "some.safetensors", "--write")
    assert (written.keys() - plain.keys(), told) == ({"inception_fid"}, "")
    found = read_json(tmp_path / "bigan-fake/metrics.json")
    assert found["figures"]["inception_fid"] == written["inception_fid"]
    assert found["evaluated"]["command"].endswith("--samples 50 --inception")
