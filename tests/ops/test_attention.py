"""scaled_dot_product_attention: masks of both kinds, causal, rows that may look nowhere, broadcast heads."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

from .cases import Arg, Case, t
from .common import run_cases

L, S = 5, 6


def oracle(q, k, v, mask=None, causal=False, scale=None):
    scores = q @ np.swapaxes(k, -1, -2) * (1 / np.sqrt(q.shape[-1]) if scale is None else scale)
    if causal:
        mask = np.tril(np.ones(scores.shape[-2:], bool))
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    if scores.shape[-1] == 0:
        return np.zeros((*scores.shape[:-1], v.shape[-1]))
    top = np.maximum(scores.max(-1, keepdims=True), -1e300)
    e = np.exp(scores - top)
    return e / np.maximum(e.sum(-1, keepdims=True), 1e-300) @ v


def looks(rng, shape):
    """A mask with a row that may look nowhere, and one that may look everywhere."""
    mask = rng.random(shape) < 0.6
    mask[..., 0, :], mask[..., 1, :] = False, True
    return mask


def qkv(*lead, e=7, v=3):
    return t(*lead, L, e), t(*lead, S, e), t(*lead, S, v)


def mask(*shape):
    return Arg(shape, looks, "bool", False)


COMMON = {"length": 32, "grad_length": 64, "scale": "max", "ulps": 8}
FUSED = {"rows": ("attention_fwd", "attention_bwd"), **COMMON}
CASES = [
    Case(
        "attention",
        lambda dl, F, q, k, v: F.scaled_dot_product_attention(q, k, v),
        [
            qkv(2, 3),
            qkv(4),
            qkv(),
            (t(1, 1), t(1, 1), t(1, 1)),
            (t(2, 0, 3), t(2, S, 3), t(2, S, 3)),
            (t(2, L, 3), t(2, 0, 3), t(2, 0, 4)),
            (t(0, L, 3), t(0, S, 3), t(0, S, 4)),
        ],
        oracle=oracle,
        **FUSED,
    ),
    Case(
        "attention under a bool mask",
        lambda dl, F, q, k, v, m: F.scaled_dot_product_attention(q, k, v, m),
        [(*qkv(2, 3), mask(L, S)), (*qkv(2, 3), mask(2, 1, L, S)), (*qkv(2, 3), mask(2, 3, L, S))],
        oracle=oracle,
        **FUSED,
    ),
    Case(
        "attention under a float mask",
        lambda dl, F, q, k, v, m: F.scaled_dot_product_attention(q, k, v, m),
        [
            (*qkv(2, 3), t(L, S, grad=False)),
            (*qkv(2, 3), t(2, 1, 1, S, grad=False)),
            (*qkv(2, 3), t(3, L, 1, grad=False)),
            (*qkv(), t(S, grad=False)),
        ],
        oracle=oracle,
        **FUSED,
    ),
    Case(
        "attention with a gradient of its mask",
        lambda dl, F, q, k, v, m: F.scaled_dot_product_attention(q, k, v, m),
        [(*qkv(2, 3), t(L, S)), (*qkv(2, 3), t(2, 1, L, S))],
        oracle=oracle,
        rows=("softmax_fwd", "softmax_bwd"),
        **COMMON,
    ),
    Case(
        "causal attention",
        lambda dl, F, q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.3),
        [qkv(2, 3), (t(2, 3, 2), t(2, 7, 2), t(2, 7, 5)), (t(9, 8, 2), t(9, 4, 2), t(9, 4, 1))],
        oracle=lambda q, k, v: oracle(q, k, v, causal=True, scale=0.3),
        **FUSED,
    ),
    Case(  # a block is 65536 scores, or 32 queries
        "attention in several blocks",
        lambda dl, F, q, k, v, causal: F.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=-0.2),
        [(t(1, 2, 70, 3), t(1, 2, 2053, 3), t(1, 2, 2053, 2)), (t(9, 67, 2), t(9, 2100, 2), t(9, 2100, 1))],
        oracle=lambda q, k, v, causal: oracle(q, k, v, causal=causal, scale=-0.2),
        attrs={"causal": False},
        layouts=("contiguous", "transposed"),
        **FUSED,
    ),
    Case(
        "causal attention in several blocks",
        lambda dl, F, q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        [(t(2, 300, 3), t(2, 290, 3), t(2, 290, 2)), (t(9, 290, 2), t(9, 333, 2), t(9, 333, 1))],
        oracle=lambda q, k, v: oracle(q, k, v, causal=True),
        layouts=("contiguous", "transposed"),
        **FUSED,
    ),
]
test_op = run_cases(CASES)


def test_keys_of_one_head_serve_all():
    q, k = (
        np.random.default_rng(0).standard_normal((2, 4, 5, 3)),
        np.random.default_rng(1).standard_normal((2, 1, 6, 3)),
    )
    y = F.scaled_dot_product_attention(dl.tensor(q), dl.tensor(k), dl.tensor(k)).numpy()
    np.testing.assert_allclose(y, oracle(q, k, k), atol=1e-14)


def test_a_row_that_may_look_nowhere_is_zero_and_so_is_its_gradient():
    q, k = dl.randn(3, 4).requires_grad_(), dl.randn(5, 4).requires_grad_()
    for m in (dl.zeros(3, 5).bool(), dl.full((3, 5), -np.inf)):
        y = F.scaled_dot_product_attention(q, k, k, m)
        y.sum().backward()
        assert not y.detach().numpy().any() and not q.grad.numpy().any() and not k.grad.numpy().any()


def test_no_keys_give_zeros():
    assert F.scaled_dot_product_attention(dl.ones(2, 3), dl.ones(0, 3), dl.ones(0, 4)).tolist() == [[0.0] * 4] * 2


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("heads", "queries", "keys"), [(1, 300, 290), (9, 290, 333), (2, 70, 2053)])
def test_gradients_of_several_blocks(heads, queries, keys, causal):
    rng = np.random.default_rng(0)
    q, k, v, g = (rng.standard_normal((heads, n, w)) for n, w in ((queries, 3), (keys, 3), (keys, 2), (queries, 2)))
    scores = q @ np.swapaxes(k, 1, 2) / np.sqrt(3)
    p = np.exp(np.where(np.tril(np.ones((queries, keys), bool)), scores, -np.inf) if causal else scores)
    p /= p.sum(-1, keepdims=True)
    dp = g @ np.swapaxes(v, 1, 2)
    ds = p * (dp - (p * dp).sum(-1, keepdims=True)) / np.sqrt(3)
    leaves = [dl.tensor(x, requires_grad=True) for x in (q, k, v)]
    F.scaled_dot_product_attention(*leaves, is_causal=causal).backward(dl.tensor(g))
    expected = (ds @ k, np.swapaxes(ds, 1, 2) @ q, np.swapaxes(p, 1, 2) @ g)
    for x, e in zip(leaves, expected, strict=True):
        np.testing.assert_allclose(x.grad.numpy(), e, rtol=0, atol=1e-13)


@pytest.mark.parametrize("masked", [False, True])
def test_nan_stays_in_its_query(masked):
    q = np.random.default_rng(0).standard_normal((70, 4))
    q[41, 2] = np.nan
    k, m = dl.randn(2049, 4).double(), dl.ones(70, 2049).bool() if masked else None
    y = F.scaled_dot_product_attention(dl.tensor(q), k, k, m).numpy()
    assert np.isnan(y[41]).all() and not np.isnan(np.delete(y, 41, 0)).any()


@pytest.mark.parametrize("heads", [1, 9])
def test_the_same_bits_at_any_number_of_threads(heads):
    operands, g, results = [dl.randn(heads, 300, 16) for _ in range(3)], dl.randn(heads, 300, 16), []
    before = dl.get_num_threads()
    try:
        for n in (1, 2, 3, 7):
            dl.set_num_threads(n)
            q, k, v = (x.clone().requires_grad_() for x in operands)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            y.backward(g)
            results.append([x.numpy().tobytes() for x in (y.detach(), q.grad, k.grad, v.grad)])
    finally:
        dl.set_num_threads(before)
    assert all(r == results[0] for r in results)


def test_dropout_drops_weights():
    y = F.scaled_dot_product_attention(dl.zeros(1000, 2), dl.zeros(1, 2), dl.ones(1, 1), dropout_p=0.25).numpy()
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.75)} and 0.7 < (y > 0).mean() < 0.8


X = dl.ones(2, 3)
REFUSED = [
    (lambda: F.scaled_dot_product_attention(X, dl.ones(4, 5), X), "query and key must have the same last size; query="),
    (lambda: F.scaled_dot_product_attention(X, dl.ones(4, 3), X), "key and value must have the same second-to-last"),
    (lambda: F.scaled_dot_product_attention(X[0], X, X), "need two dimensions or more; query=(3,)"),
    (lambda: F.scaled_dot_product_attention(X, X, X, X, is_causal=True), "is_causal makes a mask of its own"),
    (lambda: F.scaled_dot_product_attention(X, X, X, dl.ones(2, 2).double()), "must be bool or float32 as the query"),
    (
        lambda: F.scaled_dot_product_attention(X, X, X, dl.ones(3, 2).bool()),
        "must broadcast to (…, L, S)=(2,2), got (3,2)",
    ),
    (
        lambda: F.scaled_dot_product_attention(X, X.double(), X),
        "must be all float32 or all float64, got float32 float64",
    ),
    (lambda: F.scaled_dot_product_attention(dl.ones(2, 2, 3), dl.ones(3, 2, 3), X), "shapes (2,) and (3,)"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_refuses(call, text):
    with pytest.raises((ValueError, TypeError)) as e:
        call()
    assert text in str(e.value)
