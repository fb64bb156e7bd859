"""Elements chosen by a condition, and counts of whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import copy, inplace, reduce, shape
from dlcore.ops.index_slices import filling
from dlcore.ops.indexing import nonzero, pick
from dlcore.ops.operand import array_of

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the bool tensor `mask` holds, in one dimension; the two broadcast.

    >>> import dlcore as dl
    >>> x = dl.tensor([1.0, -2.0, 3.0])
    >>> dl.masked_select(x, x > 0).tolist()
    [1.0, 3.0]
    """
    _check_bool("masked_select", mask)
    sizes = _C.broadcast_shapes("masked_select", input.shape, mask.shape)
    wide = input if input.shape == sizes else shape.expand(input, sizes)
    return pick(wide, mask if mask.shape == sizes else shape.expand(mask, sizes))


def _check_bool(op: str, mask: Tensor) -> None:
    if mask.dtype != _C.DType.bool:
        raise _C.DTypeError(f"{op}: mask must be bool, got {mask.dtype} of shape {mask.shape}; convert with .bool()")


def masked_fill(input: Tensor, mask: Tensor, value: Tensor | float) -> Tensor:
    """input with one number, or a tensor of no dimensions, where `mask` holds; the mask and input broadcast.

    >>> import dlcore as dl
    >>> dl.masked_fill(dl.tensor([1.0, 2.0]), dl.tensor([True, False]), 0.0).tolist()
    [0.0, 2.0]
    """
    _check_bool("masked_fill", mask)
    x, number = array_of(input), filling("masked_fill", value, input)
    y = _C.where_fwd(mask.array, number, x)
    inputs = (input, value) if hasattr(value, "array") else (input,)
    return record(y, masked_fill_backward, inputs, (mask.array,), (x.shape, number.dtype))


def masked_fill_backward(g, node):
    (mask,), (shape, dtype) = node.saved, node.attrs
    of_input = _C.sum_to(_C.where_fwd(mask, 0, g), shape, g.dtype)
    return (of_input,) if len(node.inputs) == 1 else (of_input, _C.sum_to(_C.where_fwd(mask, g, 0), (), dtype))


def masked_fill_(self: Tensor, mask: Tensor, value: Tensor | float) -> Tensor:
    """masked_fill into this tensor, whose shape the mask must broadcast to."""
    if inplace.tracked(self, value):
        return inplace.rebind(self, masked_fill(self, mask, value))
    _check_bool("masked_fill_", mask)
    x, number = self.array, filling("masked_fill_", value, self)
    copy.write(x, _C.where_fwd(mask.array.expand(x.shape), number, x))
    return self


def argwhere(input: Tensor) -> Tensor:
    """nonzero(input): the indices of the elements that are not zero, a row an element.

    >>> import dlcore as dl
    >>> dl.argwhere(dl.tensor([0, 5])).tolist()
    [[1]]
    """
    return nonzero(input)


def count_nonzero(input: Tensor, dim: int | tuple[int, ...] | None = None) -> Tensor:
    """How many elements are not zero, in all or along `dim`: int64.

    >>> import dlcore as dl
    >>> dl.count_nonzero(dl.tensor([0.0, 5.0, 6.0])).item()
    2
    """
    dims = () if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    return record(_C.sum_fwd(_C.ne_fwd(input.array, 0), dims, False), None, ())


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """int64 (*tensor.shape, num_classes): 1 at each class label, else 0. -1: as many classes as the largest label + 1.

    >>> import dlcore as dl
    >>> dl.nn.functional.one_hot(dl.tensor([0, 2]), 3).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    labels = tensor.array
    if num_classes == -1:
        if labels.size == 0:
            raise ValueError("one_hot: without labels the number of classes is unknown; pass num_classes")
        if (least := int(reduce.min(tensor).item())) < 0:
            raise ValueError(f"one_hot: labels must not be negative, got {least}; labels={labels.shape}")
        num_classes = int(reduce.max(tensor).item()) + 1
    y = _C.zeros((*labels.shape, num_classes), _C.DType.int64, tensor.device)
    rows = y.view((-1, num_classes)) if y.size else y.view((labels.size, num_classes))
    one = _C.ones((), _C.DType.int64, tensor.device).expand((labels.size, 1))
    _C.scatter_into("one_hot", rows, 1, _C.reshape(labels, (labels.size, 1)), one, False)
    return record(y, None, ())


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number from 0 on occurs in a 1-d tensor, or the sum of its weights.

    int64; with weights float32 if they are, else float64. At least `minlength` long.

    >>> import dlcore as dl
    >>> dl.bincount(dl.tensor([0, 2, 2])).tolist()
    [1, 0, 2]
    """
    x = array_of(input)
    if x.ndim != 1:
        raise _C.ShapeError(f"bincount: input must have one dimension, got shape {x.shape}; flatten it")
    if minlength < 0:
        raise ValueError(f"bincount: minlength must not be negative, got {minlength}")
    if weights is None:
        return record(_C.bincount_fwd(x, minlength), None, ())
    if weights.shape != x.shape:
        raise _C.ShapeError(f"bincount: weights must have input's shape; input={x.shape} weights={weights.shape}")
    dtype = weights.dtype if weights.dtype == _C.DType.float32 else _C.DType.float64
    length = max(minlength, int(reduce.max(input).item()) + 1 if x.size else 0)
    y = _C.zeros((length,), dtype, input.device)
    _C.scatter_into("bincount", y, 0, x, _C.convert(weights.array, dtype), True)
    return record(y, None, ())
