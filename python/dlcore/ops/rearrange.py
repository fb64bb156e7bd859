"""Tensors cut up, repeated, turned and masked: views where they can be, one copy where they cannot.

All are made of views, copies and products, which bring their gradients along.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import copy, shape
from dlcore.ops.operand import array_of

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

_INT64 = _C.DType.int64


def _dims(op: str, dims: Any, n: int) -> list[int]:
    """One dimension or several as wrapped ints; each may be named once."""
    named = list(dims) if isinstance(dims, tuple | list) else [dims]
    wrapped = [shape.wrap_dim(op, d, n) for d in named]
    if len(set(wrapped)) != len(wrapped):
        raise _C.ShapeError(f"{op}: a dimension is named twice in {tuple(named)}")
    return wrapped


# ---- Parts.
def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """The `length` entries from `start` on along `dim`: a view.

    >>> import dlcore as dl
    >>> dl.narrow(dl.arange(6), 0, 2, 3).tolist()
    [2, 3, 4]
    """
    d = shape.wrap_dim("narrow", dim, input.array.ndim)
    n = input.array.shape[d]
    first = start + n if start < 0 else start
    if not 0 <= first <= first + length <= n:
        raise IndexError(f"narrow: {length} entries from {start} do not lie in dimension {dim} of size {n}")
    return shape.getitem(input, (slice(None),) * d + (slice(first, first + length),))


def split(input: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views along `dim`: of the given size each (the last may be smaller), or of the given sizes.

    >>> import dlcore as dl
    >>> [part.tolist() for part in dl.split(dl.arange(5), 2)]
    [[0, 1], [2, 3], [4]]
    >>> [part.shape[0] for part in dl.split(dl.arange(5), [1, 4])]
    [1, 4]
    """
    n = input.array.shape[shape.wrap_dim("split", dim, input.array.ndim)]
    if isinstance(split_size_or_sections, int):
        step = split_size_or_sections
        if step < 0 or (step == 0 and n > 0):
            raise ValueError(f"split: needs a positive size, got {step}")
        sizes = [min(step, n - at) for at in range(0, n, step)] if n else [0]
    else:
        sizes = list(split_size_or_sections)
        if sum(sizes) != n or any(s < 0 for s in sizes):
            raise _C.ShapeError(f"split: sizes {sizes} do not add up to {n}, the size of dimension {dim}")
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return tuple(narrow(input, dim, at, size) for at, size in zip(starts, sizes, strict=True))


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` views of one size along `dim`, but for a smaller last one.

    >>> import dlcore as dl
    >>> [part.tolist() for part in dl.chunk(dl.arange(5), 2)]
    [[0, 1, 2], [3, 4]]
    """
    if chunks < 1:
        raise ValueError(f"chunk: needs at least one chunk, got {chunks}")
    n = input.array.shape[shape.wrap_dim("chunk", dim, input.array.ndim)]
    if n == 0:
        return split(input, [0] * chunks, dim)
    return split(input, -(-n // chunks), dim)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along `dim`, which they lack: views.

    >>> import dlcore as dl
    >>> [row.tolist() for row in dl.unbind(dl.tensor([[1, 2], [3, 4]]))]
    [[1, 2], [3, 4]]
    """
    d = shape.wrap_dim("unbind", dim, input.array.ndim)
    return tuple(shape.getitem(input, (slice(None),) * d + (i,)) for i in range(input.array.shape[d]))


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """Entry `index` along `dim`, which the result lacks: a view.

    >>> import dlcore as dl
    >>> dl.select(dl.tensor([[1, 2], [3, 4]]), 1, 0).tolist()
    [1, 3]
    """
    d = shape.wrap_dim("select", dim, input.array.ndim)
    return shape.getitem(input, (slice(None),) * d + (index,))


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """A matrix with the vector `input` on a diagonal, or the diagonal of a matrix.

    >>> import dlcore as dl
    >>> dl.diag(dl.tensor([1, 2])).tolist()
    [[1, 0], [0, 2]]
    """
    x = array_of(input)
    if x.ndim == 2:
        return shape.diagonal(input, diagonal)
    if x.ndim != 1:
        raise _C.ShapeError(f"diag: needs a vector or a matrix, got shape {x.shape}; see diagonal")
    n = x.shape[0] + abs(diagonal)
    out = _C.zeros((n, n), x.dtype, x.device)
    _C.copy_into(_C.diagonal(out, diagonal, 0, 1), x)
    return record(out, diag_backward, (input,), (), diagonal)


def diag_backward(g, node):
    return (_C.diagonal(g, node.attrs, 0, 1),)


# ---- Repeats.
def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """Copies of the tensor, side by side: repeats[i] of them along dimension i; leading ones are added as needed.

    >>> import dlcore as dl
    >>> dl.tensor([1, 2]).repeat(2, 2).tolist()
    [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    counts = shape.as_sizes(repeats)
    x = array_of(input)
    if len(counts) < x.ndim or any(c < 0 for c in counts):
        raise _C.ShapeError(f"repeat: needs a count of at least 0 for each dimension; shape {x.shape}, got {counts}")
    lead = len(counts) - x.ndim
    out = shape.reshape(input, (1,) * lead + x.shape) if lead else input
    for d, count in enumerate(counts):
        if count != 1:
            size = out.array.shape
            wide = shape.expand(shape.unsqueeze(out, d), *size[:d], count, *size[d:])
            out = shape.reshape(wide, (*size[:d], count * size[d], *size[d + 1 :]))
    return copy.clone(out) if out is input else out


def tile(input: Tensor, *dims: Any) -> Tensor:
    """As repeat, where counts that are missing in front are 1.

    >>> import dlcore as dl
    >>> dl.tile(dl.tensor([[1], [2]]), (2,)).tolist()
    [[1, 1], [2, 2]]
    """
    counts = shape.as_sizes(dims)
    return repeat(input, (1,) * (input.array.ndim - len(counts)) + tuple(counts))


# ---- Order.
def flip(input: Tensor, *args: Any, dims: Any = None) -> Tensor:
    """A copy in which the given dimensions run backwards: flip(x, 0, 1), flip(x, (0, 1)) or flip(x, dims=(0, 1)).

    >>> import dlcore as dl
    >>> dl.flip(dl.tensor([[1, 2], [3, 4]]), (0, 1)).tolist()
    [[4, 3], [2, 1]]
    """
    named = tuple(_dims("flip", shape.as_sizes(args) if dims is None else dims, input.array.ndim))
    return record(_C.flip(input, named), flip_backward, (input,), (), named)


def flip_backward(g, node):
    return (_C.flip(g, node.attrs),)


def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Entries moved on by `shifts` along `dims`, those beyond the end coming in at the start; flattened without dims.

    >>> import dlcore as dl
    >>> dl.roll(dl.arange(5), 2).tolist()
    [3, 4, 0, 1, 2]
    """
    if dims is None:
        if isinstance(shifts, tuple | list) and len(shifts) != 1:
            raise ValueError(f"roll: several shifts {tuple(shifts)} need as many dims")
        return shape.reshape(roll(shape.reshape(input, -1), shifts, 0), input.array.shape)
    steps = list(shifts) if isinstance(shifts, tuple | list) else [shifts]
    along = list(dims) if isinstance(dims, tuple | list) else [dims]
    if len(steps) != len(along):
        raise ValueError(f"roll: {len(steps)} shifts for {len(along)} dims")
    out = input
    for step, dim in zip(steps, along, strict=True):
        d = shape.wrap_dim("roll", dim, input.array.ndim)
        n = input.array.shape[d] if input.array.ndim else 0
        cut = -step % n if n else 0
        if cut:
            out = copy.cat([narrow(out, d, cut, n - cut), narrow(out, d, 0, cut)], d)
    return copy.clone(out) if out is input else out


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """The dimensions of `source` moved to the places of `destination`; the others keep their order. A view.

    >>> import dlcore as dl
    >>> dl.movedim(dl.zeros(2, 3, 4), 0, -1).shape
    (3, 4, 2)
    """
    n = array_of(input).ndim
    come, go = _dims("movedim", source, n), _dims("movedim", destination, n)
    if len(come) != len(go):
        raise _C.ShapeError(f"movedim: {len(come)} sources for {len(go)} destinations")
    rest = iter(d for d in range(n) if d not in come)
    at = dict(zip(go, come, strict=True))
    return shape.permute(input, [at[i] if i in at else next(rest) for i in range(n)])


# ---- Triangles.
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of each matrix, up to and with a diagonal; zeros above.

    >>> import dlcore as dl
    >>> dl.tril(dl.ones(2, 3)).tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    """
    return _triangle("tril", input, diagonal, _C.ge_fwd)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of each matrix, from a diagonal on; zeros below.

    >>> import dlcore as dl
    >>> dl.triu(dl.ones(2, 3), 1).tolist()
    [[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]
    """
    return _triangle("triu", input, diagonal, _C.le_fwd)


def _triangle(op: str, input: Tensor, diagonal: int, keep: Any) -> Tensor:
    x = array_of(input)
    if x.ndim < 2:
        raise _C.ShapeError(f"{op}: needs a matrix or a batch of them, got shape {x.shape}")
    rows, columns = (_C.to_device(_C.arange(0, n, 1, _INT64), x.device) for n in x.shape[-2:])
    mask = keep(_C.add_fwd(rows.unsqueeze(1), diagonal, 1), columns)
    return record(_C.where_fwd(mask, x, False), triangle_backward, (input,), (mask,))


def triangle_backward(g, node):
    return (_C.where_fwd(node.saved[0], g, False),)
