"""Softmax, its logarithm and the cross-entropy loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def softmax(input: Tensor, dim: int) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`; any shape, float32 or float64. A row with a NaN becomes NaN.

    >>> import dlcore as dl
    >>> dl.nn.functional.softmax(dl.tensor([0.0, 0.0]), dim=0).tolist()
    [0.5, 0.5]
    """
    y = _C.softmax_fwd(input.array, dim)
    return record(y, softmax_backward, (input,), (y,), dim)


def softmax_backward(g, node):
    return (_C.softmax_bwd(g, node.saved[0], node.attrs),)


def log_softmax(input: Tensor, dim: int) -> Tensor:
    """log(softmax(x)) along `dim`, without forming the quotient; any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.log_softmax(dl.tensor([5.0]), dim=0).tolist()
    [0.0]
    """
    y = _C.log_softmax_fwd(input.array, dim)
    return record(y, log_softmax_backward, (input,), (y,), dim)


def log_softmax_backward(g, node):
    return (_C.log_softmax_bwd(g, node.saved[0], node.attrs),)


def cross_entropy(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """-log(softmax(input)[target]), fused: logits (N, C), (N, C, d1, …) or (C,), and class indices without the C.

    `input` is float32 or float64; `target` int64 (int32 and uint8 are converted). `reduction` is "mean" or "sum" over
    all targets, or "none". IndexError for a target outside 0 … C-1, before anything is computed; ShapeError where the
    shapes do not fit. A NaN logit makes the loss NaN.

    >>> import dlcore as dl
    >>> loss = dl.nn.functional.cross_entropy(dl.tensor([[0.0, 0.0]]), dl.tensor([1]))
    >>> round(loss.item(), 6)
    0.693147
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f'cross_entropy: reduction must be "mean", "sum" or "none", got {reduction!r}')
    how = REDUCTIONS[reduction]
    loss, stats = _C.cross_entropy_fwd(input.array, target.array, how)
    return record(loss, cross_entropy_backward, (input,), (input.array, target.array, stats), how)


def cross_entropy_backward(g, node):
    x, target, stats = node.saved
    return (_C.cross_entropy_bwd(g, x, target, stats, node.attrs),)
