"""Keys of ``x[key]`` that pick elements: integers and bools in tensors, lists and NumPy arrays.

As in PyTorch: ints, slices, None and ... are applied first. What is left of the key is broadcast together, a mask
standing for the indices of its true elements, a dimension each. The picked dimensions give way to the broadcast shape:
in place where they are neighbours, else in front. (NumPy counts an int as an index array too, which can move the
picked dimensions to the front.) A result is a copy, never a view.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops.operand import array_of, count_up

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


class Place(NamedTuple):
    """How a key's dimensions lie in a tensor, but for the indices themselves."""

    basic: tuple  # the key with slice(None) for each picked dimension
    merged: tuple[int, int] | None  # dimensions from here to there are taken as one: a mask's
    dims: tuple[int, ...]  # the picked dimensions after that

    def of(self, x: Any) -> tuple[Any, int]:
        """The view of the Array x in which the picked dimensions are neighbours, and the first of them."""
        v = x.index(self.basic)
        if self.merged:
            dim, stop = self.merged
            v = v.view((*v.shape[:dim], prod(v.shape[dim:stop]), *v.shape[stop:]))
        first, n = self.dims[0], len(self.dims)
        if self.dims == tuple(range(first, first + n)):
            return v, first
        rest = [d for d in range(v.ndim) if d not in self.dims]
        return v.permute((*self.dims, *rest)), 0


FIRST = Place((), None, (0,))  # x[i]


def pick(input: Tensor, key: Any) -> Tensor:
    """input[key] where the key picks elements."""
    x = array_of(input)
    k = getattr(key, "array", None)
    if k is not None and k.dtype == _C.DType.int64 and x.ndim:  # the usual key, without the cost of any
        y = _C.index_fwd("index", x, 0, (k,), True)
        return record(y, pick_backward, (input,), (k,), (FIRST, x.shape))
    place, indices = parse(x, key)
    v, first = place.of(x)
    return record(_C.index_fwd("index", v, first, indices, True), pick_backward, (input,), indices, (place, x.shape))


def pick_backward(g, node):
    place, shape = node.attrs
    out = _C.zeros(shape, g.dtype, g.device)
    v, first = place.of(out)
    _C.index_into("index", v, first, node.saved, g, True, True)
    return (out,)


def put(x: Any, key: Any, source: Any) -> None:
    """x[key] = source for a key that picks elements of the Array x; source is an Array or a number."""
    keys = key if isinstance(key, tuple) else (key,)
    if not hasattr(source, "shape"):
        source = _C.full((), source, x.dtype, x.device)
        if len(keys) == 1 and (mask := as_index(keys[0])).dtype == _C.DType.bool and mask.shape == x.shape:
            _C.copy_into(x, _C.where_fwd(_C.to_device(mask, x.device), source, x))
            return
    place, indices = parse(x, keys)
    v, first = place.of(x)
    ndim = v.ndim - len(indices) + max(i.ndim for i in indices)
    while source.ndim > ndim and source.shape[0] == 1:
        source = source.squeeze(0)
    _C.index_into("index", v, first, indices, source, False, True)


def index_put(input: Tensor, indices: tuple, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of input with ``out[indices] = values``, or with `accumulate` ``+=``, where an element named twice counts
    twice.

    `values`, of input's dtype, broadcast to the shape of ``input[indices]``; of equal places only the value that stays,
    the last one, gets a gradient.

    >>> import dlcore as dl
    >>> dl.index_put(dl.zeros(3), (dl.tensor([0, 0]),), dl.ones(2), accumulate=True).tolist()
    [2.0, 0.0, 0.0]
    """
    y = _C.clone(input.array)
    place, found = put_into("index_put", y, indices, values.array, accumulate)
    rule = accumulate_backward if accumulate else index_put_backward
    return record(y, rule, (input, values), found, (place, values.shape))


def put_into(op: str, x: Any, indices: tuple, values: Any, accumulate: bool) -> tuple[Place, tuple]:
    """index_put into the Array x; returns where that was."""
    if values.dtype != x.dtype:
        raise _C.DTypeError(f"{op}: values must have input's dtype {x.dtype}, got {values.dtype}; use .to()")
    place, found = parse(x, tuple(indices))
    v, first = place.of(x)
    _C.index_into(op, v, first, found, values, accumulate, True)
    return place, found


def accumulate_backward(g, node):
    place, shape = node.attrs
    v, first = place.of(_C.contiguous(g))
    return g, _C.sum_to(_C.index_fwd("index_put", v, first, node.saved, True), shape, g.dtype)


def index_put_backward(g, node):
    place, shape = node.attrs
    of_input = _C.zeros(g.shape, g.dtype, g.device)
    _C.copy_into(of_input, g)
    v, first = place.of(of_input)
    picked = _C.index_fwd("index_put", v, first, node.saved, True)
    _C.index_into("index_put", v, first, node.saved, _C.zeros((), g.dtype, g.device), False, True)
    order = count_up(picked.size, g.device).view(picked.shape)
    v, first = place.of(_C.zeros(g.shape, _C.DType.int64, g.device))
    _C.index_into("index_put", v, first, node.saved, order, False, True)
    stayed = _C.eq_fwd(_C.index_fwd("index_put", v, first, node.saved, True), order)
    return of_input, _C.sum_to(_C.where_fwd(stayed, picked, 0), shape, g.dtype)


def is_basic(k: Any) -> bool:
    """An int (of Python, NumPy, or a tensor of no dimensions), a slice, None or ...: what makes a view."""
    if k is None or k is Ellipsis or isinstance(k, slice):
        return True
    is_bool = isinstance(k, bool) or str(getattr(k, "dtype", "")) == "bool"
    return hasattr(k, "__index__") and not is_bool and getattr(k, "ndim", 0) == 0


def as_index(k: Any) -> Any:
    """The Array of a key that picks: bools or integers."""
    array = getattr(k, "array", None)
    if array is None:
        numbers = np.array(k)
        array = _C.from_numpy(numbers if numbers.size else numbers.astype(bool if numbers.dtype == bool else np.int64))
    if array.dtype == _C.DType.uint8:
        raise _C.DTypeError("index: a uint8 tensor may mean a mask or indices; say which with .bool() or .long()")
    if array.dtype.is_floating_point:
        raise _C.DTypeError(
            f"index: needs integers or bools, got {array.dtype} of shape {array.shape}; convert with .long()"
        )
    return array


def parse(x: Any, key: Any) -> tuple[Place, tuple]:
    """The Place of `key` in the Array x, and its index Arrays: one a picked dimension."""
    basic: list = []
    dims: list[int] = []
    indices: list = []
    merged = None
    keys = _resolved(x, key)
    alone = sum(isinstance(k, _C.Array) for k in keys) == 1
    at = dim = 0  # the dimension that a key names: in x, and in the view that the basic keys make
    for k in keys:
        here, at = at, at + _width(k)
        if not isinstance(k, _C.Array):
            basic.append(k)
            dim += not isinstance(k, int)
            continue
        columns = [k]
        if k.dtype != _C.DType.bool:
            basic.append(slice(None))
        elif k.ndim == 0:
            basic.append(None)
            columns = [count_up(int(k.item()), k.device)]
        else:
            _check_mask(x, k, here)
            basic += [slice(None)] * k.ndim
            if alone and _is_one_run(x, here, at):
                merged = (dim, dim + k.ndim)
                k = _C.reshape(k, (k.size,))
            found = _C.nonzero_fwd(k)
            columns = [found.select(1, d) for d in range(k.ndim)]
        indices += columns
        dims += range(dim, dim + len(columns))
        dim += len(columns)
    return Place(tuple(basic), merged, tuple(dims)), tuple(indices)


def _resolved(x: Any, key: Any) -> list:
    """A key a dimension of x, or None for a new one: Python ints, slices and, for what picks, Arrays."""
    keys = [k if is_basic(k) else as_index(k) for k in (key if isinstance(key, tuple) else (key,))]
    named = sum(_width(k) for k in keys)
    if named > x.ndim:
        raise IndexError(f"index: {named} indices for a tensor of shape {x.shape}")
    dots = [i for i, k in enumerate(keys) if k is Ellipsis]
    if len(dots) > 1:
        raise IndexError("index: only one ... may be given")
    for i in dots:
        keys[i : i + 1] = [slice(None)] * (x.ndim - named)
    return [k if k is None or isinstance(k, slice | _C.Array) else int(k) for k in keys]


def _width(k: Any) -> int:
    """How many dimensions of x a key names."""
    if k is None or k is Ellipsis:
        return 0
    return k.ndim if isinstance(k, _C.Array) and k.dtype == _C.DType.bool else 1


def _check_mask(x: Any, mask: Any, at: int) -> None:
    if mask.shape != x.shape[at : at + mask.ndim]:
        raise IndexError(
            f"index: a mask of shape {mask.shape} does not fit dimensions {at} to {at + mask.ndim - 1} of a tensor of "
            f"shape {x.shape}"
        )


def _is_one_run(x: Any, start: int, stop: int) -> bool:
    """One stride walks these dimensions of x."""
    shape, strides = x.shape, x.strides
    return all(strides[d] == strides[d + 1] * shape[d + 1] for d in range(start, stop - 1))


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero, in row-major order: int64 (n, input.ndim).

    With `as_tuple`, a tensor a dimension: ``x[dl.nonzero(x, as_tuple=True)]`` are those elements.

    >>> import dlcore as dl
    >>> dl.nonzero(dl.tensor([[0, 5], [6, 0]])).tolist()
    [[0, 1], [1, 0]]
    """
    found = _C.nonzero_fwd(input.array if input.ndim or not as_tuple else input.array.view((1,)))
    if as_tuple:
        return tuple(record(found.select(1, d), None, ()) for d in range(found.shape[1]))
    return record(found, None, ())
