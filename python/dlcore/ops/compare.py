"""Comparisons, logic and choices, element by element. Broadcasting and promotion are elementwise.py's."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, TypeAlias

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops.indexing import nonzero
from dlcore.ops.operand import fit, fit_to, like, value

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

    Operand: TypeAlias = Tensor | float


def equal(input: Tensor, other: Any) -> Any:
    """input == other: as eq, but None and text, which no element can be, equal no tensor."""
    return NotImplemented if other is None or isinstance(other, str) else eq(input, other)


def unequal(input: Tensor, other: Any) -> Any:
    """input != other: as ne, but None and text differ from every tensor."""
    return NotImplemented if other is None or isinstance(other, str) else ne(input, other)


def maximum(input: Operand, other: Operand) -> Tensor:
    """The larger of input and other; NaN where either is. At a tie each gets half of the gradient.

    >>> import dlcore as dl
    >>> dl.maximum(dl.tensor([1.0, 5.0]), dl.tensor([3.0, 2.0])).tolist()
    [3.0, 5.0]
    """
    a, b = value(input), value(other)
    y = _C.maximum_fwd(a, b)
    return record(y, maximum_backward, *_two(input, other, a, b))


def maximum_backward(g, node):
    return _pick_backward(_C.maximum_bwd, g, node)


def minimum(input: Operand, other: Operand) -> Tensor:
    """The smaller of input and other; NaN where either is. At a tie each gets half of the gradient.

    >>> import dlcore as dl
    >>> dl.minimum(dl.tensor([1.0, 5.0]), dl.tensor([3.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    a, b = value(input), value(other)
    y = _C.minimum_fwd(a, b)
    return record(y, minimum_backward, *_two(input, other, a, b))


def minimum_backward(g, node):
    return _pick_backward(_C.minimum_bwd, g, node)


def _two(input: Operand, other: Operand, a: Any, b: Any) -> tuple:
    """record's inputs, saved and attrs, where one operand may be a number: attrs is then that number."""
    if b is other:
        return (input,), (a,), other
    if a is input:
        return (other,), (b,), input
    return (input, other), (a, b), None


def _pick_backward(rule: Any, g: Any, node: Any) -> tuple:
    if len(node.saved) == 1:
        (a,) = node.saved
        return (fit(rule(g, a, node.attrs), a),)
    a, b = node.saved
    return (
        None if node.inputs[0] is None else fit(rule(g, a, b), a),
        None if node.inputs[1] is None else fit(rule(g, b, a), b),
    )


def clamp(input: Tensor, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """input held to [min, max]; NaN stays NaN, and where min > max the result is max. At least one must be given.

    `min` and `max` are numbers or tensors. The gradient is 1 inside and at the bounds, 0 outside; where a bound needs
    one too, it gets what the input does not, and at a tie each gets half.

    >>> import dlcore as dl
    >>> dl.clamp(dl.tensor([-2.0, 0.5, 7.0]), 0, 1).tolist()
    [0.0, 0.5, 1.0]
    """
    if min is None and max is None:
        raise ValueError("clamp: give min, max or both")
    if getattr(min, "requires_grad", False) or getattr(max, "requires_grad", False):
        raised = input if min is None else maximum(input, min)
        return raised if max is None else minimum(raised, max)
    x, low, high = input.array, value(min), value(max)
    if high is None:
        y, high = _C.maximum_fwd(x, low), inf
    elif low is None:
        y, low = _C.minimum_fwd(x, high), -inf
    else:
        y = _C.clamp_fwd(x, low, high)
    return record(y, clamp_backward, (input,), (x,), (low, high))


def clamp_backward(g, node):
    (x,) = node.saved
    return (fit(_C.clamp_bwd(g, x, *node.attrs), x),)


def where(condition: Tensor, input: Operand | None = None, other: Operand | None = None) -> Any:
    """input where the bool tensor `condition` holds, else other; the three shapes broadcast.

    Of a condition alone: nonzero(condition, as_tuple=True).

    >>> import dlcore as dl
    >>> x = dl.tensor([-1.0, 2.0])
    >>> dl.where(x > 0, x, 0).tolist()
    [0.0, 2.0]
    """
    if input is None or other is None:
        if input is other:
            return nonzero(condition, as_tuple=True)
        raise TypeError("where: give both input and other, or neither for the indices where the condition holds")
    c, a, b = condition.array, value(input), value(other)
    y = _C.where_fwd(c, a, b)
    likes = (None if a is input else like(y, a), None if b is other else like(y, b))
    tensors = tuple(x for x in (input, other) if value(x) is not x)
    rule = where_backward if len(tensors) == 2 else where_input_backward if b is other else where_other_backward
    return record(y, rule, tensors, (c,), likes)


def where_else(self: Tensor, condition: Tensor, other: Operand) -> Tensor:
    """where(condition, self, other).

    >>> import dlcore as dl
    >>> x = dl.tensor([-1.0, 2.0])
    >>> x.where(x > 0, 0).tolist()
    [0.0, 2.0]
    """
    return where(condition, self, other)


def where_backward(g, node):
    return (
        None if node.inputs[0] is None else where_input_backward(g, node)[0],
        None if node.inputs[1] is None else where_other_backward(g, node)[0],
    )


def where_input_backward(g, node):
    return (fit_to(_C.where_fwd(node.saved[0], g, 0), node.attrs[0]),)


def where_other_backward(g, node):
    return (fit_to(_C.where_fwd(node.saved[0], 0, g), node.attrs[1]),)


def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1; of NaN 0. The gradient is 0.

    >>> import dlcore as dl
    >>> dl.sign(dl.tensor([-3.0, 0.0])).tolist()
    [-1.0, 0.0]
    """
    return record(_C.sign_fwd(input), sign_backward, (input,))


def sign_backward(g, node):
    return (_C.mul_fwd(g, 0),)


def eq(input: Operand, other: Operand) -> Tensor:
    """input == other, element by element: a bool tensor.

    >>> import dlcore as dl
    >>> dl.eq(dl.tensor([1, 2]), 2).tolist()
    [False, True]
    """
    return record(_C.eq_fwd(value(input), value(other)), None, ())


def ne(input: Operand, other: Operand) -> Tensor:
    """input != other, element by element: a bool tensor.

    >>> import dlcore as dl
    >>> dl.ne(dl.tensor([1, 2]), 2).tolist()
    [True, False]
    """
    return record(_C.ne_fwd(value(input), value(other)), None, ())


def lt(input: Operand, other: Operand) -> Tensor:
    """input < other, element by element: a bool tensor.

    >>> import dlcore as dl
    >>> dl.lt(dl.tensor([1, 2]), 2).tolist()
    [True, False]
    """
    return record(_C.lt_fwd(value(input), value(other)), None, ())


def le(input: Operand, other: Operand) -> Tensor:
    """input <= other, element by element: a bool tensor.

    >>> import dlcore as dl
    >>> dl.le(dl.tensor([1, 2]), 1).tolist()
    [True, False]
    """
    return record(_C.le_fwd(value(input), value(other)), None, ())


def gt(input: Operand, other: Operand) -> Tensor:
    """input > other, element by element: a bool tensor.

    >>> import dlcore as dl
    >>> dl.gt(dl.tensor([1, 2]), 1).tolist()
    [False, True]
    """
    return record(_C.gt_fwd(value(input), value(other)), None, ())


def ge(input: Operand, other: Operand) -> Tensor:
    """input >= other, element by element: a bool tensor.

    >>> import dlcore as dl
    >>> dl.ge(dl.tensor([1, 2]), 2).tolist()
    [False, True]
    """
    return record(_C.ge_fwd(value(input), value(other)), None, ())


def logical_and(input: Operand, other: Operand) -> Tensor:
    """Both are not zero: a bool tensor.

    >>> import dlcore as dl
    >>> dl.logical_and(dl.tensor([True, True]), dl.tensor([True, False])).tolist()
    [True, False]
    """
    return record(_C.logical_and_fwd(value(input), value(other)), None, ())


def logical_or(input: Operand, other: Operand) -> Tensor:
    """One at least is not zero: a bool tensor.

    >>> import dlcore as dl
    >>> dl.logical_or(dl.tensor([True, False]), dl.tensor([False, False])).tolist()
    [True, False]
    """
    return record(_C.logical_or_fwd(value(input), value(other)), None, ())


def logical_xor(input: Operand, other: Operand) -> Tensor:
    """Exactly one is not zero: a bool tensor.

    >>> import dlcore as dl
    >>> dl.logical_xor(dl.tensor([True, False]), dl.tensor([True, True])).tolist()
    [False, True]
    """
    return record(_C.logical_xor_fwd(value(input), value(other)), None, ())


def logical_not(input: Tensor) -> Tensor:
    """Zero, or False: a bool tensor.

    >>> import dlcore as dl
    >>> dl.logical_not(dl.tensor([True, False])).tolist()
    [False, True]
    """
    return record(_C.logical_not_fwd(input), None, ())
