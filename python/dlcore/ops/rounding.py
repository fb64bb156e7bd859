"""Floats to whole ones, element by element: any shape; integers stay as they are. The gradient is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import elementwise

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def zero_backward(g, node):
    return (_C.mul_fwd(g, 0),)


def floor(input: Tensor) -> Tensor:
    """The largest integer that is not larger, as a float; integers stay as they are. The gradient is 0.

    >>> import dlcore as dl
    >>> dl.floor(dl.tensor([-0.5, 2.5])).tolist()
    [-1.0, 2.0]
    """
    return record(_C.floor_fwd(input.array), zero_backward, (input,))


def ceil(input: Tensor) -> Tensor:
    """The smallest integer that is not smaller, as a float; integers stay as they are. The gradient is 0.

    >>> import dlcore as dl
    >>> dl.ceil(dl.tensor([0.5, 2.5])).tolist()
    [1.0, 3.0]
    """
    return record(_C.ceil_fwd(input.array), zero_backward, (input,))


def trunc(input: Tensor) -> Tensor:
    """The integer part, as a float; integers stay as they are. The gradient is 0.

    >>> import dlcore as dl
    >>> dl.trunc(dl.tensor([-1.5, 2.5])).tolist()
    [-1.0, 2.0]
    """
    return record(_C.trunc_fwd(input.array), zero_backward, (input,))


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """The nearest integer, halves to the even one; with `decimals` the nearest multiple of 10^-decimals. Gradient 0.

    >>> import dlcore as dl
    >>> dl.round(dl.tensor([0.5, 1.5, -2.6])).tolist()
    [0.0, 2.0, -3.0]
    """
    if decimals and input.dtype.is_floating_point:
        scale = 10.0 ** abs(decimals)
        up, down = (_C.mul_fwd, _C.div_fwd) if decimals > 0 else (_C.div_fwd, _C.mul_fwd)
        return record(down(_C.round_fwd(up(input.array, scale)), scale), zero_backward, (input,))
    return record(_C.round_fwd(input.array), zero_backward, (input,))


def frac(input: Tensor) -> Tensor:
    """input - trunc(input): the part after the point, with input's sign.

    >>> import dlcore as dl
    >>> dl.frac(dl.tensor([-1.5, 2.25])).tolist()
    [-0.5, 0.25]
    """
    return elementwise.sub(input, trunc(input))
