"""Do the GPU and the host shim compute the same? Both run the cases of tests/ops on the same small shapes:

    python -m tests.cuda.agree run BACKEND.so RESULTS.npz      once for each; the shim's and the GPU's library
    python -m tests.cuda.agree compare SHIM.npz GPU.npz REPORT.json

`compare` lists the cases whose bits differ, and fails (exit code 1) where a difference is more than twice the bound
that a case has against its float64 oracle. Elementwise formulas without a library function, and sums in one order,
agree to the bit.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np


def run(backend: str, out: str) -> None:
    from dlcore import _C

    _C.load_backend(backend)
    from ..ops.common import forward_bounds, sample, tuple_of, widen
    from . import test_rows

    results: dict[str, np.ndarray] = {}
    for case in test_rows.CASES:
        args = test_rows.largest(case)
        for dtype in case.dtypes:
            arrays = sample(case, args, dtype, 0)
            expected = tuple_of(case.oracle(*widen(arrays), **case.attrs))
            bounds = forward_bounds(case, args, arrays, expected, dtype)
            outputs, gradients = test_rows.run(case, args, arrays, dtype, "contiguous", "cuda", 0)
            name = f"{case.name} {dtype}"
            for i, (y, bound) in enumerate(zip(outputs, bounds, strict=True)):
                results[f"{name} output {i}"] = y
                results[f"{name} output {i} bound"] = np.broadcast_to(np.asarray(bound, np.float64), y.shape)
            for i, g in enumerate(gradients):
                if g is not None:
                    results[f"{name} gradient {i}"] = g
    np.savez_compressed(out, **results)
    print(f"{len(results)} arrays")


def compare(shim: str, gpu: str, report: str) -> int:
    a, b = np.load(shim), np.load(gpu)
    if set(a.files) != set(b.files):
        print(f"not the same cases: {sorted(set(a.files) ^ set(b.files))[:10]}")
        return 1
    differ, wrong = {}, []
    names = [n for n in a.files if not n.endswith(" bound")]
    for name in names:
        x, y = a[name], b[name]
        if x.tobytes() == y.tobytes():
            continue
        off = np.abs(x.astype(np.float64) - y.astype(np.float64))
        differ[name] = float(np.nanmax(off)) if off.size else 0.0
        bound = a[f"{name} bound"] if f"{name} bound" in a.files else None
        same_kind = np.array_equal(np.isfinite(x), np.isfinite(y))
        if not same_kind or (bound is not None and not (off[np.isfinite(off)] <= 2 * bound[np.isfinite(off)]).all()):
            wrong.append(name)
    Path(report).write_text(json.dumps({"arrays": len(names), "differ": differ, "wrong": wrong}, indent=1))
    print(f"{len(names)} arrays, {len(differ)} with other bits, {len(wrong)} beyond their bound")
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(*sys.argv[2:])
    else:
        sys.exit(compare(*sys.argv[2:]))
