"""Losses of an input against a target of the same shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def _how(op: str, reduction: str) -> int:
    how = REDUCTIONS.get(reduction)
    if how is None:
        raise ValueError(f'{op}: reduction must be "mean", "sum" or "none", got {reduction!r}')
    return how


def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """(input - target)², averaged, summed, or with reduction "none" element by element.

    Any shape, the same for both; float32 or float64. A target of integers is converted to the input's dtype.
    ShapeError where the shapes differ, also where they would broadcast: PyTorch warns and averages n² differences of
    (n, 1) against (n,). DTypeError for float32 against float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.mse_loss(dl.tensor([1.0, 4.0]), dl.tensor([1.0, 2.0])).item()
    2.0
    """
    how = _how("mse_loss", reduction)
    loss = _C.mse_fwd(input.array, target.array, how)
    return record(loss, mse_loss_backward, (input, target), (input.array, target.array), how)


def mse_loss_backward(g, node):
    x, t = node.saved
    return (
        None if node.inputs[0] is None else _C.mse_bwd(g, x, t, node.attrs),
        None if node.inputs[1] is None else _C.mse_bwd(g, t, x, node.attrs),
    )


def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """-t log σ(x) - (1 - t) log(1 - σ(x)), computed from the logits x so that nothing overflows.

    Shapes, dtypes and errors as in ``mse_loss``; targets are probabilities, 0 … 1.

    >>> import dlcore as dl
    >>> loss = dl.nn.functional.binary_cross_entropy_with_logits(dl.tensor([0.0, 100.0]), dl.tensor([1.0, 1.0]))
    >>> round(loss.item(), 6)
    0.346574
    """
    how = _how("binary_cross_entropy_with_logits", reduction)
    loss = _C.bce_fwd(input.array, target.array, how)
    return record(loss, bce_loss_backward, (input, target), (input.array, target.array), how)


def bce_loss_backward(g, node):
    x, t = node.saved
    return (
        None if node.inputs[0] is None else _C.bce_bwd(g, x, t, node.attrs),
        None if node.inputs[1] is None else _C.bce_bwd_t(g, x, t, node.attrs),
    )
