"""Hypothesis against NumPy: attention, recurrence, and the spectra of signals."""

from __future__ import annotations

from typing import Any

import numpy as np

from .cases import positive
from .properties import Drawn, Op, run_properties
from .test_attention import oracle as attention
from .test_rnn import GATES, gentle
from .test_rnn import oracle as recurrent
from .test_stft import istft_oracle, real_ends, stft_oracle


def heads(d: Drawn):
    lead = d.one((), (2,), (2, 3))
    n, m, e, v = (d.number(1, 12) for _ in range(4))
    how = d.one("plain", "mask", "causal")
    mask = d.array((n, m), dtype="bool") if how == "mask" else None
    return d.array((*lead, n, e)), d.array((*lead, m, e)), d.array((*lead, m, v)), mask, 0.0, how == "causal"


def recurrence(mode: str) -> Op:
    states = 2 if mode == "lstm" else 1

    def inputs(d: Drawn):
        steps, n, width, hidden = (d.number(1, 5) for _ in range(4))
        layers, directions, biases, first = d.number(1, 2), d.number(1, 2), d.yes(), d.yes()
        hx = [d.array((layers * directions, n, hidden), gentle) for _ in range(states)]
        params = []
        for k in range(layers):
            for _ in range(directions):
                shapes = [(GATES[mode] * hidden, directions * hidden if k else width), (GATES[mode] * hidden, hidden)]
                shapes += [(GATES[mode] * hidden,)] * 2 if biases else []
                params += [d.array(s, gentle) for s in shapes]
        x = d.array((n, steps, width) if first else (steps, n, width), gentle)
        return x, hx if states == 2 else hx[0], params, biases, layers, 0.0, False, directions == 2, first

    def oracle(x, hx, params, biases, layers, dropout, train, bidirectional, first):
        sequences = list(x if first else x.transpose(1, 0, 2))
        y, last = recurrent(mode, sequences, hx if states == 2 else [hx], params, layers, 1 + bidirectional, biases)
        return np.stack(y, 0 if first else 1), *last

    return Op(f"dl.{mode}", oracle, inputs, 200)


def frames(d: Drawn):
    n_fft, center = d.number(4, 16), d.yes()
    width = d.number(2, n_fft)
    settings = (n_fft, d.number(1, n_fft), width, center, d.yes(), d.yes())
    return d.array((*d.shape(0, 1, 1), n_fft + d.number(1, 20))), settings, d.array((width,), positive)


def spectrum(d: Drawn):
    n_fft, width = 2 * d.number(2, 8), None
    settings = (n_fft, d.number(1, n_fft // 2), width, True, d.yes(), True)
    x = d.array((d.number(1, 3), n_fft // 2 + 1, d.number(3, 6), 2), real_ends)
    return x, settings, d.array((n_fft,), positive)


class Spread(Op):
    """stft and istft: the settings are one argument of the oracle, and many of the op."""

    def __call__(self, x: Any, settings: Any, window: Any) -> Any:
        n_fft, hop, width, center, normalized, onesided = settings
        more = ("reflect",) if self.name == "dl.stft" else ()
        return super().__call__(x, n_fft, hop, width, window, center, *more, normalized, onesided)


def cosine_window(n, periodic, alpha=0.5, beta=0.5):
    return (alpha - beta * np.cos(2 * np.pi * np.arange(n) / max(n - 1 + periodic, 1))) if n > 1 else np.ones(n)


OPS = [
    Op("F.scaled_dot_product_attention", lambda q, k, v, mask, p, causal: attention(q, k, v, mask, causal), heads, 64),
    *(recurrence(mode) for mode in GATES),
    Spread("dl.stft", lambda x, settings, w: stft_oracle(x, w, settings=settings), frames, 64, True),
    Spread("dl.istft", lambda x, settings, w: istft_oracle(x, w, settings=settings, length=None), spectrum, 256),
    Op("dl.hann_window", cosine_window, lambda d: (d.number(0, 40), d.yes()), 8),
    Op("dl.hamming_window", lambda n, periodic: cosine_window(n, periodic, 0.54, 0.46),
       lambda d: (d.number(0, 40), d.yes()), 8),
]  # fmt: skip
test_property = run_properties(OPS)
