"""Pointwise activations."""

from __future__ import annotations

from sys import getrefcount
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import mode, record
from dlcore.ops import norm
from dlcore.ops.inplace import alone, rebind
from dlcore.ops.operand import fit_to, like

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), element by element; any shape, float32 or float64. NaN stays NaN.

    With ``inplace`` the result takes x's memory and x stands for it, as in PyTorch. Where x has a history and its value
    is still needed (another op saved it, or it is a leaf or has views), the result is a new tensor and x stays.

    >>> import dlcore as dl
    >>> dl.relu(dl.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    if inplace:
        if not (mode.recording and input.requires_grad):
            _C.relu_into(input)
            return input
        if alone(input):
            _C.relu_into(input)
            y: Any = input.array
            node: Any = input.node
            # The tensor, `node` here and the argument: with no other reader or hook the two ops can go back as one.
            if node.rule is norm.batch_norm_backward and getrefcount(node) == 3 and not node.hooks and node.unchanged():
                return rebind(input, norm.relu_after(y, node))
            return rebind(input, record(y, relu_backward, (input,), (y,)))
    y = _C.relu_fwd(input)
    return record(y, relu_backward, (input,), (y,))


def relu_backward(g, node):
    return (_C.relu_bwd(g, node.saved[0]),)


def add_relu(input: Tensor, other: Tensor, inplace: bool = False) -> Tensor:
    """max(x + y, 0) in one pass: how a residual block ends (He et al., 2015, figure 2). Shapes broadcast; float32 or
    float64. The bits, and those of the gradients, are those of ``relu(x + y)``; NaN stays NaN.

    With ``inplace`` the result takes x's memory, as far as :func:`relu` would.

    >>> import dlcore as dl
    >>> dl.nn.functional.add_relu(dl.tensor([-1.0, 2.0]), dl.tensor([0.5, 0.5])).tolist()
    [0.0, 2.5]
    """
    if inplace:
        if not (mode.recording and (input.requires_grad or other.requires_grad)):
            _C.add_relu_into(input, other)
            return input
        if alone(input) and _C.alike(input.array, other.array):
            _C.add_relu_into(input, other)
            y: Any = input.array
            return rebind(input, record(y, add_relu_backward, (input, other), (y,), (None, None)))
    y = _C.add_relu_fwd(input, other)
    return record(y, add_relu_backward, (input, other), (y,), (like(y, input.array), like(y, other.array)))


def add_relu_backward(g, node):
    d = _C.relu_bwd(g, node.saved[0])
    return tuple(None if to is None else fit_to(d, shape) for to, shape in zip(node.inputs, node.attrs, strict=True))


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else ``negative_slope`` * x (Maas et al., 2013); any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.leaky_relu(dl.tensor([-1.0, 2.0]), 0.5).tolist()
    [-0.5, 2.0]
    """
    y = _C.leaky_relu_fwd(input, negative_slope)
    return record(y, leaky_relu_backward, (input,), (input.array,), negative_slope)


def leaky_relu_backward(g, node):
    return (_C.leaky_relu_bwd(g, node.saved[0], node.attrs),)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), element by element; any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.sigmoid(dl.tensor([0.0])).tolist()
    [0.5]
    """
    y = _C.sigmoid_fwd(input)
    return record(y, sigmoid_backward, (input,), (y,))


def sigmoid_backward(g, node):
    return (_C.sigmoid_bwd(g, node.saved[0]),)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent, element by element; any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.tanh(dl.tensor([0.0])).tolist()
    [0.0]
    """
    y = _C.tanh_fwd(input)
    return record(y, tanh_backward, (input,), (y,))


def tanh_backward(g, node):
    return (_C.tanh_bwd(g, node.saved[0]),)
