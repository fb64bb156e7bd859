"""simd/special.h and ops/maths: error in ulp over dense sweeps, and the same bits on every ISA; as test_math.py."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from dlcore import _C, testing

from .test_math import error_in_ulp, needs_wide

erf = np.vectorize(math.erf, otypes=[float])  # the C library's, below 1 ulp in float64
OPS = {  # the reference, the largest magnitude swept, and the bounds that the headers state for float32 and float64
    "log1p": (np.log1p, 1e30, 1.7, 1.7),
    "expm1": (np.expm1, 80.0, 1.9, 1.9),
    "erf": (erf, 10.0, 1.6, 2.2),
    "sin": (np.sin, 1e30, 2.0, 1.0),
    "cos": (np.cos, 1e30, 2.1, 1.0),
    "tan": (np.tan, 1e30, 3.5, 1.0),
    "asin": (np.arcsin, 1.0, 2.2, 1.0),
    "acos": (np.arccos, 1.0, 1.2, 1.0),
    "atan": (np.arctan, 1e30, 2.6, 1.0),
    "sinh": (np.sinh, 80.0, 0.51, 2.0),
    "cosh": (np.cosh, 80.0, 0.51, 2.0),
    "log2": (np.log2, 1e30, 1.7, 1.0),
    "log10": (np.log10, 1e30, 1.9, 2.0),
    "exp2": (np.exp2, 120.0, 1.0, 1.0),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 1e30, 1.5, 1.5),
}
POSITIVE = ("log1p", "log2", "log10", "rsqrt")


def sweep(op, dtype):
    """Every 2003rd float32 in the function's range, or some 100 000 float64: over all exponents, and uniform."""
    largest = OPS[op][1]
    if dtype == "f4":
        x = np.arange(0, 2**32, 2003, dtype=np.uint64).astype(np.uint32).view("f4")
    else:
        rng = np.random.default_rng(0)
        most = min(largest, 1e4)
        spread = rng.choice([-1, 1], 50_000) * 10.0 ** rng.uniform(-12, np.log10(largest), 50_000)
        x = np.concatenate([spread, rng.uniform(-most, most, 50_000)])
    x = x[np.isfinite(x) & (np.abs(x) >= np.finfo(dtype).tiny) & (np.abs(x) <= largest)].astype(dtype)
    return x[x > 0] if op in POSITIVE else x


def ours(op, x):
    return getattr(_C, f"{op}_fwd")(_C.from_numpy(np.ascontiguousarray(x))).numpy()


@needs_wide
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("op", OPS)
def test_error_is_as_stated(op, dtype):
    x = sweep(op, dtype)
    bound = OPS[op][2 if dtype == "f4" else 3]
    with np.errstate(all="ignore"):
        exact = OPS[op][0](x.astype(np.float64 if dtype == "f4" or op == "erf" else np.longdouble))
    y = ours(op, x)
    error = np.where(np.abs(exact) < 2 * np.finfo(dtype).tiny, 0, error_in_ulp(y, exact, dtype))
    worst = int(np.argmax(error))
    assert error[worst] <= bound, f"{op}({x[worst]!r}) = {y[worst]!r}, off by {float(error[worst]):.3f} ulp"


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("op", OPS)
def test_every_isa_gives_the_same_bits(op, dtype):
    x = np.concatenate([sweep(op, dtype)[::7], [0.0, -0.0, np.inf, -np.inf, np.nan]]).astype(dtype)
    results = {}
    for name in _C.isas():
        with testing.isa(name):
            y = ours(op, x)
            results[name] = np.where(np.isnan(y), np.nan, y).astype(dtype).tobytes()  # of a NaN no bit is promised
    assert len(set(results.values())) == 1, f"{op} differs among {list(results)}"


def test_the_header_states_these_bounds():
    header = Path(__file__).resolve().parents[2] / "csrc" / "simd" / "special.h"
    if not header.exists():
        pytest.skip("needs the source tree")
    words = " ".join(header.read_text().replace("//", " ").split())
    for op in ("log1p", "expm1", "erf"):
        assert f"{op} {OPS[op][2]}" in words, f"special.h does not say {op} {OPS[op][2]}"
