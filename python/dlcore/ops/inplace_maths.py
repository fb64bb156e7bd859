"""In-place forms of functions: ``x.exp_()`` writes exp(x) into x.

As inplace.py says: without a history the memory is changed, else the tensor gets a new value. The function's value is
made first and then copied, so that an error changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.ops import activation, combine, compare, divisions, elementwise, maths, rounding
from dlcore.ops.inplace import rebind, tracked

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def _in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    name = f"{function.__name__}_"

    @wraps(function)
    def write(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        other = next((a for a in (*args, *kwargs.values()) if getattr(a, "requires_grad", False)), None)
        record = tracked(self, other)
        result = function(self, *args, **kwargs)
        if record:
            return rebind(self, result)
        if result.shape != self.shape or result.dtype != self.dtype:
            raise _C.DTypeError(
                f"{name}: a {result.dtype} result of shape {result.shape} does not fit into a {self.dtype} tensor of "
                f"shape {self.shape} in place; write x = x.{function.__name__}(…) instead"
            )
        _C.copy_into(self.array, result.array)
        return self

    write.__name__ = write.__qualname__ = name
    write.__doc__ = f"As ``{function.__name__}``, written into this tensor."
    return write


relu_, sigmoid_, tanh_ = _in_place(activation.relu), _in_place(activation.sigmoid), _in_place(activation.tanh)
exp_, log_, sqrt_ = _in_place(elementwise.exp), _in_place(elementwise.log), _in_place(elementwise.sqrt)
abs_, neg_, square_ = _in_place(elementwise.abs), _in_place(elementwise.neg), _in_place(elementwise.square)
reciprocal_, pow_ = _in_place(elementwise.reciprocal), _in_place(elementwise.pow)
clamp_ = _in_place(compare.clamp)
floor_, ceil_ = _in_place(rounding.floor), _in_place(rounding.ceil)
round_, trunc_ = _in_place(rounding.round), _in_place(rounding.trunc)
sin_, cos_, rsqrt_ = _in_place(maths.sin), _in_place(maths.cos), _in_place(maths.rsqrt)
remainder_, fmod_ = _in_place(divisions.remainder), _in_place(divisions.fmod)
lerp_, addcmul_, addcdiv_ = _in_place(combine.lerp), _in_place(combine.addcmul), _in_place(combine.addcdiv)
