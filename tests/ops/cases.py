"""The case registry: what an op computes, on which inputs, and what it must equal. Everything else is derived.

A test file says WHAT, once; check_op (common.py) and tests/test_registry.py run it everywhere:

    from .cases import Case, away_from_zero, over, t
    from .common import run_cases

    CASES = [
        Case("relu", lambda dl, F, x: F.relu(x), over((0,), (1,), (67,), (2, 3, 5, 7), draw=away_from_zero),
             oracle=lambda x: np.maximum(x, 0), rows=("relu_fwd", "relu_bwd")),
        Case("conv2d stride 2", lambda dl, F, x, w, **kw: F.conv2d(x, w, **kw), [(t(2, 3, 8, 7), t(4, 3, 3, 3))],
             oracle=conv2d_oracle, attrs={"stride": 2, "padding": 1}, rows=("conv2d_fwd", "conv2d_bwd_x"),
             length=27, scale="abs"),
    ]
    test_op = run_cases(CASES)

`fn(dl, F, *tensors, **attrs)` is called with (dlcore, dlcore.nn.functional) and, where PyTorch is installed, with
(torch, torch.nn.functional): write it in PyTorch's names and the second oracle comes for free. `oracle(*arrays,
**attrs)` is NumPy on float64 arrays. `rows` are the manifest ops that the case must reach: every row of those ops, on
every ISA of the machine, runs the case by name, and the test fails if that row was not the one that ran.
Each case runs on every layout (contiguous, strided, transposed, channels-last), twice, at 1 and 3 threads, with NaN in
fresh memory and in the gaps of strided inputs. Gradients: gradcheck in float64; float32 against float64.

The bound on an error is eps(dtype) * (ulps + length) * scale: `length` is the number of terms in the longest sum,
`scale` the magnitude that its roundings are relative to:
    None      the expected element itself (elementwise formulas)
    "abs"     oracle of the absolute inputs (sums of products: sum |a||b|)
    "max"     the largest |expected| or |input| (softmax, norms, losses: differences of large values)
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

LAYOUTS = ("contiguous", "strided", "transposed", "channels_last")
ODD = ((0,), (1,), (3,), (16,), (67,), (0, 3), (5, 7), (2, 3, 5, 7))  # zero, one, every vector tail, odd 4-d
BIG = (33, 1031)  # more than one chunk of the parallel layer for most ops, and no multiple of any vector


# Draws. A kink (relu at 0) or a tie (max) has no derivative: inputs that keep clear of them keep gradcheck honest.
def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape)


def away_from_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.1, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.5, 2.0, shape)


def unit(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.0, 1.0, shape)


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """No two elements closer than 4/n: for max, argmax and pooling."""
    n = int(np.prod(shape))
    return (rng.permutation(n).reshape(shape) - n / 2) * (4.0 / max(n, 1))


def ints(low: int, high: int) -> Draw:
    return lambda rng, shape: rng.integers(low, high, shape)


def bools(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.random(shape) < 0.5


@dataclass(frozen=True)
class Arg:
    """One tensor argument. dtype None follows the case's dtype; only those can need a gradient."""

    shape: tuple[int, ...]
    draw: Draw = normal
    dtype: str | None = None
    grad: bool = True
    layouts: tuple[str, ...] = LAYOUTS

    def sample(self, rng: np.random.Generator, dtype: str) -> np.ndarray:
        return np.ascontiguousarray(self.draw(rng, self.shape)).reshape(self.shape).astype(self.dtype or dtype)

    def needs_grad(self, dtype: str) -> bool:
        return self.grad and self.dtype is None and dtype.startswith("float")


def t(*shape: int, draw: Draw = normal, dtype: str | None = None, grad: bool = True) -> Arg:
    return Arg(shape, draw, dtype, grad)


def index(*shape: int, high: int, low: int = 0) -> Arg:
    """int64 labels or indices in [low, high)."""
    return Arg(shape, ints(low, high), "int64", False)


def over(*shapes: tuple[int, ...], draw: Draw = normal) -> list[tuple[Arg, ...]]:
    """Inputs of a one-argument op: one run a shape."""
    return [(Arg(shape, draw),) for shape in shapes]


def pairs(*shapes: tuple[tuple[int, ...], tuple[int, ...]], draw: Draw = normal) -> list[tuple[Arg, ...]]:
    """Inputs of a two-argument op: one run a pair of shapes."""
    return [(Arg(a, draw), Arg(b, draw)) for a, b in shapes]


@dataclass(frozen=True, eq=False)
class Case:
    name: str
    fn: Callable[..., Any]
    inputs: Sequence[tuple[Arg, ...]]
    oracle: Callable[..., Any]
    rows: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ("float32", "float64")
    attrs: dict[str, Any] = field(default_factory=dict)
    out: str | None = None  # the results' dtype, where it is not the inputs'
    grad: bool = True  # False only for results without a derivative: comparisons, argmax, integers
    ulps: float = 4.0
    length: int | Callable[..., int] = 1  # a number, or a function of the argument shapes
    scale: str | None = None
    grad_length: int | Callable[..., int] | None = (
        None  # terms in the longest sum of the backward; default: output size
    )
    layouts: tuple[str, ...] = LAYOUTS
    torch: Callable[..., Any] | None = None  # PyTorch's spelling, where it is not fn's
    torch_oracle: bool = True  # False where PyTorch differs by design; say why beside it

    def terms(self, args: tuple[Arg, ...]) -> int:
        return self.length(*(a.shape for a in args)) if callable(self.length) else self.length

    def grad_terms(self, args: tuple[Arg, ...], output_size: int) -> int:
        if self.grad_length is None:
            return self.terms(args) + output_size
        return self.grad_length(*(a.shape for a in args)) if callable(self.grad_length) else self.grad_length

    def differentiable(self, dtype: str) -> bool:
        return self.grad and dtype.startswith("float")


def all_cases() -> list[Case]:
    """CASES of every tests/ops/test_*.py, in file order; names are unique."""
    cases: list[Case] = []
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        cases += getattr(importlib.import_module(f"{__package__}.{path.stem}"), "CASES", [])
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"case names used twice: {sorted(twice)}"
    return cases
