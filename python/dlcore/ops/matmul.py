"""Matrix products: matmul and linear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product: (…, m, k) times (…, k, n) is (…, m, n); float32 or float64, both the same.

    As in NumPy and PyTorch, leading dimensions broadcast, a 1-d `input` is a row, a 1-d `other` a column, and the
    dimension that either lacks is missing in the result. Transposed and strided views are read in place. Raises
    ShapeError where the inner sizes differ or the leading ones do not broadcast, DTypeError on mixed dtypes.

    >>> import dlcore as dl
    >>> (dl.tensor([[1.0, 2.0], [3.0, 4.0]]) @ dl.tensor([1.0, 10.0])).tolist()
    [21.0, 43.0]
    """
    a, b = input.array, other.array
    return record(_C.matmul_fwd(a, b), matmul_backward, (input, other), (a, b))


def matmul_backward(g, node):
    a, b = node.saved
    need_a, need_b = node.inputs
    return (
        None if need_a is None else _C.matmul_bwd_a(g, a, b),
        None if need_b is None else _C.matmul_bwd_b(g, a, b),
    )


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``, the sum made inside the product: (…, in) and (out, in) give (…, out).

    `bias` is (out,) or None; float32 or float64, all the same. Raises ShapeError where sizes do not match.

    >>> import dlcore as dl
    >>> x, w, b = dl.tensor([[1.0, 2.0]]), dl.tensor([[1.0, 1.0], [0.0, 2.0]]), dl.tensor([0.5, 0.0])
    >>> dl.nn.functional.linear(x, w, b).tolist()
    [[3.5, 4.0]]
    """
    x, w = input.array, weight.array
    if bias is None:
        return record(_C.linear_fwd(x, w, None), linear_backward, (input, weight), (x, w))
    return record(_C.linear_fwd(x, w, bias.array), linear_backward, (input, weight, bias), (x, w))


def linear_backward(g, node):
    x, w = node.saved
    need = node.inputs
    dx = None if need[0] is None else _C.linear_bwd_x(g, w)
    dw = None if need[1] is None else _C.linear_bwd_w(g, x, w)
    if len(need) == 2:
        return dx, dw
    return dx, dw, None if need[2] is None else _C.linear_bwd_b(g)
