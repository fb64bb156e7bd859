"""max_pool2d, avg_pool2d, adaptive_avg_pool2d: windows of every kind, ties and NaN, indices, layouts, refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

from .cases import Case, distinct, over
from .common import run_cases, threads

INF = float("inf")


def pair(v):
    return (v, v) if isinstance(v, int) else v


def windows(n, k, s, p, d=1, ceil=False):
    """[(taps inside, taps counted with the padding)] along one axis, by PyTorch's rule for the last window."""
    room = n + 2 * p - d * (k - 1) - 1
    out = (-(-room // s) if ceil else room // s) + 1
    if ceil and (out - 1) * s >= n + p:
        out -= 1
    starts = [o * s - p for o in range(out)]
    return [([i for i in range(a, a + k * d, d) if 0 <= i < n], min(a + k, n + p) - a) for a in starts]


def pooled(x, rows, columns, reduce):
    y = np.empty((*x.shape[:-2], len(rows), len(columns)))
    for p, q in itertools.product(range(len(rows)), range(len(columns))):
        (h, span_h), (w, span_w) = rows[p], columns[q]
        y[..., p, q] = reduce(x[..., h, :][..., w], span_h * span_w)
    return y


def max_oracle(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    k, s, p, d = pair(kernel_size), pair(stride or kernel_size), pair(padding), pair(dilation)
    axes = [windows(x.shape[a - 2], k[a], s[a], p[a], d[a], ceil_mode) for a in (0, 1)]
    return pooled(x, *axes, lambda v, _: v.max((-2, -1)))


def avg_oracle(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    k, s, p = pair(kernel_size), pair(stride or kernel_size), pair(padding)
    axes = [windows(x.shape[a - 2], k[a], s[a], p[a], 1, ceil_mode) for a in (0, 1)]

    def mean(v, span):
        inside = v.shape[-1] * v.shape[-2]
        return v.sum((-2, -1)) / (divisor_override or (span if count_include_pad else inside))

    return pooled(x, *axes, mean)


def adaptive_oracle(x, output_size, reduce=lambda v, _: v.mean((-2, -1))):
    sizes = [x.shape[a - 2] if v is None else v for a, v in enumerate(pair(output_size))]
    axes = [
        [(list(range(o * n // out, -(-(o + 1) * n // out))), 0) for o in range(out)]
        for n, out in zip(x.shape[-2:], sizes, strict=True)
    ]
    return pooled(x, *axes, reduce)


# Channels: none to spare, one vector, its tails on each ISA, blocks of four; images of odd sizes; no batch; nothing.
SHAPES = ((2, 3, 7, 8), (1, 64, 5, 5), (2, 37, 6, 5), (3, 10, 4, 9), (1, 1, 9, 11), (4, 6, 5), (0, 3, 6, 6))
MAX = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": (2, 3), "stride": (1, 2), "ceil_mode": True},
    {"kernel_size": 2, "stride": 1, "dilation": 2, "padding": (1, 0)},
    {"kernel_size": (3, 1), "stride": (4, 3), "padding": (1, 0), "ceil_mode": True},
]
AVG = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
    {"kernel_size": (2, 3), "stride": (1, 2), "ceil_mode": True, "divisor_override": 5},
]
CASES = (
    [
        Case(
            f"max_pool2d {i}",
            lambda dl, F, x, **kw: F.max_pool2d(x, **kw),
            over(*SHAPES, draw=distinct),
            oracle=max_oracle,
            attrs=attrs,
            rows=("max_pool2d_fwd", "max_pool2d_bwd"),
            grad_length=9,
        )
        for i, attrs in enumerate(MAX)
    ]
    + [
        Case(
            f"avg_pool2d {i}",
            lambda dl, F, x, **kw: F.avg_pool2d(x, **kw),
            over(*SHAPES),
            oracle=avg_oracle,
            attrs=attrs,
            rows=("avg_pool2d_fwd", "avg_pool2d_bwd"),
            scale="abs",
            length=6,
            grad_length=9,
        )
        for i, attrs in enumerate(AVG)
    ]
    + [
        Case(
            f"adaptive_avg_pool2d {size}",
            lambda dl, F, x, **kw: F.adaptive_avg_pool2d(x, **kw),
            over(*SHAPES, (2, 40, 23, 31)),
            oracle=adaptive_oracle,
            attrs={"output_size": size},
            rows=("avg_pool2d_fwd", "avg_pool2d_bwd"),
            scale="abs",
            length=60,
            grad_length=9,
        )
        for size in (1, (3, 2), (None, 4), (11, 12))
    ]
    + [
        Case(
            f"adaptive_max_pool2d {size}",
            lambda dl, F, x, **kw: F.adaptive_max_pool2d(x, **kw),
            over(*SHAPES, (2, 20, 23, 31), draw=distinct),
            oracle=lambda x, output_size: adaptive_oracle(x, output_size, lambda v, _: v.max((-2, -1))),
            attrs={"output_size": size},
            rows=("max_pool2d_fwd", "max_pool2d_bwd"),
            grad_length=9,
        )
        for size in (1, (3, 2), (None, 4), (11, 12))
    ]
)
test_op = run_cases(CASES)


def image(a, channels_last=True):
    a = np.asarray(a)
    if not channels_last:
        return dl.tensor(a)
    return dl.from_numpy(np.ascontiguousarray(np.moveaxis(a, 1, -1)).transpose(0, 3, 1, 2))


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


POOLS = [
    lambda x: F.max_pool2d(x, 3, 2, 1),
    lambda x: F.avg_pool2d(x, 3, 2, 1),
    lambda x: F.adaptive_avg_pool2d(x, 5),
    lambda x: F.adaptive_max_pool2d(x, 5),
]


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("pool", POOLS, ids=["max", "avg", "adaptive avg", "adaptive max"])
def test_bits_do_not_depend_on_threads(isa, pool, channels_last):
    def run():
        x = image(draw(9, 19, 33, 35), channels_last).requires_grad_()
        y = pool(x)
        y.backward(image(draw(*y.shape, seed=1), channels_last))
        return y.detach().numpy().tobytes(), x.grad.numpy().tobytes()

    with threads(1):
        expected = run()
    for n in (2, 3, 4, 7):
        with threads(n):
            assert run() == expected, f"{n} threads"


@pytest.mark.parametrize("pool", POOLS, ids=["max", "avg", "adaptive avg", "adaptive max"])
@pytest.mark.parametrize("size", [4, 1])
def test_layout_is_kept(pool, size):
    x = image(draw(2, 8, size, size + 2)).requires_grad_()
    y = pool(x)
    assert y.array.is_channels_last
    y.backward(dl.tensor(np.ones(y.shape, "f4")))
    assert x.grad.array.is_channels_last and not x.grad.array.is_contiguous
    half = dl.from_numpy(image(draw(2, 8, size, 2 * size + 2)).numpy()[:, :, :, ::2])
    assert pool(half).array.is_channels_last, "a strided view of a channels-last image"
    assert pool(image(draw(2, 8, size, size + 2), False)).array.is_contiguous


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("channels", [1, 5, 16, 21])
def test_the_first_of_equal_ones_gets_the_gradient(isa, channels, channels_last):
    x = image(np.ones((1, channels, 4, 4), "f4"), channels_last).requires_grad_()
    y, at = F.max_pool2d(x, 3, 1, return_indices=True)
    assert at.dtype == dl.int64 and (at.numpy() == np.array([[0, 1], [4, 5]])).all()
    y.backward(dl.tensor(np.ones(y.shape, "f4")))
    expected = np.zeros((4, 4), "f4")
    expected[:2, :2] = 1
    assert (x.grad.numpy() == expected).all()


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("width", [5, 41])
def test_adaptive_maxima_choose_as_pytorch(isa, width, channels_last):
    """The first of equal ones, the last NaN, -inf where there is nothing else; indices and gradients follow."""
    a = np.zeros((1, 4, 6, width), "f4")
    a[0, 1, 2:4, 3:5] = 1
    a[0, 2, 1, 2], a[0, 2, 4, 1] = np.nan, np.nan
    a[0, 3] = -INF
    x = image(a, channels_last).requires_grad_()
    y, at = F.adaptive_max_pool2d(x, 1, return_indices=True)
    np.testing.assert_array_equal(y.detach().numpy().ravel(), [0, 1, np.nan, -INF])
    assert at.numpy().ravel().tolist() == [0, 2 * width + 3, 4 * width + 1, 0]
    y.backward(dl.ones(y.shape))
    assert [g.reshape(-1).argmax().item() for g in x.grad[0]] == at.numpy().ravel().tolist()


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("channels", [1, 16, 21])
def test_nan_and_infinities(isa, channels, channels_last):
    a = draw(1, channels, 6, 6)
    a[:, :, 0, 0], a[:, :, 1, 1], a[:, :, 2:4, 2:4], a[:, :, 4, 4] = np.nan, np.nan, -INF, INF
    y, at = F.max_pool2d(image(a, channels_last), 2, return_indices=True)
    y, at = y.numpy(), at.numpy()
    assert np.isnan(y[:, :, 0, 0]).all() and (at[:, :, 0, 0] == 7).all(), "the last NaN wins, as in PyTorch"
    assert (y[:, :, 1, 1] == -INF).all() and (at[:, :, 1, 1] == 14).all()
    assert (y[:, :, 2, 2] == INF).all() and (at[:, :, 2, 2] == 28).all()


@pytest.mark.parametrize("channels_last", [True, False])
def test_windows_of_more_than_255_taps(isa, channels_last):
    a = distinct(np.random.default_rng(0), (2, 3, 20, 21)).astype("f4")
    x = image(a, channels_last).requires_grad_()
    y, at = F.max_pool2d(x, 18, 1, return_indices=True)
    values, flat = y.detach().numpy(), at.numpy().reshape(2, 3, -1)
    assert (values == max_oracle(a, 18, 1)).all()
    assert (np.take_along_axis(a.reshape(2, 3, -1), flat, 2) == values.reshape(2, 3, -1)).all()
    y.backward(dl.tensor(np.ones(y.shape, "f4")))
    expected = np.zeros((2, 3, 420), "f4")
    for n, c in itertools.product(range(2), range(3)):
        np.add.at(expected[n, c], flat[n, c], 1)
    assert (x.grad.numpy().reshape(2, 3, -1) == expected).all()


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("attrs", MAX, ids=str)
def test_indices_agree_with_pytorch(attrs, channels_last):
    torch = pytest.importorskip("torch")
    a = distinct(np.random.default_rng(0), (2, 6, 7, 9)).astype("f4")
    ours = F.max_pool2d(image(a, channels_last), **attrs, return_indices=True)
    theirs = torch.nn.functional.max_pool2d(torch.from_numpy(a), **attrs, return_indices=True)
    for x, y in zip(ours, theirs, strict=True):
        assert (x.numpy() == y.numpy()).all()


def test_a_window_that_touches_no_input_chooses_nothing(isa):
    x = dl.tensor(draw(1, 1, 2, 2)).requires_grad_()
    y, at = F.max_pool2d(x, 2, 1, 1, 3, return_indices=True)  # taps at -1 and 2: both outside
    assert y.tolist() == [[[[-INF]]]] and at.tolist() == [[[[-1]]]]
    y.backward(dl.tensor(np.ones(y.shape, "f4")))
    assert not x.grad.numpy().any()


def test_without_a_gradient_no_taps_are_kept():
    with dl.no_grad():
        assert F.max_pool2d(dl.tensor(draw(1, 2, 4, 4)).requires_grad_(), 2).node is None


def zeros(*shape, dtype="f4"):
    return dl.tensor(np.zeros(shape, dtype))


REFUSED = [
    (lambda: F.max_pool2d(zeros(4, 4), 2), dl.ShapeError, r"max_pool2d: needs \(N, C, H, W\).*x=\(4,4\)"),
    (lambda: F.max_pool2d(zeros(1, 2, 0, 4), 2), dl.ShapeError, r"only the batch may be empty, got x=\(1,2,0,4\)"),
    (
        lambda: F.max_pool2d(zeros(1, 2, 3, 3), 5),
        dl.ShapeError,
        r"reaches over 5 .*x=\(1,2,3,3\) has 3; kernel=\(5,5\)",
    ),
    (lambda: F.max_pool2d(zeros(1, 2, 9, 9), 3, padding=2), ValueError, "at most|half of the window's reach 3"),
    (lambda: F.max_pool2d(zeros(1, 2, 9, 9), 0), ValueError, "must be positive; kernel="),
    (lambda: F.max_pool2d(zeros(1, 2, 9, 9), 2, -1), ValueError, r"must be positive.*stride=\(-1,-1\)"),
    (lambda: F.max_pool2d(zeros(1, 2, 9, 9), (2, 2, 2)), ValueError, "kernel_size must be an int or two"),
    (lambda: F.max_pool2d(zeros(1, 2, 9, 9, dtype="i8"), 2), dl.DTypeError, r"float32 or float64.*int64.*\(1,2,9,9\)"),
    (lambda: F.avg_pool2d(zeros(1, 2, 9), 10), dl.ShapeError, r"avg_pool2d: the window reaches over 10"),
    (lambda: F.avg_pool2d(zeros(1, 2, 9, 9), 2, divisor_override=0), ValueError, "must not be 0"),
    (lambda: F.adaptive_avg_pool2d(zeros(1, 2, 9, 9), (0, 2)), dl.ShapeError, r"positive, got \(0,2\); x=\(1,2,9,9\)"),
    (lambda: F.adaptive_avg_pool2d(zeros(9), None), dl.ShapeError, r"needs \(N, C, H, W\).*x=\(9,\)"),
    (lambda: F.adaptive_avg_pool2d(zeros(1, 2, 9, 9), 2.5), ValueError, "output_size must be an int or two"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_refuses(call, error, text):
    with pytest.raises(error, match=text):
        call()
