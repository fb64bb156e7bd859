"""Tools to test kernels and models: comparison where NaN always fails, gradients by differences, kernel selection.

assert_close(actual, expected)   values, shape and dtype; the message names the worst element
gradcheck(fn, inputs)            backward against central differences, in float64
isa("avx2")                      run a block on that ISA's kernels, and know that it did
kernels()                        every row of the manifest, as dicts
poison()                         fresh memory reads as NaN inside the block
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from dlcore import _C
from dlcore.creation import tensor
from dlcore.tensor import Tensor

__all__ = ["assert_close", "default_tolerance", "gradcheck", "isa", "kernels", "poison"]

# (rtol, atol) where the caller gives neither: some 10 roundings of float32, some 500 of float64; exact otherwise.
_DEFAULTS = {"float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}


def default_tolerance(dtype: Any) -> tuple[float, float]:
    """The (rtol, atol) that `assert_close` uses for a NumPy dtype; PyTorch's figures. Integers and bools are exact."""
    return _DEFAULTS.get(np.dtype(dtype).name, (0.0, 0.0))


def assert_close(
    actual: Any, expected: Any, rtol: Any = None, atol: Any = None, *, check_dtype: bool = True, msg: str = ""
) -> None:
    """Raise AssertionError unless `|actual - expected| <= atol + rtol * |expected|` for every element.

    Both may be Tensors, NumPy arrays or numbers; shapes must be equal, dtypes too unless `check_dtype=False` (a plain
    number has none). `rtol` and `atol` are floats or arrays that broadcast to the shape. A NaN fails even where both
    sides have one: a test that expects NaN says so with `np.isnan`. Infinities must be equal.

    >>> assert_close(np.float32([1.0, 2.0]), np.float32([1.0, 2.0000001]))
    """
    a, e = _numpy(actual), _numpy(expected)
    where = f"{msg}: " if msg else ""
    if a.shape != e.shape:
        raise AssertionError(f"{where}shape {a.shape}, expected {e.shape}")
    plain = isinstance(actual, int | float) or isinstance(expected, int | float)
    if check_dtype and not plain and a.dtype != e.dtype:
        raise AssertionError(f"{where}dtype {a.dtype}, expected {e.dtype}")
    usual = default_tolerance(a.dtype)
    r, t = usual[0] if rtol is None else rtol, usual[1] if atol is None else atol
    wide_a, wide_e = a.astype(np.float64), e.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.where(wide_a == wide_e, 0.0, np.abs(wide_a - wide_e))
        bound = np.broadcast_to(np.asarray(t + r * np.abs(wide_e), dtype=np.float64), a.shape)
        bound = np.where(np.isfinite(wide_e), bound, 0.0)
        excess = np.where(np.isnan(error), np.inf, error - bound)
    if a.dtype.kind in "biu" and e.dtype.kind in "biu" and not np.any(bound):
        excess = np.where(a == e, 0.0, 1.0)  # int64 beyond 2^53 is not exact in float64
    if excess.size == 0 or not np.any(excess > 0):
        return
    worst = np.unravel_index(int(np.argmax(excess)), a.shape)
    at = tuple(int(i) for i in worst)
    raise AssertionError(
        f"{where}{int(np.sum(excess > 0))} of {a.size} elements differ; worst at {at}: {a[worst]!r}, expected "
        f"{e[worst]!r}, error {error[worst]:.3g} > {bound[worst]:.3g}; shape {a.shape}"
    )


def gradcheck(
    fn: Callable[..., Any],
    inputs: Sequence[Tensor],
    eps: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    *,
    elements: int = 64,
    seed: int = 0,
) -> bool:
    """Compare backward with central differences for every input that requires a gradient; True, or AssertionError.

    `fn(*inputs)` returns a Tensor or a tuple of Tensors. Inputs that require a gradient must be float64: in float32 the
    difference quotient is noise. The cotangent is random, so a rule that is right only for ones fails. At most
    `elements` elements of an input are perturbed, chosen by `seed`; with more the check is a sample.
    """
    rng = np.random.default_rng(seed)
    leaves = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not leaves:
        raise ValueError("gradcheck: no input requires a gradient")
    for i in leaves:
        if _numpy(inputs[i]).dtype != np.float64:
            raise TypeError(f"gradcheck: input {i} must be float64, got {inputs[i].dtype}")
        inputs[i].grad = None
    outputs = _tuple(fn(*inputs))
    values = [_numpy(y) for y in outputs]
    cotangents = [rng.standard_normal(v.shape) for v in values]
    needed = [(y, v) for y, v in zip(outputs, cotangents, strict=True) if y.requires_grad]
    if not needed:
        raise AssertionError("gradcheck: no output requires a gradient")
    for k, (y, v) in enumerate(needed):
        y.backward(tensor(v), retain_graph=k + 1 < len(needed))

    for i in leaves:
        grad = inputs[i].grad
        if grad is None:
            raise AssertionError(f"gradcheck: input {i} got no gradient")
        analytic, base = _numpy(grad), _numpy(inputs[i]).copy()
        if analytic.shape != base.shape:
            raise AssertionError(f"gradcheck: gradient of input {i} has shape {analytic.shape}, input {base.shape}")
        picks = rng.permutation(base.size)[:elements]
        numeric = np.empty(len(picks))
        for j, flat in enumerate(picks):
            pair = []
            for sign in (1.0, -1.0):
                moved = base.copy()
                moved.reshape(-1)[flat] += sign * eps
                pair.append([_numpy(y) for y in _tuple(fn(*inputs[:i], tensor(moved), *inputs[i + 1 :]))])
            numeric[j] = sum(float(np.sum(v * (up - down))) for v, up, down in zip(cotangents, *pair, strict=True)) / (
                2 * eps
            )
        chosen = analytic.reshape(-1)[picks]
        assert_close(chosen, numeric, rtol, atol, msg=f"gradcheck: input {i}, elements {picks[:8].tolist()}…")
    return True


@contextmanager
def isa(name: str) -> Iterator[None]:
    """Run a block with dispatch capped at ISA `name` ("base", "avx2", "avx512"), then restore the cap.

    Raises ValueError for an ISA that this build or this CPU lacks, so a test never passes on kernels it did not name.
    """
    before = _C.isa()
    _C.set_isa(name)
    try:
        if _C.isa() != name:
            raise ValueError(f"isa: asked for {name!r}, this machine offers {_C.isa()!r}")
        yield
    finally:
        _C.set_isa(before)


def kernels() -> list[dict[str, Any]]:
    """Every row of the manifest that this machine runs, as a dict.

    Keys: "name" ("relu_fwd.f32.avx2"), "op", "dtype" ("f32"), "isa", "device", and "calls", how often it was chosen.
    """
    here = {*_C.isas(), "cuda"}
    rows = [k for k in _C.kernels() if k["isa"] in here]
    return [k | {"dtype": k["name"].split(".")[1]} for k in rows]


@contextmanager
def poison() -> Iterator[None]:
    """Fill fresh memory with 0xFF bytes, NaN in every float type: an element that a kernel left unwritten shows."""
    _C.set_poison(True)
    try:
        yield
    finally:
        _C.set_poison(False)


def _numpy(x: Any) -> np.ndarray:
    return x.detach().numpy() if isinstance(x, Tensor) else np.asarray(x)


def _tuple(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, tuple | list) else (x,)
