"""Ops that a user writes, forward and backward, in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import graph
from dlcore.autograd.graph import Node, no_grad, record_joint

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


class Context:
    """What forward leaves for backward: tensors by ``save_for_backward``, anything else as an attribute."""

    def __init__(self, name: str, needs_input_grad: tuple[bool, ...]):
        self.name = name
        self.needs_input_grad = needs_input_grad
        self._saved: tuple = ()  # Tensors during forward; Arrays while backward runs
        self._fixed: tuple = ()
        self._materialize = True
        self._arguments: list[tuple | None] = []  # shape and dtype of each tensor that needs a gradient
        self._outputs: list[tuple] = []  # shape, dtype and device of each output, and whether it is differentiable

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keeps inputs or outputs for backward, which raises if one was changed in place since; None stays None."""
        for i, x in enumerate(tensors):
            if x is not None and not isinstance(x, graph.tensor_type):
                raise TypeError(
                    f"{self.name}.forward: save_for_backward takes tensors, argument {i} is a {type(x).__name__}; "
                    "keep it as an attribute of ctx"
                )
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple:
        return self._saved

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """These outputs need no gradient."""
        self._fixed = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """With False, backward gets None for an output that no gradient reached, instead of zeros."""
        self._materialize = value


class Function:
    """Base class of an op with its own derivative. Define static ``forward`` and ``backward``; call ``apply``.

    forward(ctx, *args) gets the arguments as they are (nothing in it is recorded) and returns a Tensor or a tuple of
    them. backward(ctx, *grads) gets a gradient an output and returns one an argument of forward, None for what needs
    none (``ctx.needs_input_grad``). RuntimeError or ShapeError where number, shape or dtype are wrong. Instead of ctx
    in forward, ``setup_context(ctx, inputs, output)`` may be defined, as in PyTorch.

    >>> import dlcore as dl
    >>> class Square(dl.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * grad
    >>> x = dl.tensor([3.0], requires_grad=True)
    >>> Square.apply(x).backward()
    >>> x.grad.tolist()
    [6.0]
    """

    setup_context: Any = None

    @staticmethod
    def forward(*args: Any) -> Any:
        raise NotImplementedError("Function: define a static forward(ctx, *args)")

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise NotImplementedError(f"{ctx.name}: define a static backward(ctx, *grads) to differentiate it")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Runs forward; the result remembers how to go back."""
        tensor = graph.tensor_type
        needs = tuple(isinstance(x, tensor) and x.requires_grad for x in args)
        ctx = Context(cls.__name__, needs)
        with no_grad():
            if cls.setup_context is None:
                output = cls.forward(ctx, *args)
            else:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
        several = isinstance(output, tuple)
        outputs = list(output) if several else [output]
        for i, y in enumerate(outputs):
            if not isinstance(y, tensor):
                where = f"output {i} is" if several else "it returned"
                raise TypeError(f"{cls.__name__}.forward: {where} a {type(y).__name__}; it must give tensors")
        saved, ctx._saved = ctx._saved, ()
        fixed, ctx._fixed = {id(x) for x in ctx._fixed}, ()
        wanted = [id(y) not in fixed and y.is_floating_point() for y in outputs]
        if not (graph.mode.recording and any(needs) and any(wanted)):
            return output
        ctx._arguments = [(x.shape, x.dtype) if need else None for x, need in zip(args, needs, strict=True)]
        ctx._outputs = [(y.shape, y.dtype, y.device, w) for y, w in zip(outputs, wanted, strict=True)]
        ctx._kept = [x is not None for x in saved]  # type: ignore[attr-defined]
        inputs = [x if need else _NOTHING for x, need in zip(args, needs, strict=True)]
        arrays = [y.array for y, w in zip(outputs, wanted, strict=True) if w]
        kept = tuple(x.array for x in saved if x is not None)
        recorded = iter(record_joint(arrays, function_backward, inputs, kept, _Attrs(cls, ctx)))
        outputs = [next(recorded) if w else y.detach() for y, w in zip(outputs, wanted, strict=True)]
        return tuple(outputs) if several else outputs[0]


class _Nothing:
    requires_grad = False


_NOTHING = _Nothing()


class _Attrs:
    __slots__ = ("cls", "ctx", "name")

    def __init__(self, cls: type[Function], ctx: Context):
        self.cls, self.ctx, self.name = cls, ctx, cls.__name__


def function_backward(gs: list, node: Node) -> list:
    """Calls the class's backward and checks what it gives."""
    cls, ctx, tensor = node.attrs.cls, node.attrs.ctx, graph.tensor_type
    reached, grads = iter(gs), []
    for shape, dtype, device, wanted in ctx._outputs:
        g = next(reached) if wanted else None
        if g is None and ctx._materialize:
            g = _C.full(shape, 0.0, dtype, device)
        grads.append(None if g is None else tensor(g))
    arrays = iter(node.saved)
    ctx._saved = tuple(tensor(next(arrays)) if kept else None for kept in ctx._kept)
    try:
        with no_grad():
            results = cls.backward(ctx, *grads)
    finally:
        ctx._saved = ()
    results = results if isinstance(results, (tuple, list)) else (results,)
    n = len(ctx._arguments)
    if len(results) < n or any(r is not None for r in results[n:]):
        raise RuntimeError(
            f"{ctx.name}.backward: returned {len(results)} gradients for the {n} arguments of forward; "
            "return one for each, None for what needs none"
        )
    return [_checked(ctx, i, r, argument) for i, (r, argument) in enumerate(zip(results, ctx._arguments, strict=False))]


def _checked(ctx: Context, i: int, result: Any, argument: tuple | None) -> Any:
    if result is None or argument is None:
        return None
    if not isinstance(result, graph.tensor_type):
        raise TypeError(f"{ctx.name}.backward: gradient {i} is a {type(result).__name__}; it must be a Tensor or None")
    shape, dtype = argument
    if result.shape != shape or result.dtype != dtype:
        raise _C.ShapeError(
            f"{ctx.name}.backward: gradient {i} must match its argument; gradient={result.shape} {result.dtype}, "
            f"argument={shape} {dtype}"
        )
    return result.array
