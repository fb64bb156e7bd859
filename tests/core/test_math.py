"""exp, log, tanh, sigmoid of simd/math.h: error in ulp over dense sweeps, special values, the same bits on every ISA.

The bounds below are those that math.h states. float32 is swept over every 509th bit pattern against float64,
float64 over some 300 000 points, half of them spread over all exponents, against NumPy's 80-bit long double.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dlcore import _C, testing

INF, NAN = np.inf, np.nan
OPS = {"exp": _C.exp_fwd, "log": _C.log_fwd, "tanh": _C.tanh_fwd, "sigmoid": _C.sigmoid_fwd}
REFERENCE = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
ULP = {  # as stated in simd/math.h
    ("exp", "f4"): 1.1,
    ("exp", "f8"): 1.1,
    ("log", "f4"): 0.9,
    ("log", "f8"): 0.9,
    ("tanh", "f4"): 2.5,
    ("tanh", "f8"): 2.5,
    ("sigmoid", "f4"): 2.4,
    ("sigmoid", "f8"): 2.4,
}
RANGE = {"exp": (-800, 800), "log": (1e-3, 1e3), "tanh": (-25, 25), "sigmoid": (-800, 800)}
needs_wide = pytest.mark.skipif(np.finfo(np.longdouble).nmant < 60, reason="long double is no wider than double here")


def sweep(op, dtype):
    """Finite normal numbers and ±0."""
    info = np.finfo(dtype)
    if dtype == "f4":
        x = np.arange(0, 2**32, 509, dtype=np.uint64).astype(np.uint32).view("f4")
    else:
        rng = np.random.default_rng(0)
        low, high = RANGE[op]
        bits = rng.integers(0, 2**64, 150_000, dtype=np.uint64).view("f8")
        small = rng.uniform(-1, 1, 50_000) * 2.0 ** rng.uniform(-40, 0, 50_000)
        x = np.concatenate([bits, rng.uniform(low, high, 100_000), small, 1 + small])
    x = x[np.isfinite(x) & (np.abs(x) >= info.tiny)].astype(dtype)
    return x[x > 0] if op == "log" else x


def ours(op, x):
    return OPS[op](_C.from_numpy(np.ascontiguousarray(x))).numpy()


def error_in_ulp(y, exact, dtype):
    """|y - exact| over the spacing of dtype at `exact`; results below the normal range count as zero, as they are."""
    info = np.finfo(dtype)
    exact = np.where(np.abs(exact) < info.tiny, 0, exact)
    over = np.abs(exact) > np.longdouble(info.max)
    assert np.isinf(y[np.abs(exact) > np.longdouble(info.max) * (1 + 2 * info.eps)]).all(), "infinity past the largest"
    spacing = np.maximum(np.ldexp(exact.dtype.type(1), np.frexp(np.abs(exact))[1] - info.nmant - 1), info.tiny)
    with np.errstate(invalid="ignore"):
        return np.where(over, 0, np.abs(y.astype(exact.dtype) - exact) / spacing)


@needs_wide
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("op", OPS)
def test_error_is_as_stated(op, dtype):
    x = sweep(op, dtype)
    wide = x.astype(np.float64 if dtype == "f4" else np.longdouble)
    with np.errstate(all="ignore"):
        exact = REFERENCE[op](wide)
    y = ours(op, x)
    info = np.finfo(dtype)
    edge = np.abs(exact) < info.tiny * 2  # at the underflow threshold a result may be flushed or not
    error = np.where(edge, 0, error_in_ulp(y, exact, dtype))
    worst = int(np.argmax(error))
    assert (np.abs(y[edge]) <= 2 * info.tiny).all()
    assert error[worst] <= ULP[op, dtype], f"{op}({x[worst]!r}) = {y[worst]!r}, off by {float(error[worst]):.3f} ulp"


def test_the_header_states_these_bounds():
    header = Path(__file__).resolve().parents[2] / "csrc" / "simd" / "math.h"
    if not header.exists():
        pytest.skip("needs the source tree")
    words = " ".join(header.read_text().replace("//", " ").split())
    for op in OPS:
        assert f"{op} {ULP[op, 'f4']}" in words, f"math.h does not say {op} {ULP[op, 'f4']}"


SPECIAL = {
    "exp": [(-INF, 0), (INF, INF), (0.0, 1), (-0.0, 1), (-1e5, 0), (1e5, INF), (NAN, NAN)],
    "log": [(0.0, -INF), (-0.0, -INF), (INF, INF), (1.0, 0), (-1.0, NAN), (-INF, NAN), (NAN, NAN)],
    "tanh": [(-INF, -1), (INF, 1), (0.0, 0.0), (-0.0, -0.0), (100.0, 1), (-100.0, -1), (NAN, NAN)],
    "sigmoid": [(-INF, 0), (INF, 1), (0.0, 0.5), (-0.0, 0.5), (-1e5, 0), (1e5, 1), (NAN, NAN)],
}


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("op", OPS)
def test_special_values(isa, op, dtype):
    """Each in every lane of a vector and in its tail."""
    for value, expected in SPECIAL[op]:
        y = ours(op, np.full(37, value, dtype))
        np.testing.assert_array_equal(y, np.full(37, expected, dtype), err_msg=f"{op}({value})")
        if expected == 0:
            assert (np.signbit(y) == np.signbit(np.array(expected, dtype))).all(), f"sign of {op}({value})"


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("op", OPS)
def test_subnormals_are_zero(isa, op, dtype):
    tiny = np.finfo(dtype).tiny
    x = np.array([tiny / 2, -tiny / 2, np.finfo(dtype).smallest_subnormal] * 11, dtype)
    np.testing.assert_array_equal(ours(op, x), ours(op, np.copysign(np.zeros_like(x), x)))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("op", OPS)
def test_every_isa_gives_the_same_bits(op, dtype):
    x = np.concatenate([sweep(op, dtype)[::7], [0.0, -0.0, INF, -INF, NAN, np.finfo(dtype).tiny / 4]]).astype(dtype)
    results = {}
    for name in _C.isas():
        with testing.isa(name):
            results[name] = ours(op, x).tobytes()
    assert len(set(results.values())) == 1, f"{op} differs among {list(results)}"


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_exp_is_monotone_and_ends_where_it_should(dtype):
    info = np.finfo(dtype)
    top, bottom = np.log(np.longdouble(info.max)), np.log(np.longdouble(info.tiny))
    x = np.array([top], dtype)[0] + np.arange(-300, 300) * np.spacing(np.array([top], dtype)[0])
    y = ours("exp", x.astype(dtype))
    assert (np.diff(y[np.isfinite(y)]) >= 0).all() and np.isinf(y[-1]) and np.isfinite(y[0])
    assert np.isfinite(y[x.astype(dtype) < top]).sum() >= 299, "finite up to the last representable result"
    x = np.array([bottom], dtype)[0] + np.arange(-300, 300) * np.spacing(np.array([-bottom], dtype)[0])
    y = ours("exp", x.astype(dtype))
    assert y[0] == 0 and y[-1] >= info.tiny and (np.diff(y) >= 0).all()
