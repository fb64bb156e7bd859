"""Sums, means and extremes over any dimensions.

``dim`` is an int, a tuple of ints, or None for all; ``keepdim`` leaves a reduced dimension as size 1. A reduction of a
view or of a channels-last tensor makes no copy. Errors: IndexError for a dimension that does not exist, and for an
extreme of nothing; DTypeError for the mean of integers.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import compare, copy
from dlcore.ops.operand import array_of, count_up
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

    Dim = int | tuple[int, ...] | list[int] | None


class Extreme(NamedTuple):
    """What max and min along one dimension return."""

    values: Tensor
    indices: Tensor


def _dims(dim: Dim) -> tuple[int, ...]:
    return () if dim is None else tuple(dim) if isinstance(dim, tuple | list) else (dim,)


def _spread(g: Any, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> Any:
    """g, which lacks `dims` of `shape`, as a view of that shape."""
    if dims and not keepdim:
        n = len(shape)
        for d in sorted(d % n for d in dims) if n else ():
            g = g.unsqueeze(d)
    return g.view((1,) * len(shape)).expand(shape) if not dims and keepdim else g.expand(shape)


@in_float32
def sum(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum; of bools and integers in int64, and 0 of nothing. `dtype` converts first.

    Floats are added in blocks, in an order that depends on the shape alone: the error grows with the block, not with
    the length (Higham, "The accuracy of floating point summation", 1993).

    >>> import dlcore as dl
    >>> dl.sum(dl.tensor([[1.0, 2.0], [3.0, 4.0]]), 0).tolist()
    [4.0, 6.0]
    """
    if dtype is not None:
        input = copy.convert(input, dtype)
    x, dims = array_of(input), _dims(dim)
    return record(_C.sum_fwd(x, dims, keepdim), sum_backward, (input,), (), (x.shape, dims, keepdim))


def sum_backward(g, node):
    return (_spread(g, *node.attrs),)


@in_float32
def mean(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The arithmetic mean, of floats only; NaN of nothing. `dtype` converts first.

    >>> import dlcore as dl
    >>> dl.mean(dl.tensor([[1.0, 2.0], [3.0, 4.0]]), (0, 1)).item()
    2.5
    """
    if dtype is not None:
        input = copy.convert(input, dtype)
    x, dims = array_of(input), _dims(dim)
    y = _C.mean_fwd(x, dims, keepdim)
    return record(y, mean_backward, (input,), (), (x.shape, dims, keepdim, x.size / builtins.max(y.size, 1)))


def mean_backward(g, node):
    shape, dims, keepdim, n = node.attrs
    return (_spread(_C.div_fwd(g, n), shape, dims, keepdim),)


def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element. With an int `dim`: (values, indices) along it, the index being the first of equals.

    NaN wins. Over all elements the gradient is shared evenly by equals; along `dim` it goes to the index. With a tensor
    in place of `dim`: maximum(input, dim).

    >>> import dlcore as dl
    >>> values, indices = dl.max(dl.tensor([[1.0, 5.0], [7.0, 2.0]]), 1)
    >>> values.tolist(), indices.tolist()
    ([5.0, 7.0], [1, 0])
    """
    if hasattr(dim, "array"):
        return compare.maximum(input, dim)
    return amax(input) if dim is None else _extreme(_C.argmax_fwd, input, dim, keepdim)


def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest element. With an int `dim`: (values, indices) along it, the index being the first of equals.

    NaN wins. Over all elements the gradient is shared evenly by equals; along `dim` it goes to the index. With a tensor
    in place of `dim`: minimum(input, dim).

    >>> import dlcore as dl
    >>> dl.min(dl.tensor([3.0, 1.0, 2.0])).item()
    1.0
    """
    if hasattr(dim, "array"):
        return compare.minimum(input, dim)
    return amin(input) if dim is None else _extreme(_C.argmin_fwd, input, dim, keepdim)


def _extreme(kernel: Any, input: Tensor, dim: int, keepdim: bool) -> Extreme:
    x = array_of(input)
    if not isinstance(dim, int):
        raise _C.DTypeError(f"{kernel.__name__[3:6]}: dim is one int, got {dim!r}; amax and amin take several")
    values, indices = kernel(x, dim, keepdim)
    d = dim % builtins.max(x.ndim, 1)
    return Extreme(
        record(values, extreme_backward, (input,), (indices,), (x.shape, d, keepdim)), record(indices, None, ())
    )


def extreme_backward(g, node):
    (indices,), (shape, d, keepdim) = node.saved, node.attrs
    if not shape:
        return (g,)
    if not keepdim:
        g, indices = g.unsqueeze(d), indices.unsqueeze(d)
    places = count_up(shape[d], g.device).view([-1 if i == d else 1 for i in range(len(shape))])
    return (_C.where_fwd(_C.eq_fwd(indices, places), g, 0),)


def amax(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """The largest element along `dim`; NaN wins. Equals share the gradient evenly.

    >>> import dlcore as dl
    >>> dl.amax(dl.tensor([[1.0, 5.0], [7.0, 2.0]]), 0).tolist()
    [7.0, 5.0]
    """
    x, dims = array_of(input), _dims(dim)
    y = _C.max_fwd(x, dims, keepdim)
    return record(y, shared_backward, (input,), (x, y), (x.shape, dims, keepdim))


def amin(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """The smallest element along `dim`; NaN wins. Equals share the gradient evenly.

    >>> import dlcore as dl
    >>> dl.amin(dl.tensor([[1.0, 5.0], [7.0, 2.0]]), 0).tolist()
    [1.0, 2.0]
    """
    x, dims = array_of(input), _dims(dim)
    y = _C.min_fwd(x, dims, keepdim)
    return record(y, shared_backward, (input,), (x, y), (x.shape, dims, keepdim))


def shared_backward(g, node):
    x, y = node.saved
    shape, dims, keepdim = node.attrs
    chosen = _C.eq_fwd(x, _spread(y, shape, dims, keepdim))
    share = _C.div_fwd(g, _C.sum_fwd(chosen, dims, keepdim))
    return (_C.where_fwd(chosen, _spread(share, shape, dims, keepdim), 0),)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest element along `dim`, or in row-major order; the first of equals, the first NaN. int64.

    >>> import dlcore as dl
    >>> dl.argmax(dl.tensor([[1.0, 5.0], [7.0, 2.0]]), 1).tolist()
    [1, 0]
    """
    return record(_place(_C.argmax_fwd, input.array, dim, keepdim), None, ())


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest element along `dim`, or in row-major order; the first of equals, the first NaN. int64.

    >>> import dlcore as dl
    >>> dl.argmin(dl.tensor([3.0, 1.0, 2.0])).item()
    1
    """
    return record(_place(_C.argmin_fwd, input.array, dim, keepdim), None, ())


def _place(kernel: Any, x: Any, dim: int | None, keepdim: bool) -> Any:
    if dim is not None:
        return kernel(x, dim, keepdim)[1]
    index = kernel(_C.reshape(x, (-1,)), 0, False)[1]
    return index.view((1,) * x.ndim) if keepdim else index


def any(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Whether one element at least is not zero: bool; False of nothing.

    >>> import dlcore as dl
    >>> dl.any(dl.tensor([False, True])).item()
    True
    """
    count = _C.sum_fwd(_C.convert(input.array, _C.DType.bool), _dims(dim), keepdim)
    return record(_C.ne_fwd(count, 0), None, ())


def all(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Whether no element is zero: bool; True of nothing.

    >>> import dlcore as dl
    >>> dl.all(dl.tensor([False, True])).item()
    False
    """
    zeros = _C.sum_fwd(_C.logical_not_fwd(input), _dims(dim), keepdim)
    return record(_C.eq_fwd(zeros, 0), None, ())
