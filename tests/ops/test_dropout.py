"""dropout: rates, the mask's second drawing, layouts, ends of p."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing
from dlcore.nn import functional as F

from .cases import ODD, Case, over
from .common import make, run_cases, threads


def seeded(m, F, x, p):
    """The same mask at every call, as differences need; PyTorch's differs by design."""
    dl.manual_seed(3)
    return F.dropout(x, p)


def kept(n, p):
    _C.set_rng_state(3, 0)
    draws = _C.rand((n,), dl.float32).numpy()  # the top 24 bits of the same words
    return draws >= p


def oracle(x, p):
    return np.where(kept(x.size, p).reshape(x.shape), x / (1 - p) if p < 1 else 0, 0)


def channels(m, drop, x):
    m.manual_seed(3)
    return drop(x, 0.5)


def channels_oracle(x, kept_dims):
    shape = x.shape[:kept_dims]
    mask = kept(int(np.prod(shape)), 0.5).reshape(shape + (1,) * (x.ndim - kept_dims))
    return np.where(mask, 2 * x, 0)


CASES = [
    Case("dropout half", lambda m, F, x: seeded(m, F, x, 0.5), over(*ODD, (33, 1031)), lambda x: oracle(x, 0.5),
         rows=("dropout",), layouts=("contiguous", "strided"), torch_oracle=False),
    Case("dropout three quarters", lambda m, F, x: seeded(m, F, x, 0.75), over((67,), (5, 7)),
         lambda x: oracle(x, 0.75), rows=("dropout",), layouts=("contiguous", "strided"), torch_oracle=False),
    Case("dropout2d", lambda m, F, x: channels(m, F.dropout2d, x), over((2, 3, 5, 7), (4, 67, 3), (0, 3, 2, 2)),
         lambda x: channels_oracle(x, 2), rows=("dropout",), grad_length=1, torch_oracle=False),
    Case("dropout1d", lambda m, F, x: channels(m, F.dropout1d, x), over((70, 7), (4, 37, 3)),
         lambda x: channels_oracle(x, x.ndim - 1), rows=("dropout",), grad_length=1, torch_oracle=False),
    Case("dropout all", lambda m, F, x: seeded(m, F, x, 1.0), over((5, 7)), lambda x: 0 * x, torch_oracle=False),
]  # fmt: skip

test_op = run_cases(CASES)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_rate_and_scale(p):
    dl.manual_seed(0)
    n = 1 << 18
    y = F.dropout(dl.tensor(np.ones(n, np.float32)), p).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / (1 - p))}
    assert abs((y == 0).mean() - p) < 5 * (p * (1 - p) / n) ** 0.5
    again = F.dropout(dl.tensor(np.ones(n, np.float32)), p).numpy()
    assert (y != again).any()


@pytest.mark.parametrize("layout", ["contiguous", "strided", "transposed", "channels_last"])
def test_backward_draws_the_same_mask(layout):
    x = make(np.ones((2, 3, 5, 7), np.float32), layout).requires_grad_()
    y = F.dropout(x, 0.5)
    y.backward(dl.tensor(np.ones((2, 3, 5, 7), np.float32)))  # a row-major gradient, whatever y's layout
    assert np.array_equal(x.grad.numpy(), y.detach().numpy())
    assert 0 < (y.detach().numpy() == 0).sum() < 210


def test_layout_is_kept():
    x = make(np.ones((2, 3, 5, 7), np.float32), "channels_last")
    assert F.dropout(x, 0.5).array.is_channels_last


def test_ends():
    x = dl.tensor(np.float32([1, np.nan]), requires_grad=True)
    state = _C.rng_state()
    assert F.dropout(x, 0.5, training=False) is x and F.dropout(x, 0.0) is x
    assert _C.rng_state() == state
    assert F.dropout(x, 1.0).tolist()[0] == 0.0
    y = F.dropout(dl.tensor(np.full(64, np.nan, np.float32)), 0.5).numpy()
    assert (np.isnan(y) | (y == 0)).all() and (y == 0).any() and np.isnan(y).any()


def test_bits_do_not_depend_on_isa_or_threads():
    x = dl.tensor(np.random.default_rng(0).standard_normal(200_001).astype(np.float32))

    def run():
        dl.manual_seed(9)
        return F.dropout(x, 0.3).numpy().tobytes()

    first = run()
    for isa in sorted({k["isa"] for k in testing.kernels() if k["op"] == "dropout" and k["device"] == "cpu"}):
        with testing.isa(isa):
            for n in (1, 2, 3, 4, 7):
                with threads(n):
                    assert run() == first, (isa, n)


def test_wrong_arguments():
    x = dl.tensor([1.0])
    for p in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="p must be a probability"):
            F.dropout(x, p)
    with pytest.raises(dl.DTypeError, match="dropout: needs a float32 or float64 tensor, got int64"):
        F.dropout(dl.tensor([1]), 0.5)


@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_channels_fall_whole_and_gradients_with_them(layout):
    x = make(np.ones((8, 16, 5, 7), np.float32), layout).requires_grad_()
    y = F.dropout2d(x, 0.25)
    planes = y.detach().numpy().reshape(128, 35)
    assert (planes == planes[:, :1]).all() and set(planes[:, 0]) == {np.float32(0), np.float32(1 / 0.75)}
    y.backward(dl.tensor(np.ones(y.shape, np.float32)))
    assert np.array_equal(x.grad.numpy(), y.detach().numpy())
    assert y.array.is_channels_last == (layout == "channels_last")


def test_channels_stay_when_nothing_is_dropped():
    x = dl.ones(2, 3, 4, 4)
    assert F.dropout2d(x, 0.5, training=False) is x and F.dropout2d(x, 0.0) is x
    m = dl.nn.Dropout2d(0.5).eval()
    assert m(x) is x and repr(dl.nn.Dropout1d(0.25)) == "Dropout1d(p=0.25)"
    assert F.dropout2d(x, 1.0).sum().item() == 0


def test_channels_of_what_has_none():
    with pytest.raises(dl.ShapeError, match=r"dropout2d: needs images .* got x=\(3,\)"):
        F.dropout2d(dl.ones(3))
    with pytest.raises(dl.ShapeError, match="dropout1d: needs rows"):
        F.dropout1d(dl.ones(1, 2, 3, 4))
    with pytest.raises(ValueError, match="dropout2d: p must be a probability"):
        F.dropout2d(dl.ones(1, 2, 3, 4), 1.5)
