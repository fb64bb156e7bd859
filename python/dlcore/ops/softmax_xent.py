"""Softmax, its logarithm and the cross-entropy loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import mode, record
from dlcore.ops import elementwise, reduce, shape
from dlcore.ops.loss import how_of, reduced
from dlcore.ops.operand import array_of
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


@in_float32
def softmax(input: Tensor, dim: int) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`; any shape, float32 or float64. A row with a NaN becomes NaN.

    >>> import dlcore as dl
    >>> dl.nn.functional.softmax(dl.tensor([0.0, 0.0]), dim=0).tolist()
    [0.5, 0.5]
    """
    y = _C.softmax_fwd(input, dim)
    return record(y, softmax_backward, (input,), (y,), dim)


def softmax_backward(g, node):
    return (_C.softmax_bwd(g, node.saved[0], node.attrs),)


@in_float32
def log_softmax(input: Tensor, dim: int) -> Tensor:
    """log(softmax(x)) along `dim`, without forming the quotient; any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.log_softmax(dl.tensor([5.0]), dim=0).tolist()
    [0.0]
    """
    y = _C.log_softmax_fwd(input, dim)
    return record(y, log_softmax_backward, (input,), (y,), dim)


def log_softmax_backward(g, node):
    return (_C.log_softmax_bwd(g, node.saved[0], node.attrs),)


@in_float32
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log(softmax(input)[target]), fused: logits (N, C), (N, C, d1, …) or (C,), and class indices without the C.

    `input` is float32 or float64; `target` int64 (int32 and uint8 are converted), or probabilities of input's shape and
    dtype. `weight` (C,) multiplies each class's term; a target of `ignore_index` counts for nothing.
    `label_smoothing` a mixes the target with the uniform distribution, (1 - a) : a (Szegedy et al., 2016). `reduction`
    "mean" divides by the weights of the targets that count (probabilities: by N), "sum" does not, "none" gives each.

    IndexError for a target outside 0 … C-1, before anything is computed; ShapeError where the shapes do not fit. A NaN
    logit makes the loss NaN.

    >>> import dlcore as dl
    >>> loss = dl.nn.functional.cross_entropy(dl.tensor([[0.0, 0.0]]), dl.tensor([1]))
    >>> round(loss.item(), 6)
    0.693147
    """
    how = how_of("cross_entropy", reduction)
    x, t = array_of(input), array_of(target)
    if weight is not None and weight.requires_grad:
        raise ValueError("cross_entropy: weight gets no gradient; give weight.detach()")
    if t.dtype.is_floating_point and t.shape == x.shape:
        return _soft_cross_entropy(input, target, weight, how, label_smoothing)
    options = (None if weight is None else weight.array, ignore_index, label_smoothing, how)
    made = []
    if how and mode.recording and input.needs_grad:
        loss, stats, dx = _C.cross_entropy_fwd_bwd(x, t, *options)
        made.append(dx)
    else:
        loss, stats = _C.cross_entropy_fwd(x, t, *options)
    saved = (x, t, stats, *(() if weight is None else (weight.array,)))
    return record(loss, cross_entropy_backward, (input,), saved, (options[1:], made))


def cross_entropy_backward(g, node):
    """Hands out the gradient that the forward pass made, times g; a second walk of the graph computes it anew."""
    options, made = node.attrs
    if made:
        dx = made.pop()
        if g.item() != 1:
            _C.mul_into(dx, g)
        return (dx,)
    x, target, stats, *weight = node.saved
    return (_C.cross_entropy_bwd(g, x, target, stats, weight[0] if weight else None, *options),)


def _soft_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None, how: int, smoothing: float) -> Tensor:
    d = 0 if input.ndim == 1 else 1
    classes = input.shape[d]
    if smoothing:
        target = elementwise.add(elementwise.mul(target, 1 - smoothing), smoothing / classes)
    terms = elementwise.mul(log_softmax(input, d), target)
    if weight is not None:
        terms = elementwise.mul(terms, shape.reshape(weight, (classes, *(1 for _ in input.shape[d + 1 :]))))
    loss = elementwise.neg(reduce.sum(terms, d))
    return reduced(loss, how)
