"""check_op: one case, one dtype, one ISA, every input and layout. cases.py says what a case is."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import testing
from dlcore.nn import functional as F

from .cases import Arg, Case

SHORT = {
    "float32": "f32",
    "float64": "f64",
    "float16": "f16",
    "bfloat16": "bf16",
    "int64": "i64",
    "int32": "i32",
    "uint8": "u8",
    "bool": "b8",
}


def run_cases(cases: Sequence[Case]) -> Callable[..., None]:
    """The test function of a test_<op>.py: every case × dtype × ISA on which its rows were built."""
    params = [
        pytest.param(case, dtype, isa, id=f"{case.name}-{SHORT[dtype]}-{isa}".replace(" ", "_"))
        for case in cases
        for dtype in case.dtypes
        for isa in isas_of(case, dtype)
    ]

    @pytest.mark.parametrize(("case", "dtype", "isa"), params)
    def test_op(case: Case, dtype: str, isa: str) -> None:
        check_op(case, dtype, isa)

    return test_op


def isas_of(case: Case, dtype: str) -> list[str]:
    """ISAs with a CPU row of the case's ops at this dtype; "base" alone for a case of views, which runs no row."""
    rows = [k for k in testing.kernels() if k["op"] in case.rows and k["device"] == "cpu"]
    return sorted({k["isa"] for k in rows if k["dtype"] == SHORT[dtype]} or {k["isa"] for k in rows} or {"base"})


def check_op(case: Case, dtype: str, isa: str) -> None:
    with testing.isa(isa), testing.poison():
        for n, args in enumerate(case.inputs):
            arrays = sample(case, args, dtype, n)
            expected = tuple_of(case.oracle(*widen(arrays), **case.attrs))
            bounds = forward_bounds(case, args, arrays, expected, dtype)
            wide = gradients(case, args, widen(arrays), "float64", n) if case.differentiable(dtype) else None
            for layout in layouts_of(case, args):
                where = f"{case.name} {[a.shape for a in args]} {dtype} {isa} {layout}"
                check_forward(case, args, arrays, dtype, layout, expected, bounds, where)
                if wide is not None:
                    check_backward(case, args, arrays, dtype, layout, wide, n, where)


def check_forward(
    case: Case,
    args: tuple[Arg, ...],
    arrays: list[np.ndarray],
    dtype: str,
    layout: str,
    expected: Any,
    bounds: Any,
    where: str,
) -> None:
    tensors = [make(a, layout) for a in arrays]
    with threads(1):
        first = [y.numpy() for y in tuple_of(case.fn(dl, F, *tensors, **case.attrs))]
    unchanged(tensors, arrays, where)
    with threads(3):
        second = [y.numpy() for y in tuple_of(case.fn(dl, F, *tensors, **case.attrs))]
    assert len(first) == len(expected), f"{where}: {len(first)} results, expected {len(expected)}"
    for y, again, e, bound in zip(first, second, expected, bounds, strict=True):
        assert y.tobytes() == again.tobytes(), f"{where}: two runs, at 1 and 3 threads, differ"
        e = np.asarray(e)
        if y.dtype.kind == "f":
            testing.assert_close(y, e, 0.0, bound, check_dtype=False, msg=where)
        else:
            testing.assert_close(y.astype(np.int64), e.astype(np.int64), 0.0, 0.0, msg=where)
        wanted = np.dtype(case.out or (dtype if e.dtype.kind == "f" and dtype.startswith("float") else e.dtype))
        assert y.dtype == wanted, f"{where}: result is {y.dtype}, expected {wanted}"


def check_backward(
    case: Case, args: tuple[Arg, ...], arrays: list[np.ndarray], dtype: str, layout: str, wide: Any, n: int, where: str
) -> None:
    with threads(1):
        first = gradients(case, args, arrays, dtype, n, layout)
    with threads(3):
        second = gradients(case, args, arrays, dtype, n, layout)
    size = max((v.size for v in wide.cotangents), default=1)
    eps, largest = np.finfo(dtype).eps, max((float(np.abs(v).max()) for v in wide.cotangents if v.size), default=1.0)
    for i, (g, again, e) in enumerate(zip(first.grads, second.grads, wide.grads, strict=True)):
        if e is None:
            continue
        assert g is not None, f"{where}: input {i} got no gradient"
        assert g.dtype == np.dtype(dtype), f"{where}: gradient of input {i} is {g.dtype}"
        assert g.tobytes() == again.tobytes(), f"{where}: gradient of input {i} differs between runs at 1 and 3 threads"
        scale = max(float(np.abs(e).max()) if e.size else 0.0, largest)
        bound = eps * (case.ulps + case.grad_terms(args, size)) * scale
        testing.assert_close(g, e, 0.0, bound, check_dtype=False, msg=f"{where}: gradient of input {i}")


class Gradients:
    def __init__(self, grads: list[np.ndarray | None], cotangents: list[np.ndarray]) -> None:
        self.grads, self.cotangents = grads, cotangents


def gradients(
    case: Case, args: tuple[Arg, ...], arrays: list[np.ndarray], dtype: str, n: int, layout: str = "contiguous"
) -> Gradients:
    """Gradients of <v, fn(x)>; v is random, depends on the case alone, and is float32 so that every dtype has it."""
    tensors = [make(a, layout) for a in arrays]
    leaves = [x.requires_grad_() if a.needs_grad(dtype) else x for x, a in zip(tensors, args, strict=True)]
    outputs = [y for y in tuple_of(case.fn(dl, F, *leaves, **case.attrs)) if y.requires_grad]
    cotangents = cotangents_of(case, n, [y.shape for y in outputs])
    for k, (y, v) in enumerate(zip(outputs, cotangents, strict=True)):
        y.backward(make(v.astype(y.detach().numpy().dtype), layout), retain_graph=k + 1 < len(outputs))
    unchanged(tensors, arrays, f"{case.name} backward {layout}")
    return Gradients([None if x.grad is None else x.grad.numpy() for x in leaves], cotangents)


def cotangents_of(case: Case, n: int, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    rng = np.random.default_rng(zlib.crc32(case.name.encode()) + 7919 * (n + 1))
    return [np.asarray(rng.standard_normal(shape), np.float32) for shape in shapes]


def check_bfloat16(case: Case, isa: str) -> int:
    """The case on bfloat16 tensors: each result within one rounding of the oracle of what they hold, each gradient
    within a few of float64's. Returns on how many inputs it ran; 0 where something in it has no bfloat16 rows."""
    ran, steps = 0, -1
    largest_first = sorted(enumerate(case.inputs), key=lambda x: -sum(int(np.prod(a.shape)) for a in x[1]))
    with testing.isa(isa), testing.poison():
        for n, args in largest_first:
            arrays = [
                dl.tensor(x).bfloat16().float().numpy() if x.dtype.kind == "f" else x
                for x in sample(case, args, "float32", n)
            ]
            leaves = [narrow_leaf(x, a.needs_grad("float32")) for x, a in zip(arrays, args, strict=True)]
            before = roundings() if steps < 0 else 0
            try:
                outputs = tuple_of(case.fn(dl, F, *leaves, **case.attrs))
            except dl.DTypeError:
                return 0
            where = f"{case.name} {[a.shape for a in args]} bfloat16 {isa}"
            expected = tuple_of(case.oracle(*widen(arrays), **case.attrs))
            bounds = forward_bounds(case, args, arrays, expected, "float32")
            steps = roundings() - before if steps < 0 else steps
            for y, e, bound in zip(outputs, expected, bounds, strict=True):
                size = np.where(np.isfinite(e), np.abs(e), 0.0)
                if steps > 1:  # each may be as large as the largest operand or result
                    size = steps * max([np.max(v) for v in (size, *map(np.abs, arrays)) if np.size(v)], default=0.0)
                once = ROUNDED * size if y.dtype == dl.bfloat16 else 0.0
                values = y.detach().float().numpy() if y.dtype.is_floating_point else y.numpy()
                testing.assert_close(values, np.asarray(e, np.float64), 0.0, bound + once, check_dtype=False, msg=where)
            ran += 1
            if case.differentiable("float32"):
                check_bfloat16_gradients(case, args, arrays, leaves, outputs, n, where)
    return ran


ROUNDED = 2.0**-8  # bfloat16's unit roundoff
MOVES = ("copy", "transpose", "gather", "scatter", "where_fwd")  # rows that round nothing


def roundings() -> int:
    """How often rows of bfloat16 have rounded so far."""
    return sum(k["calls"] for k in testing.kernels() if k["dtype"] == "bf16" and k["op"] not in MOVES)


def narrow_leaf(x: np.ndarray, grad: bool) -> Any:
    t = dl.tensor(x)
    return t.bfloat16().requires_grad_(grad) if x.dtype.kind == "f" else t


def check_bfloat16_gradients(
    case: Case, args: tuple[Arg, ...], arrays: list[np.ndarray], leaves: list[Any], outputs: Any, n: int, where: str
) -> None:
    wide = gradients(case, args, widen(arrays), "float64", n)
    outputs = [y for y in outputs if y.requires_grad]
    for k, (y, v) in enumerate(zip(outputs, wide.cotangents, strict=True)):
        y.backward(dl.tensor(v).to(y.dtype), retain_graph=k + 1 < len(outputs))
    for i, (x, e) in enumerate(zip(leaves, wide.grads, strict=True)):
        if e is None:
            continue
        assert x.grad is not None and x.grad.dtype == dl.bfloat16, f"{where}: gradient of input {i}"
        # The cotangent, the saved value and the result are rounded: three roundings of what each may be as large as.
        largest = max([float(np.abs(v).max()) for v in (e, *wide.cotangents) if v.size], default=0.0)
        terms = case.grad_terms(args, max((v.size for v in wide.cotangents), default=1))
        bound = (8 * ROUNDED + terms * 2.0**-23 + ROUNDED * terms**0.5) * largest
        testing.assert_close(x.grad.float().numpy(), e, 0.0, bound, check_dtype=False, msg=f"{where}: gradient {i}")


def sample(case: Case, args: tuple[Arg, ...], dtype: str, n: int) -> list[np.ndarray]:
    """The arrays of a case's n-th inputs: always the same, drawn in float32 steps so that float64 sees equal values."""
    rng = np.random.default_rng(zlib.crc32(case.name.encode()) + n)
    narrow = [a.sample(rng, "float32" if dtype == "float64" else dtype) for a in args]
    return [x.astype(a.dtype or dtype) for x, a in zip(narrow, args, strict=True)]


def widen(arrays: list[np.ndarray]) -> list[np.ndarray]:
    return [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]


def forward_bounds(
    case: Case, args: tuple[Arg, ...], arrays: list[np.ndarray], expected: tuple[Any, ...], dtype: str
) -> list[Any]:
    if not dtype.startswith("float"):
        return [0.0] * len(expected)
    unit = np.finfo(dtype).eps * (case.ulps + case.terms(args))
    if case.scale == "abs":
        return [unit * np.abs(e) for e in tuple_of(case.oracle(*(abs_float(a) for a in widen(arrays)), **case.attrs))]
    if case.scale == "max":
        largest = max(
            [float(np.abs(x).max()) for x in (*expected, *arrays) if np.size(x) and np.asarray(x).dtype.kind == "f"]
            or [0.0]
        )
        return [unit * largest] * len(expected)
    return [unit * np.where(np.isfinite(e), np.abs(e), 0.0) for e in (np.asarray(e, np.float64) for e in expected)]


def abs_float(a: np.ndarray) -> np.ndarray:
    return np.abs(a) if a.dtype.kind == "f" else a


def layouts_of(case: Case, args: tuple[Arg, ...]) -> list[str]:
    return [name for name in case.layouts if name == "contiguous" or any(applies(name, a.shape) for a in args)]


def applies(layout: str, shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 if layout == "channels_last" else len(shape) >= (2 if layout == "transposed" else 1)


def make(a: np.ndarray, layout: str = "contiguous", device: str = "cpu") -> Any:
    """A leaf Tensor of a's values in the given layout. Gaps of a strided one hold NaN (or the largest integer)."""

    def array(values: np.ndarray) -> Any:
        return dl.tensor(values, device=device).array

    if layout == "contiguous" or not applies(layout, a.shape):
        return dl.Tensor(array(a))
    if layout == "channels_last":
        return dl.Tensor(array(a.transpose(0, 2, 3, 1)).permute((0, 3, 1, 2)))
    if layout == "transposed":
        axes = tuple(reversed(range(a.ndim)))
        return dl.Tensor(array(a.transpose(axes)).permute(axes))
    gap = np.nan if a.dtype.kind == "f" else (True if a.dtype.kind == "b" else np.iinfo(a.dtype).max)
    spread = np.full((*a.shape[:-1], 2 * a.shape[-1] + 1), gap, a.dtype)
    spread[..., 1::2] = a
    return dl.Tensor(array(spread).slice(a.ndim - 1, 1, a.shape[-1], 2))


def unchanged(tensors: list[Any], arrays: list[np.ndarray], where: str) -> None:
    for i, (x, a) in enumerate(zip(tensors, arrays, strict=True)):
        now = np.ascontiguousarray(x.detach().numpy())
        assert now.tobytes() == np.ascontiguousarray(a).tobytes(), f"{where}: input {i} was changed"


def tuple_of(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, tuple | list) else (x,)


@contextmanager
def threads(n: int) -> Iterator[None]:
    before = dl.get_num_threads()
    dl.set_num_threads(n)
    try:
        yield
    finally:
        dl.set_num_threads(before)
