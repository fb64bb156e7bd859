"""batch_norm: training and evaluation, the running statistics, accuracy far from zero, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

from .cases import Case, t
from .common import run_cases, threads

EPS = 1e-5


def batch_norm_oracle(x, *affine, eps=EPS, stats=None, **_):
    axes = tuple(d for d in range(x.ndim) if d != 1)
    shape = [-1 if d == 1 else 1 for d in range(x.ndim)]
    mean, var = (x.mean(axes), x.var(axes)) if stats is None else stats(x.shape[1])
    y = (x - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + eps)
    weight, bias = affine if affine else (np.ones(1), np.zeros(1))
    return y * weight.reshape(shape) + bias.reshape(shape)


def running(c):
    return np.linspace(-1, 1, c), np.linspace(0.5, 2, c)


def train(dl, F, x, w=None, b=None):
    return F.batch_norm(x, None, None, w, b, training=True)


def evaluate(dl, F, x, w=None, b=None):
    mean, var = running(x.shape[1])
    mean, var = (dl.tensor(v, dtype=x.dtype, device=x.device) for v in (mean, var))
    return F.batch_norm(x, mean, var, w, b)


def inputs(*shapes):
    return [(t(*s), t(s[1]), t(s[1])) for s in shapes]


# Channels of every kind: 1, one vector, its tails, the recipes' 8 and 10, wide; several parts; short and long planes.
SHAPES = ((5, 3), (3, 4), (64, 50), (9, 1, 4), (4, 8, 3, 5), (3, 10, 7, 7), (2, 16, 9, 11), (3, 67, 2, 2), (2, 1030, 3))
SHAPES += ((5, 36, 3, 4),)  # whole vectors of channels and of planes, more than the 32 channels of a CUDA block
LARGE = ((13, 10, 23, 24), (1, 2, 260, 257))  # more than one part: of rows, of a plane
CASES = [
    Case(
        "batch_norm training",
        train,
        inputs(*SHAPES, *LARGE),
        oracle=batch_norm_oracle,
        rows=("batch_norm_stats", "batch_norm_fwd", "batch_norm_sums", "batch_norm_bwd"),
        length=64,  # the sums' blocks, see norm.h; PyTorch's own float64 sums reach 55
        scale="max",
    ),
    Case(
        "batch_norm without affine",
        train,
        [(t(6, 10, 5),), (t(4, 3, 6, 5),)],
        oracle=batch_norm_oracle,
        rows=("batch_norm_stats", "batch_norm_fwd"),
        length=40,
        scale="max",
    ),
    Case(
        "batch_norm evaluation",
        evaluate,
        inputs(*SHAPES, (1, 4), (0, 3, 2, 2)),
        oracle=lambda x, w, b: batch_norm_oracle(x, w, b, stats=running),
        rows=("batch_norm_fwd", "batch_norm_sums", "batch_norm_bwd"),
        length=4,
        scale="max",
    ),
]
test_op = run_cases(CASES)


def zeros(*shape, dtype="f4"):
    return dl.tensor(np.zeros(shape, dtype))


def ones(*shape, dtype="f4"):
    return dl.tensor(np.ones(shape, dtype))


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


def image(shape, dtype="f4", channels_last=True, shift=0.0, seed=0):
    a = (np.random.default_rng(seed).standard_normal(shape) + shift).astype(dtype)
    if not channels_last:
        return dl.tensor(a)
    return dl.from_numpy(np.ascontiguousarray(a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2))


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("shape", [(33, 10, 21, 23), (8, 64, 28, 28), (2, 3, 200, 200)])
def test_bits_do_not_depend_on_threads(isa, shape, channels_last):
    def run():
        x = image(shape, channels_last=channels_last).requires_grad_()
        w, b = ones(shape[1]).requires_grad_(), zeros(shape[1]).requires_grad_()
        mean, var = zeros(shape[1]), ones(shape[1])
        y = F.batch_norm(x, mean, var, w, b, training=True)
        y.backward(image(shape, channels_last=channels_last, seed=1))
        return [a.detach().numpy().tobytes() for a in (y, mean, var, x.grad, w.grad, b.grad)]

    with threads(1):
        expected = run()
    for n in (2, 3, 4, 7):
        with threads(n):
            assert run() == expected, f"{n} threads"


def test_layout_is_kept():
    y = F.batch_norm(image((2, 8, 3, 3)), None, None, training=True)
    assert y.array.is_channels_last and not y.array.is_contiguous
    assert F.batch_norm(image((2, 8, 3, 3), channels_last=False), None, None, training=True).array.is_contiguous


def test_running_statistics_move_as_in_pytorch():
    x, mean, var = image((4, 3, 5, 5), "f8"), zeros(3, dtype="f8"), ones(3, dtype="f8")
    F.batch_norm(x, mean, var, training=True, momentum=0.3)
    a = x.numpy()
    np.testing.assert_allclose(mean.numpy(), 0.3 * a.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(var.numpy(), 0.7 + 0.3 * a.var((0, 2, 3), ddof=1), rtol=1e-12)
    before = mean.numpy().copy(), var.numpy().copy()
    F.batch_norm(x, mean, var)
    assert (mean.numpy() == before[0]).all() and (var.numpy() == before[1]).all(), "evaluation changed them"


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("shift", [1e2, 1e4, -1e5])
def test_statistics_far_from_zero(isa, shift, channels_last):
    """E[x²] - E[x]² would lose every digit here: the mean is up to 10⁵ standard deviations from 0."""
    x = image((16, 5, 30, 31), channels_last=channels_last, shift=shift)
    mean, var = zeros(5), ones(5)
    F.batch_norm(x, mean, var, training=True, momentum=1.0)
    a = x.numpy().astype(np.float64)
    np.testing.assert_allclose(mean.numpy(), a.mean((0, 2, 3)), rtol=1e-7)
    np.testing.assert_allclose(var.numpy(), a.var((0, 2, 3), ddof=1), rtol=1e-5)


@pytest.mark.parametrize("channels_last", [True, False])
def test_an_outlier_at_the_start_does_not_spoil_the_variance(isa, channels_last):
    x = image((16, 5, 30, 31), channels_last=channels_last)
    x.numpy()[0, :, 0, 0] = 3e4
    var = ones(5)
    F.batch_norm(x, zeros(5), var, training=True, momentum=1.0)
    np.testing.assert_allclose(var.numpy(), x.numpy().astype(np.float64).var((0, 2, 3), ddof=1), rtol=1e-5)


@pytest.mark.parametrize("channels_last", [True, False])
def test_a_nan_spoils_its_own_channel_only(isa, channels_last):
    x = image((3, 10, 5, 5), channels_last=channels_last)
    x.numpy()[1, 4, 2, 2] = np.nan
    bad = np.isnan(F.batch_norm(x, None, None, training=True).numpy())
    assert bad[:, 4].all() and bad.sum() == bad[:, 4].sum()


def test_constant_channels_give_zero(isa):
    x = dl.tensor(np.full((4, 3, 5, 5), 0.1, "f4"))
    assert not F.batch_norm(x, None, None, training=True).numpy().any()


def test_an_empty_batch_trains_to_nothing():
    x, mean, var, w = zeros(0, 3, 2, 2).requires_grad_(), ones(3), ones(3), ones(3).requires_grad_()
    y = F.batch_norm(x, mean, var, w, training=True)
    assert y.shape == (0, 3, 2, 2) and mean.tolist() == [1, 1, 1]
    y.backward(zeros(0, 3, 2, 2))
    assert x.grad.shape == x.shape and w.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize("rows_of_pixels", [True, False], ids=["channels_last", "planes"])
def test_results_stored_past_the_caches_are_those_of_small_ones(rows_of_pixels, isa):
    """34 MB forward and backward in evaluation, where an image's numbers do not depend on the others."""
    shape, c = (3, 24, 340, 348), 24
    dense = (3, 340, 348, 24) if rows_of_pixels else shape
    x, v = (dl.tensor(draw(*dense, seed=s)) for s in (0, 1))
    if rows_of_pixels:
        x, v = x.permute(0, 3, 1, 2), v.permute(0, 3, 1, 2)
    mean, var, w, b = (dl.tensor(np.linspace(0.5, 1.5, c, dtype="f4")) for _ in range(4))

    def run(x, v):
        x = x.detach().requires_grad_()
        y = F.batch_norm(x, mean, var, w, b)
        y.backward(v)
        return y.detach().numpy(), x.grad.numpy()

    y, dx = run(x, v)
    for i in range(shape[0]):
        one_y, one_dx = run(x[i : i + 1, :, :, :20], v[i : i + 1, :, :, :20])
        assert (y[i : i + 1, :, :, :20] == one_y).all() and (dx[i : i + 1, :, :, :20] == one_dx).all()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("wanted", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1)], ids=str)
def test_only_the_wanted_gradients_are_computed(wanted, training):
    """And each is the one that a backward for all of them gives."""
    a, v = draw(6, 5, 3, 4), draw(6, 5, 3, 4, seed=1)

    def run(flags):
        leaves = [dl.tensor(x) for x in (a, draw(5, seed=2), draw(5, seed=3))]
        for leaf, flag in zip(leaves, flags, strict=True):
            leaf.requires_grad_(bool(flag))
        x, w, b = leaves
        F.batch_norm(x, zeros(5), ones(5), w, b, training).backward(dl.tensor(v))
        return [None if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]

    for got, expected, flag in zip(run(wanted), run((1, 1, 1)), wanted, strict=True):
        assert (got is None) == (not flag)
        assert not flag or (got == expected).all()


def test_bias_without_weight():
    x, b = dl.tensor(draw(4, 3)).requires_grad_(), ones(3).requires_grad_()
    y = F.batch_norm(x, None, None, None, b, training=True)
    y.backward(dl.tensor(draw(4, 3, seed=1)))
    np.testing.assert_allclose(y.detach().numpy().mean(0), 1, atol=1e-6)
    np.testing.assert_allclose(b.grad.numpy(), draw(4, 3, seed=1).sum(0), rtol=1e-5)


REFUSED = [
    (lambda: F.batch_norm(zeros(1, 3), None, None, training=True), ValueError, r"expected more than 1 .* x=\(1,3\)"),
    (lambda: F.batch_norm(zeros(3), None, None, training=True), dl.ShapeError, r"needs \(N, C\).*x=\(3,\)"),
    (lambda: F.batch_norm(zeros(2, 3), zeros(4), ones(4)), dl.ShapeError, r"\(3,\).* has \(4,\); x=\(2,3\)"),
    (lambda: F.batch_norm(zeros(2, 3), zeros(3), None), ValueError, "go together"),
    (lambda: F.batch_norm(zeros(2, 3, dtype="i8"), None, None), dl.DTypeError, "float32 or float64 .*int64"),
    (
        lambda: F.batch_norm(zeros(2, 3), None, None, ones(3, dtype="f8")),
        dl.DTypeError,
        "weight is float64 but x is float32",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_refuses(call, error, text):
    with pytest.raises(error, match=text):
        call()
