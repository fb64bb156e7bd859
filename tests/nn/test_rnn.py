"""Recurrent layers and cells, and sequences of several lengths: packed, padded, sorted or not, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn
from dlcore.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)

LENGTHS = [2, 5, 1, 5, 3]  # not sorted, with a tie
LAYERS = [nn.RNN, nn.LSTM, nn.GRU]


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def states_of(last):
    return last if isinstance(last, tuple) else (last,)


def layer_of(cls, **kw):
    return cls(4, 3, num_layers=2, bidirectional=True, **kw).double()


@pytest.mark.parametrize("cls", LAYERS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_a_packed_batch_is_each_sequence_alone(cls, batch_first):
    """Outputs, last states and the gradients of input and weights: padding changes nothing."""
    layer, a = layer_of(cls, batch_first=batch_first), draw(5, 5, 4)
    v = draw(5, 5, 6, seed=1) * (np.arange(5) < np.array(LENGTHS)[:, None])[..., None]
    x = dl.tensor(a if batch_first else a.transpose(1, 0, 2)).requires_grad_()
    packed = pack_padded_sequence(x, LENGTHS, batch_first, enforce_sorted=False)
    out, last = layer(packed)
    y, lengths = pad_packed_sequence(out, batch_first)
    assert lengths.tolist() == LENGTHS
    y = y if batch_first else y.transpose(0, 1)
    (y * dl.tensor(v)).sum().backward()
    weights = {name: p.grad.numpy() for name, p in layer.named_parameters()}
    layer.zero_grad()
    for n, length in enumerate(LENGTHS):
        one = dl.tensor(a[n, :length]).requires_grad_()
        alone, state = layer(one)
        np.testing.assert_allclose(y.detach().numpy()[n, :length], alone.detach().numpy(), atol=1e-13)
        assert not y.detach().numpy()[n, length:].any()
        for s, e in zip(states_of(last), states_of(state), strict=True):
            np.testing.assert_allclose(s.detach().numpy()[:, n], e.detach().numpy(), atol=1e-13)
        (alone * dl.tensor(v[n, :length])).sum().backward()
        g = x.grad.numpy()[n] if batch_first else x.grad.numpy()[:, n]
        np.testing.assert_allclose(g[:length], one.grad.numpy(), atol=1e-12)
        assert not g[length:].any()
    for name, p in layer.named_parameters():
        np.testing.assert_allclose(weights[name], p.grad.numpy(), atol=1e-11, err_msg=name)


@pytest.mark.parametrize("cls", LAYERS)
def test_first_states_follow_the_order_of_unsorted_sequences(cls):
    layer, x = layer_of(cls), dl.tensor(draw(5, 5, 4))
    h0 = [dl.tensor(draw(4, 5, 3, seed=k)) for k in range(2 if cls is nn.LSTM else 1)]
    _, last = layer(pack_padded_sequence(x, LENGTHS, True, False), tuple(h0) if len(h0) > 1 else h0[0])
    for n, length in enumerate(LENGTHS):
        mine = [h[:, n] for h in h0]
        _, state = layer(x[n, :length], tuple(mine) if len(mine) > 1 else mine[0])
        for s, e in zip(states_of(last), states_of(state), strict=True):
            np.testing.assert_allclose(s[:, n].detach().numpy(), e.detach().numpy(), atol=1e-13)


@pytest.mark.parametrize("cls", LAYERS)
def test_names_shapes_and_start(cls):
    g = {nn.RNN: 1, nn.LSTM: 4, nn.GRU: 3}[cls]
    layer = cls(4, 25, num_layers=2, bidirectional=True)
    shapes = {name: p.shape for name, p in layer.named_parameters()}
    assert list(shapes)[:5] == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse"]
    assert shapes["weight_ih_l0"] == (25 * g, 4) and shapes["weight_ih_l1_reverse"] == (25 * g, 50)
    assert shapes["weight_hh_l1"] == (25 * g, 25) and shapes["bias_hh_l1_reverse"] == (25 * g,)
    for p in layer.parameters():
        a = p.detach().numpy()
        assert np.abs(a).max() <= 0.2 and 0.09 < a.std() < 0.14, "uniform in ±1/√25"
    assert "bias_ih_l0" not in dict(cls(4, 3, bias=False).named_parameters())


@pytest.mark.parametrize(("layer", "cell"), [(nn.RNN, nn.RNNCell), (nn.LSTM, nn.LSTMCell), (nn.GRU, nn.GRUCell)])
def test_a_cell_is_one_step_of_its_layer(layer, cell):
    many, one = layer(4, 3), cell(4, 3)
    one.load_state_dict({name.removesuffix("_l0"): p for name, p in many.state_dict().items()})
    x, state, state_1d = dl.randn(6, 2, 4), None, None
    for step in range(6):
        state, state_1d = one(x[step], state), one(x[step, 1], state_1d)
    _, last = many(x)
    for s, s_1d, e in zip(states_of(state), states_of(state_1d), states_of(last), strict=True):
        np.testing.assert_allclose(s.detach().numpy(), e.detach().numpy()[0], atol=1e-6)
        np.testing.assert_allclose(s_1d.detach().numpy(), e.detach().numpy()[0, 1], atol=1e-6)


def test_relu_and_dropout():
    x = dl.ones(3, 2, 4)
    assert (nn.RNN(4, 3, nonlinearity="relu")(x)[0].detach().numpy() >= 0).all()
    assert nn.RNNCell(4, 3, nonlinearity="relu")(x[0]).detach().numpy().min() >= 0
    layer = nn.LSTM(4, 50, num_layers=2, dropout=0.5)
    with dl.no_grad():
        a, b = layer(x)[0].numpy(), layer(x)[0].numpy()
        assert (a != b).any(), "dropout between the layers, in training"
        layer.eval()
        assert (layer(x)[0].numpy() == layer(x)[0].numpy()).all()


def test_one_sequence_without_a_batch():
    for batch_first in (False, True):
        layer = nn.LSTM(4, 3, batch_first=batch_first)
        y, (h, c) = layer(dl.ones(7, 4), (dl.zeros(1, 3), dl.zeros(1, 3)))
        assert y.shape == (7, 3) and h.shape == c.shape == (1, 3)


def test_packing_and_back():
    parts = [dl.tensor(draw(n, 2)) for n in LENGTHS]
    packed = pack_sequence(parts, enforce_sorted=False)
    assert packed.batch_sizes.tolist() == [5, 4, 3, 2, 2] and packed.data.shape == (16, 2)
    assert packed.sorted_indices.tolist() == [1, 3, 4, 0, 2]
    for a, b in zip(unpack_sequence(packed), parts, strict=True):
        assert (a.numpy() == b.numpy()).all()
    padded, lengths = pad_packed_sequence(packed, batch_first=True, padding_value=7.0, total_length=6)
    assert padded.shape == (5, 6, 2) and (padded.numpy()[0, 2:] == 7).all()
    for a, b in zip(unpad_sequence(padded, lengths, batch_first=True), parts, strict=True):
        assert (a.numpy() == b.numpy()).all()
    left = pad_sequence(parts, batch_first=True, padding_value=-1.0, padding_side="left").numpy()
    assert (left[0, :3] == -1).all() and (left[0, 3:] == parts[0].numpy()).all()
    ids = pack_padded_sequence(dl.tensor([[1, 2], [3, 0]]), dl.tensor([2, 1]), batch_first=True)
    assert ids.data.tolist() == [1, 3, 2] and ids.sorted_indices is None


def test_layers_print_what_they_are():
    layer = nn.GRU(4, 3, num_layers=2, dropout=0.5, bidirectional=True)
    assert repr(layer) == "GRU(4, 3, num_layers=2, dropout=0.5, bidirectional=True)"
    assert repr(nn.LSTMCell(4, 3, bias=False)) == "LSTMCell(4, 3, bias=False)"


X = dl.ones(3, 2, 4)
REFUSED = [
    (lambda: nn.LSTM(5, 3)(X), "LSTM: the input's last size must be input_size=5, got (3, 2, 4)"),
    (lambda: nn.LSTM(4, 3)(X[0, 0]), "LSTM: needs an input of 2 or 3 dimensions, got (4,)"),
    (lambda: nn.GRU(4, 3)(X, dl.zeros(1, 3)), "GRU: hx must be 3-d for a batch, got (1, 3)"),
    (lambda: nn.LSTM(4, 3)(X, (dl.zeros(1, 2, 3),)), "LSTM: hx must be a pair (h0, c0), got 1 tensors"),
    (lambda: nn.GRU(4, 0), "GRU: hidden_size and num_layers must be positive, got 0 and 1"),
    (lambda: nn.RNN(4, 3, nonlinearity="gelu"), 'RNN: nonlinearity is "tanh" or "relu", got \'gelu\''),
    (lambda: nn.GRUCell(4, 3)(X), "GRUCell: needs (N, 4) or (4,), got (3, 2, 4)"),
    (lambda: pack_padded_sequence(X, [1, 3]), "lengths must not grow, got [1, 3]; pass enforce_sorted=False"),
    (lambda: pack_padded_sequence(X, [3, 0]), "lengths must be 1 to 3, the padded size, got [3, 0]"),
    (lambda: pack_padded_sequence(X, [3]), "needs one length for each of the 2 sequences, got [3]"),
    (
        lambda: pad_packed_sequence(PackedSequence(X[0], dl.tensor([1, 1])), total_length=1),
        "total_length 1 is less than the longest sequence, 2",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_refuses(call, text):
    with pytest.raises(ValueError) as e:
        call()
    assert text in str(e.value)


# ---- PyTorch, where it is installed: the same weights give the same results and gradients.
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sorted_", [True, False])
def test_agrees_with_pytorch(kind, dtype, sorted_):
    torch = pytest.importorskip("torch")
    lengths, a, v = sorted(LENGTHS, reverse=True) if sorted_ else LENGTHS, draw(5, 5, 4), draw(5, 5, 6, seed=1)
    results = []
    for lib in (dl, torch):
        layer = getattr(lib.nn, kind)(4, 3, num_layers=2, bidirectional=True, batch_first=True)
        layer = layer.to(getattr(lib, dtype))
        layer.load_state_dict(
            {
                name: lib.tensor(draw(*p.shape, seed=k).astype(dtype) * 0.4)
                for k, (name, p) in enumerate(layer.state_dict().items())
            }
        )
        rnn, x = lib.nn.utils.rnn, lib.tensor(a.astype(dtype)).requires_grad_()
        out, last = layer(rnn.pack_padded_sequence(x, lengths, True, sorted_))
        y = rnn.pad_packed_sequence(out, True)[0]
        total = (y * lib.tensor(v.astype(dtype))).sum()
        for h in states_of(last):
            total = total + (h * h).sum()
        total.backward()
        grads = [x.grad, *(p.grad for p in layer.parameters())]
        results.append([np.asarray(r.detach().numpy()) for r in (y, *states_of(last), *grads)])
    tolerance = 3e-5 if dtype == "float32" else 1e-12
    for ours, theirs in zip(*results, strict=True):
        assert ours.dtype == np.dtype(dtype)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * max(1, np.abs(theirs).max()))
