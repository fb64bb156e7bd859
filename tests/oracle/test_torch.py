"""PyTorch as a second oracle: every case's forward and gradients, on every layout, within the case's own bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ..ops.cases import Arg, Case, all_cases
from ..ops.common import (
    SHORT,
    Gradients,
    check_backward,
    check_forward,
    cotangents_of,
    forward_bounds,
    layouts_of,
    sample,
    tuple_of,
    widen,
)

torch = pytest.importorskip("torch")

CASES = [case for case in all_cases() if case.torch_oracle]
PARAMS = [
    pytest.param(case, dtype, id=f"{case.name}-{SHORT[dtype]}".replace(" ", "_"))
    for case in CASES
    for dtype in case.dtypes
]


@pytest.mark.parametrize(("case", "dtype"), PARAMS)
def test_agrees_with_pytorch(case: Case, dtype: str) -> None:
    for n, args in enumerate(case.inputs):
        arrays = sample(case, args, dtype, n)
        expected, wide = reference(case, args, widen(arrays), n, case.differentiable(dtype))
        bounds = forward_bounds(case, args, arrays, expected, dtype)
        for layout in layouts_of(case, args):
            where = f"{case.name} against PyTorch {[a.shape for a in args]} {dtype} {layout}"
            check_forward(case, args, arrays, dtype, layout, expected, bounds, where)
            if wide is not None:
                check_backward(case, args, arrays, dtype, layout, wide, n, where)


def reference(
    case: Case, args: tuple[Arg, ...], arrays: list[np.ndarray], n: int, grad: bool
) -> tuple[tuple[np.ndarray, ...], Gradients | None]:
    """PyTorch's results and gradients in float64."""
    tensors = [torch.from_numpy(x.copy()) for x in arrays]
    leaves = [x.requires_grad_(grad and a.needs_grad("float64")) for x, a in zip(tensors, args, strict=True)]
    outputs: tuple[Any, ...] = tuple_of((case.torch or case.fn)(torch, torch.nn.functional, *leaves, **case.attrs))
    values = tuple(y.detach().numpy() for y in outputs)
    if not grad:
        return values, None
    needed = [y for y in outputs if y.requires_grad]
    cotangents = cotangents_of(case, n, [tuple(y.shape) for y in needed])
    for k, (y, v) in enumerate(zip(needed, cotangents, strict=True)):
        y.backward(torch.from_numpy(v).to(y.dtype), retain_graph=k + 1 < len(needed))
    return values, Gradients([None if x.grad is None else x.grad.numpy() for x in leaves], cotangents)
