"""layer_norm, group_norm, instance_norm, rms_norm."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn
from dlcore.nn import functional as F

from .cases import Case, t
from .common import run_cases, threads

ROWS = ("row_norm_fwd", "row_norm_bwd")


def normalised(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def layer_oracle(x, w=1.0, b=0.0, dims=1):
    return normalised(x, tuple(range(-dims, 0))) * w + b


def group_oracle(x, w=None, b=None, num_groups=1):
    n, c, *rest = x.shape
    y = normalised(x.reshape(n, num_groups, -1), 2).reshape(x.shape)
    per_channel = (c, *(1 for _ in rest))
    return y * (1 if w is None else w.reshape(per_channel)) + (0 if b is None else b.reshape(per_channel))


def layer(dl, F, x, w=None, b=None, dims=1):
    return F.layer_norm(x, x.shape[-dims:], w, b)


def group(dl, F, x, w=None, b=None, num_groups=1):
    return F.group_norm(x, num_groups, w, b)


def affine(*shapes, dims=1):
    return [(t(*s), t(*s[-dims:]), t(*s[-dims:])) for s in shapes]


def channels(*shapes):
    return [(t(*s), t(s[1]), t(s[1])) for s in shapes]


# More than one chunk of rows, rows longer than a chunk, more than 64 rows a chunk, every tail.
CASES = [
    Case(
        "layer_norm",
        layer,
        affine((3, 5), (1, 67), (2, 3, 16), (4, 132), (300, 130), (2, 33001), (4500, 9)),
        oracle=layer_oracle,
        rows=ROWS,
        length=64,
        scale="max",
    ),
    Case(
        "layer_norm of two dimensions",
        layer,
        affine((3, 5, 7), (2, 3, 5, 7), dims=2),
        oracle=layer_oracle,
        attrs={"dims": 2},
        rows=ROWS,
        length=64,
        scale="max",
    ),
    Case(
        "layer_norm without affine",
        layer,
        [(t(5, 7),), (t(2, 3, 4, 5),)],
        oracle=layer_oracle,
        rows=ROWS,
        length=64,
        scale="max",
    ),
    Case(
        "group_norm",
        group,
        channels((5, 6), (3, 4, 5), (2, 6, 3, 5), (3, 6, 2, 6), (3, 64, 9, 11), (150, 6), (2, 2, 131, 130)),
        oracle=group_oracle,
        attrs={"num_groups": 2},
        rows=ROWS,
        length=64,
        scale="max",
    ),
    Case(
        "group_norm without affine",
        group,
        [(t(3, 6, 5),), (t(2, 9, 2, 3),)],
        oracle=group_oracle,
        attrs={"num_groups": 3},
        rows=ROWS,
        length=64,
        scale="max",
    ),
    Case(
        "instance_norm",
        lambda dl, F, x, w, b: F.instance_norm(x, weight=w, bias=b),
        channels((3, 4, 5), (2, 6, 3, 5)),
        oracle=lambda x, w, b: group_oracle(x, w, b, x.shape[1]),
        rows=ROWS,
        length=64,
        scale="max",
    ),
    Case(
        "instance_norm with running statistics",
        lambda dl, F, x, w, b: F.instance_norm(
            x, dl.zeros(4, dtype=x.dtype, device=x.device), dl.ones(4, dtype=x.dtype, device=x.device), w, b
        ),
        channels((3, 4, 5), (2, 4, 3, 5)),
        oracle=lambda x, w, b: group_oracle(x, w, b, x.shape[1]),
        rows=("batch_norm_stats", "batch_norm_bwd"),
        length=64,
        scale="max",
    ),
    Case(
        "rms_norm",
        lambda dl, F, x, w: F.rms_norm(x, (x.shape[-1],), w, 1e-3),
        [(t(5, 7), t(7)), (t(2, 3, 16), t(16))],
        oracle=lambda x, w: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-3) * w,
        length=64,
        scale="max",
    ),
]
test_op = run_cases(CASES)


def tensor(*shape, seed=0, shift=0.0):
    return dl.tensor((np.random.default_rng(seed).standard_normal(shape) + shift).astype("f4"))


@pytest.mark.parametrize("shape", [(3000, 67), (64, 4096), (7, 40000)])
def test_bits_do_not_depend_on_threads(isa, shape):
    def run():
        leaves = [tensor(*shape), tensor(shape[1], seed=1), tensor(shape[1], seed=2)]
        x, w, b = (leaf.requires_grad_() for leaf in leaves)
        y = F.layer_norm(x, (shape[1],), w, b)
        y.backward(tensor(*shape, seed=3))
        return [a.detach().numpy().tobytes() for a in (y, x.grad, w.grad, b.grad)]

    with threads(1):
        expected = run()
    for n in (2, 3, 7):
        with threads(n):
            assert run() == expected, f"{n} threads"


@pytest.mark.parametrize("shift", [1e2, 1e4, -1e5])
def test_statistics_far_from_zero(isa, shift):
    """E[x²] - E[x]² would lose every digit here: the mean is up to 10⁵ standard deviations from 0."""
    x = tensor(5, 1000, shift=shift)
    a = x.numpy().astype(np.float64)
    inverse = dl._C.layer_norm_fwd(x.array, (1000,), None, None, 0.0)[1].numpy()[:, 1]
    np.testing.assert_allclose(inverse, 1 / a.std(1), rtol=1e-5)


@pytest.mark.parametrize("wanted", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1)], ids=str)
def test_only_the_wanted_gradients_are_computed(wanted):
    def run(flags):
        leaves = [tensor(6, 4, 5), tensor(4, seed=1), tensor(4, seed=2)]
        for leaf, flag in zip(leaves, flags, strict=True):
            leaf.requires_grad_(bool(flag))
        F.group_norm(leaves[0], 2, *leaves[1:]).backward(tensor(6, 4, 5, seed=3))
        return [None if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]

    for got, expected, flag in zip(run(wanted), run((1, 1, 1)), wanted, strict=True):
        assert (got is None) == (not flag)
        assert not flag or (got == expected).all()


@pytest.mark.parametrize("shape", [(0, 4), (0, 4, 3)])
def test_nothing_normalises_to_nothing(shape):
    x, w = dl.zeros(*shape).requires_grad_(), dl.ones(4).requires_grad_()
    F.group_norm(x, 2, w).backward(dl.zeros(*shape))
    assert x.grad.shape == shape and w.grad.tolist() == [0] * 4
    assert F.layer_norm(x, shape[1:]).shape == shape
    assert F.layer_norm(dl.zeros(3, 0), 0).shape == (3, 0)


def test_a_nan_spoils_its_own_row(isa):
    a = np.ones((3, 40), "f4") * np.arange(40, dtype="f4")
    a[1, 17] = np.nan
    y = F.layer_norm(dl.tensor(a), 40).numpy()
    assert np.isnan(y[1]).all() and np.isfinite(y[[0, 2]]).all()


def test_running_statistics_of_instances():
    """The average over samples of each sample's mean and unbiased variance; evaluation uses them."""
    x = tensor(5, 3, 4, 6, shift=2.0)
    norm = nn.InstanceNorm2d(3, momentum=0.25, track_running_stats=True)
    norm(x)
    a = x.numpy().astype(np.float64)
    np.testing.assert_allclose(norm.running_mean.numpy(), 0.25 * a.mean((2, 3)).mean(0), rtol=1e-5)
    np.testing.assert_allclose(norm.running_var.numpy(), 0.75 + 0.25 * a.var((2, 3), ddof=1).mean(0), rtol=1e-5)
    norm.eval()
    scaled = (a - norm.running_mean.numpy()[:, None, None]) / np.sqrt(norm.running_var.numpy() + 1e-5)[:, None, None]
    np.testing.assert_allclose(norm(x).numpy(), scaled, atol=1e-5)


def test_modules_have_pytorchs_state():
    assert list(nn.LayerNorm((2, 3)).state_dict()) == ["weight", "bias"]
    assert list(nn.LayerNorm(3, bias=False).state_dict()) == ["weight"]
    assert list(nn.GroupNorm(2, 4).state_dict()) == ["weight", "bias"]
    assert list(nn.RMSNorm(3).state_dict()) == ["weight"]
    assert not nn.InstanceNorm1d(3).state_dict()
    tracked = nn.InstanceNorm2d(3, affine=True, track_running_stats=True).state_dict()
    assert list(tracked) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]


def test_modules_normalise():
    x = tensor(2, 4, 5, 3, shift=3.0)
    whole = nn.LayerNorm((5, 3))(x).detach().numpy()
    np.testing.assert_allclose(whole.mean((2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(nn.GroupNorm(1, 4)(x).detach().numpy().std((1, 2, 3)), 1, atol=1e-4)
    np.testing.assert_allclose(nn.InstanceNorm2d(4)(x).numpy(), whole, atol=1e-6)
    np.testing.assert_array_equal(nn.InstanceNorm2d(4)(x[0]).numpy(), nn.InstanceNorm2d(4)(x).numpy()[0])
    assert nn.InstanceNorm1d(5)(x[0]).shape == (4, 5, 3)
    np.testing.assert_allclose(dl.square(nn.RMSNorm(3)(x)).mean(-1).detach().numpy(), 1, atol=1e-5)


REFUSED = [
    (lambda: F.layer_norm(dl.zeros(2, 3), 4), r"layer_norm: x must end in normalized_shape; x=\(2,3\) .*=\(4,\)"),
    (lambda: F.layer_norm(dl.zeros(2, 3), ()), "must end in normalized_shape"),
    (lambda: F.layer_norm(dl.zeros(2, 3), 3, dl.ones(2)), r"weight needs shape \(3,\) but has \(2,\); x=\(2,3\)"),
    (lambda: F.layer_norm(dl.tensor([[1, 2]]), 2), "layer_norm: needs a float32 or float64 tensor, got int64"),
    (lambda: F.layer_norm(dl.zeros(3), 3, dl.ones(3, dtype=dl.float64)), "weight is float64 but x is float32"),
    (lambda: F.group_norm(dl.zeros(2, 5), 2), r"divide into the groups; x=\(2,5\) num_groups=2"),
    (lambda: F.group_norm(dl.zeros(5), 1), r"needs \(N, C\) or \(N, C, …\), got x=\(5,\)"),
    (lambda: F.instance_norm(dl.zeros(2, 3, 1)), "more than 1 element a channel"),
    (lambda: F.rms_norm(dl.zeros(2, 3), 2), "rms_norm: x must end in normalized_shape"),
    (lambda: nn.GroupNorm(2, 5), "5 channels do not divide into 2 groups"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED, ids=[text[:30] for _, text in REFUSED])
def test_refuses(call, text):
    with pytest.raises((ValueError, TypeError), match=text):
        call()
