"""autocast("float16") on the device, the loss scale that it needs, and a Learner whose data says "cuda"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn, optim, testing
from dlcore.data import TensorDataset
from dlcore.nn import functional as F
from dlcore.train import DataBunch, Learner, accuracy

Schedules = Callable[..., Iterator[int]]


def draw(*shape: int) -> np.ndarray:
    """Of float16, so that nothing is rounded on the way in."""
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float16).astype(np.float32)


PRODUCTS: list[tuple[str, Callable[..., Any], list[tuple[int, ...]]]] = [
    ("matmul", lambda a, b: a @ b, [(17, 40), (40, 130)]),
    ("batches", lambda a, b: a @ b, [(3, 4, 9), (3, 9, 5)]),
    ("broadcast", lambda a, b: a @ b, [(3, 4, 9), (9, 5)]),
    ("linear", F.linear, [(5, 24), (7, 24), (7,)]),
    ("conv2d", lambda x, w, b: F.conv2d(x, w, b, padding=1), [(2, 8, 6, 5), (16, 8, 3, 3), (16,)]),
    ("groups", lambda x, w: F.conv2d(x, w, stride=2, groups=2), [(2, 4, 7, 5), (6, 2, 3, 3)]),
]


def run(f: Callable[..., Any], arrays: list[np.ndarray], device: str, dtype: Any) -> tuple[Any, list[np.ndarray]]:
    leaves = [dl.tensor(a).to(dtype=dtype, device=device).requires_grad_() for a in arrays]
    y = f(*leaves)
    g = draw(*y.shape)
    y.backward(dl.tensor(g).to(dtype=dtype, device=device))
    return y, [x.grad.cpu().numpy() for x in leaves]


@pytest.mark.parametrize(("name", "f", "shapes"), PRODUCTS, ids=[p[0] for p in PRODUCTS])
def test_products_take_float16(schedules: Schedules, name: str, f: Callable[..., Any], shapes: list[Any]) -> None:
    arrays = [draw(*s) for s in shapes]
    exact, gradients = run(f, arrays, "cpu", dl.float64)
    scale, scales = run(f, [np.abs(a) for a in arrays], "cpu", dl.float64)
    for s in (0, 1):
        for _ in schedules(s):
            with dl.autocast("float16"):
                y, got = run(f, arrays, "cuda", dl.float32)
            assert y.dtype == dl.float32
            values = y.detach().cpu().numpy()
            assert np.array_equal(values, values.astype(np.float16))
            testing.assert_close(
                values, exact.detach().numpy(), 0.0, 2.0**-11 * scale.detach().numpy(), check_dtype=False
            )
            for g, e, bound in zip(got, gradients, scales, strict=True):
                limit = 2.0**-10 * max(np.abs(bound).max(), np.abs(e).max())
                testing.assert_close(g, e, 0.0, limit, check_dtype=False)
                assert g.dtype == np.float32


def test_the_kernel_is_float16_s(schedules: Schedules) -> None:
    a = dl.tensor([[70000.0], [1.0 + 2.0**-10]]).cuda()  # above float16, and what bfloat16 rounds to 1
    with dl.autocast(dl.float16):
        got = a @ dl.ones(1, 1).cuda()
    assert "gemm16.f16.cuda" in {k["name"] for k in testing.kernels() if k["calls"]}
    assert got.cpu().tolist() == [[np.inf], [1.0 + 2.0**-10]]


def test_the_cpu_has_no_float16_products() -> None:
    x = dl.ones(2, 2)
    for product in (lambda: x @ x, lambda: F.linear(x, x), lambda: F.conv2d(dl.ones(1, 1, 2, 2), dl.ones(1, 1, 2, 2))):
        with dl.autocast("float16"), pytest.raises(dl.DTypeError, match='autocast\\("float16"\\) is for CUDA'):
            product()
        assert not dl.is_autocast_enabled()


def step(scaler: Any, factor: float) -> tuple[np.ndarray, float]:
    """A weight after a step whose gradient is `factor`, and the scale after it."""
    w = dl.ones(1, 1).cuda().requires_grad_()
    opt = optim.SGD([w], lr=1 / factor)
    with dl.autocast("float16"):
        loss = (F.linear(dl.ones(1, 1).cuda(), w) * factor).sum()
    scaler.scale(loss).backward()
    scaler.step(opt)
    scaler.update()
    return w.detach().cpu().numpy(), scaler.get_scale()


def test_small_gradients_survive_by_the_scale(schedules: Schedules) -> None:
    tiny = 2.0**-30  # float16's least is 2**-24
    for _ in schedules(0):
        assert step(dl.amp.GradScaler(enabled=False), tiny) == (np.ones((1, 1)), 1.0)
        assert step(dl.amp.GradScaler(), tiny) == (np.zeros((1, 1)), 2.0**16)
        assert step(dl.amp.GradScaler(), 4.0) == (
            np.ones((1, 1)),
            2.0**15,
        )  # 4 · 2**16 is infinite: the step is skipped


def learner(device: str) -> Learner:
    dl.manual_seed(3)
    x = np.random.default_rng(0).standard_normal((96, 6)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    data = DataBunch.create(TensorDataset(x, y), TensorDataset(x, y), bs=16, classes=["a", "b"], device=device)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
    return Learner(data, model, metrics=accuracy)


@pytest.mark.parametrize("precision", ["to_fp32", "to_bf16", "to_fp16"])
def test_a_learner_trains_where_its_data_says(schedules: Schedules, precision: str) -> None:
    there, here = (getattr(learner(device), precision)() for device in ("cuda", "cpu"))
    for learn in (there, here):
        learn.show.quiet = True
        learn.fit(2, 1e-2)
    assert next(there.model.parameters()).device == "cuda" and there.low_dtype == (
        "float16" if precision == "to_fp16" else "bfloat16"
    )
    losses = [[row["valid_loss"] for row in learn.recorder.rows] for learn in (there, here)]
    np.testing.assert_allclose(*losses, rtol=1e-4 if precision == "to_fp32" else 3e-2)
    preds, targets = there.get_preds()
    assert preds.device == targets.device == "cpu"
    x = there.data.valid_ds.arrays[0][0]
    assert there.predict(x).label == here.predict(x).label
