"""Arithmetic and the usual maths: promotion, broadcasting, strides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcore import _C

from .broadcast import array, operands

BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "div": np.true_divide,
}


def promoted(a: str, b: str) -> str:
    """PyTorch's rule on NumPy names: float32 with any integer stays float32."""
    order = ("bool", "uint8", "int32", "int64", "float32", "float64")
    return max(a, b, key=order.index)


@pytest.mark.parametrize("op", BINARY)
@given(operands(2))
def test_binary_is_numpys_over_shapes_strides_and_dtypes(op, ab):
    a, b = ab
    dtype = promoted(a.dtype.name, b.dtype.name)
    if op == "div" and not dtype.startswith("float"):
        dtype = "float32"
    if op == "sub" and dtype == "bool":
        return
    with np.errstate(all="ignore"):
        expected = BINARY[op](a.astype(dtype), b.astype(dtype))
    got = getattr(_C, f"{op}_fwd")(array(a), array(b)).numpy()
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("dtype", "number", "expected"),
    [
        ("float32", 2.5, "float32"),
        ("float32", 2, "float32"),
        ("float64", 2.5, "float64"),
        ("int64", 2.5, "float32"),
        ("int64", 2, "int64"),
        ("int32", 2, "int32"),
        ("uint8", 2, "uint8"),
        ("uint8", True, "uint8"),
        ("bool", 1, "int64"),
        ("bool", True, "bool"),
        ("bool", 0.5, "float32"),
        ("float32", np.float64(2.5), "float32"),
        ("float32", np.float32(2.5), "float32"),
        ("float32", np.int64(2), "float32"),
    ],
)
def test_a_number_lifts_only_the_kind(dtype, number, expected):
    x = array(np.ones(5, dtype))
    for y in (_C.add_fwd(x, number), _C.add_fwd(number, x)):
        assert y.numpy().dtype == expected
        np.testing.assert_array_equal(y.numpy(), np.full(5, 1 + number if expected != "bool" else True, expected))


@given(operands(2, ("float32", "float64", "int64")), st.sampled_from(["add_into", "mul_into"]))
def test_in_place_writes_into_any_layout(ab, op):
    a, b = ab
    if np.broadcast_shapes(a.shape, b.shape) != a.shape or (a.dtype.kind == "i" and b.dtype.kind == "f"):
        return
    expected = (a + b if op == "add_into" else a * b).astype(a.dtype)
    x = array(a)
    version = x.version
    getattr(_C, op)(x, array(b))
    assert x.version == version + 1
    np.testing.assert_array_equal(a, expected)
