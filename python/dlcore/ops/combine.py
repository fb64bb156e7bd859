"""What is not finite, and sums of products: compositions of the elementwise ops, with their broadcasting."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import compare, elementwise

if TYPE_CHECKING:
    from dlcore.ops.elementwise import Operand
    from dlcore.tensor import Tensor

LARGEST = {_C.DType.float32: (2 - 2.0**-23) * 2.0**127, _C.DType.float64: (2 - 2.0**-52) * 2.0**1023}


def isnan(input: Tensor) -> Tensor:
    """Where there is no number: bool.

    >>> import dlcore as dl
    >>> dl.isnan(dl.tensor([1.0, float("nan")])).tolist()
    [False, True]
    """
    return record(_C.ne_fwd(input.array, input.array), None, ())


def isinf(input: Tensor) -> Tensor:
    """Where there is inf or -inf: bool."""
    if not input.dtype.is_floating_point:
        return isnan(input)
    return record(_C.eq_fwd(_C.abs_fwd(input.array), inf), None, ())


def isfinite(input: Tensor) -> Tensor:
    """Where there is neither nan nor inf: bool.

    >>> import dlcore as dl
    >>> dl.isfinite(dl.tensor([1.0, float("inf"), float("nan")])).tolist()
    [True, False, False]
    """
    if not input.dtype.is_floating_point:
        return record(_C.eq_fwd(input.array, input.array), None, ())
    return record(_C.lt_fwd(_C.abs_fwd(input.array), inf), None, ())


def nan_to_num(input: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """input with numbers in place of nan, inf and -inf: 0, the largest and the least unless others are given.

    >>> import dlcore as dl
    >>> dl.nan_to_num(dl.tensor([1.0, float("nan"), float("inf")]), posinf=9.0).tolist()
    [1.0, 0.0, 9.0]
    """
    if input.dtype not in LARGEST:
        return input
    largest = LARGEST[input.dtype]
    y = compare.where(isnan(input), nan or 0.0, input)
    y = compare.where(compare.eq(input, inf), largest if posinf is None else posinf, y)
    return compare.where(compare.eq(input, -inf), -largest if neginf is None else neginf, y)


def lerp(input: Tensor, end: Tensor, weight: Operand) -> Tensor:
    """input + weight (end - input): input where the weight is 0, end where it is 1.

    >>> import dlcore as dl
    >>> dl.lerp(dl.tensor([0.0]), dl.tensor([4.0]), 0.25).tolist()
    [1.0]
    """
    return elementwise.add(input, elementwise.mul(elementwise.sub(end, input), weight))


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value · tensor1 · tensor2.

    >>> import dlcore as dl
    >>> dl.addcmul(dl.tensor([1.0]), dl.tensor([2.0]), dl.tensor([3.0]), value=0.5).tolist()
    [4.0]
    """
    return elementwise.add(input, elementwise.mul(tensor1, tensor2), alpha=value)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value · tensor1 / tensor2.

    >>> import dlcore as dl
    >>> dl.addcdiv(dl.tensor([1.0]), dl.tensor([6.0]), dl.tensor([3.0]), value=0.5).tolist()
    [2.0]
    """
    return elementwise.add(input, elementwise.div(tensor1, tensor2), alpha=value)
