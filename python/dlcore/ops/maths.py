"""Functions of one number, element by element: any shape; integers give float32.

csrc/ops/maths/maths.h states each one's error. DTypeError for float16 and bfloat16, which are for storage.
"""

from __future__ import annotations

from math import log as _log
from math import pi, sqrt
from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

LN2, LN10 = _log(2), _log(10)


def sin(input: Tensor) -> Tensor:
    """The sine of radians.

    >>> import dlcore as dl
    >>> dl.sin(dl.tensor([0.0])).tolist()
    [0.0]
    """
    x = input.array
    y = _C.sin_fwd(x)
    return record(y, sin_backward, (input,), (x,))


def sin_backward(g, node):
    return (_C.mul_fwd(g, _C.cos_fwd(node.saved[0])),)


def cos(input: Tensor) -> Tensor:
    """The cosine of radians.

    >>> import dlcore as dl
    >>> dl.cos(dl.tensor([0.0])).tolist()
    [1.0]
    """
    x = input.array
    y = _C.cos_fwd(x)
    return record(y, cos_backward, (input,), (x,))


def cos_backward(g, node):
    return (_C.neg_fwd(_C.mul_fwd(g, _C.sin_fwd(node.saved[0]))),)


def tan(input: Tensor) -> Tensor:
    """The tangent of radians.

    >>> import dlcore as dl
    >>> dl.tan(dl.tensor([0.0])).tolist()
    [0.0]
    """
    x = input.array
    y = _C.tan_fwd(x)
    return record(y, tan_backward, (input,), (y,))


def tan_backward(g, node):
    return (_C.mul_fwd(g, _C.add_fwd(_C.square_fwd(node.saved[0]), 1)),)


def asin(input: Tensor) -> Tensor:
    """The angle in [-π/2, π/2] whose sine is input; NaN outside [-1, 1].

    >>> import dlcore as dl
    >>> dl.asin(dl.tensor([0.0])).tolist()
    [0.0]
    """
    x = input.array
    y = _C.asin_fwd(x)
    return record(y, asin_backward, (input,), (x,))


def asin_backward(g, node):
    return (_C.div_fwd(g, _C.sqrt_fwd(_C.sub_fwd(1, _C.square_fwd(node.saved[0])))),)


def acos(input: Tensor) -> Tensor:
    """The angle in [0, π] whose cosine is input; NaN outside [-1, 1].

    >>> import dlcore as dl
    >>> dl.acos(dl.tensor([1.0])).tolist()
    [0.0]
    """
    x = input.array
    y = _C.acos_fwd(x)
    return record(y, acos_backward, (input,), (x,))


def acos_backward(g, node):
    return (_C.neg_fwd(_C.div_fwd(g, _C.sqrt_fwd(_C.sub_fwd(1, _C.square_fwd(node.saved[0]))))),)


def atan(input: Tensor) -> Tensor:
    """The angle in [-π/2, π/2] whose tangent is input.

    >>> import dlcore as dl
    >>> dl.atan(dl.tensor([0.0])).tolist()
    [0.0]
    """
    x = input.array
    y = _C.atan_fwd(x)
    return record(y, atan_backward, (input,), (x,))


def atan_backward(g, node):
    return (_C.div_fwd(g, _C.add_fwd(_C.square_fwd(node.saved[0]), 1)),)


def sinh(input: Tensor) -> Tensor:
    """The hyperbolic sine.

    >>> import dlcore as dl
    >>> dl.sinh(dl.tensor([0.0])).tolist()
    [0.0]
    """
    x = input.array
    y = _C.sinh_fwd(x)
    return record(y, sinh_backward, (input,), (x,))


def sinh_backward(g, node):
    return (_C.mul_fwd(g, _C.cosh_fwd(node.saved[0])),)


def cosh(input: Tensor) -> Tensor:
    """The hyperbolic cosine.

    >>> import dlcore as dl
    >>> dl.cosh(dl.tensor([0.0])).tolist()
    [1.0]
    """
    x = input.array
    y = _C.cosh_fwd(x)
    return record(y, cosh_backward, (input,), (x,))


def cosh_backward(g, node):
    return (_C.mul_fwd(g, _C.sinh_fwd(node.saved[0])),)


def erf(input: Tensor) -> Tensor:
    """The error function, 2/√π ∫ e^(-t²) dt from 0 to input.

    >>> import dlcore as dl
    >>> dl.erf(dl.tensor([0.0, 10.0])).tolist()
    [0.0, 1.0]
    """
    x = input.array
    y = _C.erf_fwd(x)
    return record(y, erf_backward, (input,), (x,))


def erf_backward(g, node):
    return (_C.mul_fwd(g, _C.mul_fwd(_C.exp_fwd(_C.neg_fwd(_C.square_fwd(node.saved[0]))), 2 / sqrt(pi))),)


def expm1(input: Tensor) -> Tensor:
    """e^input - 1, without losing the digits of a small input.

    >>> import dlcore as dl
    >>> dl.expm1(dl.tensor([0.0])).tolist()
    [0.0]
    """
    x = input.array
    y = _C.expm1_fwd(x)
    return record(y, expm1_backward, (input,), (y,))


def expm1_backward(g, node):
    return (_C.mul_fwd(g, _C.add_fwd(node.saved[0], 1)),)


def log1p(input: Tensor) -> Tensor:
    """log(1 + input), without losing the digits of a small input; -1 gives -inf, less nan.

    >>> import dlcore as dl
    >>> dl.log1p(dl.tensor([0.0])).tolist()
    [0.0]
    """
    x = input.array
    y = _C.log1p_fwd(x)
    return record(y, log1p_backward, (input,), (x,))


def log1p_backward(g, node):
    return (_C.div_fwd(g, _C.add_fwd(node.saved[0], 1)),)


def log2(input: Tensor) -> Tensor:
    """The logarithm to base 2.

    >>> import dlcore as dl
    >>> dl.log2(dl.tensor([8.0])).tolist()
    [3.0]
    """
    x = input.array
    y = _C.log2_fwd(x)
    return record(y, log2_backward, (input,), (x,))


def log2_backward(g, node):
    return (_C.div_fwd(g, _C.mul_fwd(node.saved[0], LN2)),)


def log10(input: Tensor) -> Tensor:
    """The logarithm to base 10.

    >>> import dlcore as dl
    >>> dl.log10(dl.tensor([1000.0])).tolist()
    [3.0]
    """
    x = input.array
    y = _C.log10_fwd(x)
    return record(y, log10_backward, (input,), (x,))


def log10_backward(g, node):
    return (_C.div_fwd(g, _C.mul_fwd(node.saved[0], LN10)),)


def exp2(input: Tensor) -> Tensor:
    """2 to the power of input.

    >>> import dlcore as dl
    >>> dl.exp2(dl.tensor([3.0])).tolist()
    [8.0]
    """
    x = input.array
    y = _C.exp2_fwd(x)
    return record(y, exp2_backward, (input,), (y,))


def exp2_backward(g, node):
    return (_C.mul_fwd(g, _C.mul_fwd(node.saved[0], LN2)),)


def rsqrt(input: Tensor) -> Tensor:
    """1 / sqrt(input); 0 gives inf, less nan.

    >>> import dlcore as dl
    >>> dl.rsqrt(dl.tensor([4.0])).tolist()
    [0.5]
    """
    x = input.array
    y = _C.rsqrt_fwd(x)
    return record(y, rsqrt_backward, (input,), (y,))


def rsqrt_backward(g, node):
    (y,) = node.saved
    return (_C.mul_fwd(_C.mul_fwd(g, -0.5), _C.mul_fwd(_C.square_fwd(y), y)),)
