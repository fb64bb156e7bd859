"""Views: other shapes over the same memory. None copies, except reshape and flatten where no view exists.

Errors: ShapeError where the sizes do not fit, IndexError where a dimension does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import indexing
from dlcore.ops.operand import array_of

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def as_sizes(size: tuple) -> tuple[int, ...]:
    """f(2, 3), f((2, 3)) and f([2, 3]) are the same."""
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], tuple | list) else size


def view(input: Tensor, *shape: Any) -> Tensor:
    """The same elements in the same memory under another shape; one size may be -1.

    ShapeError where only a copy would do: use reshape. With a dtype in place of sizes, the same bytes read as that
    dtype, where the last dimension shrinks or grows; it has no gradient.

    >>> import dlcore as dl
    >>> dl.arange(6).view(2, -1).tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    x = array_of(input)
    if len(shape) == 1 and isinstance(shape[0], _C.DType):
        return record(x.view_as(shape[0]), None, ())
    return record(x.view(as_sizes(shape)), reshape_backward, (input,), (), x.shape)


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements, in row-major order, under another shape; one size may be -1. A view where it can be.

    >>> import dlcore as dl
    >>> dl.reshape(dl.arange(6), (3, 2)).tolist()
    [[0, 1], [2, 3], [4, 5]]
    """
    x = array_of(input)
    return record(_C.reshape(x, as_sizes(shape)), reshape_backward, (input,), (), x.shape)


def reshape_backward(g, node):
    return (_C.reshape(g, node.attrs),)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions start_dim to end_dim, both included, as one. A view where it can be.

    >>> import dlcore as dl
    >>> dl.flatten(dl.zeros(2, 3, 4), 1).shape
    (2, 12)
    """
    x = array_of(input)
    n = max(x.ndim, 1)
    first, last = wrap_dim("flatten", start_dim, n), wrap_dim("flatten", end_dim, n)
    if first > last:
        raise _C.ShapeError(f"flatten: start_dim {start_dim} lies after end_dim {end_dim}; shape {x.shape}")
    if first == last and x.ndim:
        return input
    size = 1
    for s in x.shape[first : last + 1]:
        size *= s
    return reshape(input, *x.shape[:first], size, *x.shape[last + 1 :])


def wrap_dim(op: str, dim: int, ndim: int) -> int:
    """A dimension as a number from 0 on; that of a tensor without dimensions may be called 0 or -1."""
    n = max(ndim, 1)
    if not isinstance(dim, int):
        raise _C.DTypeError(f"{op}: dim must be an int, got {dim!r}")
    if not -n <= dim < n:
        raise IndexError(f"{op}: dim {dim} is out of range; use {-n} to {n - 1}")
    return dim % n


def permute(input: Tensor, *dims: Any) -> Tensor:
    """The dimensions in another order; names each once.

    >>> import dlcore as dl
    >>> dl.permute(dl.zeros(2, 3, 4), (2, 0, 1)).shape
    (4, 2, 3)
    """
    order = as_sizes(dims)
    return record(array_of(input).permute(order), permute_backward, (input,), (), order)


def permute_backward(g, node):
    n = len(node.attrs)
    inverse = [0] * n
    for i, d in enumerate(node.attrs):
        inverse[d % n] = i
    return (g.permute(inverse),)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged.

    >>> import dlcore as dl
    >>> dl.transpose(dl.zeros(2, 3, 4), 0, -1).shape
    (4, 3, 2)
    """
    return record(array_of(input).transpose(dim0, dim1), transpose_backward, (input,), (), (dim0, dim1))


def transpose_backward(g, node):
    return (g.transpose(*node.attrs),)


def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; a tensor of fewer dimensions as it is.

    >>> import dlcore as dl
    >>> dl.t(dl.tensor([[1, 2], [3, 4]])).tolist()
    [[1, 3], [2, 4]]
    """
    n = array_of(input).ndim
    if n > 2:
        raise _C.ShapeError(f"t: needs at most 2 dimensions, got shape {input.array.shape}; use transpose or permute")
    return transpose(input, 0, 1) if n == 2 else input


def reverse_dims(input: Tensor) -> Tensor:
    """All dimensions in reverse order."""
    return permute(input, tuple(range(array_of(input).ndim - 1, -1, -1)))


def squeeze(input: Tensor, dim: int | tuple[int, ...] | None = None) -> Tensor:
    """Without its dimensions of size 1, or without those of `dim` that are.

    >>> import dlcore as dl
    >>> dl.squeeze(dl.zeros(1, 3, 1)).shape, dl.squeeze(dl.zeros(1, 3, 1), 0).shape
    ((3,), (3, 1))
    """
    x = array_of(input)
    y, n = x, max(x.ndim, 1)
    named = range(x.ndim) if dim is None else dim if isinstance(dim, tuple | list) else (dim,)
    for d in sorted({wrap_dim("squeeze", d, n) for d in named}, reverse=True):
        y = y.squeeze(d)
    return record(y, reshape_backward, (input,), (), x.shape)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new dimension of size 1 at `dim`.

    >>> import dlcore as dl
    >>> dl.unsqueeze(dl.zeros(3), -1).shape
    (3, 1)
    """
    x = array_of(input)
    return record(x.unsqueeze(dim), reshape_backward, (input,), (), x.shape)


def expand(input: Tensor, *sizes: Any) -> Tensor:
    """Broadcast to a larger shape without a copy; -1 keeps a size. Clone it before writing to it.

    >>> import dlcore as dl
    >>> dl.tensor([[1], [2]]).expand(2, 3).tolist()
    [[1, 1, 1], [2, 2, 2]]
    """
    x = array_of(input)
    return record(x.expand(as_sizes(sizes)), expand_backward, (input,), (), x.shape)


def expand_backward(g, node):
    return (_C.sum_to(g, node.attrs, g.dtype),)


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Broadcast to the shape of `other`.

    >>> import dlcore as dl
    >>> dl.tensor([1, 2]).expand_as(dl.zeros(2, 2)).tolist()
    [[1, 2], [1, 2]]
    """
    return expand(input, other.array.shape)


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """A view of the shape of `other`.

    >>> import dlcore as dl
    >>> dl.arange(4).view_as(dl.zeros(2, 2)).tolist()
    [[0, 1], [2, 3]]
    """
    return view(input, other.array.shape)


def unflatten(input: Tensor, dim: int, sizes: tuple[int, ...]) -> Tensor:
    """Dimension `dim` as several, whose sizes multiply to its own; one may be -1. A view where it can be.

    >>> import dlcore as dl
    >>> dl.unflatten(dl.zeros(2, 6), 1, (3, -1)).shape
    (2, 3, 2)
    """
    old = array_of(input).shape
    d = wrap_dim("unflatten", dim, len(old))
    return reshape(input, *old[:d], *sizes, *old[d + 1 :])


def getitem(input: Tensor, key: Any) -> Tensor:
    """input[key]: a view for ints, slices, None and ...; a copy where tensors, lists or NumPy arrays of integers or
    bools pick elements (indexing.py has the rules). IndexError for what does not exist.

    >>> import dlcore as dl
    >>> x = dl.arange(6).view(2, 3)
    >>> x[1, ::2].tolist(), x[:, [2, 0]].tolist(), x[x > 3].tolist()
    ([3, 5], [[2, 0], [5, 3]], [4, 5])
    """
    x = array_of(input)
    y = x.index(key)
    if y is None:
        return indexing.pick(input, key)
    return record(y, getitem_backward, (input,), (), (key, x.shape, x.strides))


def getitem_backward(g, node):
    key, shape, strides = node.attrs
    out = _C.zeros_strided(shape, strides, g.dtype, g.device)
    _C.copy_into(out.index(key), g)
    return (out,)


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of each matrix in dimensions dim1 and dim2, as a new last dimension: a view.

    A positive `offset` lies above the main diagonal, a negative one below.

    >>> import dlcore as dl
    >>> dl.diagonal(dl.tensor([[1, 2], [3, 4]])).tolist(), dl.diagonal(dl.tensor([[1, 2], [3, 4]]), 1).tolist()
    ([1, 4], [2])
    """
    x = array_of(input)
    if x.ndim < 2:
        raise _C.ShapeError(f"diagonal: needs at least 2 dimensions, got shape {x.shape}")
    attrs = (offset, wrap_dim("diagonal", dim1, x.ndim), wrap_dim("diagonal", dim2, x.ndim))
    return record(_C.diagonal(x, *attrs), diagonal_backward, (input,), (), (attrs, x.shape, x.strides))


def diagonal_backward(g, node):
    attrs, size, strides = node.attrs
    out = _C.zeros_strided(size, strides, g.dtype, g.device)
    _C.copy_into(_C.diagonal(out, *attrs), g)
    return (out,)


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of `size` elements, `step` apart, in place of `dimension`; their elements are the last one: a view.

    Windows that overlap share memory and cannot be written to in place. (``nn.functional.unfold`` is another op.)

    >>> import dlcore as dl
    >>> dl.arange(5).unfold(0, 3, 2).tolist()
    [[0, 1, 2], [2, 3, 4]]
    """
    x = array_of(input)
    y = _C.windows(x, dimension, size, step)
    return record(y, unfold_backward, (input,), (), (x.shape, wrap_dim("unfold", dimension, x.ndim), size, step))


def unfold_backward(g, node):
    return (overlap_add(g, *node.attrs),)


def overlap_add(g: Any, size: tuple[int, ...], dimension: int, length: int, step: int) -> Any:
    """An Array of shape `size`: the sum of the windows `g` at the places that unfold took them from.

    Windows that overlap are cut into pieces that do not: the first `step` elements of each, the next, …
    """
    out = _C.zeros(size, g.dtype, g.device)
    count = g.shape[dimension]
    for start in range(0, length, step):
        width = min(step, length - start)
        reach = (count - 1) * step + width
        place = _C.windows(out.slice(dimension, start, reach, 1), dimension, width, step)
        _C.add_into(place, g.slice(g.ndim - 1, start, width, 1))
    return out


# Rules of ops whose result may share its input's memory: writing into such a result writes into the input.
VIEW_RULES = frozenset(
    {
        reshape_backward,
        permute_backward,
        transpose_backward,
        expand_backward,
        getitem_backward,
        diagonal_backward,
        unfold_backward,
    }
)
