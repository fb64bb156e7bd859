"""Piecewise activations, and those with a learned or a gated slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import activation, compare, elementwise, rearrange, shape
from dlcore.ops.operand import array_of

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x held to [min_val, max_val]; any shape, float32 or float64. The gradient is 0 at and beyond the bounds.

    ``inplace``, here and below, is accepted as in PyTorch; the result is a new tensor either way.

    >>> import dlcore as dl
    >>> dl.nn.functional.hardtanh(dl.tensor([-3.0, 0.5])).tolist()
    [-1.0, 0.5]
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val {min_val} is greater than max_val {max_val}")
    x = array_of(input)
    return record(_C.hardtanh_fwd(x, min_val, max_val), hardtanh_backward, (input,), (x,), (min_val, max_val))


def hardtanh_backward(g, node):
    return (_C.hardtanh_bwd(g, node.saved[0], *node.attrs),)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """x held to [0, 6].

    >>> import dlcore as dl
    >>> dl.nn.functional.relu6(dl.tensor([-3.0, 7.0])).tolist()
    [0.0, 6.0]
    """
    return hardtanh(input, 0.0, 6.0)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """relu6(x + 3) / 6; any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.hardsigmoid(dl.tensor([-4.0, 0.0])).tolist()
    [0.0, 0.5]
    """
    x = array_of(input)
    return record(_C.hardsigmoid_fwd(x), hardsigmoid_backward, (input,), (x,))


def hardsigmoid_backward(g, node):
    return (_C.hardsigmoid_bwd(g, node.saved[0]),)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x relu6(x + 3) / 6 (Howard et al., MobileNetV3, 2019); any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.hardswish(dl.tensor([0.0, 4.0])).tolist()
    [0.0, 4.0]
    """
    x = array_of(input)
    return record(_C.hardswish_fwd(x), hardswish_backward, (input,), (x,))


def hardswish_backward(g, node):
    return (_C.hardswish_bwd(g, node.saved[0]),)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|); any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.softsign(dl.tensor([-1.0, 3.0])).tolist()
    [-0.5, 0.75]
    """
    x = array_of(input)
    return record(_C.softsign_fwd(x), softsign_backward, (input,), (x,))


def softsign_backward(g, node):
    return (_C.softsign_bwd(g, node.saved[0]),)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return elementwise.sub(input, activation.tanh(input))


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > lambd, else 0."""
    return compare.where(compare.le(elementwise.abs(input), lambd), 0.0, input)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by lambd, and 0 where it would pass it.

    >>> import dlcore as dl
    >>> dl.nn.functional.softshrink(dl.tensor([-2.0, 0.25])).tolist()
    [-1.5, 0.0]
    """
    if lambd < 0:
        raise ValueError(f"softshrink: lambd must be at least 0, got {lambd}")
    return elementwise.sub(input, compare.clamp(input, -lambd, lambd))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else value."""
    return compare.where(compare.le(input, threshold), value, input)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, else weight x (He et al., 2015); weight (1,), or one a channel (dimension 1), (C,).

    >>> import dlcore as dl
    >>> dl.nn.functional.prelu(dl.tensor([[-2.0, 1.0]]), dl.tensor([0.25, 0.5])).tolist()
    [[-0.5, 1.0]]
    """
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.numel() not in (1, channels):
        raise _C.ShapeError(
            f"prelu: weight needs 1 element or one per channel (dimension 1), {channels}, but has shape "
            f"{weight.shape}; input={input.shape}"
        )
    slope = shape.reshape(weight, (-1, *(1 for _ in input.shape[2:])) if weight.numel() > 1 else ())
    return compare.where(compare.gt(input, 0), input, elementwise.mul(input, slope))


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a σ(b), where a and b are the halves of input along dim (Dauphin et al., 2017). ShapeError for an odd size.

    >>> import dlcore as dl
    >>> dl.nn.functional.glu(dl.tensor([2.0, 4.0, 0.0, 0.0])).tolist()
    [1.0, 2.0]
    """
    if input.ndim == 0 or input.shape[dim] % 2:
        raise _C.ShapeError(f"glu: dimension {dim} must have an even size; input={input.shape}")
    a, b = rearrange.chunk(input, 2, dim)
    return elementwise.mul(a, activation.sigmoid(b))
