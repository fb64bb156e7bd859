"""Every CUDA row, by name, through the normal dispatch: against the float64 oracle, and bit for bit against the CPU.

The inputs are the cases of tests/ops whose op has a CUDA row, in every layout; "offset" starts one element past an
aligned address. Each runs under several schedules of the threads, which must not change a bit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from bench.__main__ import main as bench
from dlcore import _C, testing
from dlcore.nn import functional as F

from ..ops.cases import Case, all_cases
from ..ops.common import SHORT, applies, forward_bounds, make, sample, tuple_of, widen
from .conftest import ROOT

Schedules = Callable[[], Iterator[int]]
FOLDERS = sorted(p.parent.name for p in (ROOT / "csrc" / "ops").glob("*/cuda.cu"))
# A case belongs to a folder whose manifest names its rows, for instance "relu_fwd".
WORDS = {w for f in FOLDERS for w in re.findall(r"\w+", (ROOT / "csrc" / "ops" / f / "kernels.cpp").read_text())}
CASES = [c for c in all_cases() if c.rows and all(re.sub("_(fwd|bwd).*", "", r) in WORDS for r in c.rows)]
PARAMS = [pytest.param(c, t, id=f"{c.name}-{SHORT[t]}".replace(" ", "_")) for c in CASES for t in c.dtypes]


def cuda_rows() -> dict[str, int]:
    return {k["name"]: k["calls"] for k in testing.kernels() if k["device"] == "cuda"}


def place(a: np.ndarray, layout: str, device: str) -> Any:
    if layout != "offset":
        return make(a, layout, device)
    flat = np.concatenate([np.zeros(1, a.dtype), a.reshape(-1)])
    return dl.Tensor(dl.tensor(flat, device=device).array.slice(0, 1, a.size, 1).view(a.shape))


def run(case: Case, arrays: list[np.ndarray], dtype: str, layout: str, device: str) -> list[np.ndarray]:
    """The results and, for float cases, the gradients of their sum weighted with 1, 2, 3, …, on the host."""
    leaves = [place(a, layout, device).requires_grad_(case.differentiable(dtype)) for a in arrays]
    outputs = tuple_of(case.fn(dl, F, *leaves, **case.attrs))
    results = list(outputs)
    if case.differentiable(dtype):
        for y in outputs:
            weights = (1 + np.arange(np.prod(y.shape)) % 7).reshape(y.shape).astype(dtype)
            y.backward(place(weights, layout, device))
        results += [x.grad for x in leaves]
    assert all(r.device == device for r in results), [r.device for r in results]
    return [r.detach().cpu().numpy() for r in results]


@pytest.mark.parametrize(("case", "dtype"), PARAMS)
def test_row_agrees_with_oracle_and_cpu(schedules: Schedules, case: Case, dtype: str) -> None:
    for n, args in enumerate(case.inputs):
        arrays = sample(case, args, dtype, n)
        expected = tuple_of(case.oracle(*widen(arrays), **case.attrs))
        bounds = forward_bounds(case, args, arrays, expected, dtype)
        for layout in ("contiguous", "strided", "transposed", "channels_last", "offset"):
            if layout not in ("contiguous", "offset") and not any(applies(layout, a.shape) for a in args):
                continue
            where = f"{case.name} {[a.shape for a in args]} {dtype} {layout}"
            on_cpu = run(case, arrays, dtype, layout, "cpu")
            for schedule in schedules():
                got = run(case, arrays, dtype, layout, "cuda")
                for y, e, bound in zip(got, expected, bounds, strict=False):
                    testing.assert_close(y, np.asarray(e), 0.0, bound, check_dtype=False, msg=where)
                for y, c in zip(got, on_cpu, strict=True):
                    assert y.tobytes() == c.tobytes(), f"{where}: not the CPU's bits, schedule {schedule}"


def test_special_values(schedules: Schedules) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 88.0, -104.0, 3e38, 1e-30], np.float32)
    for op in (F.relu, F.leaky_relu, dl.sigmoid, dl.tanh):
        for _ in schedules():
            on_cpu = op(dl.tensor(x)).numpy()
            on_cuda = op(dl.tensor(x, device="cuda")).cpu().numpy()
            np.testing.assert_array_equal(on_cpu.view(np.int32), on_cuda.view(np.int32), op.__name__)


DTYPES = ("bool", "uint8", "int32", "int64", "float16", "float32", "float64")


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
def test_copy_converts_and_walks_strides(schedules: Schedules, source: str, target: str) -> None:
    a = (np.arange(2 * 3 * 5 * 7) % 101).reshape(2, 3, 5, 7).astype(source)
    for layout in ("contiguous", "strided", "transposed", "channels_last", "offset"):
        for _ in schedules():
            x = place(a, layout, "cuda").array
            dense = _C.contiguous(_C.convert(x, getattr(_C.DType, target)))
            if source == target and layout not in ("contiguous", "offset"):
                assert _C.last_kernel() == f"copy.{SHORT[target]}.cuda"
            got = dl.Tensor(dense).cpu().numpy()
            assert got.dtype == np.dtype(target)
            np.testing.assert_array_equal(got, a.astype(target), layout)


def test_every_row_runs_by_name(schedules: Schedules) -> None:
    """The tests above reach every CUDA row: none is registered that they would not have run."""
    before = cuda_rows()
    assert before
    for case in CASES:
        for dtype in case.dtypes:
            run(case, sample(case, case.inputs[-1], dtype, 0), dtype, "contiguous", "cuda")
    for target in (*DTYPES, "bfloat16"):
        other = "int32" if target == "int64" else "int64"
        _C.convert(dl.tensor(np.ones(3, other), device="cuda").array, getattr(_C.DType, target))
    unreached = [name for name, calls in cuda_rows().items() if calls == before[name]]
    assert not unreached, f"no case runs {unreached}"


def test_rows_pair_up_with_the_cpu(schedules: Schedules) -> None:
    """An op that has a CUDA row has one for every dtype that it has on the CPU, and no other: but bfloat16, in which no
    CUDA kernel computes yet; asked for one, it names the dtypes that there are."""
    rows = {(k["op"], k["dtype"], k["device"]) for k in testing.kernels()}
    on_cuda = {op for op, _, device in rows if device == "cuda"}
    assert {"relu_fwd", "relu_bwd", "copy"} <= on_cuda
    for op in on_cuda:
        cpu, cuda = ({t for o, t, d in rows if (o, d) == (op, device)} for device in ("cpu", "cuda"))
        assert cuda <= cpu and cpu - cuda <= {"bf16"}, f"{op}: {sorted(cpu)} on the CPU, {sorted(cuda)} on CUDA"


def test_an_error_reads_as_on_the_cpu(schedules: Schedules) -> None:
    messages = []
    for device in ("cpu", "cuda"):
        with pytest.raises(dl.DTypeError) as error:
            F.relu(dl.tensor([1, 2, 3], device=device))
        messages.append(str(error.value))
    assert messages[0] == messages[1]


def test_bench_runs_on_the_device(schedules: Schedules, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "bench.jsonl"
    args = ["--device", "cuda", "--quick", "--only", "leaky_relu 64x50", "--compare", "none", "--json", str(out)]
    assert bench(args) == 0, capsys.readouterr()
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [r["row"] for r in rows] == ["leaky_relu 64x50 fwd", "leaky_relu 64x50 fwd+bwd"]
    assert all(r["device"] == "cuda" and r["ours_s"] > 0 and "of_peak" not in r for r in rows)
