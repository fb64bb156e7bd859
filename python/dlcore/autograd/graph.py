"""What an op remembers: its Node in the graph that a backward walks, and whether anything is recorded at all.

An op computes an Array and ends in ``record(array, rule, inputs, saved, attrs)``. ``rule(g, node)`` is a module-level
function that takes the gradient of the op's output (an Array) and returns one Array, or None, for each input.

A Node never points at its own output, and saved values are Arrays, never Tensors: reference counting alone frees a
graph. See Griewank & Walther, "Evaluating Derivatives", chapter 3.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dlcore import _C

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

Rule = Callable[[Any, "Node"], Sequence[Any]]

# record(array, rule, inputs, saved=(), attrs=None): the Tensor of `array`, with a Node when recording is on and one of
# the tuple `inputs` needs a gradient. In C (csrc/bindings/autograd.cpp): every op ends in it.
record = _C.record


class _Mode(threading.local):
    watch: Any = None  # of watch.py: sees every op's result and every node's gradients

    @property
    def recording(self) -> bool:
        return _C.recording()


mode = _Mode()
tensor_type: Any = None  # set by tensor.py, which imports the ops, which import this module


def bind_tensor_type(cls: type) -> None:
    global tensor_type
    tensor_type = cls
    _C.bind_graph(cls, Node)


class Node:
    """One recorded op. Its rule must not hand back a saved array itself as a gradient.

    ``inputs`` holds, for each input, where its gradient goes: the Node that made it, the leaf Tensor itself, or None.
    ``version`` is the sum of the saved arrays' version counters at the time of recording: they only grow, so an equal
    sum means that none was written to. Made by ``record`` alone.
    """

    __slots__ = ("rule", "inputs", "saved", "attrs", "sequence", "version", "hooks", "parts", "__weakref__")

    rule: Rule
    inputs: list
    saved: Any
    attrs: Any
    sequence: int
    version: int
    hooks: dict | None
    parts: tuple[Rule, list]  # of a joint node alone: its rule, and the gradients that wait for it

    def unchanged(self) -> bool:
        """Whether nothing that was saved has been written to since."""
        return _C.unchanged(self)

    def name(self) -> str:
        """Its backward rule, as room.rule; a custom function's by its class."""
        node: Any = self.inputs[0] if self.rule is part_backward else self
        rule = node.parts[0] if node.rule is joint_backward else node.rule
        return getattr(node.attrs, "name", None) or f"{rule.__module__.rpartition('.')[2]}.{rule.__name__}"

    def __repr__(self) -> str:
        return f"<Node {self.name()}>"


def record_after(node: Node, array: Any, rule: Any, saved: tuple, attrs: Any = None) -> Tensor:
    """As ``record`` for an op that does the work of `node` too, to which nothing else may lead: it takes its place."""
    return _C.result_of(array, _C.make_node(rule, node.inputs, saved, attrs))


def record_joint(
    arrays: Sequence[Any], rule: Any, inputs: Sequence[Any], saved: tuple = (), attrs: Any = None
) -> list[Tensor]:
    """As ``record`` for an op of several results. ``rule(gs, node)`` takes a list: an Array, or None where no gradient
    reached that result, for each. A Node has one output, so each result has a Node that hands its gradient to a joint
    one: made before them, it is visited after them."""
    if not (mode.recording and any(x.requires_grad for x in inputs)):
        return [record(a, rule, ()) for a in arrays]
    edges = [(y.node or y) if y.requires_grad else None for y in inputs]
    joint = _C.make_node(joint_backward, edges, saved, attrs)
    joint.parts = (rule, [None] * len(arrays))
    return [_C.result_of(a, _C.make_node(part_backward, [joint], (), i)) for i, a in enumerate(arrays)]


def part_backward(g: Any, node: Node) -> tuple:
    node.inputs[0].parts[1][node.attrs] = g
    return (_C.ones((), g.dtype, "cpu"),)  # a token: the joint node is reached


def joint_backward(g: Any, node: Node) -> Sequence[Any]:
    rule, waiting = node.parts
    gs = waiting[:]
    waiting[:] = [None] * len(gs)
    return rule(gs, node)


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
        self._before = _C.set_recording(self._inside)

    def __exit__(self, *exc: object) -> None:
        _C.set_recording(self._before)

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


class inference_mode(no_grad):
    """``no_grad()`` under PyTorch's other name; ``inference_mode(False)`` records. Its tensors are ordinary ones."""

    def __init__(self, mode: bool = True):
        self._inside = not mode

    def __call__(self, function: Callable) -> Callable:
        return (enable_grad() if self._inside else no_grad())(function)


class set_grad_enabled(no_grad):
    """Turns recording on or off at once, as a call; as a context manager until its end.

    >>> import dlcore as dl
    >>> with dl.set_grad_enabled(False):
    ...     dl.is_grad_enabled()
    False
    """

    def __init__(self, mode_: bool):
        self._inside, self._before = mode_, _C.set_recording(mode_)

    def __enter__(self) -> None:
        _C.set_recording(self._inside)

    def __call__(self, function: Callable) -> Callable:
        _C.set_recording(self._before)
        return (enable_grad() if self._inside else no_grad())(function)


def is_grad_enabled() -> bool:
    """Whether ops are recorded on this thread."""
    return _C.recording()
