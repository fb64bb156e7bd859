"""Recurrent layers, forward and backward with every gradient, and forward alone."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row, backward

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
Shape = tuple[int, int, int, int]  # steps, batch, inputs, hidden


def layer(lib: Lib, mode: str, shape: Shape, train: bool) -> Any:
    steps, batch, inputs, hidden = shape
    g = GATES[mode] * hidden
    x, h0 = lib.normal(steps, batch, inputs, grad=train), lib.normal(1, batch, hidden)
    params = [0.03 * lib.rng.standard_normal(s).astype("f4") for s in ((g, inputs), (g, hidden), (g,), (g,))]
    params = [lib.tensor(p, train) for p in params]
    hx = (h0, h0) if mode == "lstm" else h0
    op = getattr(lib.dl, mode)
    if not train:
        return lambda: op(x, hx, params, True, 1, 0.0, False, False, False)[0]
    v = lib.normal(steps, batch, hidden)
    return lambda: backward(op(x, hx, params, True, 1, 0.0, True, False, False)[0], v, x, *params)


def products(mode: str, shape: Shape) -> float:
    steps, batch, inputs, hidden = shape
    return 2.0 * steps * batch * GATES[mode] * hidden * (inputs + hidden)


TEXT: Shape = (70, 48, 400, 1152)  # AWD-LSTM's first layer
SMALL: Shape = (3, 64, 64, 64)  # the course's human-numbers model
ROWS = [
    Row(
        f"{mode} {label} {'fwd+bwd' if train else 'fwd'}",
        lambda lib, m=mode, s=shape, t=train: layer(lib, m, s, t),
        (f"{mode}_cell_fwd", f"{mode}_cell_bwd") if train else (f"{mode}_cell_fwd",),
        flops=products(mode, shape) * (3 if train else 1) if shape == TEXT else 0.0,
    )
    for mode, label, shape in (
        ("lstm", "400→1152 70x48", TEXT),
        ("gru", "400→1152 70x48", TEXT),
        ("lstm", "64→64 3x64", SMALL),
        ("gru", "64→64 3x64", SMALL),
        ("rnn_tanh", "64→64 3x64", SMALL),
        ("rnn_relu", "64→64 3x64", SMALL),
    )
    for train in (False, True)
]
