"""Batch norm under averaged weights: statistics are taken anew, as plain means over batches."""

import pytest
import torch
from torch import nn

from tests.training.tiny import request
from training.calibration import calibrate_batch_norm
from training.data import normalise
from training.start import prepare, resolve

CPU = torch.device("cpu")


def norm_with_wrong_statistics():
    norm = nn.BatchNorm1d(3, momentum=0.1)
    norm.running_mean.fill_(50)
    norm.running_var.fill_(1e4)
    norm.num_batches_tracked.fill_(7)
    return norm


def test_statistics_are_the_mean_over_batches():
    batches = list(torch.randn(4, 20, 3, generator=torch.Generator().manual_seed(0)) * 2 + 5)
    model = nn.Sequential(norm_with_wrong_statistics()).train()
    calibrate_batch_norm(model, [(batch,) for batch in batches], model.forward)
    norm = model[0]
    assert torch.allclose(norm.running_mean, torch.stack([batch.mean(dim=0) for batch in batches]).mean(dim=0))
    assert torch.allclose(norm.running_var, torch.stack([batch.var(dim=0) for batch in batches]).mean(dim=0))
    assert (norm.momentum, norm.training, model.training) == (0.1, False, False)


def test_other_parts_stay_as_they_are():
    model = nn.ModuleDict({"here": norm_with_wrong_statistics(), "there": norm_with_wrong_statistics()}).train()
    calibrate_batch_norm(model, [(torch.zeros(4, 3),)], lambda x: model["there"](model["here"](x)), only=("here",))
    assert (model["here"].running_mean == 0).all()
    assert (model["there"].running_mean == 50).all()
    assert model["there"].num_batches_tracked == 7


def test_dropout_is_off_meanwhile():
    model = nn.Sequential(nn.Dropout(0.5), norm_with_wrong_statistics()).train()
    calibrate_batch_norm(model, [(torch.ones(50, 3),)], model.forward)
    assert (model[1].running_mean == 1).all()
    assert (model[1].running_var == 0).all()


def test_a_left_over_picture_is_passed_over():
    model = nn.Sequential(norm_with_wrong_statistics())
    batch = torch.arange(12.0).reshape(4, 3)
    calibrate_batch_norm(model, [(batch,), (torch.full((1, 3), 1e6),)], model.forward)
    assert torch.allclose(model[0].running_mean, batch.mean(dim=0))


@pytest.mark.parametrize(
    ("kind", "drawn"),
    [
        ("infogan", lambda training, model: model.generator(training.draw_codes(64, torch.Generator())[0])),
        ("bigan", lambda training, model: model.generator(torch.rand(64, 6) * 2 - 1)),
        ("bigan", lambda training, model: model.encoder(normalise(training.dataset.images[:64]))),
        ("gan", lambda training, model: model.generator(torch.rand(64, 5) * 2 - 1)),
        ("classifier", lambda training, model: model.features(normalise(training.dataset.images[:64]))),
    ],
    ids=["infogan G", "bigan G", "bigan E", "gan G", "classifier"],
)
def test_calibrating_gives_a_net_its_variance_back(kind, drawn):
    training = prepare(resolve(request(kind)), CPU)
    model = training.model
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
            norm.running_mean.fill_(3)
            norm.running_var.fill_(1e4)

    @torch.no_grad()
    def spread():
        torch.manual_seed(0)
        return drawn(training, model).std(dim=0).mean().item()

    model.eval()
    wrong = spread()
    training.calibrate(model)
    calibrated = spread()
    assert not model.training
    model.train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    right = spread()
    assert wrong < 0.5 * right
    assert calibrated > 0.7 * right
