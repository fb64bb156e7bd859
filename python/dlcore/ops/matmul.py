"""Matrix products: matmul and linear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import activation, elementwise
from dlcore.ops.operand import array_of
from dlcore.ops.shape import unsqueeze
from dlcore.precision import in_halves, low, lowered, state

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product: (…, m, k) times (…, k, n) is (…, m, n); float32, float64 or bfloat16, both the same.

    As in NumPy and PyTorch, leading dimensions broadcast, a 1-d `input` is a row, a 1-d `other` a column, and the
    dimension that either lacks is missing in the result. Transposed and strided views are read in place. Raises
    ShapeError where the inner sizes differ or the leading ones do not broadcast, DTypeError on mixed dtypes.

    >>> import dlcore as dl
    >>> (dl.tensor([[1.0, 2.0], [3.0, 4.0]]) @ dl.tensor([1.0, 10.0])).tolist()
    [21.0, 43.0]
    """
    a, b = array_of(input), array_of(other)
    if state.on:
        if state.halves:
            return in_halves(matmul, input, other)
        input, other = low(input), low(other)
        a, b = input.array, other.array
    return record(_C.matmul_fwd(a, b), matmul_backward, (input, other), (a, b))


def matmul_backward(g, node):
    a, b = node.saved
    need_a, need_b = node.inputs
    return (
        None if need_a is None else _C.matmul_bwd_a(g, a, b),
        None if need_b is None else _C.matmul_bwd_b(g, a, b),
    )


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Every product of an element of one vector with one of another: (m,) and (n,) give (m, n).

    >>> import dlcore as dl
    >>> dl.outer(dl.tensor([1.0, 2.0]), dl.tensor([3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    _check_ndim("outer", input, 1, vec2, 1)
    return elementwise.mul(unsqueeze(input, 1), vec2)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The sum of the products of two vectors' elements.

    >>> import dlcore as dl
    >>> dl.dot(dl.tensor([1.0, 2.0]), dl.tensor([3.0, 4.0])).item()
    11.0
    """
    _check_ndim("dot", input, 1, tensor, 1)
    return matmul(input, tensor)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector: (m, k) and (k,) give (m,)."""
    _check_ndim("mv", input, 2, vec, 1)
    return matmul(input, vec)


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices: (m, k) and (k, n) give (m, n). See matmul, which also takes batches."""
    _check_ndim("mm", input, 2, mat2, 2)
    return matmul(input, mat2)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices: (b, m, k) and (b, k, n) give (b, m, n); nothing broadcasts."""
    _check_ndim("bmm", input, 3, mat2, 3)
    if input.array.shape[0] != mat2.array.shape[0]:
        raise _C.ShapeError(f"bmm: batches of {input.array.shape} and {mat2.array.shape} differ; see matmul")
    return matmul(input, mat2)


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2); input broadcasts to the product.

    >>> import dlcore as dl
    >>> dl.addmm(dl.tensor([1.0]), dl.tensor([[2.0]]), dl.tensor([[3.0]])).item()
    7.0
    """
    if state.on and not state.halves:
        input = low(input)
    product = mm(mat1, mat2)
    if beta == 0:
        return product if alpha == 1 else elementwise.mul(product, alpha)
    return elementwise.add(input if beta == 1 else elementwise.mul(input, beta), product, alpha=alpha)


def _check_ndim(op: str, a: Tensor, of_a: int, b: Tensor, of_b: int) -> None:
    if a.array.ndim != of_a or b.array.ndim != of_b:
        raise _C.ShapeError(
            f"{op}: needs {of_a} and {of_b} dimensions, got {a.array.shape} and {b.array.shape}; see matmul"
        )


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``, the sum made inside the product: (…, in) and (out, in) give (…, out).

    `bias` is (out,) or None; float32, float64 or bfloat16, all the same. Raises ShapeError where sizes do not match.

    >>> import dlcore as dl
    >>> x, w, b = dl.tensor([[1.0, 2.0]]), dl.tensor([[1.0, 1.0], [0.0, 2.0]]), dl.tensor([0.5, 0.0])
    >>> dl.nn.functional.linear(x, w, b).tolist()
    [[3.5, 4.0]]
    """
    saved = array_of(input), array_of(weight)
    if state.on:
        if state.halves:
            return in_halves(linear, input, weight, bias)
        input, saved = lowered(input, weight)
    if bias is None:
        return record(_C.linear_fwd(saved[0], saved[1], None), linear_backward, (input, weight), saved)
    y = _C.linear_fwd(saved[0], saved[1], bias)
    return record(y, linear_backward, (input, weight, bias), saved)


def linear_relu(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``relu(linear(…))``, to the bit, in one pass; see nn/chain.py."""
    saved: tuple = (array_of(input), array_of(weight))
    if state.on:
        if state.halves:
            return activation.relu(linear(input, weight, bias))
        input, saved = lowered(input, weight)
    y = _C.linear_fwd(saved[0], saved[1], bias, True)
    inputs = (input, weight) if bias is None else (input, weight, bias)
    return record(y, linear_relu_backward, inputs, (y, *saved))


def linear_backward(g, node):
    return _linear_gradients(g, node, *node.saved)


def linear_relu_backward(g, node):
    y, *saved = node.saved
    return _linear_gradients(_C.relu_bwd(g, y), node, *saved)


def _linear_gradients(g, node, x, w, *master):
    need = node.inputs
    dx = None if need[0] is None else _C.linear_bwd_x(g, w)
    dw = None if need[1] is None else _C.linear_bwd_w(g, x, master[0] if master else w)
    if len(need) == 2:
        return dx, dw
    return dx, dw, None if need[2] is None else _C.linear_bwd_b(g, bool(master))
