"""Nothing is untested by omission: every kernel of the manifest, and every public op's gradient.

The lists come from the library itself (`_C.kernels()`, the public names of nn.functional and Tensor), the evidence from
running the cases of tests/ops: a row counts when its call counter moved while a case that names it ran on its ISA, a
public name when a case calls it and gradcheck passes. What has no gradient is listed below with the reason.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import dlcore as dl
from dlcore import _C, testing
from dlcore.nn import functional as F

from .no_gradient import KERNELS_WITHOUT_CASE, KERNELS_WITHOUT_GRADIENT, NAMES_WITHOUT_GRADIENT
from .ops.cases import Case, all_cases
from .ops.common import check_bfloat16, gradients, isas_of, make, sample, tuple_of
from .surface import public_ops

CASES = all_cases()
DIFFERENTIABLE = [  # in float64 throughout: a difference quotient of float32 is noise
    case for case in CASES if case.differentiable("float64") and "float64" in case.dtypes and case.out != "float32"
]
ROWS = [k for k in testing.kernels() if k["device"] == "cpu" and k["op"] not in KERNELS_WITHOUT_CASE]


def calls() -> dict[str, int]:
    return {k["name"]: k["calls"] for k in testing.kernels()}


@pytest.mark.parametrize("row", ROWS, ids=[k["name"] for k in ROWS])
def test_every_row_is_tested_by_name(row: dict[str, Any]) -> None:
    cases = [case for case in CASES if row["op"] in case.rows]
    assert cases, f"{row['name']}: no Case in tests/ops names {row['op']!r} in its rows"
    before = calls()[row["name"]]
    if row["dtype"] == "bf16":
        assert sum(check_bfloat16(case, row["isa"]) for case in cases), f"{row['name']}: no case of it runs in bfloat16"
        assert calls()[row["name"]] > before, f"{row['name']}: {len(cases)} cases name {row['op']!r}, none ran this row"
        return
    with testing.isa(row["isa"]):
        for case in cases:
            for dtype in case.dtypes:
                if row["isa"] not in isas_of(case, dtype):
                    continue
                for n, args in enumerate(case.inputs):
                    arrays = sample(case, args, dtype, n)
                    if case.differentiable(dtype):
                        gradients(case, args, arrays, dtype, n)
                    else:
                        case.fn(dl, F, *[make(a) for a in arrays], **case.attrs)
                    if calls()[row["name"]] > before:
                        return
    pytest.fail(f"{row['name']}: {len(cases)} cases name {row['op']!r} and none of them ran this row")


@pytest.mark.parametrize(
    ("case", "isa_name"),
    [
        pytest.param(case, isa, id=f"{case.name}-{isa}".replace(" ", "_"))
        for case in DIFFERENTIABLE
        for isa in isas_of(case, "float64")
    ],
)
def test_gradcheck(case: Case, isa_name: str) -> None:
    with testing.isa(isa_name):
        for n, args in enumerate(case.inputs):
            check_gradient(case, n, args)


def check_gradient(case: Case, n: int, args: tuple[Any, ...]) -> None:
    arrays = sample(case, args, "float64", n)
    tensors = [make(x).requires_grad_(a.needs_grad("float64")) for x, a in zip(arrays, args, strict=True)]
    if any(x.requires_grad for x in tensors):
        few = 6 if max(x.size for x in arrays) > 4096 else 24
        testing.gradcheck(lambda *xs: case.fn(dl, F, *xs, **case.attrs), tensors, elements=few, seed=n)


def test_every_public_op_has_its_gradient_checked() -> None:
    with names_called() as seen:
        for case in DIFFERENTIABLE:
            run_smallest(case)
    ops = public_ops()
    excused = set(NAMES_WITHOUT_GRADIENT) & set(ops)
    same = {id(vars(owner)[name]) for owner, name in (ops[n] for n in seen | excused)}  # F.tanh is Tensor.tanh
    missing = sorted(n for n, (owner, name) in ops.items() if id(vars(owner)[name]) not in same)
    assert not missing, f"no differentiable Case calls {missing}: add one in tests/ops, or the reason in no_gradient.py"


def test_every_kernel_is_reached_by_a_gradcheck() -> None:
    before = calls()
    for case in DIFFERENTIABLE:
        for n, args in enumerate(case.inputs):
            gradients(case, args, sample(case, args, "float64", n), "float64", n)
    ran = {name.split(".")[0] for name, count in calls().items() if count > before[name]}
    missing = sorted({k["op"] for k in ROWS} - ran - set(KERNELS_WITHOUT_GRADIENT))
    assert not missing, f"no differentiable Case reaches {missing}: add one, or the reason in no_gradient.py"


def test_no_gradient_lists_are_not_stale() -> None:
    ops = {k["op"] for k in _C.kernels()}  # those of other machines too
    gone = set(NAMES_WITHOUT_GRADIENT) - set(public_ops())
    gone |= (set(KERNELS_WITHOUT_GRADIENT) | set(KERNELS_WITHOUT_CASE)) - ops
    assert not gone, f"no_gradient.py lists what does not exist: {sorted(gone)}"


def test_case_rows_exist() -> None:
    ops = {k["op"] for k in testing.kernels()}
    unknown = {(case.name, row) for case in CASES for row in case.rows if row not in ops}
    assert not unknown, f"cases name manifest ops that do not exist: {sorted(unknown)}"


def run_smallest(case: Case) -> None:
    args = min((a for a in case.inputs), key=lambda args: sum(len(a.shape) for a in args))
    n = list(case.inputs).index(args)
    leaves = [make(x) for x in sample(case, args, "float64", n)]
    for y in tuple_of(case.fn(dl, F, *leaves, **case.attrs)):
        assert y.shape is not None


@contextmanager
def names_called() -> Iterator[set[str]]:
    """The public ops that are called from outside the library while the block runs."""
    seen: set[str] = set()
    depth = 0

    def spy(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            nonlocal depth
            if depth == 0:
                seen.add(name)
            depth += 1
            try:
                return function(*args, **kwargs)
            finally:
                depth -= 1

        return called

    with pytest.MonkeyPatch.context() as patch:
        for name, (owner, attribute) in public_ops().items():
            value = vars(owner)[attribute]
            new = property(spy(name, value.fget)) if isinstance(value, property) else spy(name, value)
            patch.setattr(owner, attribute, new)
        yield seen
