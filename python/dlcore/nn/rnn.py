"""Recurrent layers and cells, with PyTorch's parameters, gate orders and starting values."""

from __future__ import annotations

from math import sqrt
from typing import Any

from dlcore import _C, creation
from dlcore.nn import init
from dlcore.nn.module import Module
from dlcore.nn.parameter import Parameter
from dlcore.nn.utils.rnn import PackedSequence
from dlcore.ops import rnn as ops
from dlcore.ops.index_slices import index_select
from dlcore.tensor import Tensor


def _add_parameters(module: Module, suffix: str, gates: int, inputs: int, hidden: int, bias: bool) -> None:
    """weight_ih, weight_hh, bias_ih and bias_hh, uniform in ±1/√hidden."""
    bound = 1 / sqrt(hidden) if hidden else 0.0
    shapes: dict[str, tuple[int, ...]] = {"weight_ih": (gates * hidden, inputs), "weight_hh": (gates * hidden, hidden)}
    shapes |= {"bias_ih": (gates * hidden,), "bias_hh": (gates * hidden,)}
    for name, shape in shapes.items():
        made = bias or name.startswith("weight")
        parameter = Parameter(init.uniform_(creation.empty(shape), -bound, bound)) if made else None
        module.register_parameter(name + suffix, parameter)


def _ordered(states: Tensor, order: Tensor | None) -> Tensor:
    """(layers, N, hidden) of sequences in another order."""
    return states if order is None else index_select(states, 1, order)


class RNNBase(Module):
    """What RNN, LSTM and GRU share: their parameters, and the ways in which a batch may be laid out."""

    gates: int
    states = 1
    op: Any

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ):
        super().__init__()
        if hidden_size <= 0 or num_layers <= 0:
            raise ValueError(
                f"{type(self).__name__}: hidden_size and num_layers must be positive, "
                f"got {hidden_size} and {num_layers}"
            )
        if not 0 <= dropout <= 1:
            raise ValueError(f"{type(self).__name__}: dropout is a probability from 0 to 1, got {dropout}")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, dropout, bidirectional
        directions = 2 if bidirectional else 1
        for layer in range(num_layers):
            inputs = directions * hidden_size if layer else input_size
            for suffix in ("", "_reverse")[:directions]:
                _add_parameters(self, f"_l{layer}{suffix}", self.gates, inputs, hidden_size, bias)

    def flatten_parameters(self) -> None:
        """Does nothing: parameters are packed where they are used. PyTorch's GPU code asks for the call."""

    def _check(self, x: Tensor, dims: tuple[int, ...]) -> None:
        name = type(self).__name__
        if x.ndim not in dims:
            raise _C.ShapeError(f"{name}: needs an input of {' or '.join(map(str, dims))} dimensions, got {x.shape}")
        if x.shape[-1] != self.input_size:
            raise _C.ShapeError(f"{name}: the input's last size must be input_size={self.input_size}, got {x.shape}")

    def _start(self, hx: Any, n: int, like: Tensor, batched: bool, order: Tensor | None) -> list[Tensor]:
        """The first states (layers * directions, n, hidden): zeros, or hx in the order of the packed sequences."""
        if hx is None:
            shape = (self.num_layers * (2 if self.bidirectional else 1), n, self.hidden_size)
            return [creation.zeros(shape, dtype=like.dtype, device=like.device)] * self.states
        given = [hx] if self.states == 1 else list(hx)
        if len(given) != self.states:
            raise ValueError(f"{type(self).__name__}: hx must be a pair (h0, c0), got {len(given)} tensors")
        for h in given:
            if h.ndim != (3 if batched else 2):
                kind = "3-d for a batch" if batched else "2-d for one sequence"
                raise _C.ShapeError(f"{type(self).__name__}: hx must be {kind}, got {h.shape}")
        first = self.num_layers * (2 if self.bidirectional else 1)
        wanted = (first, n, self.hidden_size) if batched else (first, self.hidden_size)
        if given[0].shape != wanted and not getattr(self, "proj_size", 0):
            raise _C.ShapeError(f"{type(self).__name__}: hx must be {wanted}, got {given[0].shape}")
        return [_ordered(h if batched else h.unsqueeze(1), order) for h in given]

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """(output, last states). The states are one tensor, and for LSTM the pair (h, c).

        ``input`` is (T, N, input_size), (N, T, input_size) with ``batch_first``, (T, input_size) for one sequence, or a
        PackedSequence: then each sequence's states stop at its own end, where the reverse direction starts.
        """
        packed = input if isinstance(input, PackedSequence) else None
        batched = packed is not None or input.ndim == 3
        order = back = sizes = None
        if packed is not None:
            x, order, back = packed.data, packed.sorted_indices, packed.unsorted_indices
            self._check(x, (2,))
            sizes = packed.batch_sizes.tolist()
            n = sizes[0] if sizes else 0
        else:
            self._check(input, (2, 3))
            x = input if batched else input.unsqueeze(0 if self.batch_first else 1)
            n = x.shape[0 if self.batch_first else 1]
        states = self._start(hx, n, x, batched, order)
        params = [p for p in self._parameters.values() if p is not None]
        y, *last = self.op(
            x,
            states if self.states > 1 else states[0],
            params,
            self.bias,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
            self.batch_first and packed is None,
            sizes,
        )
        if packed is not None:
            y = PackedSequence(y, packed.batch_sizes, order, back)
        elif not batched:
            y = y.squeeze(0 if self.batch_first else 1)
        last = [_ordered(h, back) if batched else h.squeeze(1) for h in last]
        return y, tuple(last) if self.states > 1 else last[0]

    def extra_repr(self) -> str:
        defaults = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        values = {name: getattr(self, name) for name in defaults}
        changed = [f", {name}={value}" for name, value in values.items() if value != defaults[name]]
        return f"{self.input_size}, {self.hidden_size}" + "".join(changed)


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter & Schmidhuber, 1997).

    i f g o = σ σ tanh σ (W_ih x + b_ih + W_hh h + b_hh), c = f c + i g, h = o tanh c

    Parameters of layer k: weight_ih_lk (4 hidden, inputs), weight_hh_lk (4 hidden, hidden), bias_ih_lk, bias_hh_lk
    (4 hidden,), and the same with ``_reverse``; all start uniform in ±1/√hidden. In training the outputs of all layers
    but the last go through dropout. Call with ``(input, (h0, c0))`` or ``(input)`` -> ``(output, (h_n, c_n))``.

    >>> import dlcore as dl
    >>> y, (h, c) = dl.nn.LSTM(5, 4, num_layers=2, bidirectional=True)(dl.zeros(7, 3, 5))
    >>> y.shape, h.shape
    ((7, 3, 8), (4, 3, 4))
    """

    gates, states = 4, 2
    op = staticmethod(ops.lstm)


class GRU(RNNBase):
    """Gated recurrent unit (Cho et al., 2014): r z = σ(W x + b), n = tanh(W_n x + b_n + r u_n), h = (1 - z) n + z h.

    u_n is the hidden product with its bias. Parameters, shapes and start as LSTM's, with 3 gates in the order r, z, n.
    Call with ``(input, h0)`` or ``(input)`` -> ``(output, h_n)``.

    >>> import dlcore as dl
    >>> y, h = dl.nn.GRU(5, 4, batch_first=True)(dl.zeros(3, 7, 5))
    >>> y.shape, h.shape
    ((3, 7, 4), (1, 3, 4))
    """

    gates = 3
    op = staticmethod(ops.gru)


class RNN(RNNBase):
    """Elman's network (1990): h = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu with ``nonlinearity="relu"``.

    Parameters, shapes and start as LSTM's, with one gate. Call with ``(input, h0)`` or ``(input)``.

    >>> import dlcore as dl
    >>> y, h = dl.nn.RNN(5, 4)(dl.zeros(7, 3, 5))
    >>> y.shape, h.shape
    ((7, 3, 4), (1, 3, 4))
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ):
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        self.nonlinearity = nonlinearity
        self.op = _plain(nonlinearity)


def _plain(nonlinearity: str) -> Any:
    ops_of = {"tanh": ops.rnn_tanh, "relu": ops.rnn_relu}
    if nonlinearity not in ops_of:
        raise ValueError(f'RNN: nonlinearity is "tanh" or "relu", got {nonlinearity!r}')
    return ops_of[nonlinearity]


class _Cell(Module):
    """One step of one layer: (N, inputs) and states (N, hidden), or without N."""

    gates: int
    states = 1
    op: Any

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True):
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        _add_parameters(self, "", self.gates, input_size, hidden_size, bias)

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        name = type(self).__name__
        if input.ndim not in (1, 2) or input.shape[-1] != self.input_size:
            raise _C.ShapeError(f"{name}: needs (N, {self.input_size}) or ({self.input_size},), got {input.shape}")
        x = input if input.ndim == 2 else input.unsqueeze(0)
        if hx is None:
            shape = (*input.shape[:-1], self.hidden_size)
            given = [creation.zeros(shape, dtype=input.dtype, device=input.device)] * self.states
        else:
            given = [hx] if self.states == 1 else list(hx)
        if any(h.ndim != input.ndim for h in given):
            raise _C.ShapeError(f"{name}: hx must have the input's dimensions; got {given[0].shape} and {input.shape}")
        states = [(h if h.ndim == 2 else h.unsqueeze(0)).unsqueeze(0) for h in given]
        params = [p for p in self._parameters.values() if p is not None]
        _, *last = self.op(x.unsqueeze(0), states if self.states > 1 else states[0], params, self.bias)
        last = [h.squeeze(0) if input.ndim == 2 else h.squeeze(0).squeeze(0) for h in last]
        return tuple(last) if self.states > 1 else last[0]

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class LSTMCell(_Cell):
    """One step of LSTM: ``(input, (h, c))`` or ``(input)`` -> ``(h, c)``; weight_ih, weight_hh, bias_ih, bias_hh.

    >>> import dlcore as dl
    >>> h, c = dl.nn.LSTMCell(5, 4)(dl.zeros(3, 5))
    >>> h.shape
    (3, 4)
    """

    gates, states = 4, 2
    op = staticmethod(ops.lstm)


class GRUCell(_Cell):
    """One step of GRU: ``(input, h)`` or ``(input)`` -> h."""

    gates = 3
    op = staticmethod(ops.gru)


class RNNCell(_Cell):
    """One step of RNN: ``(input, h)`` or ``(input)`` -> h; ``nonlinearity`` "tanh" or "relu"."""

    gates = 1

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh"):
        super().__init__(input_size, hidden_size, bias)
        self.nonlinearity = nonlinearity
        self.op = _plain(nonlinearity)
