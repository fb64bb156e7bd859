"""The different elements of a tensor, or its different slices along a dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops.operand import array_of, count_up

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different elements in order, or with `dim` the different slices along it in the order of their elements.

    Also, as asked for: where each element of input is in the result, and how often each result occurs (int64). Every
    NaN is different. The result is sorted also without `sorted`. It has no gradient.

    >>> import dlcore as dl
    >>> values, counts = dl.unique(dl.tensor([3, 1, 3]), return_counts=True)
    >>> values.tolist(), counts.tolist()
    ([1, 3], [1, 2])
    """
    x = array_of(input)
    if dim is None:
        rows, order = _C.sort_fwd(_C.reshape(x, (x.size,)), 0, False)
        return _result(rows, order, x.shape, None, return_inverse, return_counts)
    rows = x.transpose(dim, 0)
    order = _lexicographic(rows)
    return _result(_pick(rows, order), order, order.shape, dim, return_inverse, return_counts)


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements, or with `dim` the slices along it, that differ from the one before them; else as unique.

    >>> import dlcore as dl
    >>> dl.unique_consecutive(dl.tensor([1, 1, 3, 1])).tolist()
    [1, 3, 1]
    """
    x = array_of(input)
    rows = _C.reshape(x, (x.size,)) if dim is None else x.transpose(dim, 0)
    shape = x.shape if dim is None else rows.shape[:1]
    return _result(rows, None, shape, dim, return_inverse, return_counts)


def _pick(x: Any, index: Any) -> Any:
    return _C.index_fwd("unique", x, 0, (index,), False)


def _lexicographic(rows: Any) -> Any:
    """The order of the slices: sorted by their last element, then stably by the one before, and so on."""
    n = rows.shape[0]
    flat = _C.contiguous(rows).view((n, rows.size // max(n, 1)))
    order = count_up(n, rows.device)
    for column in reversed(range(flat.shape[1])):
        order = _pick(order, _C.sort_fwd(_pick(flat.select(1, column), order), 0, False)[1])
    return order


def _result(rows: Any, order: Any, shape: tuple[int, ...], dim: int | None, inverse: bool, counts: bool) -> Any:
    """What unique returns, of rows whose equals are neighbours; order[i] is row i's place in input (None: i)."""
    first = _differs(rows)
    starts = _C.nonzero_fwd(first).select(1, 0)
    values = _pick(rows, starts)
    out = [values if dim is None else _C.contiguous(values.transpose(dim, 0))]
    if inverse:
        place = _C.sub_fwd(_C.cumsum_fwd(first, 0, False), 1)
        if order is not None:
            sorted_place, place = place, _C.zeros(order.shape, _C.DType.int64, order.device)
            _C.index_into("unique", place, 0, (order,), sorted_place, False, False)
        out.append(place.view(shape))
    if counts:
        end = _C.full((1,), rows.shape[0], _C.DType.int64, rows.device)
        ends = _C.cat([starts.slice(0, 1, max(starts.size - 1, 0), 1), end if starts.size else starts], 0)
        out.append(_C.sub_fwd(ends, starts))
    results = tuple(record(y, None, ()) for y in out)
    return results if len(results) > 1 else results[0]


def _differs(rows: Any) -> Any:
    """Whether each row differs from the one before it; the first does."""
    n = rows.shape[0]
    first = _C.ones((n,), _C.DType.bool, rows.device)
    if n > 1:
        unlike = _C.ne_fwd(rows.slice(0, 1, n - 1, 1), rows.slice(0, 0, n - 1, 1))
        if rows.ndim > 1:
            unlike = _C.ne_fwd(_C.sum_fwd(unlike, tuple(range(1, rows.ndim)), False), 0)
        _C.copy_into(first.slice(0, 1, n - 1, 1), unlike)
    return first
