"""Arithmetic and the usual maths, element by element, with broadcasting.

Shapes broadcast and dtypes promote as in PyTorch: tensors promote among themselves; a Python number only lifts the
kind (bool < integer < float), so that a float32 tensor plus 2.5 stays float32. Either operand of a two-operand function
may be a number, but not both. A gradient is summed back to the shape of the operand that was broadcast.

Errors: ShapeError where shapes do not broadcast, DTypeError where a dtype has no such operation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops.operand import array_of, fit, fit_to, like, value

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

    Operand: TypeAlias = Tensor | float


def add(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """input + alpha * other.

    >>> import dlcore as dl
    >>> dl.add(dl.tensor([1.0, 2.0]), dl.tensor([10.0]), alpha=0.5).tolist()
    [6.0, 7.0]
    """
    a, b = value(input), value(other)
    y = _C.add_fwd(a, b, alpha)
    if b is other:
        return record(y, pass_backward, (input,), (), like(y, a))
    if a is input:
        return record(y, scaled_backward, (other,), (), (alpha, like(y, b)))
    return record(y, add_backward, (input, other), (), (alpha, like(y, a), like(y, b)))


def add_backward(g, node):
    alpha, a, b = node.attrs
    return (
        None if node.inputs[0] is None else fit_to(g, a),
        None if node.inputs[1] is None else fit_to(g if alpha == 1 else _C.mul_fwd(g, alpha), b),
    )


def pass_backward(g, node):
    return (fit_to(g, node.attrs),)


def scaled_backward(g, node):
    alpha, shape = node.attrs
    return (fit_to(g if alpha == 1 else _C.mul_fwd(g, alpha), shape),)


def sub(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """input - alpha * other.

    >>> import dlcore as dl
    >>> dl.sub(dl.tensor([1.0, 2.0]), 3).tolist()
    [-2.0, -1.0]
    """
    a, b = value(input), value(other)
    y = _C.sub_fwd(a, b, alpha)
    if b is other:
        return record(y, pass_backward, (input,), (), like(y, a))
    if a is input:
        return record(y, scaled_backward, (other,), (), (-alpha, like(y, b)))
    return record(y, add_backward, (input, other), (), (-alpha, like(y, a), like(y, b)))


def rsub(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """other - alpha * input."""
    return sub(other, input, alpha=alpha)


def mul(input: Operand, other: Operand) -> Tensor:
    """input * other.

    >>> import dlcore as dl
    >>> dl.mul(dl.tensor([[1.0], [2.0]]), dl.tensor([3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    a, b = value(input), value(other)
    y = _C.mul_fwd(a, b)
    if b is other:
        return record(y, scaled_backward, (input,), (), (other, like(y, a)))
    if a is input:
        return record(y, scaled_backward, (other,), (), (input, like(y, b)))
    return record(y, mul_backward, (input, other), (a, b))


def mul_backward(g, node):
    a, b = node.saved
    return (
        None if node.inputs[0] is None else fit(_C.mul_fwd(g, b), a),
        None if node.inputs[1] is None else fit(_C.mul_fwd(g, a), b),
    )


def div(input: Operand, other: Operand) -> Tensor:
    """input / other, true division: integers give float32, and a division by zero gives inf or nan.

    >>> import dlcore as dl
    >>> dl.div(dl.tensor([1, 2]), dl.tensor([2, 0])).tolist()
    [0.5, inf]
    """
    a, b = value(input), value(other)
    y = _C.div_fwd(a, b)
    if b is other:
        return record(y, div_number_backward, (input,), (), (other, like(y, a)))
    if a is input:
        return record(y, number_div_backward, (other,), (y, b))
    return record(y, div_backward, (input, other), (y, a, b))


def div_number_backward(g, node):
    divisor, shape = node.attrs
    return (fit_to(_C.div_fwd(g, divisor), shape),)


def number_div_backward(g, node):
    y, b = node.saved
    return (fit(_C.div_bwd_b(g, y, b), b),)


def div_backward(g, node):
    y, a, b = node.saved
    return (
        None if node.inputs[0] is None else fit(_C.div_fwd(g, b), a),
        None if node.inputs[1] is None else fit(_C.div_bwd_b(g, y, b), b),
    )


true_divide = div


def rdiv(input: Operand, other: Operand) -> Tensor:
    """other / input."""
    return div(other, input)


def pow(input: Operand, exponent: Operand) -> Tensor:
    """input to the power of exponent. An integer tensor to a negative number raises ValueError.

    The gradient with respect to the exponent is 0 where input is 0 and the power is finite.

    >>> import dlcore as dl
    >>> dl.pow(dl.tensor([2.0, 3.0]), 3).tolist()
    [8.0, 27.0]
    """
    a, b = value(input), value(exponent)
    y = _C.pow_fwd(a, b)
    if b is exponent:
        return record(y, pow_number_backward, (input,), (a,), exponent)
    if a is input:
        return record(y, number_pow_backward, (exponent,), (y, b), input)
    return record(y, pow_backward, (input, exponent), (y, a, b))


def pow_number_backward(g, node):
    (a,), exponent = node.saved, node.attrs
    return (fit(_C.square_bwd(g, a) if exponent == 2 else _C.pow_bwd_a(g, a, exponent), a),)


def number_pow_backward(g, node):
    y, b = node.saved
    return (fit(_C.pow_bwd_b(g, node.attrs, y), b),)


def pow_backward(g, node):
    y, a, b = node.saved
    return (
        None if node.inputs[0] is None else fit(_C.pow_bwd_a(g, a, b), a),
        None if node.inputs[1] is None else fit(_C.pow_bwd_b(g, a, y), b),
    )


def rpow(input: Operand, other: Operand) -> Tensor:
    """other to the power of input."""
    return pow(other, input)


def exp(input: Tensor) -> Tensor:
    """e to the power of input; integers give float32. Within 1 unit in the last place.

    >>> import dlcore as dl
    >>> dl.exp(dl.tensor([0.0])).tolist()
    [1.0]
    """
    y = _C.exp_fwd(input)
    return record(y, exp_backward, (input,), (y,))


def exp_backward(g, node):
    return (_C.mul_fwd(g, node.saved[0]),)


def log(input: Tensor) -> Tensor:
    """The natural logarithm; integers give float32, 0 gives -inf, less gives nan. Within 1 unit in the last place.

    >>> import dlcore as dl
    >>> dl.log(dl.tensor([1.0, 0.0])).tolist()
    [0.0, -inf]
    """
    x = array_of(input)
    return record(_C.log_fwd(x), log_backward, (input,), (x,))


def log_backward(g, node):
    return (_C.div_fwd(g, node.saved[0]),)


def sqrt(input: Tensor) -> Tensor:
    """The square root; integers give float32, a negative number nan.

    >>> import dlcore as dl
    >>> dl.sqrt(dl.tensor([9.0])).tolist()
    [3.0]
    """
    y = _C.sqrt_fwd(input)
    return record(y, sqrt_backward, (input,), (y,))


def sqrt_backward(g, node):
    return (_C.sqrt_bwd(g, node.saved[0]),)


def square(input: Tensor) -> Tensor:
    """input * input.

    >>> import dlcore as dl
    >>> dl.square(dl.tensor([-3.0])).tolist()
    [9.0]
    """
    x = array_of(input)
    return record(_C.square_fwd(x), square_backward, (input,), (x,))


def square_backward(g, node):
    return (_C.square_bwd(g, node.saved[0]),)


def reciprocal(input: Tensor) -> Tensor:
    """1 / input; integers give float32.

    >>> import dlcore as dl
    >>> dl.reciprocal(dl.tensor([4.0])).tolist()
    [0.25]
    """
    y = _C.reciprocal_fwd(input)
    return record(y, reciprocal_backward, (input,), (y,))


def reciprocal_backward(g, node):
    return (_C.reciprocal_bwd(g, node.saved[0]),)


def abs(input: Tensor) -> Tensor:
    """The magnitude; the gradient at 0 is 0.

    >>> import dlcore as dl
    >>> dl.abs(dl.tensor([-3.0])).tolist()
    [3.0]
    """
    x = array_of(input)
    return record(_C.abs_fwd(x), abs_backward, (input,), (x,))


def abs_backward(g, node):
    return (_C.abs_bwd(g, node.saved[0]),)


def neg(input: Tensor) -> Tensor:
    """-input. A bool tensor raises DTypeError.

    >>> import dlcore as dl
    >>> dl.neg(dl.tensor([3.0])).tolist()
    [-3.0]
    """
    return record(_C.neg_fwd(input), neg_backward, (input,))


def neg_backward(g, node):
    return (_C.neg_fwd(g),)
