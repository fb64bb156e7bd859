"""Multi-head attention (Vaswani et al., 2017, section 3.2.2)."""

from __future__ import annotations

from math import inf, sqrt

import dlcore.nn.functional as F
from dlcore import _C, creation
from dlcore.nn import init
from dlcore.nn.layers import Linear
from dlcore.nn.module import Module
from dlcore.nn.parameter import Parameter
from dlcore.ops.attention import attention_weights
from dlcore.ops.compare import where
from dlcore.ops.copy import cat
from dlcore.tensor import Tensor


def _xavier(rows: int, columns: int) -> Parameter:
    bound = sqrt(6 / (rows + columns))
    return Parameter(init.uniform_(creation.empty(rows, columns), -bound, bound))


class MultiheadAttention(Module):
    """Attention in `num_heads` projections of the query, key and value, put together by one more.

    Parameters as PyTorch's: in_proj_weight (3 embed_dim, embed_dim), the projections of query, key and value above one
    another, or, where ``kdim`` or ``vdim`` differ, q_proj_weight, k_proj_weight and v_proj_weight; in_proj_bias;
    out_proj.weight and out_proj.bias; with ``add_bias_kv`` bias_k and bias_v (1, 1, embed_dim), one more key and value
    for all. Weights start Xavier-uniform, biases 0. ``dropout`` drops weights in training.

    >>> import dlcore as dl
    >>> x = dl.zeros(2, 5, 8)
    >>> y, weights = dl.nn.MultiheadAttention(8, num_heads=2, batch_first=True)(x, x, x)
    >>> y.shape, weights.shape
    ((2, 5, 8), (2, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
    ):
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads:
            raise ValueError(
                f"MultiheadAttention: num_heads must divide embed_dim, both positive; got {num_heads} and {embed_dim}"
            )
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.dropout, self.add_zero_attn, self.batch_first = dropout, add_zero_attn, batch_first
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        same = self.kdim == self.vdim == embed_dim
        self.register_parameter("in_proj_weight", _xavier(3 * embed_dim, embed_dim) if same else None)
        for name, width in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
            self.register_parameter(f"{name}_proj_weight", None if same else _xavier(embed_dim, width))
        self.register_parameter("in_proj_bias", Parameter(creation.zeros(3 * embed_dim)) if bias else None)
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        if bias:
            init.zeros_(self.out_proj.bias)
        for name in ("bias_k", "bias_v"):
            start = Parameter(init.normal_(creation.empty(1, 1, embed_dim), std=1 / sqrt(embed_dim)))
            self.register_parameter(name, start if add_bias_kv else None)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """(output, weights): outputs as the query, and weights (N, L, S), or None without ``need_weights``.

        ``query`` (L, N, embed_dim), ``key`` (S, N, kdim), ``value`` (S, N, vdim); N first with ``batch_first``; without
        N for one sequence. ``key_padding_mask`` (N, S) and ``attn_mask``, (L, S) or (N num_heads, L, S), are bool, True
        where *not* to look (the opposite of scaled_dot_product_attention), or floats that are added. With
        ``average_attn_weights=False`` weights are (N, num_heads, L, S). ``is_causal`` says that ``attn_mask`` is causal
        and changes nothing. A query that may look nowhere gets weights of 0; PyTorch's are NaN with need_weights.
        """
        if is_causal and attn_mask is None:
            raise ValueError("MultiheadAttention: is_causal describes attn_mask, which is missing")
        batched = query.ndim == 3
        self._check(query, key, value)
        # Self-attention is one product: look before views make new tensors of one.
        alike = query is key and key is value
        if not batched:
            query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        elif self.batch_first:
            query, key, value = query.transpose(0, 1), key.transpose(0, 1), value.transpose(0, 1)
        q, k, v = self._project(query, key, value, alike)
        n, keys = q.shape[1], k.shape[0]
        if self.bias_k is not None:
            k = cat([k, self.bias_k.expand(1, n, self.embed_dim)])
            v = cat([v, self.bias_v.expand(1, n, self.embed_dim)])
        if self.add_zero_attn:
            zero = creation.zeros(1, n, self.embed_dim, dtype=k.dtype, device=k.device)
            k, v = cat([k, zero]), cat([v, zero])
        mask = self._mask(key_padding_mask, attn_mask, (n, q.shape[0], keys), k.shape[0], q.dtype)
        q, k, v = (x.view(*x.shape[:2], self.num_heads, self.head_dim).permute(1, 2, 0, 3) for x in (q, k, v))
        dropout = self.dropout if self.training else 0.0
        if need_weights:
            weights = attention_weights((q * (1 / sqrt(self.head_dim))) @ k.transpose(-2, -1), mask)
            heads = F.dropout(weights, dropout) @ v
        else:
            heads = F.scaled_dot_product_attention(q, k, v, mask, dropout)
        y = self.out_proj(heads.permute(2, 0, 1, 3).reshape(q.shape[2], n, self.embed_dim))
        y = y.squeeze(1) if not batched else y.transpose(0, 1) if self.batch_first else y
        if not need_weights:
            return y, None
        if average_attn_weights:
            weights = weights.mean(1)
        return y, weights if batched else weights.squeeze(0)

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        shapes = f"query={query.shape} key={key.shape} value={value.shape}"
        if query.ndim not in (2, 3) or not query.ndim == key.ndim == value.ndim:
            raise _C.ShapeError(f"MultiheadAttention: needs three tensors, all 2-d or all 3-d; {shapes}")
        widths = (self.embed_dim, self.kdim, self.vdim)
        if (query.shape[-1], key.shape[-1], value.shape[-1]) != widths:
            raise _C.ShapeError(f"MultiheadAttention: last sizes must be {widths}, as it was made; {shapes}")
        if key.shape[:-1] != value.shape[:-1]:
            raise _C.ShapeError(f"MultiheadAttention: key and value must have the same lengths; {shapes}")

    def _project(self, query: Tensor, key: Tensor, value: Tensor, alike: bool) -> tuple[Tensor, Tensor, Tensor]:
        if self.in_proj_weight is not None and alike:
            q, k, v = F.linear(query, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
            return q, k, v
        if self.in_proj_weight is not None:
            weights = self.in_proj_weight.chunk(3)
        else:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases = (None, None, None) if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        q, k, v = (F.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True))
        return q, k, v

    def _mask(
        self, padding: Tensor | None, attn: Tensor | None, sizes: tuple[int, int, int], keys: int, dtype: _C.DType
    ) -> Tensor | None:
        """Both masks as one that attention_weights takes and (N, heads, L, keys) broadcasts; keys added are open."""
        n, length, given = sizes
        masks = []
        if padding is not None:
            wanted = (n, given) if padding.ndim == 2 or n != 1 else (given,)
            if padding.shape != wanted:
                raise _C.ShapeError(f"MultiheadAttention: key_padding_mask must be (N,S)={wanted}, got {padding.shape}")
            masks.append(padding.view(n, 1, 1, given))
        if attn is not None:
            many = (n * self.num_heads, length, given)
            if attn.shape not in (many, many[1:]):
                raise _C.ShapeError(
                    f"MultiheadAttention: attn_mask must be (L,S)={many[1:]} or (N num_heads,L,S)={many}, "
                    f"got {attn.shape}"
                )
            masks.append(attn if attn.ndim == 2 else attn.reshape(n, self.num_heads, length, given))
        if not masks:
            return None
        if all(m.dtype == _C.DType.bool for m in masks):
            mask = ~masks[0] if len(masks) == 1 else ~(masks[0] | masks[1])
        else:
            floats = [_as_float(m, dtype) for m in masks]
            mask = floats[0] if len(floats) == 1 else floats[0] + floats[1]
        if keys == given:
            return mask
        extra = (*mask.shape[:-1], keys - given)
        kind, device = mask.dtype, mask.device
        open_keys = (creation.ones if kind == _C.DType.bool else creation.zeros)(extra, dtype=kind, device=device)
        return cat([mask, open_keys], -1)


def _as_float(mask: Tensor, dtype: _C.DType) -> Tensor:
    if mask.dtype != _C.DType.bool:
        return mask
    never, free = (creation.full((), x, dtype=dtype, device=mask.device) for x in (-inf, 0.0))
    return where(mask, never, free)
