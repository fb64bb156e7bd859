"""MultiheadAttention against NumPy, its masks, its parameters, and PyTorch with the same weights."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn

N, L, S, E, HEADS = 3, 4, 6, 8, 2
RNG = np.random.default_rng(0)
PADDED = RNG.random((N, S)) < 0.3
CLOSED = RNG.random((L, S)) < 0.3
PADDED[:, 0] = CLOSED[:, 0] = False
ADDED = RNG.standard_normal((N * HEADS, L, S))
MASKS = {
    "none": {},
    "padding": {"key_padding_mask": PADDED},
    "closed": {"attn_mask": CLOSED},
    "both bool": {"key_padding_mask": PADDED, "attn_mask": CLOSED},
    "added": {"key_padding_mask": PADDED, "attn_mask": ADDED},
    "float padding": {"key_padding_mask": np.where(PADDED, -np.inf, 0.0), "attn_mask": ADDED},
}


def as_added(mask):
    return np.where(mask, -np.inf, 0.0) if mask.dtype == bool else mask


def oracle(state, q, k, v, key_padding_mask=None, attn_mask=None):
    """One loop a head: (N, L, E) and weights (N, heads, L, S)."""
    w, b = np.split(state["in_proj_weight"], 3), np.split(state["in_proj_bias"], 3)
    q, k, v = (x @ m.T + c for x, m, c in zip((q, k, v), w, b, strict=True))
    d, heads, weights = E // HEADS, np.zeros((N, L, E)), np.zeros((N, HEADS, L, S))
    for n in range(N):
        for h in range(HEADS):
            at = slice(h * d, (h + 1) * d)
            scores = q[n, :, at] @ k[n, :, at].T / np.sqrt(d)
            if key_padding_mask is not None:
                scores = scores + as_added(key_padding_mask)[n]
            if attn_mask is not None:
                scores = scores + as_added(attn_mask if attn_mask.ndim == 2 else attn_mask[n * HEADS + h])
            e = np.exp(scores - scores.max(-1, keepdims=True))
            weights[n, h] = e / e.sum(-1, keepdims=True)
            heads[n, :, at] = weights[n, h] @ v[n, :, at]
    return heads @ state["out_proj.weight"].T + state["out_proj.bias"], weights


def fill(lib, module, seed=0):
    rng = np.random.default_rng(seed)
    state = {name: 0.3 * rng.standard_normal(tuple(p.shape)) for name, p in module.state_dict().items()}
    module.load_state_dict({name: lib.tensor(a) for name, a in state.items()})
    return state


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_forward(masks, batch_first):
    module = nn.MultiheadAttention(E, HEADS, batch_first=batch_first).double()
    state, rng = fill(dl, module), np.random.default_rng(1)
    arrays = [rng.standard_normal((N, n, E)) for n in (L, S, S)]
    expected, weights = oracle(state, *arrays, **MASKS[masks])
    tensors = [dl.tensor(a if batch_first else a.transpose(1, 0, 2)) for a in arrays]
    given = {name: dl.tensor(m) for name, m in MASKS[masks].items()}
    y, mean = module(*tensors, **given)
    y = y.detach().numpy()
    np.testing.assert_allclose(y if batch_first else y.transpose(1, 0, 2), expected, atol=1e-13)
    np.testing.assert_allclose(mean.detach().numpy(), weights.mean(1), atol=1e-14)
    each = module(*tensors, average_attn_weights=False, **given)[1]
    np.testing.assert_allclose(each.detach().numpy(), weights, atol=1e-14)
    fused, none = module(*tensors, need_weights=False, **given)
    assert none is None
    fused = fused.detach().numpy()
    np.testing.assert_allclose(fused if batch_first else fused.transpose(1, 0, 2), expected, atol=1e-13)


def test_self_attention_is_attention_of_equal_operands():
    module, a, v = nn.MultiheadAttention(E, HEADS).double(), RNG.standard_normal((L, N, E)), dl.randn(L, N, E).double()
    results = []
    for alike in (True, False):
        x = dl.tensor(a).requires_grad_()
        y, _ = module(x, *((x, x) if alike else (x.clone(), x.clone())))
        module.zero_grad()
        y.backward(v)
        results.append([r.detach().numpy() for r in (y, x.grad, *(p.grad for p in module.parameters()))])
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-13)


def test_one_sequence_without_a_batch():
    module, x = nn.MultiheadAttention(E, HEADS), dl.randn(S, E)
    closed = dl.tensor(np.triu(np.ones((S, S), bool), 1))
    y, weights = module(x, x, x, attn_mask=closed, is_causal=True, key_padding_mask=dl.zeros(S).bool())
    batch, _ = module(*[x.unsqueeze(1)] * 3, attn_mask=closed)
    assert weights.shape == (S, S) and not np.triu(weights.detach().numpy(), 1).any()
    np.testing.assert_allclose(y.detach().numpy(), batch.detach().numpy()[:, 0], atol=1e-6)


def test_names_and_start():
    module = nn.MultiheadAttention(64, 4)
    shapes = {name: p.shape for name, p in module.named_parameters()}
    assert shapes == {"in_proj_weight": (192, 64), "in_proj_bias": (192,)} | {
        "out_proj.weight": (64, 64),
        "out_proj.bias": (64,),
    }
    w = module.in_proj_weight.detach().numpy()
    assert np.abs(w).max() <= np.sqrt(6 / 256) and w.std() > 0.08
    assert not module.in_proj_bias.detach().numpy().any() and not module.out_proj.bias.detach().numpy().any()
    apart = dict(nn.MultiheadAttention(8, 2, bias=False, kdim=5, vdim=6).named_parameters())
    assert list(apart) == ["q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight"]


def test_dropout_only_in_training():
    module, x = nn.MultiheadAttention(E, HEADS, dropout=0.5), dl.randn(L, N, E)
    with dl.no_grad():
        assert (module(x, x, x)[0].numpy() != module(x, x, x)[0].numpy()).any()
        module.eval()
        assert (module(x, x, x)[0].numpy() == module(x, x, x)[0].numpy()).all()


X = dl.ones(L, N, E)
REFUSED = [
    (lambda m: m(X, X[0], X), "needs three tensors, all 2-d or all 3-d; query=(4, 3, 8)"),
    (lambda m: m(X, dl.ones(L, N, 5), X), "last sizes must be (8, 8, 8), as it was made; query="),
    (lambda m: m(X, X, dl.ones(5, N, E)), "key and value must have the same lengths"),
    (lambda m: m(X, X, X, attn_mask=dl.ones(3, 3).bool()), "attn_mask must be (L,S)=(4, 4) or"),
    (lambda m: m(X, X, X, key_padding_mask=dl.ones(4, 3).bool()), "key_padding_mask must be (N,S)=(3, 4), got (4, 3)"),
    (lambda m: m(X, X, X, is_causal=True), "is_causal describes attn_mask, which is missing"),
    (lambda m: nn.MultiheadAttention(8, 3), "num_heads must divide embed_dim, both positive; got 3 and 8"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_refuses(call, text):
    with pytest.raises(ValueError) as e:
        call(nn.MultiheadAttention(E, HEADS))
    assert text in str(e.value)


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize(
    "extra", [{}, {"kdim": 5, "vdim": 7}, {"add_bias_kv": True, "add_zero_attn": True}, {"bias": False}]
)
def test_agrees_with_pytorch(masks, extra):
    torch = pytest.importorskip("torch")
    results = []
    for lib in (dl, torch):
        module = lib.nn.MultiheadAttention(E, HEADS, **extra).double()
        fill(lib, module)
        rng = np.random.default_rng(1)
        sizes = ((L, E), (S, extra.get("kdim", E)), (S, extra.get("vdim", E)))
        tensors = [lib.tensor(rng.standard_normal((n, N, width))).requires_grad_() for n, width in sizes]
        y, w = module(*tensors, **{name: lib.tensor(m) for name, m in MASKS[masks].items()})
        ((y * y).sum() + (w * w).sum()).backward()
        named = dict(module.named_parameters())
        results.append(
            [r.detach().numpy() for r in (y, w, *(x.grad for x in tensors), *(named[n].grad for n in sorted(named)))]
        )
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * max(1, np.abs(theirs).max()))
