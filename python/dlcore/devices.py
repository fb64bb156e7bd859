"""Where tensors are and what they are made of: the arguments of ``to``, copies from one device to another, and
Tensor's methods of such."""

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


def cpu(self: Tensor) -> Tensor:
    """On the CPU; itself when it is there."""
    return self.to("cpu")


def pin_memory(self: Tensor) -> Tensor:
    """A copy in pinned host memory, from which ``to("cuda", non_blocking=True)`` copies while the host goes on; itself
    when it is there. DeviceError on the GPU, and where there is none."""
    cuda.open_backend()
    return autograd.record(_C.pin_memory(self.array), pin_backward, (self,), ())


def pin_backward(g: Any, node: autograd.Node) -> tuple:
    return (g,)


def is_pinned(self: Tensor) -> bool:
    """Whether this tensor is in pinned host memory."""
    return _C.is_pinned(self.array)


def record_stream(self: Tensor, stream: cuda.Stream) -> None:
    """Tells that `stream` uses this tensor of the GPU: its memory is handed out again only behind what the stream was
    given until the tensor is freed. For tensors made on another stream."""
    _C.cuda_used_by(self.array, stream.number)
