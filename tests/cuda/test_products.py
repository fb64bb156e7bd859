"""Products on tensor cores, and random numbers, on the device: what the cases of tests/ops do not reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing
from dlcore.nn import functional as F

Schedules = Callable[..., Iterator[int]]
# (m, k, n): tails of every tile, whole 16-byte pieces along k, and a K that is split.
SIZES = [(5, 7, 3), (17, 40, 130), (64, 64, 64), (9, 1040, 8)]


def numbers(*shape: int) -> np.ndarray:
    """Of bfloat16, so that nothing is rounded on the way in."""
    rng = np.random.default_rng(sum(shape))
    return dl.tensor(rng.standard_normal(shape).astype(np.float32)).bfloat16().float().numpy()


def check(got: Any, expected: np.ndarray, scale: np.ndarray, bound: float) -> None:
    testing.assert_close(got.float().cpu().numpy(), expected, 0.0, bound * scale, check_dtype=False)


def exact(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return a @ b, np.abs(a) @ np.abs(b)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("turned", ["", "ab", "b"])
def test_bfloat16_products(schedules: Schedules, size: tuple[int, int, int], turned: str) -> None:
    m, k, n = size
    a, b = numbers(m, k), numbers(k, n)
    expected, scale = exact(a, b)
    first = None
    for _ in schedules():
        x, y = dl.tensor(a).bfloat16().cuda(), dl.tensor(b).bfloat16().cuda()
        if "a" in turned:  # columns are neighbours in memory
            x = x.T.contiguous().T
        if "b" in turned:  # and where only b's are, both come in pieces of 16 bytes along k
            y = y.T.contiguous().T
        got = x @ y
        assert got.dtype == dl.bfloat16 and _C.last_kernel() == "gemm16.bf16.cuda"
        check(got, expected, scale, 2.0**-8)  # one rounding; what sums round is far below
        first = first or got.float().cpu().numpy().tobytes()
        assert got.float().cpu().numpy().tobytes() == first


def test_bfloat16_convolution_and_batches(schedules: Schedules) -> None:
    x, w = numbers(2, 8, 6, 5), numbers(16, 8, 3, 3)
    wide = F.conv2d(dl.tensor(x.astype(np.float64)), dl.tensor(w.astype(np.float64)), padding=1).numpy()
    scale = F.conv2d(
        dl.tensor(np.abs(x).astype(np.float64)), dl.tensor(np.abs(w).astype(np.float64)), padding=1
    ).numpy()
    a, b = numbers(3, 4, 9), numbers(3, 9, 5)
    for s in (0, 1):
        for _ in schedules(s):
            got = F.conv2d(dl.tensor(x).bfloat16().cuda(), dl.tensor(w).bfloat16().cuda(), padding=1)
            check(got, wide, scale, 2.0**-8)
            check(dl.tensor(a).bfloat16().cuda() @ dl.tensor(b).bfloat16().cuda(), *exact(a, b), 2.0**-8)


@pytest.mark.parametrize("size", SIZES)
def test_float32_products_by_tf32_where_asked_for(schedules: Schedules, size: tuple[int, int, int]) -> None:
    m, k, n = size
    rng = np.random.default_rng(k)
    a, b = (rng.standard_normal(s).astype(np.float32) for s in ((m, k), (k, n)))
    expected, scale = exact(a, b)
    before = dl.get_float32_matmul_precision()
    dl.set_float32_matmul_precision("high")
    try:
        for s in (0, 1):
            for _ in schedules(s):
                got = dl.tensor(a).cuda() @ dl.tensor(b).cuda()
                check(got, expected, scale, 2.0**-10)  # both operands are rounded to 11 bits
                coarse = np.abs(got.cpu().numpy() - expected).max()
                assert coarse > 2.0**-20 * np.abs(expected).max(), "nothing was rounded to tf32"
    finally:
        dl.set_float32_matmul_precision(before)


def test_a_sum_of_no_terms_is_zero(schedules: Schedules) -> None:
    before = dl.get_float32_matmul_precision()
    dl.set_float32_matmul_precision("high")
    try:
        for _ in schedules(0):
            for dtype in (dl.bfloat16, dl.float32, dl.float64):
                got = dl.ones(3, 0, dtype=dtype).cuda() @ dl.ones(0, 5, dtype=dtype).cuda()
                assert got.float().cpu().tolist() == [[0.0] * 5] * 3
    finally:
        dl.set_float32_matmul_precision(before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_numbers_are_the_cpu_s(schedules: Schedules, dtype: str) -> None:
    for fill in (lambda x: _C.uniform_(x.array, -2.0, 3.0), lambda x: _C.normal_(x.array, 1.0, 2.0)):
        drawn = []
        for device in ("cpu", "cuda"):
            dl.manual_seed(7)
            x = dl.zeros(1031, dtype=getattr(dl, dtype)).to(device)
            fill(x)
            drawn.append(x.cpu().numpy())
        assert drawn[0].tobytes() == drawn[1].tobytes() and len(np.unique(drawn[0])) > 1000


@pytest.mark.parametrize("n", [0, 1, 31, 33, 1031])
def test_drawn_on_the_device_or_on_the_cpu(schedules: Schedules, n: int) -> None:
    """Whole numbers of any range, and tensors made on the device; the stream then stands where it would on the CPU."""
    draws = [
        lambda device: dl.randint(-5, 1000, (n,), device=device),
        lambda device: dl.Tensor(_C.randint(-(2**63), 2**63 - 1, (n,), device)),
        lambda device: dl.randint(3, (n,), dtype=dl.int32, device=device),
        lambda device: dl.rand(n, device=device),
        lambda device: dl.randn(n, dtype=dl.float64, device=device),
        lambda device: dl.rand_like(dl.ones(n, device=device)),
        lambda device: dl.randperm(n, device=device),
        lambda device: dl.bernoulli(dl.full((n,), 0.3, device=device)),
    ]
    for s in (0, 1):
        for _ in schedules(s):
            for draw in draws:
                numbers, states = [], []
                for device in ("cpu", "cuda"):
                    _C.set_rng_state(11, 2**64 - 3)
                    x = draw(device)
                    assert x.device == device
                    numbers.append(x.cpu().numpy())
                    states.append(_C.rng_state())
                assert numbers[0].tobytes() == numbers[1].tobytes() and states[0] == states[1]
