"""Rows of a table, looked up by index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """``weight[input]``: indices of any shape and a (rows, width) table give (*input.shape, width).

    `input` is int64 (int32 and uint8 are converted), `weight` float32 or float64. The gradient of row `padding_idx`
    (negative: from the end) is zero. IndexError for an index outside the table, before anything is computed.

    >>> import dlcore as dl
    >>> table = dl.tensor([[0.0, 1.0], [2.0, 3.0]])
    >>> dl.nn.functional.embedding(dl.tensor([1, 1, 0]), table).tolist()
    [[2.0, 3.0], [2.0, 3.0], [0.0, 1.0]]
    """
    padding = -1
    if padding_idx is not None:
        rows = weight.array.shape[0] if weight.array.ndim else 0
        if not -rows <= padding_idx < rows:
            raise IndexError(f"embedding: padding_idx {padding_idx} is outside a table of {rows} rows")
        padding = padding_idx % rows
    y = _C.embedding_fwd(input, weight)
    return record(y, embedding_backward, (input, weight), (input.array,), (weight.array.shape[0], padding))


def embedding_backward(g, node):
    return None, _C.embedding_bwd(g, node.saved[0], *node.attrs)
