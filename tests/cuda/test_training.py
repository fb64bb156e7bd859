"""Whole training steps on the device: networks as the CPU trains them, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn, optim, testing
from dlcore.nn import functional as F

Schedules = Callable[..., Iterator[int]]


def mlp() -> Any:
    return nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Dropout(0.25), nn.Linear(16, 10))


def cnn() -> Any:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10),
    )  # fmt: skip


def trained(make: Callable[[], Any], shape: tuple[int, ...], device: str) -> tuple[list[float], list[np.ndarray]]:
    dl.manual_seed(1)
    model = make().to(device)
    opt = optim.Adam(model.parameters(), lr=1e-2)
    rng = np.random.default_rng(0)
    x = dl.tensor(rng.standard_normal((12, *shape)).astype(np.float32), device=device)
    target = dl.tensor(rng.integers(0, 10, 12), device=device)
    losses = []
    for _ in range(3):
        loss = F.cross_entropy(model(x), target)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss)
    return [float(v.item()) for v in losses], [v.cpu().numpy() for v in model.state_dict().values()]


@pytest.mark.parametrize(("make", "shape"), [(mlp, (20,)), (cnn, (3, 8, 8))], ids=["mlp", "cnn"])
def test_a_network_trains_as_on_the_cpu(schedules: Schedules, make: Callable[[], Any], shape: tuple[int, ...]) -> None:
    losses, weights = trained(make, shape, "cpu")
    first = None
    for s in (0, 1):
        for _ in schedules(s):
            got, now = trained(make, shape, "cuda")
            testing.assert_close(np.array(got), np.array(losses), 1e-4, 1e-5)
            first = first or (got, [w.tobytes() for w in now])
            assert first == (got, [w.tobytes() for w in now]), "another schedule gives other bits"
    for a, e in zip(now, weights, strict=True):  # Adam's steps are of lr's size, whatever a gradient's
        testing.assert_close(a, e, 1e-2, 2e-3)


def test_a_label_out_of_range_is_an_error_at_the_next_wait(schedules: Schedules) -> None:
    x, target = dl.zeros(4, 10).cuda(), dl.tensor([1, 2, 12, 30]).cuda()
    text = r"cross_entropy: target\[2\] is 12 but there are 10 classes \(0 to 9\); target=\(4,\)"
    loss = F.cross_entropy(x, target)
    with pytest.raises(IndexError, match=text):
        loss.item()
    assert np.isfinite(F.cross_entropy(x, dl.tensor([1, 2, 3, 4]).cuda()).item())  # reported once
    dl.cuda.check_sync(True)
    try:
        with pytest.raises(IndexError, match=text):
            F.cross_entropy(x, target)
    finally:
        dl.cuda.check_sync(False)


def test_a_batch_on_another_device_says_so(schedules: Schedules) -> None:
    with pytest.raises(dl.DeviceError, match=r"linear: both tensors must be on one device, got cuda and cpu"):
        F.linear(dl.ones(2, 3).cuda(), dl.ones(4, 3))
