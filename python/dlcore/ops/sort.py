"""Sorting, and what is found by sorting: the largest few, the middle one, the different ones, a place in a sorted row.

NaN counts as larger than any number, and -0 as equal to 0. Equal elements keep their order in every function here, so
that indices are one answer and not one of several. Gradients go to the elements that were chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops.operand import array_of
from dlcore.ops.reduce import Extreme, shared_backward
from dlcore.ops.shape import wrap_dim

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Extreme:
    """(values, indices): the elements in order along `dim`. `stable` is accepted; the order always is.

    A radix sort by digits of eight bits (Knuth, "The Art of Computer Programming" 3, 5.2.5): linear in the length.

    >>> import dlcore as dl
    >>> values, indices = dl.sort(dl.tensor([3.0, 1.0, 2.0]))
    >>> values.tolist(), indices.tolist()
    ([1.0, 2.0, 3.0], [1, 2, 0])
    """
    values, indices = _C.sort_fwd(input, dim, descending)
    return _chosen(input, values, indices, dim)


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort input along `dim`: ``sort(input, dim, descending).indices``.

    >>> import dlcore as dl
    >>> dl.argsort(dl.tensor([3.0, 1.0, 2.0])).tolist()
    [1, 2, 0]
    """
    return record(_C.sort_fwd(input, dim, descending)[1], None, ())


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Extreme:
    """(values, indices) of the k largest elements along `dim`, or of the smallest; in order also without `sorted`.

    >>> import dlcore as dl
    >>> dl.topk(dl.tensor([3.0, 1.0, 2.0]), 2).values.tolist()
    [3.0, 2.0]
    """
    values, indices = _C.topk_fwd(input, k, dim, largest)
    return _chosen(input, values, indices, dim)


def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Extreme:
    """(values, indices) of the k-th smallest element along `dim`, counted from 1.

    >>> import dlcore as dl
    >>> dl.kthvalue(dl.tensor([3.0, 1.0, 2.0]), 2).values.item()
    2.0
    """
    values, indices = _C.kth_fwd("kthvalue", input.array, k, dim, False)
    return _chosen(input, values, indices, dim, keepdim)


def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle element, the lower one of two; with an int `dim` (values, indices) along it. NaN where there is one.

    Over all elements the gradient is shared evenly by equals; along `dim` it goes to the index.

    >>> import dlcore as dl
    >>> dl.median(dl.tensor([4.0, 1.0, 3.0, 2.0])).item()
    2.0
    """
    x = array_of(input)
    if dim is None:
        flat = _C.reshape(x, (x.size,))
        if x.size == 0:
            raise IndexError(f"median: nothing to choose from: shape {x.shape}")
        y = _C.kth_fwd("median", flat, (x.size + 1) // 2, 0, True)[0].view(())
        return record(y, shared_backward, (input,), (x, y), (x.shape, (), False))
    n = x.shape[wrap_dim("median", dim, x.ndim)] if x.ndim else 1
    if n == 0:
        raise IndexError(f"median: nothing to choose from: dimension {dim} of {x.shape} has size 0")
    values, indices = _C.kth_fwd("median", x, (n + 1) // 2, dim, True)
    return _chosen(input, values, indices, dim, keepdim)


def _chosen(input: Tensor, values: Any, indices: Any, dim: int, keepdim: bool = True) -> Extreme:
    x = array_of(input)
    dim = dim % max(x.ndim, 1)
    attrs = (dim, x.shape)
    if not keepdim and x.ndim:
        values, indices = values.squeeze(dim), indices.squeeze(dim)
    return Extreme(record(values, chosen_backward, (input,), (indices,), attrs), record(indices, None, ()))


def chosen_backward(g, node):
    (indices,), (dim, shape) = node.saved, node.attrs
    if g.ndim < len(shape):
        g, indices = g.unsqueeze(dim), indices.unsqueeze(dim)
    out = _C.zeros(shape, g.dtype, g.device)
    _C.scatter_into("sort", out, dim, indices, g, False)
    return (out,)


def searchsorted(
    sorted_sequence: Tensor,
    input: Tensor | float,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where each value belongs in a sorted row: before equal elements, or with `right` (`side` "right") after them.

    `sorted_sequence` has one row for all values, or as many rows as `input`; with `sorter`, the indices of an argsort,
    its rows need not be sorted. int64, or int32.

    >>> import dlcore as dl
    >>> dl.searchsorted(dl.tensor([1.0, 3.0, 5.0]), dl.tensor([3.0, 4.0])).tolist()
    [1, 2]
    """
    if side not in (None, "left", "right") or (side == "left" and right):
        raise ValueError(f'searchsorted: side must be "left" or "right" and agree with right={right}, got {side!r}')
    row = sorted_sequence.array
    if sorter is not None:
        if sorter.shape != row.shape:
            raise _C.ShapeError(
                "searchsorted: sorter must have the sequence's shape; "
                f"sorted_sequence={row.shape} sorter={sorter.shape}"
            )
        row = _C.gather_fwd(row, -1, sorter.array)
    return _search("searchsorted", row, input, out_int32, right or side == "right")


def bucketize(input: Tensor | float, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """searchsorted(boundaries, input): the number of the interval between `boundaries` that each value lies in.

    >>> import dlcore as dl
    >>> dl.bucketize(dl.tensor([0.5, 3.0, 9.0]), dl.tensor([1.0, 3.0])).tolist()
    [0, 1, 2]
    """
    if boundaries.ndim != 1:
        raise _C.ShapeError(f"bucketize: boundaries must have one dimension, got shape {boundaries.shape}")
    return _search("bucketize", boundaries.array, input, out_int32, right)


def _search(op: str, row: Any, values: Any, out_int32: bool, right: bool) -> Tensor:
    array = getattr(values, "array", None)
    if array is None:
        array = _C.full((), values, row.dtype, row.device)
    places = _C.searchsorted_fwd(op, row, array, right)
    return record(_C.convert(places, _C.DType.int32) if out_int32 else places, None, ())


def isin(
    elements: Tensor | float, test_elements: Tensor | float, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Whether each of `elements` is among `test_elements`: bool. NaN never is. `assume_unique` changes nothing.

    >>> import dlcore as dl
    >>> dl.isin(dl.tensor([1, 2, 3]), dl.tensor([3, 1])).tolist()
    [True, False, True]
    """
    like: Any = elements if hasattr(elements, "array") else test_elements
    both: Any = (elements, test_elements)
    x, known = (a.array if hasattr(a, "array") else _C.full((), a, like.dtype, like.device) for a in both)
    dtype = _C.promote(x.dtype, known.dtype)
    x, known = _C.convert(x, dtype), _C.sort_fwd(_C.reshape(_C.convert(known, dtype), (known.size,)), 0, False)[0]
    if known.size == 0:
        return record(_C.full(x.shape, invert, _C.DType.bool, x.device), None, ())
    after = _C.searchsorted_fwd("isin", known, x, False)
    nearest = _C.index_fwd("isin", known, 0, (_C.minimum_fwd(after, known.size - 1),), False)
    return record((_C.ne_fwd if invert else _C.eq_fwd)(nearest, x), None, ())
