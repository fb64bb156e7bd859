"""Remainders and whole quotients, the angle of a point, and the bits of integers: with broadcasting and promotion.

An integer divided by zero raises ValueError; a float gives nan or inf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops.operand import fit, value

if TYPE_CHECKING:
    from dlcore.ops.elementwise import Operand
    from dlcore.tensor import Tensor


def remainder(input: Operand, other: Operand) -> Tensor:
    """input - other · floor(input / other): what is left, with the sign of `other`; the ``%`` operator.

    >>> import dlcore as dl
    >>> (dl.tensor([-7, 7]) % 3).tolist()
    [2, 1]
    """
    a, b = value(input), value(other)
    return _division(_C.remainder_fwd(a, b), floor_quotient_backward, input, other)


def fmod(input: Operand, other: Operand) -> Tensor:
    """input - other · trunc(input / other): what is left, with the sign of `input`, as C's fmod.

    >>> import dlcore as dl
    >>> dl.fmod(dl.tensor([-7.0, 7.0]), 3).tolist()
    [-1.0, 1.0]
    """
    a, b = value(input), value(other)
    return _division(_C.fmod_fwd(a, b), trunc_quotient_backward, input, other)


def _division(y: Any, rule: Any, input: Operand, other: Operand) -> Tensor:
    tensors = tuple(x for x in (input, other) if value(x) is not x)
    saved = tuple(value(x) for x in tensors)
    numbers = (None if value(input) is not input else input, None if value(other) is not other else other)
    return record(y, rule, tensors, saved, numbers)


def _operands(node: Any) -> tuple[Any, Any]:
    """The two operands, of which the numbers are in attrs."""
    a, b = node.attrs
    saved = iter(node.saved)
    return next(saved) if a is None else a, next(saved) if b is None else b


def _quotient_gradients(g: Any, node: Any, rounded: Any) -> tuple:
    a, b = _operands(node)
    found = []
    if node.attrs[0] is None:
        found.append(fit(g, a))
    if node.attrs[1] is None:
        found.append(fit(_C.neg_fwd(_C.mul_fwd(g, rounded(_C.div_fwd(a, b)))), b))
    return tuple(found)


def floor_quotient_backward(g, node):
    return _quotient_gradients(g, node, _C.floor_fwd)


def trunc_quotient_backward(g, node):
    return _quotient_gradients(g, node, _C.trunc_fwd)


def rremainder(input: Operand, other: Operand) -> Tensor:
    """other % input."""
    return remainder(other, input)


def floor_divide(input: Operand, other: Operand) -> Tensor:
    """The largest integer not above input / other, in the operands' dtype; the ``//`` operator. It has no gradient.

    >>> import dlcore as dl
    >>> (dl.tensor([-7, 7]) // 2).tolist()
    [-4, 3]
    """
    return record(_C.floor_divide_fwd(value(input), value(other)), None, ())


def rfloor_divide(input: Operand, other: Operand) -> Tensor:
    """other // input."""
    return floor_divide(other, input)


def atan2(input: Operand, other: Operand) -> Tensor:
    """The angle of the point (other, input) in (-π, π]; integers give float32.

    >>> import dlcore as dl
    >>> dl.atan2(dl.tensor([0.0]), dl.tensor([1.0])).tolist()
    [0.0]
    """
    return _division(_C.atan2_fwd(value(input), value(other)), atan2_backward, input, other)


def atan2_backward(g, node):
    a, b = _operands(node)
    squares = [_C.square_fwd(x) if hasattr(x, "shape") else x * x for x in (a, b)]
    share = _C.div_fwd(g, _C.add_fwd(*squares))
    found = []
    if node.attrs[0] is None:
        found.append(fit(_C.mul_fwd(share, b), a))
    if node.attrs[1] is None:
        found.append(fit(_C.neg_fwd(_C.mul_fwd(share, a)), b))
    return tuple(found)


def bitwise_and(input: Operand, other: Operand) -> Tensor:
    """The bits that both have, of integers or bools; the ``&`` operator.

    >>> import dlcore as dl
    >>> (dl.tensor([6]) & 3).tolist()
    [2]
    """
    return record(_C.bitwise_and_fwd(value(input), value(other)), None, ())


def bitwise_or(input: Operand, other: Operand) -> Tensor:
    """The bits that either has, of integers or bools; the ``|`` operator.

    >>> import dlcore as dl
    >>> (dl.tensor([6]) | 3).tolist()
    [7]
    """
    return record(_C.bitwise_or_fwd(value(input), value(other)), None, ())


def bitwise_xor(input: Operand, other: Operand) -> Tensor:
    """The bits that one of the two has, of integers or bools; the ``^`` operator.

    >>> import dlcore as dl
    >>> (dl.tensor([6]) ^ 3).tolist()
    [5]
    """
    return record(_C.bitwise_xor_fwd(value(input), value(other)), None, ())


def bitwise_not(input: Tensor) -> Tensor:
    """Every bit the other way, of integers or bools; the ``~`` operator.

    >>> import dlcore as dl
    >>> (~dl.tensor([6])).tolist()
    [-7]
    """
    x = input.array
    if x.dtype == _C.DType.bool:
        return record(_C.logical_not_fwd(x), None, ())
    return record(_C.bitwise_xor_fwd(x, 255 if x.dtype == _C.DType.uint8 else -1), None, ())
