"""Running totals along a dimension. Errors: IndexError for a dimension that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import compare, copy, elementwise, rearrange
from dlcore.ops.operand import array_of
from dlcore.ops.reduce import Extreme
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


@in_float32
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """``out[i] = input[0] + … + input[i]`` along `dim`; of bools and integers in int64. `dtype` converts first.

    float32 is added in float64 and rounded once.

    >>> import dlcore as dl
    >>> dl.cumsum(dl.tensor([1.0, 2.0, 3.0]), 0).tolist()
    [1.0, 3.0, 6.0]
    """
    if dtype is not None:
        input = copy.convert(input, dtype)
    return record(_fit(_C.cumsum_fwd(input, dim, False), dtype), cumsum_backward, (input,), (), dim)


def cumsum_backward(g, node):
    return (_C.cumsum_fwd(g, node.attrs, True),)


@in_float32
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """``out[i] = input[0] · … · input[i]`` along `dim`; of bools and integers in int64. `dtype` converts first.

    The gradient divides by nothing, so that zeros in input do not spoil it.

    >>> import dlcore as dl
    >>> dl.cumprod(dl.tensor([1.0, 2.0, 3.0]), 0).tolist()
    [1.0, 2.0, 6.0]
    """
    if dtype is not None:
        input = copy.convert(input, dtype)
    x = array_of(input)
    y = _fit(_C.cumprod_fwd(x, dim), dtype)
    return record(y, cumprod_backward, (input,), (x, y), dim)


def cumprod_backward(g, node):
    return (_C.cumprod_bwd(g, *node.saved, node.attrs),)


def _fit(y: Any, dtype: Any) -> Any:
    """A total of integers in the dtype that was asked for: it wraps as if it had been added in it."""
    return y if dtype is None else _C.convert(y, dtype)


def cummax(input: Tensor, dim: int) -> Extreme:
    """(values, indices): the largest element so far along `dim`, and where it last was. NaN wins, and stays.

    >>> import dlcore as dl
    >>> values, indices = dl.cummax(dl.tensor([1.0, 3.0, 2.0]), 0)
    >>> values.tolist(), indices.tolist()
    ([1.0, 3.0, 3.0], [0, 1, 1])
    """
    return _running(_C.cummax_fwd, input, dim)


def cummin(input: Tensor, dim: int) -> Extreme:
    """(values, indices): the smallest element so far along `dim`, and where it last was. NaN wins, and stays.

    >>> import dlcore as dl
    >>> dl.cummin(dl.tensor([3.0, 1.0, 2.0]), 0).values.tolist()
    [3.0, 1.0, 1.0]
    """
    return _running(_C.cummin_fwd, input, dim)


def _running(kernel: Any, input: Tensor, dim: int) -> Extreme:
    values, indices = kernel(input.array, dim)
    return Extreme(record(values, running_backward, (input,), (indices,), dim), record(indices, None, ()))


def running_backward(g, node):
    out = _C.zeros(g.shape, g.dtype, g.device)
    _C.scatter_into("cummax", out, node.attrs, node.saved[0], g, True)
    return (out,)


def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """``out[i] = input[i + 1] - input[i]`` along `dim`, n times; of bools whether they differ.

    `prepend` and `append` are joined to input first, unless n is 0.

    >>> import dlcore as dl
    >>> dl.diff(dl.tensor([1, 3, 6])).tolist()
    [2, 3]
    """
    if input.ndim == 0:
        raise _C.ShapeError("diff: needs a tensor of at least one dimension, got shape ()")
    if n < 0:
        raise ValueError(f"diff: n must not be negative, got {n}")
    parts = [part for part in (prepend, input, append) if part is not None] if n else [input]
    x = copy.cat(parts, dim) if len(parts) > 1 else input
    for _ in range(n):
        size = max(x.shape[dim] - 1, 0)
        later, earlier = rearrange.narrow(x, dim, min(1, x.shape[dim]), size), rearrange.narrow(x, dim, 0, size)
        x = compare.ne(later, earlier) if x.dtype == _C.DType.bool else elementwise.sub(later, earlier)
    return x
