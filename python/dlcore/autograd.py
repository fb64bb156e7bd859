"""Reverse-mode differentiation: what an op remembers, and the walk back.

An op computes an Array and ends in ``record(array, rule, inputs, saved, attrs)``. ``rule(g, node)`` is a module-level
function that takes the gradient of the op's output (an Array) and returns one Array, or None, for each input.

A Node never points at its own output, and saved values are Arrays, never Tensors: reference counting alone frees a
graph. See Griewank & Walther, "Evaluating Derivatives", chapter 3.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from dlcore import _C

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

Rule = Callable[[Any, "Node"], Sequence[Any]]

_sequence = count()


class _Mode(threading.local):
    recording = True


mode = _Mode()
_tensor_type: Any = None  # set by tensor.py, which imports the ops, which import this module


def bind_tensor_type(cls: type) -> None:
    global _tensor_type
    _tensor_type = cls


class Node:
    """One recorded op. Its rule must not hand back a saved array itself as a gradient.

    ``inputs`` holds, for each input, where its gradient goes: the Node that made it, the leaf Tensor itself, or None.
    ``version`` is the sum of the saved arrays' version counters at the time of recording: they only grow, so an equal
    sum means that none was written to.
    """

    __slots__ = ("rule", "inputs", "saved", "attrs", "sequence", "version", "hooks", "__weakref__")

    def __init__(self, rule: Rule, inputs: list, saved: Any, attrs: Any):
        self.hooks: dict | None = None
        self.rule = rule
        self.inputs = inputs
        self.saved = saved
        self.attrs = attrs
        self.sequence = next(_sequence)
        version = 0
        for a in saved:
            version += a.version
        self.version = version

    def __repr__(self) -> str:
        return f"<Node {self.rule.__module__.rpartition('.')[2]}.{self.rule.__name__}>"


def record(array: Any, rule: Any, inputs: Sequence[Any], saved: tuple = (), attrs: Any = None) -> Tensor:
    """The Tensor of `array`, with a Node when recording is on and an input needs a gradient."""
    if mode.recording:
        for x in inputs:
            if x.requires_grad:
                edges = [(y.node or y) if y.requires_grad else None for y in inputs]
                return _tensor_type(array, True, Node(rule, edges, saved, attrs))
    return _tensor_type(array)


class no_grad:
    """Context manager and decorator: nothing inside is recorded.

    >>> import dlcore as dl
    >>> w = dl.tensor([1.0, 2.0], requires_grad=True)
    >>> with dl.no_grad():
    ...     (w * 2).requires_grad
    False
    """

    _inside = False

    def __enter__(self) -> None:
        self._before = mode.recording
        mode.recording = self._inside

    def __exit__(self, *exc: object) -> None:
        mode.recording = self._before

    def __call__(self, function: Callable) -> Callable:
        from functools import wraps

        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return wrapped


class enable_grad(no_grad):
    """Context manager and decorator: records inside, also within a ``no_grad()``."""

    _inside = True


def is_grad_enabled() -> bool:
    """Whether ops are recorded on this thread."""
    return mode.recording


def _reachable(root: Node) -> list[Node]:
    """Nodes behind `root`, latest first: every consumer of a value comes before the node that made it."""
    seen = {id(root)}
    nodes = [root]
    for node in nodes:
        for edge in node.inputs:
            if type(edge) is Node and id(edge) not in seen:
                seen.add(id(edge))
                nodes.append(edge)
    nodes.sort(key=_by_sequence, reverse=True)
    return nodes


def _by_sequence(node: Node) -> int:
    return node.sequence


class _Gradients:
    """Gradients waiting for their node or leaf. A sum is made in place only in storage this class allocated, or that
    nothing else can see: an op may hand one gradient to several inputs."""

    __slots__ = ("arrays", "owned")

    def __init__(self) -> None:
        self.arrays: dict[int, Any] = {}
        self.owned: set[int] = set()

    def add(self, key: int, g: Any, fresh: bool) -> None:
        arrays = self.arrays
        before = arrays.get(key)
        if before is None:
            arrays[key] = g
            if fresh:
                self.owned.add(key)
        elif key in self.owned:
            _C.add_into(before, g)
        else:
            arrays[key] = _C.add_fwd(before, g)
            self.owned.add(key)


def _apply_hooks(hooks: dict, g: Any) -> Any:
    for hook in tuple(hooks.values()):
        changed = hook(_tensor_type(g))
        if changed is not None:
            g = changed.array
    return g


def _check_version(node: Node) -> None:
    version = 0
    for a in node.saved:
        version += a.version
    if version != node.version:
        raise RuntimeError(
            f"backward: a value that {node.rule.__name__} saved was changed in place after the forward pass; "
            "change a copy (x.clone()) instead, or do it before the value is used"
        )


def run_backward(root: Tensor, gradient: Any, retain_graph: bool) -> dict[int, tuple[Tensor, Any, bool]]:
    """Walks back from `root` (an Array `gradient` at it) and returns {id(leaf): (leaf, its gradient, fresh)}."""
    leaves: dict[int, Tensor] = {}
    gradients = _Gradients()
    start = root.node
    if start is None:
        return {id(root): (root, gradient, False)}
    gradients.add(id(start), gradient, False)
    for node in _reachable(start):
        g = gradients.arrays.pop(id(node), None)
        gradients.owned.discard(id(node))
        if g is None:
            continue
        if node.saved is None:
            raise RuntimeError(
                "backward: this graph was walked before and its saved values are freed; "
                "pass retain_graph=True to the first backward, or run the forward pass again"
            )
        _check_version(node)
        if node.hooks:
            g = _apply_hooks(node.hooks, g)
        results = node.rule(g, node)
        if not retain_graph:
            node.saved = None
        for edge, r in zip(node.inputs, results, strict=True):
            if edge is None or r is None:
                continue
            fresh = r is not g and r.owners == 1 and r.is_dense and sum(r is s for s in results) == 1
            if type(edge) is not Node:
                leaves[id(edge)] = edge
            gradients.add(id(edge), r, fresh)
    return {k: (leaf, gradients.arrays[k], k in gradients.owned) for k, leaf in leaves.items()}


def seed_gradient(root: Tensor, gradient: Tensor | None) -> Any:
    """The Array that a backward from `root` starts with."""
    if not root.requires_grad:
        raise RuntimeError("backward: this tensor does not need a gradient; set requires_grad on an input of it")
    if gradient is None:
        if root.array.size != 1:
            raise RuntimeError(
                f"backward: without a gradient it starts from a single number, but the shape is {root.shape}; "
                "reduce it first (.sum() or .mean()), or pass gradient="
            )
        return _C.ones(root.shape, root.dtype, root.array.device)
    if gradient.shape != root.shape or gradient.dtype != root.dtype:
        raise _C.ShapeError(
            f"backward: the gradient must match the tensor; gradient={gradient.shape} {gradient.dtype}, "
            f"tensor={root.shape} {root.dtype}"
        )
    return gradient.array


def backward(root: Tensor, gradient: Tensor | None = None, retain_graph: bool = False) -> None:
    """Adds d root / d leaf to ``leaf.grad`` of every leaf that needs a gradient."""
    for leaf, g, fresh in run_backward(root, seed_gradient(root, gradient), retain_graph).values():
        if leaf.hooks:
            g, fresh = _apply_hooks(leaf.hooks, g), False
        if leaf.grad is None:
            leaf.grad = _tensor_type(g if fresh else _C.clone(g))
        else:
            _C.add_into(leaf.grad.array, g)


def grad(
    outputs: Tensor,
    inputs: Tensor | Iterable[Tensor],
    grad_outputs: Tensor | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """Gradients of `outputs` with respect to leaf tensors `inputs`, without touching their ``.grad``.

    >>> import dlcore as dl
    >>> x = dl.tensor([3.0], requires_grad=True)
    >>> dl.autograd.grad((x * x).sum(), x)[0].tolist()
    [6.0]
    """
    if create_graph:
        raise RuntimeError("autograd.grad: create_graph=True (derivatives of derivatives) is not supported")
    wanted = [inputs] if isinstance(inputs, _tensor_type) else list(inputs)
    for x in wanted:
        if x.node is not None or not x.requires_grad:
            raise RuntimeError("autograd.grad: inputs must be leaf tensors that need a gradient")
    found = run_backward(outputs, seed_gradient(outputs, grad_outputs), retain_graph)
    results = []
    for x in wanted:
        if id(x) not in found and not allow_unused:
            raise RuntimeError("autograd.grad: an input does not reach the output; pass allow_unused=True to get None")
        results.append(_tensor_type(_C.clone(found[id(x)][1])) if id(x) in found else None)
    return tuple(results)
