"""Scaled dot-product attention. The module with its own projections is ``nn.MultiheadAttention``."""

from __future__ import annotations

from math import inf, sqrt
from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import mode, record
from dlcore.ops import compare, elementwise, matmul, reduce, shape
from dlcore.ops.dropout import dropout
from dlcore.ops.operand import count_up
from dlcore.ops.softmax_xent import softmax
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


@in_float32
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """softmax(query keyᵀ scale + mask) value: each query's mean of the values, weighted by how its keys fit it.

    ``query`` (…, L, E), ``key`` (…, S, E), ``value`` (…, S, V) give (…, L, V); leading dimensions broadcast; float32 or
    float64. ``scale`` is 1/√E unless given. ``attn_mask`` broadcasts to (…, L, S): bool, True where a query may look,
    or a float that is added. ``is_causal`` lets query i look at keys 0 … i. A query that may look nowhere gets zeros
    and no gradient. ``dropout_p`` drops weights, in evaluation too: pass 0 there. ShapeError where sizes do not match,
    ValueError for both masks at once. (Vaswani et al., "Attention is all you need", 2017, section 3.2.1.)

    Unlike PyTorch's it takes no ``enable_gqa``: repeat the keys' and values' heads instead.

    >>> import dlcore as dl
    >>> q, k, v = dl.zeros(1, 2), dl.ones(2, 2), dl.tensor([[1.0], [3.0]])
    >>> dl.nn.functional.scaled_dot_product_attention(q, k, v).tolist()
    [[2.0]]
    """
    if query.ndim < 2 or key.ndim < 2 or value.ndim < 2:
        rule = "query, key and value need two dimensions or more"
    elif query.shape[-1] != key.shape[-1]:
        rule = "query and key must have the same last size"
    elif key.shape[-2] != value.shape[-2]:
        rule = "key and value must have the same second-to-last size"
    else:
        rule = ""
    if rule:
        raise _C.ShapeError(
            f"scaled_dot_product_attention: {rule}; query={query.shape} key={key.shape} value={value.shape}"
        )
    if is_causal and attn_mask is not None:
        raise ValueError("scaled_dot_product_attention: is_causal makes a mask of its own; drop attn_mask")
    factor = 1 / sqrt(max(query.shape[-1], 1)) if scale is None else scale
    if not dropout_p and not (mode.recording and attn_mask is not None and attn_mask.needs_grad):
        return fused(query, key, value, attn_mask, is_causal, factor)
    if is_causal:
        attn_mask = causal_mask(query.shape[-2], key.shape[-2], query.device)
    scores = matmul.matmul(elementwise.mul(query, factor), shape.transpose(key, -2, -1))
    return matmul.matmul(dropout(attention_weights(scores, attn_mask), dropout_p), value)


def fused(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, causal: bool, scale: float) -> Tensor:
    """Attention whose weights nobody sees: neither dropped, nor returned, nor the way to a gradient of the mask."""
    leads = [query.shape[:-2], key.shape[:-2], value.shape[:-2]] + ([] if mask is None else [mask.shape[:-2]])
    if leads.count(leads[0]) != len(leads):
        lead = common(leads)
        query, key, value = (
            x if x.shape[:-2] == lead else shape.expand(x, (*lead, *x.shape[-2:])) for x in (query, key, value)
        )
    arrays = query.array, key.array, value.array, None if mask is None else mask.array
    y, stats = _C.attention_fwd(*arrays, causal, scale)
    return record(y, fused_backward, (query, key, value), (*arrays[:3], stats), (arrays[3], causal, scale))


def fused_backward(g, node):
    *operands, stats = node.saved
    return _C.attention_bwd(g, *operands, *node.attrs, stats)


def common(leads: list[tuple[int, ...]]) -> tuple[int, ...]:
    lead: tuple[int, ...] = ()
    for other in leads:
        lead = _C.broadcast_shapes("scaled_dot_product_attention", lead, other)
    return lead


def causal_mask(queries: int, keys: int, device: str = "cpu") -> Tensor:
    """(queries, keys) bool: True where the key is not later than the query."""
    rows, columns = (count_up(n, device) for n in (queries, keys))
    return record(_C.ge_fwd(rows.unsqueeze(1), columns), None, ())


def attention_weights(scores: Tensor, mask: Tensor | None) -> Tensor:
    """softmax over the last dimension of `scores` under a mask as in scaled_dot_product_attention."""
    if mask is None:
        return softmax(scores, -1)
    if mask.dtype == _C.DType.bool:
        masked, allowed = compare.where(mask, scores, -inf), mask
    elif mask.dtype == scores.dtype:
        masked, allowed = elementwise.add(scores, mask), compare.gt(mask, -inf)
    else:
        raise _C.DTypeError(f"attention: attn_mask must be bool or {scores.dtype} as the query, got {mask.dtype}")
    some = reduce.any(allowed, -1, keepdim=True)
    if mask.device == "cpu" and reduce.all(some):  # elsewhere asking would wait for the device
        return softmax(masked, -1)
    return compare.where(some, softmax(compare.where(some, masked, 0.0), -1), 0.0)
