"""Batch normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias for each channel (Ioffe & Szegedy, 2015, algorithm 1).

    ``input`` is (N, C), (N, C, L) or (N, C, H, W), float32 or float64; the others are (C,) of the same dtype, or None.
    With ``training`` mean and biased variance are the batch's, and the running ones move towards them in place by
    ``momentum`` (the variance unbiased, as in PyTorch); else the running ones are used, or the batch's where there are
    none. ShapeError for fewer than two values per channel in training, or a vector that is not (C,).

    >>> import dlcore as dl
    >>> dl.nn.functional.batch_norm(dl.tensor([[1.0], [3.0]]), None, None, training=True, eps=0.0).tolist()
    [[-1.0], [1.0]]
    """
    w = None if weight is None else weight.array
    y, mean, invstd = _C.batch_norm_fwd(
        input.array,
        w,
        None if bias is None else bias.array,
        None if running_mean is None else running_mean.array,
        None if running_var is None else running_var.array,
        training,
        momentum,
        eps,
    )
    inputs: tuple[Tensor, ...] = (input,)
    saved: tuple[Any, ...] = (input.array, mean, invstd)
    if weight is not None:
        inputs, saved = (*inputs, weight), (*saved, w)
    if bias is not None:
        inputs = (*inputs, bias)
    return record(y, batch_norm_backward, inputs, saved, (training or running_mean is None, weight is not None))


def batch_norm_backward(g, node):
    training, has_weight = node.attrs
    x, mean, invstd, *weight = node.saved
    affine = [edge is not None for edge in node.inputs[1:]]
    dx, dw, db = _C.batch_norm_bwd(
        g, x, mean, invstd, weight[0] if weight else None, training, node.inputs[0] is not None, any(affine)
    )
    if len(affine) == 2:
        return dx, dw, db
    return (dx, dw if has_weight else db) if affine else (dx,)
