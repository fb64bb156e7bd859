"""Dropout, of elements and of whole channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops.operand import array_of

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each element with probability `p` and scales the others by 1 / (1 - p); `input` itself when not training.

    Any shape, float32 or float64; the draws come from ``dl.manual_seed``'s stream. The mask is not stored: backward
    draws it again. ``inplace`` is accepted as in PyTorch; the result is a new tensor either way. ValueError for a `p`
    outside 0 … 1. (Srivastava et al., "Dropout", JMLR 15, 2014.)

    >>> import dlcore as dl
    >>> dl.nn.functional.dropout(dl.tensor([1.0, 2.0]), 1.0).tolist()
    [0.0, 0.0]
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p must be a probability, 0 to 1, got {p}")
    if not training or p == 0:
        return input
    y, seed, position = _C.dropout_fwd(input, p)
    return record(y, dropout_backward, (input,), (), (y.strides, p, seed, position))


def dropout_backward(g, node):
    return (_C.dropout_bwd(g, *node.attrs),)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """As `dropout`, of whole channels: images (N, C, H, W), or rows (N, C, L), lose or keep each of their N C planes.

    Neighbouring pixels tell much the same, and dropping some would drop little. ShapeError for other shapes.
    (Tompson et al., "Efficient object localization using convolutional networks", CVPR 2015.)

    >>> import dlcore as dl
    >>> y = dl.nn.functional.dropout2d(dl.ones(2, 3, 4, 4))
    >>> bool((y == y[:, :, :1, :1]).all())
    True
    """
    if input.ndim not in (3, 4):
        raise _C.ShapeError(f"dropout2d: needs images (N, C, H, W) or rows (N, C, L), got x={input.shape}")
    return _dropped_channels("dropout2d", input, p, training)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """As `dropout2d`, of rows (N, C, L) or (C, L).

    >>> import dlcore as dl
    >>> dl.nn.functional.dropout1d(dl.ones(2, 3), 1.0).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    if input.ndim not in (2, 3):
        raise _C.ShapeError(f"dropout1d: needs rows (N, C, L) or (C, L), got x={input.shape}")
    return _dropped_channels("dropout1d", input, p, training)


def _dropped_channels(op: str, input: Tensor, p: float, training: bool) -> Tensor:
    if not 0 <= p <= 1:
        raise ValueError(f"{op}: p must be a probability, 0 to 1, got {p}")
    if not training or p == 0:
        return input
    x = array_of(input)
    spread = 2 if x.ndim == 4 else 1  # dimensions that share a channel's fate
    planes = _C.ones(x.shape[:-spread] + (1,) * spread, x.dtype, x.device)
    mask, seed, position = _C.dropout_fwd(planes, p)
    return record(_C.mul_fwd(x, mask), dropped_channels_backward, (input,), (), (mask.shape, p, seed, position))


def dropped_channels_backward(g, node):
    shape, p, seed, position = node.attrs
    ones = _C.ones(shape, g.dtype, g.device)
    return (_C.mul_fwd(g, _C.dropout_bwd(ones, ones.strides, p, seed, position)),)
