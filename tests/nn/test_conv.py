"""Convolution layers: shapes and starts of weights, padding modes, output sizes, repr; the layers that move pixels."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn
from dlcore.nn import functional as F


@pytest.mark.parametrize(
    ("layer", "weight", "x", "y"),
    [
        (lambda: nn.Conv1d(4, 6, 3, groups=2), (6, 2, 3), (2, 4, 9), (2, 6, 7)),
        (lambda: nn.Conv2d(4, 6, (3, 1), groups=2), (6, 2, 3, 1), (2, 4, 9, 5), (2, 6, 7, 5)),
        (lambda: nn.ConvTranspose1d(4, 6, 3, 2, groups=2), (4, 3, 3), (2, 4, 9), (2, 6, 19)),
        (lambda: nn.ConvTranspose2d(4, 6, (3, 1), 2, groups=2), (4, 3, 3, 1), (2, 4, 9, 5), (2, 6, 19, 9)),
    ],
)
def test_shapes_and_starts(layer, weight, x, y):
    dl.manual_seed(0)
    m = layer()
    assert m.weight.shape == weight and m.bias.shape == (6,)
    assert m(dl.ones(x)).shape == y
    bound = 1 / np.sqrt(np.prod(weight[1:]))
    w = m.weight.detach().numpy()
    assert np.abs(w).max() <= bound and np.abs(w).max() > 0.8 * bound
    m(dl.ones(x)).sum().backward()
    assert m.weight.grad.shape == weight


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [1, (2, 0), "same"])
def test_padding_modes(mode, padding):
    m = nn.Conv2d(3, 4, (3, 2), padding=padding, padding_mode=mode)
    x = dl.randn(2, 3, 6, 7)
    sides = {1: (1, 1, 1, 1), (2, 0): (0, 0, 2, 2), "same": (0, 1, 1, 1)}[padding]
    expected = F.conv2d(F.pad(x, sides, mode), m.weight, m.bias)
    assert m(x).tolist() == expected.tolist()


def test_output_size():
    up = nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1)
    x = dl.ones(1, 3, 5, 5)
    assert up(x, (9, 10)).shape == (1, 2, 9, 10) == up(x, (1, 2, 9, 10)).shape
    with pytest.raises(dl.ShapeError, match=r"between \(9, 9\) and \(10, 10\), got \(11, 9\)"):
        up(x, (11, 9))


def test_what_makes_no_sense():
    with pytest.raises(ValueError, match="Conv1d: groups=3 must divide"):
        nn.Conv1d(4, 6, 3, groups=3)
    with pytest.raises(ValueError, match="ConvTranspose2d: padding_mode must be one of"):
        nn.ConvTranspose2d(4, 6, 3, padding_mode="reflect")
    with pytest.raises(ValueError, match="ZeroPad2d: padding must be one number or 4"):
        nn.ZeroPad2d((1, 2))


def test_repr():
    assert repr(nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect", bias=False)) == (
        "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False, padding_mode=reflect)"
    )
    assert repr(nn.ConvTranspose1d(1, 2, 3, 2, output_padding=1)) == (
        "ConvTranspose1d(1, 2, kernel_size=(3,), stride=(2,), output_padding=(1,))"
    )
    assert repr(nn.ReflectionPad2d(2)) == "ReflectionPad2d(padding=(2, 2, 2, 2))"


@pytest.mark.parametrize(
    ("layer", "same"),
    [
        (nn.PixelShuffle(2), lambda x: F.pixel_shuffle(x, 2)),
        (nn.PixelUnshuffle(2), lambda x: F.pixel_unshuffle(x, 2)),
        (nn.Unfold(3, padding=1), lambda x: F.unfold(x, 3, padding=1)),
        (nn.ZeroPad2d(1), lambda x: F.pad(x, (1, 1, 1, 1))),
        (nn.ZeroPad1d((1, 2)), lambda x: F.pad(x, (1, 2))),
        (nn.ConstantPad2d((1, 2, 3, 0), 5.0), lambda x: F.pad(x, (1, 2, 3, 0), value=5.0)),
        (nn.ConstantPad1d(1, 5.0), lambda x: F.pad(x, (1, 1), value=5.0)),
        (nn.ReflectionPad2d((1, 2, 3, 0)), lambda x: F.pad(x, (1, 2, 3, 0), "reflect")),
        (nn.ReflectionPad1d(2), lambda x: F.pad(x, (2, 2), "reflect")),
        (nn.ReplicationPad2d(1), lambda x: F.pad(x, (1, 1, 1, 1), "replicate")),
        (nn.ReplicationPad1d(2), lambda x: F.pad(x, (2, 2), "replicate")),
        (nn.CircularPad2d(1), lambda x: F.pad(x, (1, 1, 1, 1), "circular")),
        (nn.CircularPad1d(2), lambda x: F.pad(x, (2, 2), "circular")),
        (nn.Upsample(scale_factor=2), lambda x: F.interpolate(x, scale_factor=2)),
        (nn.UpsamplingNearest2d((5, 3)), lambda x: F.interpolate(x, (5, 3))),
        (nn.UpsamplingBilinear2d(5), lambda x: F.interpolate(x, 5, mode="bilinear", align_corners=True)),
        (nn.Sequential(nn.Unfold(2), nn.Fold((4, 6), 2)), lambda x: F.fold(F.unfold(x, 2), (4, 6), 2)),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, nn.Module) else "",
)
def test_layers_call_their_function(layer, same):
    x = dl.randn(2, 4, 4, 6)
    assert layer(x).tolist() == same(x).tolist()
    assert repr(layer)
