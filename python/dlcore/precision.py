"""Mixed precision: which ops compute in 16 bits inside ``autocast``, and which in float32. The policy is this file's.

With bfloat16:

products    matmul, linear, convolutions, and what is made of them: a float32 operand is rounded to bfloat16, sums
            are float32, the result is bfloat16
float32     losses, softmax, sums and means, statistics of rows, recurrences, and what has no bfloat16 kernel: a
            bfloat16 operand is widened, the result is float32. Each is marked ``@in_float32``
all others  compute in what comes in, so bfloat16 stays bfloat16, and with a float32 operand beside it is float32.
            Batch norm's statistics and parameters are float32 beside a bfloat16 input

With float16, on CUDA alone, products take operands and give gradients that are rounded to float16, and all else is
float32 (transposed convolutions too): a product's result is widened. What float16 cannot hold, above 65504 and below
6e-8, is why ``amp.GradScaler`` exists.

It is PyTorch's policy on the CPU, but for sums, means and recurrences (there bfloat16), and for a product's bias and
the gradients of its weight and bias, which are not rounded to bfloat16 here. See Micikevicius et al., "Mixed precision
training", 2018.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from dlcore import _C
from dlcore.autograd import graph, mode, record

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])
_NARROW, _HALF, _WIDE = _C.DType.bfloat16, _C.DType.float16, _C.DType.float32


class _State(threading.local):
    def __init__(self) -> None:
        self.on = False
        self.halves = False  # float16 and not bfloat16
        self.depth = 0  # of blocks around
        self.casts: dict[tuple[int, bool, bool], tuple[Tensor, Any, int, Tensor]] = {}


state = _State()


class autocast:
    """Context manager and decorator: products inside, on this thread, take bfloat16; parameters stay float32.

    ``dtype`` is "bfloat16" or ``dl.bfloat16``, or on CUDA "float16" or ``dl.float16``; with ``enabled=False`` the block
    computes as if there were none around it.
    Matrix products and convolutions round float32 operands to bfloat16 and give bfloat16, while losses, softmax and
    sums widen what they get and give float32; what lies between keeps the dtype that comes in. A parameter is rounded
    once a block (again after it has changed), and its gradient is float32. The backward pass may run inside or out.
    float64 is left alone. On a machine without tiles of bfloat16 (AMX) the results are as good and the time is not.
    With float16 a product's result is float32 again, and gradients need `dl.amp.GradScaler`. DTypeError where a product
    of the CPU is to take float16: it has none. ValueError for another dtype.

    >>> import dlcore as dl
    >>> w, x = dl.ones(1, 2, requires_grad=True), dl.tensor([[1.0, 2.0]])
    >>> with dl.autocast("bfloat16"):
    ...     y = dl.nn.functional.linear(x, w)
    ...     loss = dl.nn.functional.mse_loss(y, dl.tensor([[5.0]]))
    >>> loss.backward()
    >>> y.dtype == dl.bfloat16, loss.dtype == dl.float32, w.grad.tolist()
    (True, True, [[-4.0, -8.0]])
    """

    def __init__(self, dtype: Any = "bfloat16", enabled: bool = True):
        if str(dtype) not in ("bfloat16", "float16"):
            raise ValueError(
                f'autocast: products take "bfloat16" or, on CUDA, "float16", got {dtype!r}'
                + ('; write dl.autocast("bfloat16")' if dtype in ("cpu", "cuda") else "")
            )
        if not isinstance(enabled, bool):
            raise TypeError(f"autocast: enabled must be True or False, got {enabled!r}")
        self.enabled, self.halves = enabled, str(dtype) == "float16"
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((state.on, state.halves))
        state.depth += 1
        state.on, state.halves = self.enabled, self.enabled and self.halves

    def __exit__(self, *exc: object) -> None:
        state.on, state.halves = self._before.pop()
        state.depth -= 1
        if state.depth == 0:
            state.casts.clear()

    def __call__(self, function: F) -> F:
        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with type(self)("float16" if self.halves else "bfloat16", self.enabled):
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


def is_autocast_enabled() -> bool:
    """Whether products take bfloat16, or float16, on this thread.

    >>> import dlcore as dl
    >>> with dl.autocast("bfloat16"):
    ...     dl.is_autocast_enabled()
    True
    """
    return state.on


def low(x: Tensor) -> Tensor:
    """A float32 tensor rounded to bfloat16 (float16), others as they are; inside autocast alone. Of a parameter the
    result is kept until the block ends, or until it is written to."""
    a = x.array
    if a.dtype != _WIDE:
        return x
    narrow = _HALF if state.halves else _NARROW
    if x.node is not None or not x.needs_grad:
        return record(_C.convert(a, narrow), convert_backward, (x,), (), _WIDE)
    key = (id(x), mode.recording, state.halves)
    kept = state.casts.get(key)
    if kept is None or kept[1] is not a or kept[2] != a.version:
        rounded = record(_C.convert(a, narrow), convert_backward, (x,), (), _WIDE)
        state.casts[key] = kept = (x, a, a.version, rounded)
    return kept[3]


def lowered(input: Tensor, weight: Tensor) -> tuple[Tensor, tuple]:
    """A product's input, and what its rule saves: the Arrays of input and weight, and behind them a float32 weight's
    own, in whose dtype its gradient is made."""
    input = low(input)
    x, w = input.array, weight.array
    if x.dtype != _NARROW or w.dtype != _WIDE:
        return input, (x, w)
    return input, (x, low(weight).array, w)


def in_halves(product: Callable[..., Tensor], *args: Any) -> Tensor:
    """A product of tensors rounded to float16 (others of its arguments come last), widened; its gradients too."""
    for x in args:
        if isinstance(x, graph.tensor_type) and x.device == "cpu":
            raise _C.DTypeError(
                f'{product.__name__}: autocast("float16") is for CUDA: no product of the CPU takes float16; '
                'write dl.autocast("bfloat16")'
            )
    rounded = [low(x) if isinstance(x, graph.tensor_type) else x for x in args]
    state.on = state.halves = False
    try:
        y = product(*rounded)
    finally:
        state.on = state.halves = True
    return record(_C.convert(y.array, _WIDE), convert_backward, (y,), (), _HALF) if y.dtype == _HALF else y


def convert_backward(g: Any, node: Any) -> tuple:
    return (_C.convert(g, node.attrs),)


def in_float32(function: F) -> F:
    """Marks an op that, inside autocast, computes in float32: bfloat16 tensors among its arguments are widened."""

    @wraps(function)
    def _widened(*args: Any, **kwargs: Any) -> Any:
        if not state.on:
            return function(*args, **kwargs)
        args, kwargs = tuple(map(_wide, args)), {name: _wide(value) for name, value in kwargs.items()}
        state.on = False  # products within it too
        try:
            return function(*args, **kwargs)
        finally:
            state.on = True

    _widened.in_float32 = True  # type: ignore[attr-defined]
    return _widened  # type: ignore[return-value]


def _wide(x: Any) -> Any:
    if isinstance(x, tuple | list):
        return tuple(map(_wide, x)) if any(isinstance(v, graph.tensor_type) for v in x) else x
    if not isinstance(x, graph.tensor_type) or x.dtype != _NARROW:
        return x
    return record(_C.convert(x.array, _WIDE), convert_backward, (x,), (), _NARROW)
