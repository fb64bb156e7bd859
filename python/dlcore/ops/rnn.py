"""Recurrent networks over whole sequences: lstm, gru, rnn_tanh, rnn_relu. The layers are in ``nn.rnn``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlcore import _C, autograd
from dlcore.autograd import record
from dlcore.ops.copy import cat
from dlcore.ops.dropout import dropout as drop
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


@in_float32
def lstm(
    input: Tensor,
    hx: Sequence[Tensor],
    params: Sequence[Tensor],
    has_biases: bool = True,
    num_layers: int = 1,
    dropout: float = 0.0,
    train: bool = False,
    bidirectional: bool = False,
    batch_first: bool = False,
    batch_sizes: Sequence[int] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """A stack of LSTM layers (Hochreiter & Schmidhuber, 1997) -> (output, h_n, c_n), as ``torch.lstm``.

    ``input`` is (T, N, inputs), or (N, T, inputs) with ``batch_first``, and so is the output, whose last size is
    directions * hidden. ``hx`` is (h0, c0); these and ``h_n``, ``c_n`` are (num_layers * directions, N, hidden).
    ``params`` lists, for each layer and direction, w_ih (4 hidden, inputs), w_hh (4 hidden, hidden) and, with
    ``has_biases``, b_ih and b_hh (4 hidden,); gates are in the order input, forget, cell, output. In training
    (``train``) the outputs of all layers but the last go through ``dropout``. float32 or float64, all the same.
    ShapeError where sizes do not fit.

    With ``batch_sizes`` the input is packed (as in a PackedSequence, longest sequence first): (rows, inputs), the rows
    of each step one after another, ``batch_sizes[t]`` in step t. States then stop at each sequence's own end, where the
    reverse direction starts. PyTorch has this as a second signature, with ``batch_sizes`` behind the input.

    >>> import dlcore as dl
    >>> h0, w = dl.zeros(1, 1, 1), [dl.ones(4, 2), dl.ones(4, 1)]
    >>> [tuple(x.shape) for x in dl.lstm(dl.ones(3, 1, 2), (h0, h0), w, has_biases=False)]
    [(3, 1, 1), (1, 1, 1), (1, 1, 1)]
    """
    settings = (params, has_biases, num_layers, dropout, train, bidirectional, batch_first, batch_sizes)
    return _stack(_C.RnnMode.lstm, input, tuple(hx), *settings)


@in_float32
def gru(
    input: Tensor,
    hx: Tensor,
    params: Sequence[Tensor],
    has_biases: bool = True,
    num_layers: int = 1,
    dropout: float = 0.0,
    train: bool = False,
    bidirectional: bool = False,
    batch_first: bool = False,
    batch_sizes: Sequence[int] | None = None,
) -> tuple[Tensor, Tensor]:
    """A stack of GRU layers (Cho et al., 2014) -> (output, h_n), as ``torch.gru``.

    Arguments as ``lstm``'s, with ``hx`` = h0 alone and 3 gates in the order reset, update, new. The reset gate
    multiplies the hidden product with its bias: n = tanh(W_in x + b_in + r (W_hn h + b_hn)).

    >>> import dlcore as dl
    >>> y, h = dl.gru(dl.ones(3, 1, 2), dl.zeros(1, 1, 1), [dl.ones(3, 2), dl.ones(3, 1)], has_biases=False)
    >>> y.shape, h.shape
    ((3, 1, 1), (1, 1, 1))
    """
    settings = (params, has_biases, num_layers, dropout, train, bidirectional, batch_first, batch_sizes)
    return _stack(_C.RnnMode.gru, input, (hx,), *settings)


@in_float32
def rnn_tanh(
    input: Tensor,
    hx: Tensor,
    params: Sequence[Tensor],
    has_biases: bool = True,
    num_layers: int = 1,
    dropout: float = 0.0,
    train: bool = False,
    bidirectional: bool = False,
    batch_first: bool = False,
    batch_sizes: Sequence[int] | None = None,
) -> tuple[Tensor, Tensor]:
    """A stack of Elman layers (1990), h = tanh(W_ih x + b_ih + W_hh h + b_hh) -> (output, h_n); arguments as ``gru``'s.

    >>> import dlcore as dl
    >>> y, h = dl.rnn_tanh(dl.zeros(3, 1, 2), dl.zeros(1, 1, 1), [dl.ones(1, 2), dl.ones(1, 1)], has_biases=False)
    >>> h.tolist()
    [[[0.0]]]
    """
    settings = (params, has_biases, num_layers, dropout, train, bidirectional, batch_first, batch_sizes)
    return _stack(_C.RnnMode.tanh, input, (hx,), *settings)


@in_float32
def rnn_relu(
    input: Tensor,
    hx: Tensor,
    params: Sequence[Tensor],
    has_biases: bool = True,
    num_layers: int = 1,
    dropout: float = 0.0,
    train: bool = False,
    bidirectional: bool = False,
    batch_first: bool = False,
    batch_sizes: Sequence[int] | None = None,
) -> tuple[Tensor, Tensor]:
    """As ``rnn_tanh``, with max(·, 0) in tanh's place.

    >>> import dlcore as dl
    >>> y, h = dl.rnn_relu(dl.ones(3, 1, 2), dl.zeros(1, 1, 1), [dl.ones(1, 2), dl.ones(1, 1)], has_biases=False)
    >>> h.tolist()
    [[[6.0]]]
    """
    settings = (params, has_biases, num_layers, dropout, train, bidirectional, batch_first, batch_sizes)
    return _stack(_C.RnnMode.relu, input, (hx,), *settings)


def _stack(
    mode: Any,
    input: Tensor,
    states: tuple[Tensor, ...],
    params: Sequence[Tensor],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
    batch_sizes: Sequence[int] | None,
) -> Any:
    directions = 2 if bidirectional else 1
    each = directions * (4 if has_biases else 2)
    name = "lstm" if mode == _C.RnnMode.lstm else "gru" if mode == _C.RnnMode.gru else f"rnn_{mode.name}"
    if len(params) != each * num_layers:
        raise ValueError(
            f"{name}: {num_layers} layers of {each} parameters need {each * num_layers} (bias={has_biases}, "
            f"bidirectional={bidirectional}), got {len(params)}"
        )
    if input.ndim != (2 if batch_sizes is not None else 3):
        wanted = "(rows, inputs) beside batch_sizes" if batch_sizes is not None else "3-d"
        raise _C.ShapeError(f"{name}: the input must be {wanted}, got shape {input.shape}")
    lead: tuple[int, ...] = ()
    if batch_sizes is None:
        if batch_first:
            input = input.transpose(0, 1)
        lead = input.shape[:2]
        batch_sizes = [lead[1]] * lead[0]
        input = input.reshape(lead[0] * lead[1], input.shape[2])
    want = (num_layers * directions, lead[1] if lead else batch_sizes[0] if batch_sizes else 0)
    for state, what in zip(states, ("h0", "c0"), strict=False):
        if state.ndim != 3 or state.shape[:2] != want:
            raise _C.ShapeError(
                f"{name}: {what} must be (layers * directions, sequences, hidden) = ({want[0]},{want[1]},hidden), "
                f"got {state.shape}"
            )
    lasts = []
    for layer in range(num_layers):
        if layer and train and dropout:
            input = drop(input, dropout)
        here = slice(layer * directions, (layer + 1) * directions)
        weights = params[layer * each : (layer + 1) * each]
        input, last = _layer(mode, input, batch_sizes, [s[here] for s in states], weights)
        lasts.append(last)
    if lead:
        input = input.view(*lead, input.shape[-1])
        if batch_first:
            input = input.transpose(0, 1)
    return (input, *(cat(state) if len(state) > 1 else state[0] for state in zip(*lasts, strict=True)))


def _layer(mode: Any, x: Any, batch_sizes: Sequence[int], states: Sequence[Any], weights: Sequence[Any]) -> Any:
    """One layer, both directions -> (outputs (rows, D hidden), last states, each (D, N, hidden))."""
    inputs = (x, *states, *weights)
    save = autograd.mode.recording and any(i.requires_grad for i in inputs)
    c0 = states[1].array if len(states) > 1 else None
    arrays = [w.array for w in weights]
    out, *saved = _C.rnn_fwd(mode, x.array, batch_sizes, states[0].array, c0, arrays, save)
    y = record(out, rnn_backward, inputs, (x.array, *arrays, *saved), (mode, batch_sizes))
    (d, n, hidden), rows = states[0].shape, x.shape[0]
    lasts = [y[rows + i * n : rows + (i + 1) * n].view(n, d, hidden).transpose(0, 1) for i in range(len(states))]
    return y[:rows], lasts


def rnn_backward(g, node):
    mode, batch_sizes = node.attrs
    x, *weights, gates, h_before, c_before = node.saved
    need_x = node.inputs[0] is not None
    return tuple(_C.rnn_bwd(mode, g, x, batch_sizes, weights, gates, h_before, c_before, need_x))
