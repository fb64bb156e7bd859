"""lstm, gru, rnn_tanh, rnn_relu: every way a batch may be laid out, against a NumPy loop over each sequence's steps."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl

from .cases import Case, t
from .common import run_cases, threads

STEPS, N, INPUTS, HIDDEN = 5, 3, 4, 7  # a hidden size that is no multiple of any vector
SIZES = (3, 3, 2, 1, 1)  # packed: lengths 5, 3, 2
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_cell(a, u, h, c):
    i, f, g, o = np.split(a + u, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_cell(a, u, h):
    (ar, az, an), (ur, uz, un) = np.split(a, 3), np.split(u, 3)
    r, z = sigmoid(ar + ur), sigmoid(az + uz)
    return ((1 - z) * np.tanh(an + r * un) + z * h,)


CELLS = {
    "lstm": lstm_cell,
    "gru": gru_cell,
    "rnn_tanh": lambda a, u, h: (np.tanh(a + u),),
    "rnn_relu": lambda a, u, h: (np.maximum(a + u, 0),),
}


def oracle(mode, sequences, states, params, layers, directions, biases):
    """Lists of (length, inputs) -> lists of outputs, and the last states, each (layers * directions, N, hidden)."""
    each = 4 if biases else 2
    last = [s.copy() for s in states]
    for layer in range(layers):
        halves = []
        for d in range(directions):
            k = layer * directions + d
            w_ih, w_hh, *b = params[k * each : (k + 1) * each]
            b_ih, b_hh = b if biases else (0, 0)
            outputs = []
            for n, x in enumerate(sequences):
                state, y = [s[k, n] for s in states], np.zeros((len(x), w_hh.shape[1]))
                for step in range(len(x))[:: -1 if d else 1]:
                    state = CELLS[mode](w_ih @ x[step] + b_ih, w_hh @ state[0] + b_hh, *state)
                    y[step] = state[0]
                for s, value in zip(last, state, strict=True):
                    s[k, n] = value
                outputs.append(y)
            halves.append(outputs)
        sequences = [np.concatenate(parts, 1) for parts in zip(*halves, strict=True)]
    return sequences, last


def lengths(sizes):
    return [sum(b > n for b in sizes) for n in range(max(sizes, default=0))]


def rows_of(sizes):
    """The rows of packed data that belong to each sequence."""
    first = np.cumsum([0, *sizes])
    return [[int(first[step]) + n for step in range(length)] for n, length in enumerate(lengths(sizes))]


def case(mode, name, layers=1, directions=1, biases=True, batch_first=False, sizes=None, shapes=None):
    count = 2 if mode == "lstm" else 1

    def fn(lib, F, x, *rest):
        states, params = list(rest[:count]), list(rest[count:])
        hx = states if count == 2 else states[0]
        args = (hx, params, biases, layers, 0.0, False, directions == 2)
        if sizes is None:
            return getattr(lib, mode)(x, *args, batch_first)
        if lib is dl:
            return dl_op(x, *args, batch_sizes=list(sizes))
        return getattr(lib, mode)(x, lib.tensor(sizes), *args)

    def dl_op(*args, **kw):
        return getattr(dl, mode)(*args, **kw)

    def expected(x, *rest):
        if sizes is None:
            sequences = list(x if batch_first else x.transpose(1, 0, 2))
        else:
            sequences = [x[rows] for rows in rows_of(sizes)]
        outputs, last = oracle(mode, sequences, rest[:count], rest[count:], layers, directions, biases)
        if sizes is None:
            y = np.stack(outputs, 0 if batch_first else 1)
        else:
            y = np.zeros((len(x), outputs[0].shape[1]))
            for rows, out in zip(rows_of(sizes), outputs, strict=True):
                y[rows] = out
        return (y, *last)

    def inputs(steps=STEPS, n=N, width=INPUTS, hidden=HIDDEN):
        x = (sum(sizes), width) if sizes else (n, steps, width) if batch_first else (steps, n, width)
        shapes = [x, *[(layers * directions, n, hidden)] * count]
        for layer in range(layers):
            for _ in range(directions):
                shapes += [
                    (GATES[mode] * hidden, directions * hidden if layer else width),
                    (GATES[mode] * hidden, hidden),
                ]
                shapes += [(GATES[mode] * hidden,)] * 2 if biases else []
        return tuple(t(*s, draw=gentle) for s in shapes)

    return Case(
        f"{mode} {name}",
        fn,
        [inputs(*s) for s in shapes or [()]],
        oracle=expected,
        rows=(f"{mode}_cell_fwd", f"{mode}_cell_bwd"),
        ulps=8,
        length=(INPUTS + HIDDEN) * STEPS,  # a step's roundings, carried through all steps
        grad_length=(INPUTS + HIDDEN) * STEPS * N,
        scale="max",
        layouts=("contiguous", "strided", "transposed"),
    )


def gentle(rng, shape):
    """Small enough that no state saturates, and no relu sits at its kink."""
    return 0.4 * rng.standard_normal(shape)


ODD_SHAPES = [(STEPS, N, INPUTS, HIDDEN), (1, 1, 1, 1), (2, 5, 3, 33), (3, 1, 9, 16), (2, 3, 5, 36)]
CASES = [
    *(case(mode, "forward in time", shapes=ODD_SHAPES) for mode in GATES),
    *(case(mode, "both directions, two layers", 2, 2) for mode in GATES),
    *(case(mode, "without biases, batch first", biases=False, batch_first=True) for mode in GATES),
    *(case(mode, "packed", sizes=SIZES) for mode in GATES),
    *(case(mode, "packed, both directions, two layers", 2, 2, sizes=SIZES) for mode in GATES),
]
test_op = run_cases(CASES)


def draw(*shape, seed=0):
    return dl.tensor(np.random.default_rng(seed).standard_normal(shape).astype("f4") * 0.3)


@pytest.mark.parametrize("mode", GATES)
def test_bits_do_not_depend_on_threads(isa, mode):
    """Shapes whose products, steps and gates all take more than one chunk."""
    g, hidden = GATES[mode], 150
    leaves = [draw(6, 40, 90), draw(g * hidden, 90), draw(g * hidden, hidden), draw(g * hidden), draw(g * hidden)]
    h0 = draw(1, 40, hidden, seed=1)

    def run():
        x, *params = [leaf.detach().requires_grad_() for leaf in leaves]
        y, *_ = getattr(dl, mode)(x, (h0, h0) if mode == "lstm" else h0, params)
        y.backward(draw(6, 40, hidden, seed=2))
        return [a.detach().numpy().tobytes() for a in (y, x.grad, *(p.grad for p in params))]

    with threads(1):
        expected = run()
    for n in (2, 3, 5):
        with threads(n):
            assert run() == expected, f"{n} threads"


def test_no_steps_and_no_sequences():
    params = [dl.ones(8, 3), dl.ones(8, 2)]
    h0 = dl.ones(1, 4, 2)
    y, h, c = dl.lstm(dl.zeros(0, 4, 3), (h0, h0), params, False)
    assert y.shape == (0, 4, 2) and h.tolist() == h0.tolist() == c.tolist()
    empty = dl.zeros(1, 0, 2)
    y, h, c = dl.lstm(dl.zeros(5, 0, 3), (empty, empty), params, False)
    assert y.shape == (5, 0, 2) and h.shape == (1, 0, 2)


def test_a_nan_stays_in_its_sequence(isa):
    x = draw(4, 3, 5)
    x.numpy()[1, 2, 0] = np.nan
    params, h0 = [draw(6, 5), draw(6, 2)], dl.zeros(1, 3, 2)
    bad = np.isnan(dl.gru(x, h0, params, False)[0].numpy())
    assert bad[1:, 2].all() and bad.sum() == bad[1:, 2].sum()


def test_nothing_is_saved_where_no_gradient_is_needed():
    out = dl._C.rnn_fwd(
        dl._C.RnnMode.gru,
        dl.ones(3, 2).array,
        [3],
        dl.ones(1, 3, 1).array,
        None,
        [dl.ones(3, 2).array, dl.ones(3, 1).array],
        False,
    )
    assert len(out) == 1


W, H0 = [dl.ones(8, 3), dl.ones(8, 2)], dl.zeros(1, 4, 2)
REFUSED = [
    (lambda: dl.lstm(dl.ones(5, 4, 3), (H0, H0), W), ValueError, "1 layers of 4 parameters need 4 .*got 2"),
    (lambda: dl.lstm(dl.ones(5, 3), (H0, H0), W, False), dl.ShapeError, "must be 3-d, got shape"),
    (lambda: dl.lstm(dl.ones(5, 9, 3), (H0, H0), W, False), dl.ShapeError, r"h0 must be .*\(1,9,hidden\)"),
    (lambda: dl.lstm(dl.ones(5, 4, 6), (H0, H0), W, False), dl.ShapeError, r"lstm: w_ih must be \(8,6\).*got \(8,3\)"),
    (lambda: dl.gru(dl.ones(5, 4, 3), H0, W, False), dl.ShapeError, r"gru: w_ih must be \(6,3\), .*got \(8,3\)"),
    (lambda: dl.lstm(dl.ones(5, 4, 3), (H0, H0), [W[0].double(), W[1]], False), dl.DTypeError, "w_ih is float64 but"),
    (lambda: dl.lstm(dl.ones(9, 3), (H0, H0), W, False, batch_sizes=[4, 4]), dl.ShapeError, "8 rows .* x has 9"),
    (lambda: dl.lstm(dl.ones(9, 3), (H0, H0), W, False, batch_sizes=[4, 2, 3]), ValueError, "of 3 .* follows one of 2"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_refuses(call, error, text):
    with pytest.raises(error, match=text):
        call()
