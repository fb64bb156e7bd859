"""Pooling layers call their functions; AdaptiveConcatPool2d puts maxima before means, as fast.ai's."""

from __future__ import annotations

import pytest

import dlcore as dl
from dlcore import nn
from dlcore.nn import functional as F

ROWS, IMAGE = (2, 4, 9), (2, 4, 6, 7)


@pytest.mark.parametrize(
    ("layer", "same", "shape"),
    [
        (nn.MaxPool1d(2), lambda x: F.max_pool1d(x, 2), ROWS),
        (nn.MaxPool1d(3, 2, padding=1), lambda x: F.max_pool1d(x, 3, 2, 1), ROWS),
        (nn.AvgPool1d(3, 2, 1, count_include_pad=False), lambda x: F.avg_pool1d(x, 3, 2, 1, False, False), ROWS),
        (nn.AdaptiveAvgPool1d(4), lambda x: F.adaptive_avg_pool1d(x, 4), ROWS),
        (nn.AdaptiveMaxPool1d(4), lambda x: F.adaptive_max_pool1d(x, 4), ROWS),
        (nn.AdaptiveMaxPool2d((2, 3)), lambda x: F.adaptive_max_pool2d(x, (2, 3)), IMAGE),
        (
            nn.AdaptiveConcatPool2d(2),
            lambda x: dl.cat([F.adaptive_max_pool2d(x, 2), F.adaptive_avg_pool2d(x, 2)], 1),
            IMAGE,
        ),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, nn.Module) else "",
)
def test_layers_call_their_function(layer, same, shape):
    x = dl.randn(*shape)
    assert layer(x).tolist() == same(x).tolist()
    assert repr(layer)


def test_indices_come_with_the_values():
    x = dl.randn(*IMAGE)
    y, at = nn.AdaptiveMaxPool2d(1, return_indices=True)(x)
    assert at.flatten().tolist() == x.flatten(2).argmax(2).flatten().tolist()
