"""Dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record

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
    y, seed, position = _C.dropout_fwd(input.array, p)
    return record(y, dropout_backward, (input,), (), (y.strides, p, seed, position))


def dropout_backward(g, node):
    return (_C.dropout_bwd(g, *node.attrs),)
