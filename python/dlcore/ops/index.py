"""An index an element: gather, and scatter, which writes where gather would read.

Indices are int64 (int32 and uint8 are converted) and not negative. IndexError for one that does not exist, naming the
first, before anything is written. Where one element is named twice, scatter keeps the last value and scatter_add adds
in order: results never depend on the number of threads.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import indexing, inplace, shape
from dlcore.ops.operand import array_of, count_up

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """``out[i][j] = input[index[i][j]][j]`` for dim 0, and so on: the result has the shape of `index`.

    `index` has as many dimensions as `input`, and is not larger but along `dim`.

    >>> import dlcore as dl
    >>> dl.gather(dl.tensor([[1, 2], [3, 4]]), 1, dl.tensor([[0, 0], [1, 0]])).tolist()
    [[1, 1], [4, 3]]
    """
    x, i = array_of(input), array_of(index)
    return record(_C.gather_fwd(x, dim, i), gather_backward, (input,), (i,), (dim, x.shape))


def gather_backward(g, node):
    (index,), (dim, shape) = node.saved, node.attrs
    return (_C.gather_bwd(g, shape, dim, index),)


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """gather where the other dimensions broadcast and -1 is the last element; without `dim`, in row-major order.

    >>> import dlcore as dl
    >>> x = dl.tensor([[3.0, 1.0, 2.0]])
    >>> dl.take_along_dim(x, dl.argmax(x, 1, keepdim=True), 1).tolist()
    [[3.0]]
    """
    if dim is None:
        return take_along_dim(shape.reshape(input, -1), shape.reshape(indices, -1), 0)
    if input.ndim != indices.ndim:
        raise _C.ShapeError(
            "take_along_dim: input and indices must have equally many dimensions; "
            f"input={input.shape} indices={indices.shape}"
        )
    sizes = [-1 if a == b or b == 1 else b for a, b in zip(input.shape, indices.shape, strict=True)]
    places = [-1 if a == b or a == 1 else a for a, b in zip(input.shape, indices.shape, strict=True)]
    sizes[dim] = places[dim] = -1
    i = indices.array
    from_front = type(input)(_C.where_fwd(_C.lt_fwd(i, 0), _C.add_fwd(i, input.shape[dim]), i))
    return gather(shape.expand(input, sizes), dim, shape.expand(from_front, places))


def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements that `index` names in row-major order, in index's shape; -1 is the last one.

    >>> import dlcore as dl
    >>> dl.take(dl.tensor([[1, 2], [3, 4]]), dl.tensor([2, -1])).tolist()
    [3, 4]
    """
    return indexing.pick(shape.reshape(input, -1), index)


def scatter(input: Tensor, dim: int, index: Tensor, src: Tensor | float) -> Tensor:
    """A copy of input with ``out[index[i][j]][j] = src[i][j]`` for dim 0, and so on. `src` may be a number.

    `src` has input's dtype and at least the size of `index`; only the value that stays gets a gradient.

    >>> import dlcore as dl
    >>> dl.scatter(dl.zeros(2, 3), 1, dl.tensor([[2], [0]]), 1.0).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    source = _source(src, index, input)
    y = _C.scatter_fwd("scatter", input, dim, index.array, source, False)
    if hasattr(src, "array"):
        return record(y, scatter_backward, (input, src), (index.array,), (dim, source.shape))
    return record(y, scatter_number_backward, (input,), (index.array,), dim)


def _source(src: Any, index: Tensor, like: Tensor) -> Any:
    """The Array of src; of a number, that number once an index."""
    return src.array if hasattr(src, "array") else _C.full((), src, like.dtype, like.device).expand(index.shape)


def scatter_number_backward(g, node):
    return (_cleared(g, node.attrs, node.saved[0]),)


def _cleared(g: Any, dim: int, index: Any) -> Any:
    """A copy of g with zeros where `index` says."""
    out = _C.clone(g)
    _C.scatter_into("scatter", out, dim, index, _C.zeros((), g.dtype, g.device).expand(index.shape), False)
    return out


def scatter_backward(g, node):
    (index,), (dim, shape) = node.saved, node.attrs
    order = count_up(prod(index.shape), g.device).view(index.shape)
    last = _C.zeros(g.shape, _C.DType.int64, g.device)
    _C.scatter_into("scatter", last, dim, index, order, False)
    stayed = _C.eq_fwd(_C.gather_fwd(last, dim, index), order)
    from_src = _C.where_fwd(stayed, _C.gather_fwd(g, dim, index), 0)
    return _cleared(g, dim, index), _padded(from_src, shape)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy of input with ``out[index[i][j]][j] += src[i][j]`` for dim 0, and so on. Bools are added by "or".

    >>> import dlcore as dl
    >>> dl.scatter_add(dl.zeros(3), 0, dl.tensor([0, 2, 2]), dl.ones(3)).tolist()
    [1.0, 0.0, 2.0]
    """
    y = _C.scatter_fwd("scatter_add", input, dim, index.array, src.array, True)
    return record(y, scatter_add_backward, (input, src), (index.array,), (dim, src.shape))


def scatter_add_backward(g, node):
    (index,), (dim, shape) = node.saved, node.attrs
    return g, None if node.inputs[1] is None else _padded(_C.gather_fwd(g, dim, index), shape)


def _padded(g: Any, shape: tuple[int, ...]) -> Any:
    """g with zeros where src is larger than index."""
    if g.shape == shape:
        return g
    out = _C.zeros(shape, g.dtype, g.device)
    _C.copy_into(out.index(tuple(slice(n) for n in g.shape)), g)
    return out


def scatter_(self: Tensor, dim: int, index: Tensor, src: Tensor | float) -> Tensor:
    """scatter into this tensor."""
    if inplace.tracked(self, src):
        return inplace.rebind(self, scatter(self, dim, index, src))
    _C.scatter_into("scatter_", self.array, dim, index.array, _source(src, index, self), False)
    return self


def scatter_add_(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """scatter_add into this tensor."""
    if inplace.tracked(self, src):
        return inplace.rebind(self, scatter_add(self, dim, index, src))
    _C.scatter_into("scatter_add_", self.array, dim, index.array, src.array, True)
    return self


def index_put_(self: Tensor, indices: tuple, values: Tensor, accumulate: bool = False) -> Tensor:
    """index_put into this tensor."""
    if inplace.tracked(self, values):
        return inplace.rebind(self, indexing.index_put(self, indices, values, accumulate))
    indexing.put_into("index_put_", self.array, indices, values.array, accumulate)
    return self
