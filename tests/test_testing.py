"""The tests' own tools can fail: each fault that check_op, gradcheck and assert_close exist for is caught here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, autograd, testing

from .isas import vector_isa
from .ops.cases import Case, away_from_zero, over
from .ops.common import check_op


@pytest.mark.parametrize(
    ("actual", "expected", "says"),
    [
        (np.float32([1, 2]), np.float32([1, 3]), "worst at (1,)"),
        (np.float32([1, np.nan]), np.float32([1, 2]), "nan"),
        (np.float32([np.nan]), np.float32([np.nan]), "nan"),
        (np.float32([np.inf]), np.float32([-np.inf]), "inf"),
        (np.float32([1e30]), np.float32([np.inf]), "inf"),
        (np.float32([1]), np.float32([[1]]), "shape (1,), expected (1, 1)"),
        (np.float32([1]), np.float64([1]), "dtype float32, expected float64"),
        (np.int64([2**53]), np.int64([2**53 + 1]), "worst at (0,)"),
        (1.0, 1.1, "expected"),
    ],
)
def test_assert_close_fails(actual: Any, expected: Any, says: str) -> None:
    with pytest.raises(AssertionError) as raised:
        testing.assert_close(actual, expected)
    assert says in str(raised.value)


def test_assert_close_passes() -> None:
    testing.assert_close(dl.tensor([1.0, np.inf]), np.float32([1.0 + 1e-6, np.inf]))
    testing.assert_close(np.zeros((0, 3)), np.zeros((0, 3)))
    testing.assert_close(np.float32([1, 2]), np.float32([1, 3]), atol=np.array([0, 1.0]), rtol=0)


def wrong_backward(g: Any, node: Any) -> tuple[Any]:
    return (_C.leaky_relu_bwd(g, node.saved[0], 0.5),)


def relu_with_wrong_gradient(x: Any) -> Any:
    y = _C.relu_fwd(x.array)
    return autograd.record(y, wrong_backward, (x,), (y,))


def test_gradcheck_fails_on_a_wrong_rule() -> None:
    x = dl.tensor(np.array([-1.0, 2.0]), requires_grad=True)
    assert testing.gradcheck(dl.relu, [x])
    with pytest.raises(AssertionError, match="gradcheck: input 0"):
        testing.gradcheck(relu_with_wrong_gradient, [x])


def test_gradcheck_refuses_what_it_cannot_check() -> None:
    with pytest.raises(TypeError, match="must be float64"):
        testing.gradcheck(dl.relu, [dl.tensor([1.0], requires_grad=True)])
    with pytest.raises(ValueError, match="no input requires a gradient"):
        testing.gradcheck(dl.relu, [dl.tensor([1.0])])
    with pytest.raises(AssertionError, match="no output requires a gradient"):
        testing.gradcheck(lambda x: x.detach(), [dl.tensor(np.ones(1), requires_grad=True)])


def test_isa_caps_and_restores() -> None:
    before = _C.isa()
    for name in _C.isas():
        with testing.isa(name):
            dl.relu(dl.tensor([1.0]))
            assert _C.last_kernel() == f"relu_fwd.f32.{vector_isa(name)}"
    assert _C.isa() == before
    with pytest.raises(ValueError, match="sse9"), testing.isa("sse9"):
        pass
    assert _C.isa() == before


def test_poison_shows_what_was_not_written() -> None:
    with testing.poison():
        assert np.isnan(dl.empty(64).numpy()).all()


def clean(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def overwrite(x: Any) -> Any:
    y = dl.relu(x.detach())
    x.detach().numpy()[...] = 7
    return y


FAULTS = {
    "a wrong value": (lambda dl, F, x: F.leaky_relu(x, 1e-3), "elements differ"),
    "memory never written": (lambda dl, F, x: dl.empty(*x.shape, dtype=x.dtype), "nan"),
    "a changed input": (lambda dl, F, x: overwrite(x), "was changed"),
    "a wrong dtype": (
        lambda dl, F, x: dl.tensor(clean(x.numpy()).astype(np.float64)),
        "result is float64, expected float32",
    ),
    "a wrong shape": (lambda dl, F, x: dl.tensor(clean(x.numpy())[None]), "shape"),
    "bits that depend on threads": (
        lambda dl, F, x: F.leaky_relu(x, 1e-9 * dl.get_num_threads()),
        "two runs, at 1 and 3 threads, differ",
    ),
    "reading past a strided view": (lambda dl, F, x: dl.Tensor(dl.tensor(past_the_view(x)).array), "nan"),
}


def past_the_view(x: Any) -> np.ndarray:
    """x's memory read as if it were contiguous."""
    a = clean(x.detach().numpy())
    flat = np.lib.stride_tricks.as_strided(x.detach().numpy(), (a.size,), (a.itemsize,)) if a.size else a
    return clean(np.array(flat).reshape(a.shape))


@pytest.mark.parametrize("fault", FAULTS)
def test_check_op_catches(fault: str) -> None:
    fn, says = FAULTS[fault]
    case = Case("faulty", fn, over((5, 7), draw=away_from_zero), clean, dtypes=("float32",), grad=False)
    with pytest.raises(AssertionError) as raised:
        check_op(case, "float32", "base")
    assert says in str(raised.value)


def test_check_op_catches_a_wrong_gradient() -> None:
    good = Case("good", lambda dl, F, x: F.relu(x), over((5, 7), draw=away_from_zero), clean)
    check_op(good, "float32", "base")
    narrow = Case("narrow", lambda dl, F, x: float32_only(x), over((5, 7), draw=away_from_zero), clean)
    with pytest.raises(AssertionError, match="gradient of input 0"):
        check_op(narrow, "float32", "base")


def float32_only(x: Any) -> Any:
    """A gradient that is right in float64, the reference of check_op, and wrong in float32."""
    return relu_with_wrong_gradient(x) if x.dtype == dl.float32 else dl.relu(x)
