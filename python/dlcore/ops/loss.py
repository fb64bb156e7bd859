"""Losses of an input against a target of the same shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import compare, elementwise, reduce
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def how_of(op: str, reduction: str) -> int:
    """The reduction's number, as the kernels take it."""
    how = REDUCTIONS.get(reduction)
    if how is None:
        raise ValueError(f'{op}: reduction must be "mean", "sum" or "none", got {reduction!r}')
    return how


def reduced(loss: Tensor, how: int) -> Tensor:
    """Each element's loss as the reduction asks."""
    return loss if how == 0 else reduce.mean(loss) if how == 1 else reduce.sum(loss)


@in_float32
def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """(input - target)², averaged, summed, or with reduction "none" element by element.

    Any shape, the same for both; float32 or float64. A target of integers is converted to the input's dtype.
    ShapeError where the shapes differ, also where they would broadcast: PyTorch warns and averages n² differences of
    (n, 1) against (n,). DTypeError for float32 against float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.mse_loss(dl.tensor([1.0, 4.0]), dl.tensor([1.0, 2.0])).item()
    2.0
    """
    how = how_of("mse_loss", reduction)
    loss = _C.mse_fwd(input, target, how)
    return record(loss, mse_loss_backward, (input, target), (input.array, target.array), how)


def mse_loss_backward(g, node):
    x, t = node.saved
    return (
        None if node.inputs[0] is None else _C.mse_bwd(g, x, t, node.attrs),
        None if node.inputs[1] is None else _C.mse_bwd(g, t, x, node.attrs),
    )


@in_float32
def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """abs(input - target), averaged, summed, or with reduction "none" element by element.

    Shapes, dtypes and errors as in ``mse_loss``. The gradient where they are equal is 0.

    >>> import dlcore as dl
    >>> dl.nn.functional.l1_loss(dl.tensor([1.0, 4.0]), dl.tensor([2.0, 2.0])).item()
    1.5
    """
    how = how_of("l1_loss", reduction)
    loss = _C.l1_fwd(input, target, how)
    return record(loss, l1_loss_backward, (input, target), (input.array, target.array), how)


def l1_loss_backward(g, node):
    x, t = node.saved
    return (
        None if node.inputs[0] is None else _C.l1_bwd(g, x, t, node.attrs),
        None if node.inputs[1] is None else _C.l1_bwd(g, t, x, node.attrs),
    )


@in_float32
def smooth_l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """d²/(2 beta) where |d| < beta, else |d| - beta/2, d = input - target (Girshick, "Fast R-CNN", 2015).

    Shapes, dtypes and errors as in ``mse_loss``; ``beta`` is at least 0, and 0 gives ``l1_loss``.

    >>> import dlcore as dl
    >>> dl.nn.functional.smooth_l1_loss(dl.tensor([0.5, 3.0]), dl.tensor([0.0, 0.0]), reduction="none").tolist()
    [0.125, 2.5]
    """
    how = how_of("smooth_l1_loss", reduction)
    if beta < 0:
        raise ValueError(f"smooth_l1_loss: beta must be at least 0, got {beta}")
    loss = _C.smooth_l1_fwd(input, target, how, beta)
    return record(loss, smooth_l1_loss_backward, (input, target), (input.array, target.array), (how, beta))


def smooth_l1_loss_backward(g, node):
    x, t = node.saved
    return (
        None if node.inputs[0] is None else _C.smooth_l1_bwd(g, x, t, *node.attrs),
        None if node.inputs[1] is None else _C.smooth_l1_bwd(g, t, x, *node.attrs),
    )


@in_float32
def huber_loss(input: Tensor, target: Tensor, *, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """d²/2 where |d| <= delta, else delta (|d| - delta/2), d = input - target (Huber, 1964).

    Shapes, dtypes and errors as in ``mse_loss``; ``delta`` is greater than 0.

    >>> import dlcore as dl
    >>> dl.nn.functional.huber_loss(dl.tensor([0.5, 3.0]), dl.tensor([0.0, 0.0]), delta=2.0, reduction="none").tolist()
    [0.125, 4.0]
    """
    how = how_of("huber_loss", reduction)
    if delta <= 0:
        raise ValueError(f"huber_loss: delta must be greater than 0, got {delta}")
    loss = _C.huber_fwd(input, target, how, delta)
    return record(loss, huber_loss_backward, (input, target), (input.array, target.array), (how, delta))


def huber_loss_backward(g, node):
    x, t = node.saved
    return (
        None if node.inputs[0] is None else _C.huber_bwd(g, x, t, *node.attrs),
        None if node.inputs[1] is None else _C.huber_bwd(g, t, x, *node.attrs),
    )


@in_float32
def kl_div(input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """target (log target - input): the divergence of exp(input) from target (Kullback & Leibler, 1951).

    ``input`` holds logarithms of probabilities; ``target`` probabilities, or their logarithms with ``log_target``.
    Where a target is 0 its term is 0. ``reduction`` may be "batchmean" too: the sum over the first dimension's size,
    which is the divergence's definition. ShapeError where the shapes differ.

    >>> import dlcore as dl
    >>> p = dl.tensor([[0.5, 0.5]])
    >>> dl.nn.functional.kl_div(p.log(), p, reduction="batchmean").item()
    0.0
    """
    how = 2 if reduction == "batchmean" else how_of("kl_div", reduction)
    if input.shape != target.shape:
        raise _C.ShapeError(
            f"kl_div: input and target must have the same shape; input={input.shape} target={target.shape}; "
            "losses do not broadcast"
        )
    if log_target:
        loss = elementwise.mul(elementwise.exp(target), elementwise.sub(target, input))
    else:
        some = compare.gt(target, 0)
        logarithm = elementwise.log(compare.where(some, target, 1.0))
        loss = elementwise.sub(elementwise.mul(target, logarithm), elementwise.mul(target, input))
    loss = reduced(loss, how)
    return elementwise.div(loss, input.shape[0]) if reduction == "batchmean" else loss
