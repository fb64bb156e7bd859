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

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of input along `dim` that the 1-d `index` names, in its order.

    >>> import dlcore as dl
    >>> dl.index_select(dl.tensor([[1, 2], [3, 4]]), 0, dl.tensor([1, 1, 0])).tolist()
    [[3, 4], [3, 4], [1, 2]]
    """
    x, i = input.array, _vector("index_select", index)
    dim, sizes = _dim("index_select", dim, x), x.shape
    if x.ndim == 0:
        x = x.view((1,))
    y = _C.index_fwd("index_select", x, dim, (i,), False)
    return record(y if sizes else y.view(()), index_select_backward, (input,), (i,), (dim, sizes))


def index_select_backward(g, node):
    dim, shape = node.attrs
    out = _C.zeros(shape, g.dtype, g.device)
    place, g = (out, g) if shape else (out.view((1,)), g.view((1,)))
    _C.index_into("index_select", place, dim, node.saved, g, True, False)
    return (out,)


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """A copy of input to whose slices along `dim`, named by the 1-d `index`, those of ``alpha * source`` are added.

    >>> import dlcore as dl
    >>> dl.index_add(dl.zeros(2, 2), 0, dl.tensor([1, 1]), dl.ones(2, 2)).tolist()
    [[0.0, 0.0], [2.0, 2.0]]
    """
    y = _C.clone(input.array)
    dim = _write_slices("index_add", y, dim, index, _scaled(source.array, alpha), True, False)
    return record(y, index_add_backward, (input, source), (_vector("index_add", index),), (dim, alpha))


def index_add_backward(g, node):
    dim, alpha = node.attrs
    return g, None if node.inputs[1] is None else _scaled(_C.index_fwd("index_add", g, dim, node.saved, False), alpha)


def _scaled(x: Any, alpha: float) -> Any:
    return x if alpha == 1 else _C.mul_fwd(x, alpha)


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy of input in which the slices of `source` replace those along `dim` that the 1-d `index` names.

    >>> import dlcore as dl
    >>> dl.index_copy(dl.zeros(2, 2), 0, dl.tensor([1]), dl.ones(1, 2)).tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    y = _C.clone(input.array)
    dim = _write_slices("index_copy", y, dim, index, source.array, False, False)
    return record(y, index_copy_backward, (input, source), (_vector("index_copy", index),), dim)


def index_copy_backward(g, node):
    (index,), dim = node.saved, node.attrs
    order = _C.arange(0, index.size, 1, _C.DType.int64)
    last = _C.zeros((g.shape[dim],), _C.DType.int64, g.device)
    _C.index_into("index_copy", last, 0, (index,), order, False, False)
    stayed = _C.eq_fwd(_C.index_fwd("index_copy", last, 0, (index,), False), order)
    stayed = stayed.view((-1, *(1 for _ in g.shape[dim + 1 :])))
    picked = _C.index_fwd("index_copy", g, dim, (index,), False)
    return index_fill_backward(g, node)[0], _C.where_fwd(stayed, picked, 0)


def index_fill(input: Tensor, dim: int, index: Tensor, value: float) -> Tensor:
    """A copy of input with one number in the slices along `dim` that the 1-d `index` names; -1 is the last one.

    >>> import dlcore as dl
    >>> dl.index_fill(dl.zeros(3), 0, dl.tensor([0, -1]), 5).tolist()
    [5.0, 0.0, 5.0]
    """
    y = _C.clone(input.array)
    number = _C.full((), value, input.dtype, input.device)
    dim = _write_slices("index_fill", y, dim, index, number, False, True)
    return record(y, index_fill_backward, (input,), (_vector("index_fill", index),), dim)


def index_fill_backward(g, node):
    out = _C.clone(g)
    _C.index_into("index_fill", out, node.attrs, node.saved, _C.zeros((), g.dtype, g.device), False, True)
    return (out,)


def _write_slices(op: str, y: Any, dim: int, index: Tensor, source: Any, add: bool, from_end: bool) -> int:
    """Writes `source` into the Array y; its own dimensions must fit (a number's broadcast). Returns dim, from 0."""
    i, dim = _vector(op, index), _dim(op, dim, y)
    if y.ndim == 0:
        raise _C.ShapeError(f"{op}: needs a tensor of at least one dimension, got shape ()")
    wanted = (*y.shape[:dim], i.size, *y.shape[dim + 1 :])
    if source.ndim and source.shape != wanted:
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


def index_fill_(self: Tensor, dim: int, index: Tensor, value: float) -> Tensor:
    """index_fill into this tensor."""
    if inplace.tracked(self):
        return inplace.rebind(self, index_fill(self, dim, index, value))
    number = _C.full((), value, self.dtype, self.device)
    _write_slices("index_fill_", self.array, dim, index, number, False, True)
    return self
