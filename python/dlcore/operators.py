"""What is written after a dot or with an operator: the ops as Tensor's methods. One line a family, no maths.

An op's first argument is the tensor, so the function itself is the method.
"""

from __future__ import annotations

from dlcore.ops import (
    activation,
    choose,
    combine,
    compare,
    copy,
    divisions,
    elementwise,
    index,
    index_slices,
    indexing,
    inplace,
    maths,
    matmul,
    random,
    rearrange,
    reduce,
    rounding,
    scan,
    softmax_xent,
    statistics,
)
from dlcore.ops import inplace_maths as inplaces
from dlcore.ops import shape as shapes
from dlcore.ops import sort as sorting
from dlcore.ops import unique as uniques


class Operators:
    """Tensor's methods and operators."""

    __slots__ = ()

    # ---- arithmetic
    __add__ = __radd__ = elementwise.add
    __sub__ = elementwise.sub
    __rsub__ = elementwise.rsub
    __mul__ = __rmul__ = elementwise.mul
    __truediv__ = elementwise.div
    __rtruediv__ = elementwise.rdiv
    __pow__ = elementwise.pow
    __rpow__ = elementwise.rpow
    __floordiv__, __rfloordiv__ = divisions.floor_divide, divisions.rfloor_divide
    __mod__, __rmod__ = divisions.remainder, divisions.rremainder
    __neg__ = elementwise.neg
    __abs__ = elementwise.abs
    add, sub, mul, div = elementwise.add, elementwise.sub, elementwise.mul, elementwise.div
    pow, neg, abs, square = elementwise.pow, elementwise.neg, elementwise.abs, elementwise.square
    exp, log, sqrt, reciprocal = elementwise.exp, elementwise.log, elementwise.sqrt, elementwise.reciprocal

    __iadd__ = add_ = inplace.add_
    __isub__ = sub_ = inplace.sub_
    __imul__ = mul_ = inplace.mul_
    __itruediv__ = div_ = inplace.div_
    fill_, zero_, copy_ = inplace.fill_, inplace.zero_, inplace.copy_
    relu_, sigmoid_, tanh_, clamp_ = inplaces.relu_, inplaces.sigmoid_, inplaces.tanh_, inplaces.clamp_
    exp_, log_, sqrt_, rsqrt_ = inplaces.exp_, inplaces.log_, inplaces.sqrt_, inplaces.rsqrt_
    abs_, neg_, square_, reciprocal_ = inplaces.abs_, inplaces.neg_, inplaces.square_, inplaces.reciprocal_
    pow_, sin_, cos_ = inplaces.pow_, inplaces.sin_, inplaces.cos_
    floor_, ceil_, round_, trunc_ = inplaces.floor_, inplaces.ceil_, inplaces.round_, inplaces.trunc_
    remainder_, fmod_ = inplaces.remainder_, inplaces.fmod_
    lerp_, addcmul_, addcdiv_ = inplaces.lerp_, inplaces.addcmul_, inplaces.addcdiv_
    uniform_, normal_ = random.uniform_, random.normal_

    # ---- maths
    sin, cos, tan, asin, acos, atan = maths.sin, maths.cos, maths.tan, maths.asin, maths.acos, maths.atan
    sinh, cosh, erf, rsqrt = maths.sinh, maths.cosh, maths.erf, maths.rsqrt
    expm1, log1p, exp2, log2, log10 = maths.expm1, maths.log1p, maths.exp2, maths.log2, maths.log10
    floor, ceil, round = rounding.floor, rounding.ceil, rounding.round
    trunc, frac = rounding.trunc, rounding.frac
    remainder, fmod, floor_divide = divisions.remainder, divisions.fmod, divisions.floor_divide
    atan2 = divisions.atan2
    isnan, isinf, isfinite, nan_to_num = combine.isnan, combine.isinf, combine.isfinite, combine.nan_to_num
    lerp, addcmul, addcdiv = combine.lerp, combine.addcmul, combine.addcdiv

    # ---- products
    __matmul__ = matmul.matmul
    mm, bmm, mv, dot, outer, addmm = matmul.mm, matmul.bmm, matmul.mv, matmul.dot, matmul.outer, matmul.addmm
    matmul = matmul.matmul

    # ---- comparisons and choices
    __eq__ = compare.equal  # type: ignore[assignment]
    __ne__ = compare.unequal  # type: ignore[assignment]
    __lt__, __le__, __gt__, __ge__ = compare.lt, compare.le, compare.gt, compare.ge
    __and__ = __rand__ = bitwise_and = divisions.bitwise_and
    __or__ = __ror__ = bitwise_or = divisions.bitwise_or
    __xor__ = __rxor__ = bitwise_xor = divisions.bitwise_xor
    __invert__ = bitwise_not = divisions.bitwise_not
    logical_and, logical_or, logical_xor = compare.logical_and, compare.logical_or, compare.logical_xor
    logical_not = compare.logical_not
    eq, ne, lt, le, gt, ge = compare.eq, compare.ne, compare.lt, compare.le, compare.gt, compare.ge
    where = compare.where_else
    clamp, maximum, minimum, sign = compare.clamp, compare.maximum, compare.minimum, compare.sign

    # ---- over dimensions
    sum, mean, max, min = reduce.sum, reduce.mean, reduce.max, reduce.min
    amax, amin, argmax, argmin = reduce.amax, reduce.amin, reduce.argmax, reduce.argmin
    any, all = reduce.any, reduce.all
    var, std, prod, norm = statistics.var, statistics.std, statistics.prod, statistics.norm
    logsumexp, aminmax = statistics.logsumexp, statistics.aminmax
    nansum, nanmean = statistics.nansum, statistics.nanmean

    # ---- shapes and parts
    __getitem__ = shapes.getitem
    __setitem__ = copy.setitem
    view, reshape, flatten, expand = shapes.view, shapes.reshape, shapes.flatten, shapes.expand
    permute, transpose, t = shapes.permute, shapes.transpose, shapes.t
    squeeze, unsqueeze, unflatten, unfold = shapes.squeeze, shapes.unsqueeze, shapes.unflatten, shapes.unfold
    expand_as, view_as, swapaxes = shapes.expand_as, shapes.view_as, shapes.transpose
    diagonal, diag, tril, triu = shapes.diagonal, rearrange.diag, rearrange.tril, rearrange.triu
    narrow, select, split, chunk = rearrange.narrow, rearrange.select, rearrange.split, rearrange.chunk
    unbind, repeat, tile, movedim = rearrange.unbind, rearrange.repeat, rearrange.tile, rearrange.movedim
    flip, roll = rearrange.flip, rearrange.roll
    contiguous, clone = copy.contiguous, copy.clone

    # ---- by index and by condition
    gather, take, take_along_dim = index.gather, index.take, index.take_along_dim
    scatter, scatter_add = index.scatter, index.scatter_add
    scatter_, scatter_add_ = index.scatter_, index.scatter_add_
    index_select, index_add = index_slices.index_select, index_slices.index_add
    index_copy, index_fill = index_slices.index_copy, index_slices.index_fill
    index_add_, index_copy_, index_fill_ = index_slices.index_add_, index_slices.index_copy_, index_slices.index_fill_
    masked_select, masked_fill, masked_fill_ = choose.masked_select, choose.masked_fill, choose.masked_fill_
    nonzero, argwhere, count_nonzero = indexing.nonzero, choose.argwhere, choose.count_nonzero
    bincount, index_put, index_put_ = choose.bincount, indexing.index_put, index.index_put_

    # ---- running totals
    cumsum, cumprod, cummax, cummin = scan.cumsum, scan.cumprod, scan.cummax, scan.cummin
    diff = scan.diff

    # ---- by order
    sort, argsort, topk = sorting.sort, sorting.argsort, sorting.topk
    kthvalue, median = sorting.kthvalue, sorting.median
    unique, unique_consecutive = uniques.unique, uniques.unique_consecutive

    T = property(shapes.reverse_dims)

    # ---- activations
    relu, sigmoid, tanh = activation.relu, activation.sigmoid, activation.tanh
    softmax, log_softmax = softmax_xent.softmax, softmax_xent.log_softmax
