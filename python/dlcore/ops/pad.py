"""Padding: a larger tensor around a copy, whose border is one number or comes from the tensor itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops.operand import array_of

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

    Sides = list[tuple[int, int, int]]  # (dimension, elements before, elements after), the last dimension first


_SMALL = 1 << 18  # elements: 1 MB of float32, half an L2 cache; beyond it only the border is filled


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """`input` with `pad` = (before, after) of the last dimension, then of the one before it, … more elements.

    ``mode``: "constant" (`value`, 0 unless given), "reflect" (mirrored without the edge: less than the dimension's
    size), "replicate" (the edge) or "circular" (from the other end: at most the size). Negative numbers crop. Any
    shape and dtype; the memory order, such as channels-last, is kept. ShapeError where a size does not fit.
    Unlike in PyTorch the modes but "constant" pad any number of dimensions of a tensor of any rank.

    >>> import dlcore as dl
    >>> F, x = dl.nn.functional, dl.tensor([1, 2, 3])
    >>> F.pad(x, (1, 2)).tolist(), F.pad(x, (2, 1), "reflect").tolist(), F.pad(x, (-1, 0)).tolist()
    ([0, 1, 2, 3, 0, 0], [3, 2, 1, 2, 3, 2], [2, 3])
    """
    x = array_of(input)
    sides = _sides(x, tuple(pad), mode)
    if mode == "constant":
        y = pad_constant(x, sides, 0 if value is None else value)
        return record(_C.clone(y) if _shares(y, x) else y, constant_backward, (input,), (), sides)
    if value is not None:
        raise ValueError(f'pad: value={value} goes with mode="constant" alone, got mode={mode!r}')
    if mode == "circular":  # the ends meet after the crop; an edge that is mirrored may lie in what is cropped
        y = _grow(_crop(x, sides), sides, _EDGES[mode])
    else:
        y = _crop(_grow(x, sides, _EDGES[mode]), sides)
    return record(_C.clone(y) if _shares(y, x) else y, edges_backward, (input,), (), (sides, mode))


def constant_backward(g, node):
    return (pad_constant(g, [(d, -before, -after) for d, before, after in node.attrs], 0),)


def edges_backward(g, node):
    sides, mode = node.attrs
    cut = [(d, max(-before, 0), max(-after, 0)) for d, before, after in sides]
    g = _C.clone(g if mode == "circular" else pad_constant(g, cut, 0))
    for d, before, after in _grown(sides):
        _EDGES_BACKWARD[mode](g, d, before, after)
        g = g.slice(d, before, g.shape[d] - before - after, 1)
    return (pad_constant(g, cut, 0) if mode == "circular" else g,)


def pad_constant(x: Any, sides: Sides, value: float) -> Any:
    """An Array; a view where nothing is added."""
    x = _crop(x, sides)
    grown = _grown(sides)
    if grown and x.size < _SMALL:  # all of it, then the middle again: two passes through a cache
        y = place = _room(x, grown)
        _C.fill_(y, value)
        for d, before, _ in grown:
            place = place.slice(d, before, x.shape[d], 1)
        _C.copy_into(place, x)
        return y

    def fill(place: Any, d: int, before: int, after: int) -> None:
        _C.fill_(place.slice(d, 0, before, 1), value)
        _C.fill_(place.slice(d, place.shape[d] - after, after, 1), value)

    return _grow(x, sides, fill)


def _sides(x: Any, pads: tuple[int, ...], mode: str) -> Sides:
    if mode != "constant" and mode not in _EDGES:
        raise ValueError(f'pad: mode must be "constant", "reflect", "replicate" or "circular", got {mode!r}')
    if len(pads) % 2 or len(pads) > 2 * x.ndim:
        raise _C.ShapeError(
            f"pad: needs pairs (before, after) for at most {x.ndim} dimensions, got {pads}; x={x.shape}"
        )
    sides = [(x.ndim - 1 - i, pads[2 * i], pads[2 * i + 1]) for i in range(len(pads) // 2)]
    for d, before, after in sides:
        n = x.shape[d]
        if n + before + after < 0 or max(-before, -after) > n:
            raise _C.ShapeError(f"pad: {(before, after)} leaves nothing of dimension {d} of size {n}; x={x.shape}")
        left = n + min(before, 0) + min(after, 0)
        most = {"reflect": n - 1, "circular": left, "replicate": None if n else 0}.get(mode)
        if most is not None and max(before, after) > max(most, 0):
            raise _C.ShapeError(
                f"pad: mode {mode!r} adds at most {max(most, 0)} elements to dimension {d} of size {n}, "
                f"got {(before, after)}; x={x.shape}; pad in several steps"
            )
    return sides


def _shares(y: Any, x: Any) -> bool:
    """Whether `y` is a view of `x`: its caller must not see writes to it."""
    return y is x or y.owners > 1


def _crop(x: Any, sides: Sides) -> Any:
    for d, before, after in sides:
        first, last = max(-before, 0), max(-after, 0)
        if first or last:
            x = x.slice(d, first, x.shape[d] - first - last, 1)
    return x


def _grown(sides: Sides) -> Sides:
    return [(d, max(before, 0), max(after, 0)) for d, before, after in sides if before > 0 or after > 0]


def _room(x: Any, grown: Sides) -> Any:
    shape = list(x.shape)
    for d, before, after in grown:
        shape[d] += before + after
    return _C.empty_dense(tuple(shape), x.strides, x.dtype, x.device)


def _grow(x: Any, sides: Sides, border: Any) -> Any:
    """A copy of `x` with room on its sides, filled by border(place, d, before, after) one dimension after the other:
    `place` is all that is filled so far, and the room along d."""
    grown = _grown(sides)
    if not grown:
        return x
    y = _room(x, grown)
    places = [y]
    for d, before, _ in reversed(grown):
        places.append(places[-1].slice(d, before, x.shape[d], 1))
    _C.copy_into(places.pop(), x)
    for d, before, after in grown:
        border(places.pop(), d, before, after)
    return y


def _reflect(y: Any, d: int, before: int, after: int) -> None:
    end = y.shape[d] - after
    _C.copy_into(y.slice(d, 0, before, 1), y.slice(d, 2 * before, before, -1))
    _C.copy_into(y.slice(d, end, after, 1), y.slice(d, end - 2, after, -1))


def _reflect_backward(g: Any, d: int, before: int, after: int) -> None:
    end = g.shape[d] - after
    _C.add_into(g.slice(d, before + 1, before, 1), g.slice(d, before - 1, before, -1))
    _C.add_into(g.slice(d, end - 1 - after, after, 1), g.slice(d, end + after - 1, after, -1))


def _replicate(y: Any, d: int, before: int, after: int) -> None:
    end = y.shape[d] - after
    _C.copy_into(y.slice(d, 0, before, 1), y.slice(d, before, 1, 1))
    _C.copy_into(y.slice(d, end, after, 1), y.slice(d, end - 1, 1, 1))


def _replicate_backward(g: Any, d: int, before: int, after: int) -> None:
    end = g.shape[d] - after
    for edge, start, n in ((before, 0, before), (end - 1, end, after)):
        to = g.slice(d, edge, 1, 1)
        _C.add_into(to, _C.sum_to(g.slice(d, start, n, 1), to.shape, g.dtype))


def _circular(y: Any, d: int, before: int, after: int) -> None:
    end = y.shape[d] - after
    _C.copy_into(y.slice(d, 0, before, 1), y.slice(d, end - before, before, 1))
    _C.copy_into(y.slice(d, end, after, 1), y.slice(d, before, after, 1))


def _circular_backward(g: Any, d: int, before: int, after: int) -> None:
    end = g.shape[d] - after
    _C.add_into(g.slice(d, end - before, before, 1), g.slice(d, 0, before, 1))
    _C.add_into(g.slice(d, before, after, 1), g.slice(d, end, after, 1))


_EDGES = {"reflect": _reflect, "replicate": _replicate, "circular": _circular}
_EDGES_BACKWARD = {"reflect": _reflect_backward, "replicate": _replicate_backward, "circular": _circular_backward}
