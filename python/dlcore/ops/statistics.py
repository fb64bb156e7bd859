"""Deviations, norms and products over any dimensions, and the distances made of them.

``dim`` is an int, a tuple of ints, or None for all; ``keepdim`` leaves a reduced dimension as size 1. Errors are those
of the sums in ``reduce``.
"""

from __future__ import annotations

import builtins
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import compare, copy, elementwise, reduce, shape
from dlcore.ops.operand import array_of
from dlcore.ops.reduce import _dims, _spread
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.ops.reduce import Dim
    from dlcore.tensor import Tensor


class MinMax(NamedTuple):
    """What aminmax returns."""

    min: Tensor
    max: Tensor


def _moments(op: str, x: Any, dim: Any, unbiased: Any, correction: float | None) -> tuple[Any, Any, tuple, float]:
    """(mean with reduced dimensions kept, x less it, the dimensions, what the squares' sum is divided by)."""
    if not x.dtype.is_floating_point:
        raise _C.DTypeError(f"{op}: needs a float32 or float64 tensor, got {x.dtype} of shape {x.shape}; use .float()")
    if isinstance(dim, bool):  # PyTorch's var(unbiased)
        dim, unbiased = None, dim
    if unbiased is not None:
        correction = 1 if unbiased else 0
    if correction is None:
        correction = 1
    dims = _dims(dim)
    for d in dims:
        shape.wrap_dim(op, d, x.ndim)
    mean = _C.mean_fwd(x, dims, True)
    count = x.size // builtins.max(mean.size, 1)
    return mean, _C.sub_fwd(x, mean, 1), dims, builtins.max(count - correction, 0)


def _squeezed(a: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
    """`a`, whose reduced dimensions have size 1, without them."""
    if keepdim:
        return a
    if not dims:
        return a.view(())
    for d in sorted({d % builtins.max(a.ndim, 1) for d in dims}, reverse=True):
        a = a.squeeze(d) if a.ndim else a
    return a


@in_float32
def var(
    input: Tensor,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = 1,
) -> Tensor:
    """The mean square distance from the mean, divided by n - correction; floats only. In two passes, so that a mean far
    from 0 costs no digits.

    ``unbiased`` True or False stands for a correction of 1 or 0. NaN where there are not more values than that.

    >>> import dlcore as dl
    >>> dl.var(dl.tensor([1.0, 3.0])).item()
    2.0
    """
    x = array_of(input)
    _, d, dims, n = _moments("var", x, dim, unbiased, correction)
    y = _C.div_fwd(_C.sum_squares_fwd(d, dims, keepdim), n)
    return record(y, var_backward, (input,), (d,), (x.shape, dims, keepdim, n))


def var_backward(g, node):
    (d,), (shape, dims, keepdim, n) = node.saved, node.attrs
    return (_C.mul_fwd(_spread(_C.div_fwd(_C.mul_fwd(g, 2.0), n), shape, dims, keepdim), d),)


@in_float32
def std(
    input: Tensor,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = 1,
) -> Tensor:
    """The square root of ``var``. The gradient where it is 0 is 0.

    >>> import dlcore as dl
    >>> dl.std(dl.tensor([1.0, 3.0]), unbiased=False).item()
    1.0
    """
    x = array_of(input)
    _, d, dims, n = _moments("std", x, dim, unbiased, correction)
    y = _C.sqrt_fwd(_C.div_fwd(_C.sum_squares_fwd(d, dims, keepdim), n))
    return record(y, std_backward, (input,), (d, y), (x.shape, dims, keepdim, n))


def std_backward(g, node):
    (d, y), (shape, dims, keepdim, n) = node.saved, node.attrs
    share = _C.where_fwd(_C.eq_fwd(y, 0), 0, _C.div_fwd(g, _C.mul_fwd(y, float(n))))
    return (_C.mul_fwd(_spread(share, shape, dims, keepdim), d),)


def var_mean(
    input: Tensor,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = 1,
) -> tuple[Tensor, Tensor]:
    """(var, mean)."""
    spread = var(input, dim, unbiased, keepdim, correction=correction)
    return spread, reduce.mean(input, None if isinstance(dim, bool) else dim, keepdim)


def std_mean(
    input: Tensor,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = 1,
) -> tuple[Tensor, Tensor]:
    """(std, mean)."""
    spread = std(input, dim, unbiased, keepdim, correction=correction)
    return spread, reduce.mean(input, None if isinstance(dim, bool) else dim, keepdim)


@in_float32
def prod(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product; of bools and integers in int64, and 1 of nothing. `dtype` converts first.

    >>> import dlcore as dl
    >>> dl.prod(dl.tensor([[1.0, 2.0], [3.0, 4.0]]), 0).tolist()
    [3.0, 8.0]
    """
    if dtype is not None:
        input = copy.convert(input, dtype)
    x, dims = array_of(input), _dims(dim)
    y = _C.prod_fwd(x, dims, keepdim)
    if dtype == _C.DType.bool:
        return record(_C.convert(y, dtype), None, ())
    return record(y, prod_backward, (input,), (x,), (dims, keepdim))


def prod_backward(g, node):
    """The product of the others: with one zero only the zero's is not 0, with two none is."""
    (x,), (dims, keepdim) = node.saved, node.attrs
    zero = _C.eq_fwd(x, 0)
    rest = _C.where_fwd(zero, 1, x)
    others = _C.mul_fwd(g, _C.prod_fwd(rest, dims, keepdim))
    count = _spread(_C.sum_fwd(zero, dims, keepdim), x.shape, dims, keepdim)
    dx = _C.div_fwd(_spread(others, x.shape, dims, keepdim), rest)
    return (_C.where_fwd(_C.eq_fwd(count, zero), dx, 0),)


@in_float32
def norm(
    input: Tensor, p: float | str | None = "fro", dim: Dim = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """(Σ |x|^p)^(1/p): "fro" is 2, inf and -inf the largest and smallest magnitude, 0 counts what is not 0.

    Floats only; `dtype` converts first. The gradient where the norm is 0 is 0.

    >>> import dlcore as dl
    >>> dl.norm(dl.tensor([3.0, 4.0])).item()
    5.0
    """
    if dtype is not None:
        input = copy.convert(input, dtype)
    if not input.dtype.is_floating_point:
        raise _C.DTypeError(
            f"norm: needs a float32 or float64 tensor, got {input.dtype} of shape {input.shape}; convert with .float()"
        )
    if isinstance(p, str) and p != "fro":
        raise ValueError(f'norm: p is a number or "fro", got {p!r}')
    power = 2.0 if p is None or p == "fro" else float(p)
    if power in (inf, -inf):
        return (reduce.amax if power > 0 else reduce.amin)(elementwise.abs(input), dim, keepdim)
    x, dims = array_of(input), _dims(dim)
    if power == 0:
        return record(_C.convert(_C.sum_fwd(_C.ne_fwd(x, 0), dims, keepdim), x.dtype), None, ())
    if power == 2:
        y = _C.sqrt_fwd(_C.sum_squares_fwd(x, dims, keepdim))
    elif power == 1:
        y = _C.sum_fwd(_C.abs_fwd(x), dims, keepdim)
    else:
        y = _C.pow_fwd(_C.sum_fwd(_C.pow_fwd(_C.abs_fwd(x), power), dims, keepdim), 1 / power)
    return record(y, norm_backward, (input,), (x, y), (power, dims, keepdim))


def norm_backward(g, node):
    """g sign(x) (|x| / norm)^(p - 1)."""
    (x, y), (power, dims, keepdim) = node.saved, node.attrs
    if power == 2:  # of one number each, so that x is read once
        return (_C.mul_fwd(x, _spread(_C.where_fwd(_C.eq_fwd(y, 0), 0, _C.div_fwd(g, y)), x.shape, dims, keepdim)),)
    g, y = _spread(g, x.shape, dims, keepdim), _spread(y, x.shape, dims, keepdim)
    if power == 1:
        return (_C.mul_fwd(g, _C.sign_fwd(x)),)
    share = _C.mul_fwd(_C.sign_fwd(x), _C.pow_fwd(_C.abs_fwd(_C.div_fwd(x, y)), power - 1))
    flat = _C.eq_fwd(y, 0) if power > 1 else _C.eq_fwd(x, 0)  # below 1 the slope at an element's 0 is infinite
    return (_C.mul_fwd(g, _C.where_fwd(flat, 0, share)),)


@in_float32
def logsumexp(input: Tensor, dim: Dim, keepdim: bool = False) -> Tensor:
    """log(Σ e^x), without an overflow; integers give float32.

    >>> import dlcore as dl
    >>> round(dl.logsumexp(dl.tensor([1000.0, 1000.0]), 0).item(), 3)
    1000.693
    """
    x, dims = array_of(input), _dims(dim)
    x = x if x.dtype.is_floating_point else _C.convert(x, _C.DType.float32)
    if not x.size:
        y = _C.log_fwd(_C.sum_fwd(_C.exp_fwd(x), dims, keepdim))
    elif len(dims) == 1 and x.ndim:
        y = _squeezed(_C.logsumexp_fwd(x, dims[0]).unsqueeze(dims[0] % x.ndim), dims, keepdim)
    else:
        top = _C.max_fwd(x, dims, True)
        top = _C.where_fwd(_C.eq_fwd(_C.abs_fwd(top), inf), 0, top)  # infinite terms need no shift
        total = _C.sum_fwd(_C.exp_fwd(_C.sub_fwd(x, top, 1)), dims, True)
        y = _squeezed(_C.add_fwd(_C.log_fwd(total), top, 1), dims, keepdim)
    return record(y, logsumexp_backward, (input,), (x, y), (dims, keepdim))


def logsumexp_backward(g, node):
    (x, y), (dims, keepdim) = node.saved, node.attrs
    y = _C.where_fwd(_C.eq_fwd(_C.abs_fwd(y), inf), 0, y)  # a row of -inf: every share is 0
    shares = _C.exp_fwd(_C.sub_fwd(x, _spread(y, x.shape, dims, keepdim), 1))
    return (_C.mul_fwd(_spread(g, x.shape, dims, keepdim), shares),)


def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> MinMax:
    """(the smallest element, the largest), as ``amin`` and ``amax``.

    >>> import dlcore as dl
    >>> dl.aminmax(dl.tensor([3.0, 1.0, 2.0])).max.item()
    3.0
    """
    return MinMax(reduce.amin(input, dim, keepdim), reduce.amax(input, dim, keepdim))


@in_float32
def nansum(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum of what is not NaN.

    >>> import dlcore as dl
    >>> dl.nansum(dl.tensor([3.0, float("nan"), 2.0])).item()
    5.0
    """
    return reduce.sum(compare.where(compare.eq(input, input), input, 0), dim, keepdim, dtype=dtype)


def nanmean(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean of what is not NaN; NaN where there is nothing."""
    count = _C.sum_fwd(_C.eq_fwd(input.array, input.array), _dims(dim), keepdim)
    return elementwise.div(nansum(input, dim, keepdim, dtype=dtype), type(input)(count))


def normalize(input: Tensor, p: float = 2.0, dim: Dim = 1, eps: float = 1e-12) -> Tensor:
    """input / max(norm, eps) along dim.

    >>> import dlcore as dl
    >>> dl.nn.functional.normalize(dl.tensor([[3.0, 4.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    return elementwise.div(input, compare.clamp(norm(input, p, dim, True), eps))


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1·x2 / (max(|x1|, eps) max(|x2|, eps)) along dim; the shapes broadcast.

    >>> import dlcore as dl
    >>> dl.nn.functional.cosine_similarity(dl.tensor([[1.0, 0.0]]), dl.tensor([[2.0, 0.0]])).tolist()
    [1.0]
    """
    wide = _C.broadcast_shapes("cosine_similarity", x1.shape, x2.shape)
    a, b = (x if x.shape == wide else shape.expand(x, wide) for x in (x1, x2))
    return reduce.sum(elementwise.mul(normalize(a, 2, dim, eps), normalize(b, 2, dim, eps)), dim)


@in_float32
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The norm of x1 - x2 + eps along the last dimension; the shapes broadcast."""
    return norm(elementwise.add(elementwise.sub(x1, x2), eps), p, -1, keepdim)
