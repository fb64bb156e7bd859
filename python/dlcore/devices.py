"""Where tensors are and what they are made of: the arguments of ``to``, and copies from one device to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C, autograd, cuda

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def target(args: tuple, dtype: _C.DType | None, device: str | None) -> tuple[_C.DType | None, str | None]:
    """The dtype and the device that the arguments of ``to`` name."""
    for a in args:
        if isinstance(a, str):
            if hasattr(_C.DType, a):
                raise TypeError(f'to: a dtype is not text; write dl.{a} for "{a}"')
            device = a
        elif isinstance(a, _C.DType):
            dtype = a
        elif isinstance(getattr(a, "array", None), _C.Array):
            dtype, device = a.dtype, a.device
        else:
            raise TypeError(f"to: needs a dtype, a device name or a tensor, got {type(a).__name__}")
    return dtype, device


def move(x: Tensor, device: str, later: bool) -> Tensor:
    """A copy on another device; the gradient travels back."""
    if device == "cuda":
        cuda.open_backend()
    copy = _C.to_device_later if later else _C.to_device
    return autograd.record(copy(x.array, device), move_backward, (x,), (), x.device)


def move_backward(g: Any, node: autograd.Node) -> tuple:
    return (_C.to_device(g, node.attrs),)


def pin(x: Tensor) -> Tensor:
    """A copy in pinned host memory; the gradient is as it comes."""
    cuda.open_backend()
    return autograd.record(_C.pin_memory(x.array), pin_backward, (x,), ())


def pin_backward(g: Any, node: autograd.Node) -> tuple:
    return (g,)
