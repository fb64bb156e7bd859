"""A ResNet as a whole: the same numbers as a PyTorch twin's, and no layout copies between its layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dlcore as dl
from bench.harness import Lib
from bench.train import resnet
from dlcore import _C


def relative_error(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@pytest.mark.slow
@pytest.mark.parametrize("depth", [34, 50])
@pytest.mark.parametrize("training", [False, True], ids=["eval", "training"])
def test_same_outputs_as_a_pytorch_twin(depth: int, training: bool) -> None:
    pytest.importorskip("torch")
    found = []
    for module in ("dlcore", "torch"):
        lib = Lib(module)
        model = resnet.resnet(lib, depth).train(training)
        with lib.dl.no_grad():
            found.append(model(lib.image(2, 3, 224, 224)).numpy())
    assert relative_error(*found) <= 1e-4


@pytest.mark.slow
def test_same_gradients_as_a_pytorch_twin() -> None:
    """In float64: in float32 a value that rounds to the other side of a ReLU's 0 changes gradients by per cents."""
    pytest.importorskip("torch")
    found = []
    for module in ("dlcore", "torch"):
        lib = Lib(module)
        model = resnet.resnet(lib, 18, classes=10).double()
        loss = lib.F.cross_entropy(model(lib.image(3, 3, 64, 64).double()), lib.ints(10, 3))
        loss.backward()
        found.append({name: p.grad.numpy() for name, p in model.named_parameters()})
    ours, theirs = found
    assert ours.keys() == theirs.keys()
    for name in theirs:
        assert relative_error(ours[name], theirs[name]) <= 1e-9, name


@pytest.mark.parametrize("depth", [18, 50])
def test_every_batch_norm_folds(depth: int) -> None:
    lib = Lib("dlcore")
    model: Any = resnet.resnet(lib, depth, classes=10).eval()
    fused = dl.nn.utils.fuse(model, lib.image(1, 3, 33, 33))
    assert not [m for m in fused.modules() if isinstance(m, dl.nn.BatchNorm2d)]
    x = lib.image(2, 3, 64, 64)
    assert relative_error(fused(x).detach().numpy(), model(x).detach().numpy()) <= 1e-4
    before = _C.layout_copies()
    fused(x)
    assert _C.layout_copies() == before


@pytest.mark.parametrize("depth", [18, 50])
def test_no_layout_copies_forward_and_backward(depth: int) -> None:
    lib = Lib("dlcore")
    model: Any = resnet.resnet(lib, depth, classes=10)
    x, v = lib.image(2, 3, 32, 32), lib.normal(2, 10)
    before = _C.layout_copies()
    for block in (model.layer1[0], model.layer2[0]):  # one plain, one that halves the image
        y = lib.image(2, block.conv1.weight.shape[1], 16, 16, grad=True)
        z = block(y)
        assert z.array.is_channels_last
        z.backward(lib.image(*z.shape))
        assert y.grad.array.is_channels_last
    model(x).backward(v)
    assert _C.layout_copies() == before
    dl.nn.functional.conv2d(dl.zeros(1, 3, 9, 9), model.conv1.weight)  # row-major: the count does count
    assert _C.layout_copies() == before + 1
