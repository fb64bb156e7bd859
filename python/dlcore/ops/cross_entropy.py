"""Binary cross entropies, and the negative log-likelihood of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import compare, elementwise, index, reduce, shape
from dlcore.ops.loss import how_of, reduced
from dlcore.ops.operand import array_of
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


@in_float32
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-t log σ(x) - (1 - t) log(1 - σ(x)), computed from the logits x so that nothing overflows.

    Shapes, dtypes and errors as in ``mse_loss``; targets are probabilities, 0 … 1. ``weight`` multiplies each loss and
    ``pos_weight`` the first of its two terms; both broadcast to the input.

    >>> import dlcore as dl
    >>> loss = dl.nn.functional.binary_cross_entropy_with_logits(dl.tensor([0.0, 100.0]), dl.tensor([1.0, 1.0]))
    >>> round(loss.item(), 6)
    0.346574
    """
    how = how_of("binary_cross_entropy_with_logits", reduction)
    if pos_weight is not None:  # log σ(x) is the loss of a target of 1, and log(1 - σ(x)) is x less
        unweighted = _logits_loss(input, type(input)(_C.full(input.shape, 1, input.dtype, input.device)), 0)
        share = elementwise.add(elementwise.mul(elementwise.sub(pos_weight, 1), target), 1)
        loss = elementwise.add(elementwise.mul(elementwise.sub(1, target), input), elementwise.mul(share, unweighted))
        return reduced(loss if weight is None else elementwise.mul(loss, weight), how)
    if weight is not None:
        return reduced(elementwise.mul(_logits_loss(input, target, 0), weight), how)
    return _logits_loss(input, target, how)


def _logits_loss(input: Tensor, target: Tensor, how: int) -> Tensor:
    loss = _C.bce_fwd(input, target, how)
    return record(loss, bce_loss_backward, (input, target), (input.array, target.array), how)


def bce_loss_backward(g, node):
    x, t = node.saved
    return (
        None if node.inputs[0] is None else _C.bce_bwd(g, x, t, node.attrs),
        None if node.inputs[1] is None else _C.bce_bwd_t(g, x, t, node.attrs),
    )


@in_float32
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """-t log x - (1 - t) log(1 - x) of probabilities x; each logarithm is at least -100.

    Shapes, dtypes and errors as in ``mse_loss``; ValueError for an input outside 0 … 1. ``weight`` multiplies each loss
    and broadcasts. From logits, binary_cross_entropy_with_logits keeps more digits.

    >>> import dlcore as dl
    >>> round(dl.nn.functional.binary_cross_entropy(dl.tensor([0.5, 1.0]), dl.tensor([1.0, 1.0])).item(), 6)
    0.346574
    """
    how = how_of("binary_cross_entropy", reduction)
    x = array_of(input)
    if x.size and x.dtype.is_floating_point:
        low, high = _C.min_fwd(x, (), False).item(), _C.max_fwd(x, (), False).item()
        if not (low >= 0 and high <= 1):
            raise ValueError(
                f"binary_cross_entropy: inputs are probabilities from 0 to 1, but they range from {low:g} to {high:g}; "
                "for logits use binary_cross_entropy_with_logits"
            )
    if weight is not None:
        return reduced(elementwise.mul(_probability_loss(input, target, 0), weight), how)
    return _probability_loss(input, target, how)


def _probability_loss(input: Tensor, target: Tensor, how: int) -> Tensor:
    loss = _C.bce_prob_fwd(input, target, how)
    return record(loss, bce_prob_loss_backward, (input, target), (input.array, target.array), how)


def bce_prob_loss_backward(g, node):
    x, t = node.saved
    return (
        None if node.inputs[0] is None else _C.bce_prob_bwd(g, x, t, node.attrs),
        None if node.inputs[1] is None else _C.bce_prob_bwd_t(g, x, t, node.attrs),
    )


def _outside(labels: Tensor, classes: int) -> int:
    """The least label where it is negative, else the largest."""
    least = int(reduce.min(labels).item())
    return least if least < 0 else int(reduce.max(labels).item())


@in_float32
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """-input[target] of log-probabilities (N, C, …) or (C,), and class indices of that shape without the C.

    ``weight`` (C,) multiplies each loss by its target's; a target of ``ignore_index`` counts for nothing. "mean"
    divides by the weights of the targets that count. ShapeError where the shapes do not fit; IndexError for a target
    that is no class. For logits, ``cross_entropy`` does it in one step.

    >>> import dlcore as dl
    >>> dl.nn.functional.nll_loss(dl.tensor([[-0.5, -1.0], [-2.0, -3.0]]), dl.tensor([0, 1])).item()
    1.75
    """
    how = how_of("nll_loss", reduction)
    d = 0 if input.ndim == 1 else 1
    rows = (*input.shape[:d], *input.shape[d + 1 :])
    if not input.ndim or target.shape != rows:
        raise _C.ShapeError(
            f"nll_loss: target must be input's shape without its dimension {d} of classes, {rows}, but is "
            f"{target.shape}; input={input.shape} target={target.shape}"
        )
    counted = compare.ne(target, ignore_index)
    labels = compare.where(counted, target, 0)
    if labels.numel() and not 0 <= (worst := _outside(labels, input.shape[d])) < input.shape[d]:
        raise IndexError(f"nll_loss: a target is {worst} but there are {input.shape[d]} classes; target={target.shape}")
    loss = elementwise.neg(shape.squeeze(index.gather(input, d, shape.unsqueeze(labels, d)), d))
    share = counted
    if weight is not None:
        picked = shape.reshape(index.gather(weight, 0, shape.reshape(labels, (-1,))), rows)
        share = compare.where(counted, picked, 0)
        loss = elementwise.mul(loss, share)
    loss = compare.where(counted, loss, 0)
    return elementwise.div(reduce.sum(loss), reduce.sum(share)) if how == 1 else reduced(loss, how)
