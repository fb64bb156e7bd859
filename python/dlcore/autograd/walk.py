"""The walk back from results to leaves, and the two functions that start it."""

from __future__ import annotations

from collections.abc import Sequence
from sys import getrefcount
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import graph
from dlcore.autograd.graph import Node

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def reachable(roots: Sequence[Node]) -> list[Node]:
    """Nodes behind `roots`, latest first: every consumer of a value comes before the node that made it."""
    nodes = list(roots)
    seen = {id(node) for node in nodes}
    for node in nodes:
        for edge in node.inputs:
            if type(edge) is Node and id(edge) not in seen:
                seen.add(id(edge))
                nodes.append(edge)
    nodes.sort(key=_by_sequence, reverse=True)
    return nodes


def _leading_to(wanted: set[int], nodes: list[Node]) -> set[int]:
    """Ids of the nodes whose rules have to run for the gradients of `wanted`, nodes and leaves by id."""
    needed: set[int] = set()
    for node in reversed(nodes):
        if any(id(edge) in wanted or id(edge) in needed for edge in node.inputs):
            needed.add(id(node))
    return needed


def _by_sequence(node: Node) -> int:
    return node.sequence


class _Gradients:
    """Gradients waiting for their node or leaf. A sum is made in place only in storage this class allocated, or that
    nothing else can see (any more): an op may hand one gradient to several inputs."""

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
        elif key in self.owned or (getrefcount(before) == 3 and before.owners == 1 and before.is_dense):
            _C.add_into(before, g)  # 3: the dictionary, `before` and the argument
        else:
            arrays[key] = _C.add_fwd(before, g)
            self.owned.add(key)


def _apply_hooks(hooks: dict, g: Any) -> Any:
    for hook in tuple(hooks.values()):
        changed = hook(graph.tensor_type(g))
        if changed is None:
            continue
        if not isinstance(changed, graph.tensor_type):
            raise TypeError(f"register_hook: a hook returned a {type(changed).__name__}; it must be a Tensor or None")
        if changed.shape != g.shape or changed.dtype != g.dtype:
            raise _C.ShapeError(
                f"register_hook: a hook must keep the gradient's shape and dtype; gradient={g.shape} {g.dtype}, "
                f"returned={changed.shape} {changed.dtype}"
            )
        g = changed.array
    return g


def _check_version(node: Node) -> None:
    if not node.unchanged():
        raise RuntimeError(
            f"backward: a value that {node.name().rpartition('.')[2]} saved was changed in place after the forward "
            "pass; change a copy (x.clone()) instead, or do it before the value is used"
        )


def run_backward(
    roots: Sequence[Tensor], seeds: Sequence[Any], retain_graph: bool, wanted: Sequence[Tensor] | None = None
) -> dict[int, tuple[Tensor, Any, bool]]:
    """Walks back from `roots` (Arrays `seeds` at them) and returns {id(leaf): (leaf, its gradient, fresh)}.

    With `wanted`, leaves or not, only what leads to them is walked; a wanted tensor that is no leaf has its node's id.
    """
    leaves: dict[int, Tensor] = {}
    gradients = _Gradients()
    starts: dict[int, Node] = {}
    for root, seed in zip(roots, seeds, strict=True):
        if root.node is None:
            leaves[id(root)] = root
        else:
            starts[id(root.node)] = root.node
        gradients.add(id(root.node or root), seed, False)
    nodes = reachable(list(starts.values()))
    needed, found = None, {}
    if wanted is not None:
        tensors = {id(x.node or x): x for x in wanted}
        needed = _leading_to(set(tensors), nodes)
    watch = graph.mode.watch
    for node in nodes:
        g = gradients.arrays.pop(id(node), None)
        gradients.owned.discard(id(node))
        if g is None:
            continue
        if node.hooks:
            g = _apply_hooks(node.hooks, g)
        if needed is not None:
            if id(node) in tensors:
                found[id(node)] = (tensors[id(node)], g, False)
            if id(node) not in needed:
                continue
        if node.saved is None:
            raise RuntimeError(
                "backward: this graph was walked before and its saved values are freed; "
                "pass retain_graph=True to the first backward, or run the forward pass again"
            )
        _check_version(node)
        results = node.rule(g, node) if watch is None else watch.run_rule(g, node)
        if not retain_graph:
            node.saved = None
        for edge, r in zip(node.inputs, results, strict=True):
            if edge is None or r is None:
                continue
            fresh = r is not g and r.owners == 1 and r.is_dense and sum(r is s for s in results) == 1
            if type(edge) is not Node:
                leaves[id(edge)] = edge
            gradients.add(id(edge), r, fresh)
    for k, leaf in leaves.items():
        if needed is None or k in tensors:
            g, fresh = gradients.arrays[k], k in gradients.owned
            if leaf.hooks:
                g, fresh = _apply_hooks(leaf.hooks, g), False
            found[k] = (leaf, g, fresh)
    return found


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


def _roots(op: str, tensors: Any, gradients: Any) -> tuple[list[Tensor], list[Any]]:
    roots = [tensors] if isinstance(tensors, graph.tensor_type) else list(tensors)
    if not (gradients is None or isinstance(gradients, graph.tensor_type | list | tuple)):
        raise _C.DTypeError(f"{op}: the gradient must be a tensor, got {type(gradients).__name__}")
    if gradients is None or isinstance(gradients, graph.tensor_type):
        gradients = [gradients] * len(roots) if gradients is None else [gradients]
    if len(gradients) != len(roots):
        raise ValueError(f"{op}: {len(gradients)} gradients for {len(roots)} tensors")
    return roots, [seed_gradient(root, g) for root, g in zip(roots, gradients, strict=True)]


def _refuse_create_graph(op: str, create_graph: bool) -> None:
    if create_graph:
        raise RuntimeError(f"{op}: create_graph=True (derivatives of derivatives) is not supported")


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Adds the derivative of the sum of `tensors` to ``.grad`` of every leaf that needs one, or of `inputs` alone.

    >>> import dlcore as dl
    >>> x = dl.tensor([3.0], requires_grad=True)
    >>> dl.autograd.backward([x * x, 2 * x])
    >>> x.grad.tolist()
    [8.0]
    """
    _refuse_create_graph("backward", create_graph)
    roots, seeds = _roots("backward", tensors, grad_tensors)
    wanted: Any = [inputs] if isinstance(inputs, graph.tensor_type) else inputs
    for leaf, g, fresh in run_backward(roots, seeds, retain_graph, wanted).values():
        if leaf.grad is None:
            leaf.grad = graph.tensor_type(g if fresh else _C.clone(g))
        else:
            _C.add_into(leaf.grad.array, g)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
    allow_unused: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Gradients of the sum of `outputs` with respect to `inputs`, leaves or not, without touching any ``.grad``.

    An input that no output depends on raises RuntimeError; ``allow_unused`` gives None for it, ``materialize_grads``
    zeros. Only what lies between is walked, and unless ``retain_graph`` its saved values are freed.

    >>> import dlcore as dl
    >>> x = dl.tensor([3.0], requires_grad=True)
    >>> y = x * x
    >>> dl.autograd.grad((5 * y).sum(), [y, x])[0].tolist()
    [5.0]
    """
    _refuse_create_graph("autograd.grad", create_graph)
    wanted = [inputs] if isinstance(inputs, graph.tensor_type) else list(inputs)
    for i, x in enumerate(wanted):
        if not x.requires_grad:
            raise RuntimeError(f"autograd.grad: input {i} of shape {x.shape} does not need a gradient")
    roots, seeds = _roots("autograd.grad", outputs, grad_outputs)
    found = run_backward(roots, seeds, retain_graph, wanted)
    results = []
    for i, x in enumerate(wanted):
        key = id(x.node or x)
        if key in found:
            results.append(graph.tensor_type(_C.clone(found[key][1])))
        elif materialize_grads:
            results.append(graph.tensor_type(_C.full(x.shape, 0.0, x.dtype, x.device)))
        elif allow_unused:
            results.append(None)
        else:
            raise RuntimeError(
                f"autograd.grad: input {i} of shape {x.shape} does not reach the output; "
                "pass allow_unused=True to get None"
            )
    return tuple(results)
