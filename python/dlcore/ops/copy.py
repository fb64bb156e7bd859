"""Copies: into one tensor from several, into another layout or dtype, and into a part of a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import mode, record
from dlcore.ops import indexing
from dlcore.ops.operand import array_of, value

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along `dim`; their other sizes must be equal. Dtypes promote.

    >>> import dlcore as dl
    >>> dl.cat([dl.tensor([1, 2]), dl.tensor([3])]).tolist()
    [1, 2, 3]
    """
    tensors = tuple(tensors)
    y = _C.cat(tensors, dim)
    return record(y, cat_backward, tensors, (), (dim, [(a.shape, a.dtype) for a in map(array_of, tensors)]))


def cat_backward(g, node):
    dim, likes = node.attrs
    at, out = 0, []
    for edge, (shape, dtype) in zip(node.inputs, likes, strict=True):
        if shape == (0,) and g.ndim > 1:
            out.append(_C.zeros(shape, dtype, g.device))
            continue
        n = shape[dim]
        out.append(None if edge is None else _C.convert(g.slice(dim, at, n, 1), dtype))
        at += n
    return out


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape along a new dimension `dim`. Dtypes promote.

    >>> import dlcore as dl
    >>> dl.stack([dl.tensor([1, 2]), dl.tensor([3, 4])], 1).tolist()
    [[1, 3], [2, 4]]
    """
    tensors = tuple(tensors)
    y = _C.stack(tensors, dim)
    return record(y, stack_backward, tensors, (), (dim, [a.dtype for a in map(array_of, tensors)]))


def stack_backward(g, node):
    dim, dtypes = node.attrs
    edges = enumerate(zip(node.inputs, dtypes, strict=True))
    return [None if edge is None else _C.convert(g.select(dim, i), dtype) for i, (edge, dtype) in edges]


def contiguous(input: Tensor) -> Tensor:
    """Row-major in memory: input itself where it is.

    >>> import dlcore as dl
    >>> dl.zeros(2, 3).t().contiguous().stride()
    (2, 1)
    """
    x = array_of(input)
    return input if x.is_contiguous else record(_C.contiguous(x), same_backward, (input,))


def clone(input: Tensor) -> Tensor:
    """A copy in new memory, in the same (dense) layout; the gradient passes through.

    >>> import dlcore as dl
    >>> x = dl.tensor([1.0])
    >>> dl.clone(x).tolist()
    [1.0]
    """
    return record(_C.clone(input), same_backward, (input,))


def same_backward(g, node):
    return (g,)


def convert(input: Tensor, dtype: Any) -> Tensor:
    """The elements in another dtype: input itself where it is that already.

    Floats become integers by truncation and bools by != 0. The gradient, if any, converts back.

    >>> import dlcore as dl
    >>> from dlcore.ops.copy import convert
    >>> convert(dl.tensor([1.5, -1.5]), dl.int64).tolist()
    [1, -1]
    """
    x = array_of(input)
    if x.dtype == dtype:
        return input
    y = _C.convert(x, dtype)
    return record(y, convert_backward, (input,), (), x.dtype) if dtype.is_floating_point else record(y, None, ())


def convert_backward(g, node):
    return (_C.convert(g, node.attrs),)


def setitem(input: Tensor, key: Any, other: Tensor | float) -> None:
    """input[key] = other for every key of ``input[key]``; other broadcasts and converts.

    Where integers name an element twice the last value stays.

    RuntimeError where a gradient would be lost: inside ``no_grad()``, or on tensors that need none, it is allowed.

    >>> import dlcore as dl
    >>> x = dl.zeros(2, 2)
    >>> x[0] = dl.tensor([1.0, 2.0])
    >>> x.tolist()
    [[1.0, 2.0], [0.0, 0.0]]
    """
    if mode.recording and (input.requires_grad or getattr(other, "requires_grad", False)):
        raise RuntimeError(
            "setitem: writing into a tensor while gradients are recorded; build it with dl.cat, dl.stack or dl.where, "
            "or write inside dl.no_grad()"
        )
    x, place = input.array, input.array.index(key)
    if place is None:
        indexing.put(x, key, value(other))
    else:
        write(place, value(other))


def write(place: Any, source: Any, op: str = "setitem") -> None:
    """Copies an Array or a number into the Array `place`. Leading sizes of 1 that `place` lacks are dropped."""
    if source is None or isinstance(source, list | tuple | str):
        raise _C.DTypeError(f"{op}: needs a tensor or a number, got {type(source).__name__}; see dl.tensor")
    if not hasattr(source, "shape"):
        _C.fill_(place, source)
        return
    while source.ndim > place.ndim and source.shape[0] == 1:
        source = source.squeeze(0)
    try:
        _C.copy_into(place, source)
    except _C.ShapeError:
        raise _C.ShapeError(
            f"{op}: a value of shape {source.shape} does not broadcast to the {place.shape} that is written"
        ) from None
