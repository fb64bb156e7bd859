"""An index a slice along one dimension: index_select and what writes where it reads.

Indices are int64 (int32 and uint8 are converted) and, except for index_fill, not negative. IndexError for one that does
not exist, naming the first, before anything is written. Where one slice is named twice, index_copy keeps the last and
index_add adds in order: results never depend on the number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import inplace
from dlcore.ops.operand import array_of, count_up

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of input along `dim` that the 1-d `index` names, in its order.

    >>> import dlcore as dl
    >>> dl.index_select(dl.tensor([[1, 2], [3, 4]]), 0, dl.tensor([1, 1, 0])).tolist()
    [[3, 4], [3, 4], [1, 2]]
    """
    x, i = array_of(input), _vector("index_select", index)
    dim = _dim("index_select", dim, x)
    y = _C.index_fwd("index_select", _line(x), dim, (i,), False)
    return record(y if x.ndim else y.view(()), index_select_backward, (input,), (i,), (dim, x.shape))


def index_select_backward(g, node):
    dim, shape = node.attrs
    out = _C.zeros(shape, g.dtype, g.device)
    _C.index_into("index_select", _line(out), dim, node.saved, _line(g), True, False)
    return (out,)


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """A copy of input to whose slices along `dim`, named by the 1-d `index`, those of ``alpha * source`` are added.

    >>> import dlcore as dl
    >>> dl.index_add(dl.zeros(2, 2), 0, dl.tensor([1, 1]), dl.ones(2, 2)).tolist()
    [[0.0, 0.0], [2.0, 2.0]]
    """
    y = _C.clone(input)
    dim = _write_slices("index_add", y, dim, index, _scaled(source.array, alpha), True, False)
    attrs = (dim, alpha, source.shape)
    return record(y, index_add_backward, (input, source), (_vector("index_add", index),), attrs)


def index_add_backward(g, node):
    dim, alpha, shape = node.attrs
    if node.inputs[1] is None:
        return g, None
    return g, _scaled(_C.index_fwd("index_add", _line(g), dim, node.saved, False), alpha).view(shape)


def _scaled(x: Any, alpha: float) -> Any:
    return x if alpha == 1 else _C.mul_fwd(x, alpha)


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy of input in which the slices of `source` replace those along `dim` that the 1-d `index` names.

    >>> import dlcore as dl
    >>> dl.index_copy(dl.zeros(2, 2), 0, dl.tensor([1]), dl.ones(1, 2)).tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    y = _C.clone(input)
    dim = _write_slices("index_copy", y, dim, index, source.array, False, False)
    return record(y, index_copy_backward, (input, source), (_vector("index_copy", index),), (dim, source.shape))


def index_copy_backward(g, node):
    (index,), (dim, shape) = node.saved, node.attrs
    lines = _line(g)
    order = count_up(index.size, g.device)
    last = _C.zeros((lines.shape[dim],), _C.DType.int64, g.device)
    _C.index_into("index_copy", last, 0, (index,), order, False, False)
    stayed = _C.eq_fwd(_C.index_fwd("index_copy", last, 0, (index,), False), order)
    stayed = stayed.view((-1, *(1 for _ in lines.shape[dim + 1 :])))
    picked = _C.index_fwd("index_copy", lines, dim, (index,), False)
    return _cleared(g, dim, index), _C.where_fwd(stayed, picked, 0).view(shape)


def _cleared(g: Any, dim: int, index: Any) -> Any:
    """A copy of g with zeros in the slices that `index` names."""
    out = _C.clone(g)
    _C.index_into("index_fill", _line(out), dim, (index,), _C.zeros((), g.dtype, g.device), False, True)
    return out


def index_fill(input: Tensor, dim: int, index: Tensor, value: Tensor | float) -> Tensor:
    """A copy of input with one number, or a tensor of no dimensions, in the slices along `dim` that the 1-d `index`
    names; -1 is the last one.

    >>> import dlcore as dl
    >>> dl.index_fill(dl.zeros(3), 0, dl.tensor([0, -1]), 5).tolist()
    [5.0, 0.0, 5.0]
    """
    y = _C.clone(input)
    number = filling("index_fill", value, input)
    dim = _write_slices("index_fill", y, dim, index, number, False, True)
    inputs = (input, value) if hasattr(value, "array") else (input,)
    return record(y, index_fill_backward, inputs, (_vector("index_fill", index),), (dim, number.dtype))


def index_fill_backward(g, node):
    dim, dtype = node.attrs
    of_input = _cleared(g, dim, node.saved[0])
    if len(node.inputs) == 1:
        return (of_input,)
    return of_input, _C.sum_to(_C.sub_fwd(g, of_input), (), dtype)


def filling(op: str, value: Any, input: Tensor) -> Any:
    """The Array, of no dimensions and of input's dtype, of a number or such a tensor."""
    array = getattr(value, "array", None)
    if array is None:
        return _C.full((), value, input.dtype, input.device)
    if array.ndim:
        raise _C.ShapeError(f"{op}: value must be a number or a tensor of no dimensions, got shape {array.shape}")
    return _C.convert(array, input.dtype)


def _line(x: Any) -> Any:
    """An Array of no dimensions as one element in one dimension."""
    return x if x.ndim else x.view((1,))


def _write_slices(op: str, y: Any, dim: int, index: Tensor, source: Any, add: bool, from_end: bool) -> int:
    """Writes `source`, or for index_fill one number, into the Array y. Returns dim, counted from 0."""
    i, dim, y = _vector(op, index), _dim(op, dim, y), _line(y)
    wanted = (*y.shape[:dim], i.size, *y.shape[dim + 1 :])
    number = source.ndim == 0 and (from_end or wanted == (1,))
    if source.shape != wanted and not number:
        raise _C.ShapeError(
            f"{op}: source must have shape {wanted}, input's with {i.size} along dimension {dim}; got {source.shape}"
        )
    if source.dtype != y.dtype:
        raise _C.DTypeError(f"{op}: source must have input's dtype {y.dtype}, got {source.dtype}; use .to()")
    _C.index_into(op, y, dim, (i,), source, add, from_end)
    return dim


def _vector(op: str, index: Tensor) -> Any:
    if index.ndim > 1:
        raise _C.ShapeError(f"{op}: index must have one dimension, got shape {index.shape}; flatten it")
    return index.array if index.ndim else index.array.view((1,))


def _dim(op: str, dim: int, x: Any) -> int:
    n = max(x.ndim, 1)
    if not -n <= dim < n:
        raise IndexError(f"{op}: dim {dim} is out of range for shape {x.shape}; use {-n} to {n - 1}")
    return dim % n


def index_add_(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """index_add into this tensor."""
    if inplace.tracked(self, source):
        return inplace.rebind(self, index_add(self, dim, index, source, alpha=alpha))
    _write_slices("index_add_", self.array, dim, index, _scaled(source.array, alpha), True, False)
    return self


def index_copy_(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """index_copy into this tensor."""
    if inplace.tracked(self, source):
        return inplace.rebind(self, index_copy(self, dim, index, source))
    _write_slices("index_copy_", self.array, dim, index, source.array, False, False)
    return self


def index_fill_(self: Tensor, dim: int, index: Tensor, value: Tensor | float) -> Tensor:
    """index_fill into this tensor."""
    if inplace.tracked(self, value):
        return inplace.rebind(self, index_fill(self, dim, index, value))
    _write_slices("index_fill_", self.array, dim, index, filling("index_fill_", value, self), False, True)
    return self
