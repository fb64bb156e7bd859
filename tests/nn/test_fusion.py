"""nn.utils.fusion: batch norm folded into the layer before it, where nothing else reads that layer's result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn
from dlcore.nn import utils


def settled(model: Any) -> Any:
    """The model in evaluation, its batch norms far from where they start."""
    rng = np.random.default_rng(1)
    for m in model.modules():
        if hasattr(m, "running_var") and m.running_var is not None:
            for name, low, high in (("running_mean", -1, 1), ("running_var", 0.3, 3), ("bias", -1, 1)):
                v = getattr(m, name)
                if v is None:
                    continue
                with dl.no_grad():
                    v.copy_(dl.tensor(rng.uniform(low, high, v.shape).astype("f4")))
    return model.eval()


def image(*shape: int) -> Any:
    return dl.tensor(np.random.default_rng(0).standard_normal(shape, np.float32))


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-5)


def norms(model: Any) -> int:
    return sum(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in model.modules())


class Residual(nn.Module):
    """A block that uses one ReLU twice and joins in place, as ResNets do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.conv2, self.bn2 = nn.Conv2d(4, 4, 3, padding=1, groups=2), nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        y += x
        return self.relu(y)


class ReadTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)

    def forward(self, x: Any) -> Any:
        y = self.conv(x)
        return self.bn(y) * y


class CalledTwice(ReadTwice):
    def forward(self, x: Any) -> Any:
        return self.bn(self.conv(x)) + self.conv(2 * x)


class GivesBoth(ReadTwice):
    def forward(self, x: Any) -> Any:
        y = self.conv(x)
        return {"raw": y, "normal": [self.bn(y)]}


class LinearOnRows(nn.Module):
    """The batch norm's channels are the rows, of which there are as many as features."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.bn = nn.Linear(4, 4), nn.BatchNorm1d(4)

    def forward(self, x: Any) -> Any:
        return self.bn(self.linear(x))


FOLDED = {
    "conv": (lambda: nn.Sequential(nn.Conv2d(4, 6, 3, stride=2), nn.BatchNorm2d(6), nn.ReLU()), (2, 4, 7, 5)),
    "conv without bias, batch norm without affine": (
        lambda: nn.Sequential(nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d(6, affine=False)),
        (2, 4, 7, 5),
    ),
    "conv1d": (lambda: nn.Sequential(nn.Conv1d(4, 6, 3), nn.BatchNorm1d(6)), (2, 4, 7)),
    "transposed": (lambda: nn.Sequential(nn.ConvTranspose2d(4, 6, 3), nn.BatchNorm2d(6)), (2, 4, 7, 5)),
    "linear": (lambda: nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6)), (5, 4)),
    "residual": (Residual, (2, 4, 7, 5)),
}


@pytest.mark.parametrize(("make", "shape"), FOLDED.values(), ids=FOLDED)
def test_folds(make: Any, shape: tuple[int, ...]) -> None:
    model, x = settled(make()), image(*shape)
    before = {name: v.numpy().copy() for name, v in model.state_dict().items()}
    fused = utils.fuse(model, x)
    assert norms(fused) == 0 and not fused.training
    close(fused(x), model(x))
    close(fused(image(*shape) * 3), model(image(*shape) * 3))
    assert norms(model) > 0 and all((v.numpy() == before[name]).all() for name, v in model.state_dict().items())
    assert all(p.requires_grad for p in fused.parameters())


KEPT = {
    "read twice": (ReadTwice, (2, 4, 5, 5)),
    "called twice": (CalledTwice, (2, 4, 5, 5)),
    "an output too": (GivesBoth, (2, 4, 5, 5)),
    "other channels": (LinearOnRows, (3, 4, 4)),
    "first": (lambda: nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1)), (2, 4, 5, 5)),
    "activation between": (lambda: nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.BatchNorm2d(4)), (2, 4, 5, 5)),
    "no statistics": (
        lambda: nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4, track_running_stats=False)),
        (2, 4, 5, 5),
    ),
}


@pytest.mark.parametrize(("make", "shape"), KEPT.values(), ids=KEPT)
def test_keeps_what_cannot_be_folded(make: Any, shape: tuple[int, ...]) -> None:
    model, x = settled(make()), image(*shape)
    fused = utils.fuse(model, x)
    assert norms(fused) == norms(model) == 1
    a, b = fused(x), model(x)
    if isinstance(a, dict):
        a, b = a["normal"][0], b["normal"][0]
    assert (a.detach().numpy() == b.detach().numpy()).all()


def test_a_frozen_and_training_model() -> None:
    model = settled(Residual())
    x = image(2, 4, 5, 5)
    expected = model(x)
    model.train()
    model.conv1.weight.requires_grad_(False)
    with dl.no_grad():
        fused = utils.fuse(model, x)
    assert model.training and not model.conv1.weight.requires_grad
    close(fused(x), expected)


class ReadsWeights(ReadTwice):
    def forward(self, x: Any) -> Any:
        return self.bn(self.conv(x)) + self.conv.weight.sum()


def test_a_wrong_result_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="gives other outputs"):
        utils.fuse(settled(ReadsWeights()), image(2, 4, 5, 5))


def test_pairs_by_hand_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    model = settled(nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.BatchNorm2d(6, eps=1e-2)))
    twin = torch.nn.Sequential(torch.nn.Conv2d(4, 6, 3, groups=2), torch.nn.BatchNorm2d(6, eps=1e-2)).eval()
    twin.load_state_dict({name: torch.tensor(v.numpy()) for name, v in model.state_dict().items()})
    ours, theirs = utils.fuse_conv_bn_eval(*model), torch.nn.utils.fuse_conv_bn_eval(*twin)
    np.testing.assert_allclose(ours.weight.detach().numpy(), theirs.weight.detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(ours.bias.detach().numpy(), theirs.bias.detach().numpy(), rtol=1e-5, atol=1e-6)
    linear = utils.fuse_linear_bn_eval(nn.Linear(4, 6).eval(), settled(nn.BatchNorm1d(6)))
    assert linear.weight.shape == (6, 4)


def test_refuses() -> None:
    conv, bn = nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6)
    with pytest.raises(ValueError, match=r"evaluation only; call \.eval\(\) first"):
        utils.fuse_conv_bn_eval(conv, bn.eval())
    with pytest.raises(ValueError, match="no running statistics"):
        utils.fuse_conv_bn_eval(conv.eval(), nn.BatchNorm2d(6, track_running_stats=False).eval())
