"""PyTorch's own op database, run against every name we share: its samples, its values, its gradients.

`python -m tests.oracle.op_db` prints what tests/oracle/test_op_db.py checks: ops mapped, samples run, and each
disagreement with its explanation (explained.py).
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

import dlcore as dl
from dlcore import _C
from dlcore.nn import functional as F

from .explained import EVERYWHERE, EXPLAINED, RANDOM

DTYPES = {
    torch.float32: dl.float32,
    torch.float64: dl.float64,
    torch.float16: dl.float16,
    torch.bfloat16: dl.bfloat16,
    torch.int64: dl.int64,
    torch.int32: dl.int32,
    torch.uint8: dl.uint8,
    torch.bool: dl.bool,
}


# Where the database's op takes its arguments in an order of its own.
ADAPTERS: dict[str, Callable[..., Any]] = {
    "where": lambda input, condition, other: dl.where(condition, input, other),
    "einsum": lambda operands, equation: dl.einsum(equation, *operands),
    "nn.functional.embedding": lambda weight, indices, **kwargs: F.embedding(indices, weight, **kwargs),
}


class OutOfScope(Exception):
    """A sample asks for what dlcore does not have: a complex dtype, a memory format."""


def ours(name: str) -> Callable[..., Any] | None:
    """The function of PyTorch's name: F.x for nn.functional.x, else dl.x or Tensor.x."""
    if name in ADAPTERS:
        return ADAPTERS[name]
    if name.startswith("nn.functional."):
        return getattr(F, name.removeprefix("nn.functional."), None)
    if "." in name or name.startswith("_"):
        return None
    found = getattr(dl, name, None) or getattr(dl.Tensor, name, None)
    return found if callable(found) and not isinstance(found, type) else None


def shared() -> list[Any]:
    return [op for op in op_db if ours(op.name) is not None and not op.variant_test_name]


def to_ours(x: Any) -> Any:
    if isinstance(x, torch.Tensor):
        if x.dtype not in DTYPES:
            raise OutOfScope(str(x.dtype))
        return dl.Tensor(_C.from_numpy(x.detach().numpy()), False).requires_grad_(x.requires_grad)
    if isinstance(x, torch.dtype):
        if x not in DTYPES:
            raise OutOfScope(str(x))
        return DTYPES[x]
    if isinstance(x, torch.memory_format | torch.layout):
        raise OutOfScope(str(x))
    if isinstance(x, torch.device):
        return str(x)
    if isinstance(x, complex):
        raise OutOfScope("a complex number")
    if isinstance(x, torch.Size):
        return tuple(x)
    if isinstance(x, list | tuple):
        return type(x)(to_ours(y) for y in x)
    return {k: to_ours(v) for k, v in x.items()} if isinstance(x, dict) else x


def leaves(x: Any, kind: type) -> Iterator[Any]:
    if isinstance(x, kind):
        yield x
    elif isinstance(x, list | tuple):
        for y in x:
            yield from leaves(y, kind)
    elif isinstance(x, dict):
        yield from leaves(list(x.values()), kind)


@dataclass
class Outcome:
    kind: str  # "same", "out of scope", "refused" (we raise), "differs"
    text: str = ""
    reason: str = ""  # why that is right


def compare(op: Any, sample: Any, tolerance: float) -> Outcome:
    inputs = (sample.input, sample.args, sample.kwargs)
    theirs = op.op(sample.input, *sample.args, **sample.kwargs)
    try:
        mine = to_ours(inputs)
    except OutOfScope as e:
        return Outcome("out of scope", str(e))
    try:
        got = ours(op.name)(mine[0], *mine[1], **mine[2])
    except Exception as e:
        return Outcome("refused", f"{type(e).__name__}: {e}")
    expected, results = list(leaves(theirs, torch.Tensor)), list(leaves(got, dl.Tensor))
    if len(expected) != len(results):
        return Outcome("differs", f"{len(results)} results for {len(expected)}")
    for e, r in zip(expected, results, strict=True):
        # integers agree exactly; what is computed of them in float32 to its roundings
        tolerance = tolerance or (2e-6 if e.dtype.is_floating_point else 0.0)
        text = mismatch(e, r, tolerance, values=op.name not in RANDOM)
        if text:
            return Outcome("differs", text)
    if op.name in RANDOM:
        return Outcome("same")
    return compare_gradients(inputs, mine, expected, results, tolerance)


def mismatch(e: Any, r: Any, tolerance: float, values: bool = True) -> str:
    if tuple(e.shape) != r.shape:
        return f"shape {r.shape}, theirs {tuple(e.shape)}"
    if DTYPES.get(e.dtype) != r.dtype:
        return f"dtype {r.dtype}, theirs {e.dtype}"
    x, y = e.detach().double().numpy(), r.detach().double().numpy()
    same = not values or np.allclose(y, x, tolerance, tolerance, equal_nan=True)
    return "" if same else f"values: {y.ravel()[:4]}, theirs {x.ravel()[:4]}"


def compare_gradients(inputs: Any, mine: Any, expected: list, results: list, tolerance: float) -> Outcome:
    wanted = [x for x in leaves(inputs, torch.Tensor) if x.requires_grad]
    pairs = [(e, r) for e, r in zip(expected, results, strict=True) if e.requires_grad]
    if not wanted or not pairs:
        return Outcome("same")
    for x in wanted:
        x.grad = None
    rng = np.random.default_rng(0)
    loss, ours_loss = 0, 0
    for e, r in pairs:
        if not r.requires_grad:
            return Outcome("differs", "no gradient")
        v = rng.standard_normal(r.shape)
        loss = loss + (e * torch.tensor(v, dtype=e.dtype)).sum()
        ours_loss = (r * dl.tensor(np.asarray(v)).to(r.dtype)).sum() + ours_loss
    loss.backward()
    try:
        ours_loss.backward()
    except Exception as e:
        return Outcome("refused", f"backward: {type(e).__name__}: {e}")
    for x, y in zip(wanted, (t for t in leaves(mine, dl.Tensor) if t.requires_grad), strict=True):
        if x.grad is None and y.grad is None:
            continue
        if y.grad is None or x.grad is None:
            if x.grad is not None and not x.grad.any() or y.grad is not None and not y.grad.numpy().any():
                continue
            return Outcome("differs", "a gradient is missing")
        text = mismatch(x.grad, y.grad, tolerance * 10)
        if text:
            return Outcome("differs", "gradient " + text)
    return Outcome("same")


# What a sample may differ by: some roundings of sums of a few hundred terms.
RUNS = ((torch.float64, 1e-9), (torch.float32, 2e-4), (torch.int64, 0.0), (torch.bool, 0.0))
SAMPLES = 200  # of an op and dtype, at most


def outcomes(op: Any) -> Iterator[Outcome]:
    """Every sample of an op, in the dtypes both have; where it disagrees, the first explanation that fits."""
    for dtype, tolerance in RUNS:
        if not op.supports_dtype(dtype, "cpu"):
            continue
        samples = op.sample_inputs("cpu", dtype, requires_grad=dtype.is_floating_point and op.supports_autograd)
        for sample in itertools.islice(samples, SAMPLES):
            outcome = compare(op, sample, tolerance)
            text = f"{str(dtype).removeprefix('torch.')} {outcome.kind}: {outcome.text}"
            if outcome.kind == "out of scope":
                outcome.reason = "a dtype or memory format that dlcore does not have"
            elif outcome.kind != "same":
                reasons = (*EXPLAINED.get(op.name, ()), *EVERYWHERE)
                outcome.reason = next((why for pattern, why in reasons if re.search(pattern, text)), "")
            yield Outcome(outcome.kind, f"{op.name}: {text}", outcome.reason)


def main() -> None:
    kinds, reasons, open_ones = Counter(), Counter(), []
    for op in shared():
        for outcome in outcomes(op):
            kinds[outcome.kind] += 1
            if outcome.kind != "same":
                reasons[outcome.reason] += 1
                if not outcome.reason:
                    open_ones.append(outcome.text)
    print(f"{len(shared())} ops mapped, {sum(kinds.values())} samples run: {dict(kinds)}")
    for why, n in reasons.most_common():
        print(f"{n:6} {why or 'UNEXPLAINED'}")
    print("\n".join(open_ones))


if __name__ == "__main__":
    main()
