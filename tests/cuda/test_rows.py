"""Every CUDA row, by name, through the normal dispatch: against the float64 oracle within the case's bound, and, where
the CPU has the same formula and nothing is summed, bit for bit against the CPU.

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

from ..ops.cases import Arg, Case, all_cases
from ..ops.common import (
    SHORT,
    cotangents_of,
    forward_bounds,
    gradients,
    layouts_of,
    make,
    sample,
    tuple_of,
    widen,
)
from .conftest import ROOT

Schedules = Callable[..., Iterator[int]]


def words(folders: list[Path]) -> set[str]:
    """What the manifests of these folders name: rows, for instance "relu_fwd", and their ops."""
    code = (re.sub("//.*", "", (f / "kernels.cpp").read_text()) for f in folders)
    return {w for text in code for w in re.findall(r"\w+", text)}


FOLDERS = sorted(p.parent for p in (ROOT / "csrc").glob("*/*/cuda.cu"))
# Ops that compute each element as the CPU does: one formula, and no sum but in the same order.
ELEMENTWISE = [f for f in FOLDERS if f.name in ("activation", "elementwise", "maths", "index")]
# Ops whose few terms are added in the CPU's order.
IN_ORDER = [f for f in FOLDERS if f.name in ("grid_sample", "resample", "stft")]
# The CUDA library's own, within its documented error of the C library's, which the shim has.
LIBRARY = {"sin_fwd", "cos_fwd", "tan_fwd"}


def names(case: Case, known: set[str]) -> bool:
    return bool(case.rows) and all(r in known or re.sub("_(cell_)?(fwd|bwd).*", "", r) in known for r in case.rows)


ORDERS = {"cummax", "cummin", "sort", "topk", "kth", "searchsorted"}  # which choose and compute nothing
KNOWN, ALIKE = words(FOLDERS), words(ELEMENTWISE) | ORDERS
EXACT = ALIKE | words(IN_ORDER)
CASES = [c for c in all_cases() if names(c, KNOWN)]
PARAMS = [pytest.param(c, t, id=f"{c.name}-{SHORT[t]}".replace(" ", "_")) for c in CASES for t in c.dtypes]
NO_BFLOAT16 = {"cummax", "cummin", "searchsorted"}  # which the CPU refuses too
NARROW = [c for c in CASES if names(c, ALIKE) and "float32" in c.dtypes and not NO_BFLOAT16 & set(c.rows)]


def cuda_rows() -> dict[str, int]:
    return {k["name"]: k["calls"] for k in testing.kernels() if k["device"] == "cuda"}


def place(a: np.ndarray, layout: str, device: str) -> Any:
    if layout != "offset":
        return make(a, layout, device)
    flat = np.concatenate([np.zeros(1, a.dtype), a.reshape(-1)])
    return dl.Tensor(dl.tensor(flat, device=device).array.slice(0, 1, a.size, 1).view(a.shape))


def narrow(a: np.ndarray, device: str) -> Any:
    x = dl.tensor(a)
    return (x.bfloat16() if a.dtype.kind == "f" else x).to(device)


def run(
    case: Case, args: tuple[Arg, ...], arrays: list[np.ndarray], dtype: str, layout: str, device: str, n: int
) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
    """The results, and the gradients that check_backward of tests/ops asks for, on the host."""
    leaves = [narrow(x, device) if dtype == "bfloat16" else place(x, layout, device) for x in arrays]
    wanted = [a.needs_grad("float32" if dtype == "bfloat16" else dtype) and case.grad for a in args]
    for x, needs in zip(leaves, wanted, strict=True):
        x.requires_grad_(needs)
    outputs = tuple_of(case.fn(dl, F, *leaves, **case.attrs))
    above = [y for y in outputs if y.requires_grad]
    for k, (y, v) in enumerate(zip(above, cotangents_of(case, n, [y.shape for y in above]), strict=True)):
        g = place(v, "contiguous" if layout == "offset" else layout, device).to(y.dtype)
        y.backward(g, retain_graph=k + 1 < len(above))
    grads = [x.grad if needs else None for x, needs in zip(leaves, wanted, strict=True)]
    assert all(r.device == device for r in (*outputs, *(g for g in grads if g is not None)))
    return [host(y) for y in outputs], [None if g is None else host(g) for g in grads]


SMALL = 1 << 14  # elements: what fibers compute in some 0.1 s


def elements(args: tuple[Arg, ...]) -> int:
    return sum(int(np.prod(a.shape)) for a in args)


def largest(case: Case) -> tuple[Arg, ...]:
    """Of the small inputs, if there are any."""
    return max(case.inputs, key=lambda args: elements(args) if elements(args) <= SMALL else -elements(args))


def host(x: Any) -> np.ndarray:
    x = x.detach().cpu()
    return (x.float() if x.dtype == dl.bfloat16 else x).numpy()


def same_bits(got: list[Any], expected: list[Any], where: str) -> None:
    for y, e in zip(got, expected, strict=True):
        assert (y is None) == (e is None), where
        assert y is None or y.tobytes() == e.tobytes(), where


@pytest.mark.parametrize(("case", "dtype"), PARAMS)
def test_row_agrees_with_oracle_and_cpu(schedules: Schedules, case: Case, dtype: str) -> None:
    for n, args in enumerate(case.inputs):
        arrays = sample(case, args, dtype, n)
        expected = tuple_of(case.oracle(*widen(arrays), **case.attrs))
        bounds = forward_bounds(case, args, arrays, expected, dtype)
        wide = gradients(case, args, widen(arrays), "float64", n) if case.differentiable(dtype) else None
        exact = names(case, EXACT) and not (dtype == "float64" and LIBRARY & set(case.rows))
        for layout in ("contiguous", "strided", "transposed", "channels_last", "offset"):
            if layout not in layouts_of(case, args) and layout != "offset":
                continue
            if layout != "contiguous" and elements(args) > SMALL:
                continue
            where = f"{case.name} {[a.shape for a in args]} {dtype} {layout}"
            first = None
            for schedule in schedules(None if layout == "contiguous" and elements(args) <= SMALL else n):
                got, grads = run(case, args, arrays, dtype, layout, "cuda", n)
                if first:
                    same_bits(got + grads, first, f"{where}: schedule {schedule} changes bits")
                    continue
                first = got + grads
                check_values(case, got, expected, bounds, where)
                if wide is not None:
                    check_gradients(case, args, grads, wide, dtype, where)
                if exact:
                    on_cpu, cpu_grads = run(case, args, arrays, dtype, layout, "cpu", n)
                    same_bits(got, on_cpu, f"{where}: not the CPU's bits")
                    if len({a.shape for a in args}) == 1:  # else the gradients are sums
                        same_bits(grads, cpu_grads, f"{where}: gradients are not the CPU's bits")


def check_values(case: Case, got: list[np.ndarray], expected: Any, bounds: Any, where: str) -> None:
    for y, e, bound in zip(got, expected, bounds, strict=True):
        if y.dtype.kind == "f":
            testing.assert_close(y, np.asarray(e), 0.0, bound, check_dtype=False, msg=where)
        else:
            testing.assert_close(y.astype(np.int64), np.asarray(e).astype(np.int64), 0.0, 0.0, msg=where)


def check_gradients(case: Case, args: Any, grads: list[Any], wide: Any, dtype: str, where: str) -> None:
    size = max((v.size for v in wide.cotangents), default=1)
    largest = max((float(np.abs(v).max()) for v in wide.cotangents if v.size), default=1.0)
    for i, (g, e) in enumerate(zip(grads, wide.grads, strict=True)):
        if e is None:
            continue
        scale = max(float(np.abs(e).max()) if e.size else 0.0, largest)
        bound = np.finfo(dtype).eps * (case.ulps + case.grad_terms(args, size)) * scale
        testing.assert_close(g, e, 0.0, bound, check_dtype=False, msg=f"{where}: gradient of input {i}")


@pytest.mark.parametrize("case", NARROW, ids=[c.name.replace(" ", "_") for c in NARROW])
def test_bfloat16_gives_the_cpu_s_bits(schedules: Schedules, case: Case) -> None:
    args = largest(case)
    arrays = sample(case, args, "float32", 0)
    on_cpu, cpu_grads = run(case, args, arrays, "bfloat16", "contiguous", "cpu", 0)
    got, grads = run(case, args, arrays, "bfloat16", "contiguous", "cuda", 0)
    same_bits(got, on_cpu, case.name)
    if len({a.shape for a in args}) == 1:
        same_bits(grads, cpu_grads, f"{case.name}: gradients")


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
        args = largest(case)
        for dtype in (*case.dtypes, *(["bfloat16"] if case in NARROW else [])):
            arrays = sample(case, args, "float32" if dtype == "bfloat16" else dtype, 0)
            try:
                run(case, args, arrays, dtype, "contiguous", "cuda", 0)
            except dl.DTypeError:
                assert dtype == "bfloat16", f"{case.name} {dtype}"
    for target in (*DTYPES, "bfloat16"):
        other = "int32" if target == "int64" else "int64"
        _C.convert(dl.tensor(np.ones(3, other), device="cuda").array, getattr(_C.DType, target))
    elsewhere = re.compile(r"\w+_step\.|rand(n|int)?\.|gemm16\.")  # test_optim.py, test_products.py
    unreached = [n for n, calls in cuda_rows().items() if calls == before[n] and not elsewhere.match(n)]
    assert not unreached, f"no case runs {unreached}"


def test_rows_pair_up_with_the_cpu(schedules: Schedules) -> None:
    """An op that has a CUDA row has one for every dtype that it has on the CPU, and no other: but bfloat16, in which no
    CUDA kernel computes yet; asked for one, it names the dtypes that there are. Products of 16 bits have tensor cores
    to themselves, and float16's the device."""
    rows = {(k["op"], k["dtype"], k["device"]) for k in testing.kernels()}
    on_cuda = {op for op, _, device in rows if device == "cuda"}
    assert {"relu_fwd", "relu_bwd", "copy"} <= on_cuda
    for op in on_cuda:
        cpu, cuda = ({t for o, t, d in rows if (o, d) == (op, device)} for device in ("cpu", "cuda"))
        if op == "gemm16":
            assert cuda == {"bf16", "f16"} and cpu <= {"bf16"}
            continue
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
