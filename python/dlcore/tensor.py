"""Tensor: an Array with a gradient. Slots and conversions; the operators are in ``operators``, the maths in ``ops``."""

from __future__ import annotations

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import numpy as np

from dlcore import _C, autograd, hooks, mistakes
from dlcore.devices import cpu, is_pinned, move, pin_memory, record_stream, target
from dlcore.operators import Operators
from dlcore.ops import copy
from dlcore.ops.shape import wrap_dim


class Tensor(Operators):
    """An n-dimensional array of one dtype that can take part in differentiation.

    Build one with ``dl.tensor``, ``dl.zeros``, ``dl.randn`` and their like. Names, signatures and defaults are
    PyTorch's.

    >>> import dlcore as dl
    >>> x = dl.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad.tolist()
    [[2.0, 4.0], [6.0, 8.0]]
    """

    __slots__ = ("array", "grad", "node", "needs_grad", "hooks", "__weakref__")
    __array_ufunc__ = None  # NumPy arrays on the left of an operator defer to ours, which explains itself
    __hash__ = object.__hash__

    def __init__(self, array: Any, requires_grad: _bool = False, node: autograd.Node | None = None):
        if not isinstance(array, _C.Array):  # ops build their results without coming here: see autograd.cpp
            raise TypeError(f"Tensor: holds an Array; make one of {type(array).__name__} with dl.tensor(data)")
        self.array = array
        self.grad: Tensor | None = None
        self.node = node
        self.needs_grad = requires_grad
        self.hooks: dict | None = None

    # Recording reads the slot; only what a user assigns is checked.
    requires_grad: Any = property(
        attrgetter("needs_grad"),
        lambda self, v: self.requires_grad_(v),
        doc="Whether backward() computes its gradient.",
    )

    # ---- what it is
    @property
    def shape(self) -> tuple[_int, ...]:
        """The sizes of the dimensions."""
        return self.array.shape

    @property
    def dtype(self) -> _C.DType:
        """Of the elements: ``dl.float32``, ``dl.int64``, …"""
        return self.array.dtype

    @property
    def device(self) -> str:
        """Where it lies: "cpu" or "cuda"."""
        return self.array.device

    @property
    def ndim(self) -> _int:
        """The number of dimensions; 0 for a single number."""
        return self.array.ndim

    @property
    def is_leaf(self) -> _bool:
        """Whether no op made it: leaves are what ``backward()`` leaves gradients in."""
        return self.node is None

    @property
    def data(self) -> Tensor:
        """The same memory without its history, as ``detach()``."""
        return Tensor(self.array)

    def dim(self) -> _int:
        """The number of dimensions, as ``ndim``."""
        return self.array.ndim

    def numel(self) -> _int:
        """The number of elements."""
        return self.array.size

    def size(self, dim: _int | None = None) -> Any:
        """The shape, or the size of dimension `dim` (negative: from the last)."""
        return self.array.shape if dim is None else self.array.shape[wrap_dim("size", dim, self.ndim)]

    def stride(self, dim: _int | None = None) -> Any:
        """Elements in memory from one index to the next, of each dimension or of `dim`."""
        return self.array.strides if dim is None else self.array.strides[wrap_dim("stride", dim, self.ndim)]

    def is_floating_point(self) -> _bool:
        """Whether the dtype is float64, float32, float16 or bfloat16."""
        return self.array.dtype.is_floating_point

    def is_contiguous(self) -> _bool:
        """Whether the elements lie in memory in the order of their indices, without gaps."""
        return self.array.is_contiguous

    # ---- out of the library
    def item(self) -> Any:
        """The one element as a Python number. ShapeError unless there is exactly one."""
        return self.array.item()

    def numpy(self) -> np.ndarray:
        """A NumPy array that shares this tensor's memory. RuntimeError while a gradient is needed: detach first."""
        if self.requires_grad and autograd.mode.recording:
            raise RuntimeError("numpy: this tensor needs a gradient, which NumPy would not see; use .detach().numpy()")
        return self.array.numpy()

    def tolist(self) -> Any:
        """Nested lists of Python numbers; one number for a tensor without dimensions."""
        return _wide(self.array).numpy().tolist()

    def __array__(self, dtype: Any = None, copy: _bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        values = _wide(_C.to_device(self.array, "cpu")).numpy()
        body = np.array2string(values, separator=", ", prefix="tensor(", threshold=1000)
        notes = [] if self.device == "cpu" else [f"device='{self.device}'"]
        if self.dtype not in (_C.DType.float32, _C.DType.int64, _C.DType.bool):
            notes.append(f"dtype={self.dtype}")
        if self.numel() == 0:
            notes.append(f"shape={self.shape}")
        if self.node is not None:
            notes.append(f"grad_fn={self.node!r}")
        elif self.requires_grad:
            notes.append("requires_grad=True")
        return f"tensor({', '.join([body, *notes])})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self.numel() == 1 else format(repr(self), spec)

    def __len__(self) -> _int:
        if self.ndim == 0:
            raise TypeError("len() of a tensor of no dimensions")
        return self.array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> _bool:
        if self.numel() != 1:
            raise ValueError(f"the truth of a tensor of shape {self.shape} is ambiguous; use .any(), .all() or compare")
        return bool(self.item())

    def __float__(self) -> _float:
        return float(self.item())

    def __int__(self) -> _int:
        return int(self.item())

    def __index__(self) -> _int:
        if self.dtype.is_floating_point:
            raise TypeError(f"a {self.dtype} tensor cannot be an index; use an integer tensor of one element")
        return int(self.item())

    # ---- copies of its own memory
    def __copy__(self) -> Tensor:
        """As PyTorch's: another tensor on the same memory."""
        return self._like(self.array)

    def __deepcopy__(self, memo: dict) -> Tensor:
        if self.node is not None:
            raise RuntimeError(
                f"deepcopy: this tensor of shape {self.shape} is a result of ops and its history cannot be copied; "
                "copy its values with .detach().clone()"
            )
        if id(self) not in memo:
            memo[id(self)] = result = self._like(_C.clone(self.array))
            if self.grad is not None:
                result.grad = self.grad.__deepcopy__(memo)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple:
        """Pickled are values, dtype, memory order and requires_grad; not the history, the gradient or hooks."""
        array = self.detach().cpu().array
        order = tuple(sorted(range(array.ndim), key=lambda d: -array.strides[d]))
        bits = array.view_as(_C.DType.float16) if array.dtype == _C.DType.bfloat16 else array
        values = np.array(bits.permute(order).numpy(), order="C")
        return rebuild, (type(self), values, str(array.dtype), order, self.requires_grad)

    def _like(self, array: Any) -> Tensor:
        """A leaf of this class on `array`."""
        result = type(self).__new__(type(self))
        Tensor.__init__(result, array, self.requires_grad)
        return result

    # ---- gradients
    def requires_grad_(self, requires_grad: _bool = True) -> Tensor:
        """Marks a leaf as needing a gradient, in place. TypeError for integers: they have no derivative."""
        if not isinstance(requires_grad, _bool):
            raise TypeError(f"requires_grad_: needs True or False, got {requires_grad!r}")
        if requires_grad and not self.dtype.is_floating_point:
            raise _C.DTypeError(f"requires_grad_: {self.dtype} has no gradient; convert with .float()")
        if self.node is not None and not requires_grad:
            raise RuntimeError("requires_grad_: only a leaf can stop needing a gradient; use .detach()")
        self.needs_grad = requires_grad
        return self

    def detach(self) -> Tensor:
        """A tensor that shares this one's memory and has no history."""
        return Tensor(self.array)

    def backward(
        self, gradient: Tensor | None = None, retain_graph: _bool = False, create_graph: _bool = False
    ) -> None:
        """Adds the derivative of this tensor to ``.grad`` of every leaf that needs one.

        `gradient` (this tensor's shape and dtype) may be left out when the tensor is one number.
        """
        if create_graph:
            raise RuntimeError("backward: create_graph=True (derivatives of derivatives) is not supported")
        autograd.backward(self, gradient, retain_graph)

    def register_hook(self, hook: Any) -> Any:
        """Calls ``hook(grad)`` when this tensor's gradient is known; what it returns, if anything, replaces it."""
        return hooks.register_hook(self, hook)

    def retain_grad(self) -> None:
        """Keeps the gradient of a tensor that is not a leaf in its ``.grad``."""
        hooks.retain_grad(self)

    # ---- devices
    def to(
        self, *args: Any, dtype: _C.DType | None = None, device: str | None = None, non_blocking: bool = False
    ) -> Tensor:
        """This tensor with another dtype or on another device ("cpu" or "cuda"); itself when nothing changes.

        With ``non_blocking=True`` the call returns before the copy is made: to the GPU where this tensor is in pinned
        memory (do not write to it before then), and to the host, where the result is pinned and must not be read before
        ``dl.cuda.current_stream().synchronize()``, or an event recorded behind it.
        """
        dtype, device = target(args, dtype, device)
        x = self if device is None or device == self.device else move(self, device, non_blocking)
        return x if dtype is None or dtype == x.dtype else copy.convert(x, dtype)

    def cuda(self, non_blocking: bool = False) -> Tensor:
        """On the GPU; itself when it is there. DeviceError where there is none."""
        return self.to("cuda", non_blocking=non_blocking)

    cpu, pin_memory, is_pinned, record_stream = cpu, pin_memory, is_pinned, record_stream

    def float(self) -> Tensor:
        """As float32."""
        return self.to(_C.DType.float32)

    def double(self) -> Tensor:
        """As float64."""
        return self.to(_C.DType.float64)

    def half(self) -> Tensor:
        """As float16: for storage, half the bytes. Convert back with ``.float()`` to compute."""
        return self.to(_C.DType.float16)

    def bfloat16(self) -> Tensor:
        """As bfloat16: float32's range with 8 significant bits; see ``dl.autocast``. NumPy has no such type."""
        return self.to(_C.DType.bfloat16)

    def long(self) -> Tensor:
        """As int64, fractions dropped."""
        return self.to(_C.DType.int64)

    def int(self) -> Tensor:
        """As int32, fractions dropped."""
        return self.to(_C.DType.int32)

    def bool(self) -> Tensor:
        """As bool: whether it is not 0."""
        return self.to(_C.DType.bool)


def rebuild(cls: type[Tensor], values: np.ndarray, dtype: str, order: tuple[int, ...], requires_grad: bool) -> Tensor:
    """A tensor out of what ``__reduce_ex__`` keeps of it."""
    array = _C.clone(_C.from_numpy(np.require(values, requirements="W")))
    back = tuple(sorted(range(len(order)), key=order.__getitem__))
    result = cls.__new__(cls)
    Tensor.__init__(result, array.view_as(getattr(_C.DType, dtype)).permute(back), requires_grad)
    return result


def _wide(array: Any) -> Any:
    """Of a dtype that NumPy knows."""
    return _C.convert(array, _C.DType.float32) if array.dtype == _C.DType.bfloat16 else array


_C.bind_tensor(Tensor, mistakes.explain_call)
autograd.bind_tensor_type(Tensor)
