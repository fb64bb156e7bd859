"""The fused steps: every row against the formulas in float64, sizes, layouts, threads, errors."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing

from .common import SHORT, threads

SIZES = [(0,), (1,), (), (3,), (17,), (5, 7), (67,), (40_000,), (2, 3, 5, 7)]  # the long one spans several chunks
ISAS = sorted({k["isa"] for k in testing.kernels() if k["op"] == "adam_step" and k["device"] == "cpu"})
ADAM = {"lr": 0.01, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.1}


def draw(dtype, seed):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(s).astype(dtype) for s in SIZES]


def arrays(values):
    return [_C.from_numpy(np.array(v)) for v in values]


# A rule in NumPy: (p, g, state, t) -> p, with state a list that it updates. g is ±gradient + 0.1 p, or as it comes
# where the decay is decoupled.
def sgd(p, g, s, t, momentum=0.0, dampening=0.0, nesterov=False):
    if momentum:
        s[0] = g if t == 1 else momentum * s[0] + (1 - dampening) * g
        g = g + momentum * s[0] if nesterov else s[0]
    return p - 0.01 * g


def adam(p, g, s, t, amsgrad=False, ruder=False):
    s[0], s[1] = 0.9 * s[0] + 0.1 * g, 0.99 * s[1] + 0.01 * g * g
    if amsgrad:
        s[2] = np.maximum(s[2], s[1])
    v = s[2] if amsgrad else s[1]
    b1, b2 = (1, 1) if ruder else (1 - 0.9**t, 1 - 0.99**t)
    return p - 0.01 / b1 * s[0] / (np.sqrt(v / b2) + 1e-8)


def nadam(p, g, s, t, ruder=False):
    def mu(k):
        return 0.9 * (1 - 0.5 * 0.96 ** (k * 0.1))

    s[0], s[1] = 0.9 * s[0] + 0.1 * g, 0.99 * s[1] + 0.01 * g * g
    product = np.prod([mu(k) for k in range(1, t + 1)])
    a, b = (1 - mu(t)) / (1 - product), mu(t + 1) / (1 - product * mu(t + 1))
    if ruder:
        a, b = 0.1 / (1 - 0.9**t), 0.9 / (1 - 0.9**t)
    return p - 0.01 * (a * g + b * s[0]) / (np.sqrt(s[1] / (1 - 0.99**t)) + 1e-8)


def adamax(p, g, s, t):
    s[0], s[1] = 0.9 * s[0] + 0.1 * g, np.maximum(0.99 * s[1], np.abs(g) + 1e-8)
    return p - 0.01 / (1 - 0.9**t) * s[0] / s[1]


def root(x, inside):
    return np.sqrt(x + 1e-3) if inside else np.sqrt(x) + 1e-3


def adagrad(p, g, s, t, inside=False):
    s[0] = s[0] + g * g
    return p - 0.01 / (1 + (t - 1) * 0.2) * g / root(s[0], inside)


def adadelta(p, g, s, t):
    s[0] = 0.9 * s[0] + 0.1 * g * g
    delta = np.sqrt(s[1] + 1e-3) / np.sqrt(s[0] + 1e-3) * g
    s[1] = 0.9 * s[1] + 0.1 * delta * delta
    return p - 0.01 * delta


def rmsprop(p, g, s, t, momentum=0.0, centered=False, inside=False):
    s[0] = 0.9 * s[0] + 0.1 * g * g
    s[1] = 0.9 * s[1] + 0.1 * g
    h = g / root(s[0] - s[1] ** 2 if centered else s[0], inside)
    s[2] = momentum * s[2] + h
    return p - 0.01 * s[2]


def nadam_products(t):
    return [float(np.prod([0.9 * (1 - 0.5 * 0.96 ** (k * 0.1)) for k in range(1, t)]))] * len(SIZES)


def steps(t):
    return [t] * len(SIZES)


# row, its formula, which states it keeps, the call (states are lists, [] where there is none), decoupled
RULES = [
    ("sgd", sgd, (), lambda p, g, s, t, up: _C.sgd_step(p, g, 0.01, 0.1, up), False),
    *(
        (
            "sgd",
            lambda p, g, s, t, o=o: sgd(p, g, s, t, **o),
            (0,),
            lambda p, g, s, t, up, o=o: _C.sgd_momentum_step(p, g, s[0], steps(t), 0.01, 0.1, up, *o.values()),
            False,
        )
        for o in (
            {"momentum": 0.9, "dampening": 0.0, "nesterov": False},
            {"momentum": 0.9, "dampening": 0.5, "nesterov": False},
            {"momentum": 0.9, "dampening": 0.0, "nesterov": True},
        )
    ),
    *(
        (
            "amsgrad" if ams else "adam",
            lambda p, g, s, t, ams=ams, ruder=ruder: adam(p, g, s, t, ams, ruder),
            (0, 1, 2) if ams else (0, 1),
            lambda p, g, s, t, up, decoupled=decoupled, ruder=ruder: _C.adam_step(
                p, g, *s, steps(t), *ADAM.values(), decoupled, ruder, up
            ),
            decoupled,
        )
        for ams, ruder, decoupled in (
            (False, False, False),
            (False, False, True),
            (True, False, False),
            (True, True, True),
        )
    ),
    *(
        (
            "nadam",
            lambda p, g, s, t, ruder=ruder: nadam(p, g, s, t, ruder),
            (0, 1),
            lambda p, g, s, t, up, decoupled=decoupled, ruder=ruder: _C.nadam_step(
                p, g, *s[:2], steps(t), nadam_products(t), *ADAM.values(), 0.1, decoupled, ruder, up
            ),
            decoupled,
        )
        for ruder, decoupled in ((False, False), (True, False), (False, True))
    ),
    (
        "adamax",
        adamax,
        (0, 1),
        lambda p, g, s, t, up: _C.adamax_step(p, g, *s[:2], steps(t), *ADAM.values(), up),
        False,
    ),
    *(
        (
            "adagrad",
            lambda p, g, s, t, inside=inside: adagrad(p, g, s, t, inside),
            (0,),
            lambda p, g, s, t, up, inside=inside: _C.adagrad_step(
                p, g, s[0], steps(t), 0.01, 0.2, 1e-3, 0.1, inside, up
            ),
            False,
        )
        for inside in (False, True)
    ),
    (
        "adadelta",
        adadelta,
        (0, 1),
        lambda p, g, s, t, up: _C.adadelta_step(p, g, *s[:2], steps(t), 0.01, 0.9, 1e-3, 0.1, up),
        False,
    ),
    *(
        (
            "rmsprop",
            lambda p, g, s, t, o=o: rmsprop(p, g, s, t, *o),
            (0, *((1,) if o[1] else ()), *((2,) if o[0] else ())),
            lambda p, g, s, t, up, o=o: _C.rmsprop_step(p, g, *s, steps(t), 0.01, 0.9, 1e-3, 0.1, *o, up),
            False,
        )
        for o in ((0.0, False, False), (0.0, True, False), (0.9, False, True), (0.9, True, False))
    ),
]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("rule", RULES, ids=[f"{r[0]}-{i}" for i, r in enumerate(RULES)])
def test_rule(rule, maximize, dtype, isa):
    name, formula, kept, call, decoupled = rule
    values = draw(dtype, 0)
    expected = [v.astype(np.float64) for v in values]
    wanted = [[np.zeros_like(e) for _ in range(3)] for e in expected]
    with testing.isa(isa), testing.poison():
        p = arrays(values)
        states = [[_C.empty_like(x) for x in p] if k in kept else [] for k in range(3)]
        if name == "adagrad":  # its sum is read from the start
            states[0] = arrays([np.zeros_like(v) for v in values])
        for t in (1, 2, 3):
            g = draw(dtype, t)
            call(p, arrays(g), states, t, maximize)
            assert _C.last_kernel() == f"{name}_step.{SHORT[dtype]}.{isa}"
            for i, x in enumerate(g):
                along = -x.astype(np.float64) if maximize else x.astype(np.float64)
                before = expected[i] * (1 - 0.01 * 0.1) if decoupled else expected[i]
                expected[i] = formula(before, along if decoupled else along + 0.1 * before, wanted[i], t)
    close(p, expected, dtype)
    for k in kept:
        close(states[k], [w[k] for w in wanted], dtype)


def close(actual, expected, dtype):
    bound = 64 * np.finfo(dtype).eps  # three steps of some ten roundings, and the difference s - m² of centred rmsprop
    for a, e in zip(actual, expected, strict=True):
        testing.assert_close(a.numpy(), np.asarray(e), bound, bound, check_dtype=False)


@pytest.mark.parametrize("name", ["adam", "adamax", "rmsprop", "adagrad", "adadelta", "nadam"])
def test_nan_stays_where_it_is(name):
    call = next(r for r in RULES if r[0] == name)[3]
    p = arrays([np.ones(s) for s in SIZES])
    g = [np.ones(s) for s in SIZES]
    g[4][3] = np.nan
    states = [arrays([np.zeros(s) for s in SIZES]) for _ in range(3)]
    if name in ("adam", "rmsprop"):
        states = [s if k < (2 if name == "adam" else 1) else [] for k, s in enumerate(states)]
    call(p, arrays(g), states, 1, False)
    assert [int(np.isnan(x.numpy()).sum()) for x in p] == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert np.isnan(p[4].numpy()[3])


def test_bits_do_not_depend_on_threads():
    def run():
        p, m, v = (arrays(draw("float32", k)) for k in (0, 1, 2))
        v = [_C.from_numpy(np.array(np.abs(x.numpy()))) for x in v]
        _C.adam_step(p, arrays(draw("float32", 3)), m, v, [], [2] * len(p), *ADAM.values(), True, False, False)
        return [x.numpy().tobytes() for x in (*p, *m, *v)]

    with threads(1):
        first = run()
    for n in (2, 3, 4, 7):
        with threads(n):
            assert run() == first, n


def test_mixed_dtypes_and_layouts():
    """A float64 parameter, a transposed one, and one with gaps, whose neighbours stay as they are."""
    rng = np.random.default_rng(0)
    wide, transposed = rng.standard_normal(5), rng.standard_normal((4, 6)).astype(np.float32)
    store = rng.standard_normal((4, 6)).astype(np.float32)
    grads = [rng.standard_normal(s) for s in ((5,), (6, 4), (4, 3))]
    gapped = _C.from_numpy(store.copy())
    p = [_C.from_numpy(wide.copy()), _C.from_numpy(transposed.copy()).transpose(0, 1), gapped.slice(1, 0, 3, 2)]
    g = [_C.from_numpy(x.astype(y)) for x, y in zip(grads, ("f8", "f4", "f4"), strict=True)]
    before = [x.version for x in p]
    _C.sgd_step(p, g, 0.5, 0.0, False)
    testing.assert_close(p[0].numpy(), wide - 0.5 * grads[0])
    testing.assert_close(p[1].numpy(), transposed.T - 0.5 * grads[1].astype(np.float32))
    expected = store.copy()
    expected[:, ::2] -= 0.5 * grads[2].astype(np.float32)
    testing.assert_close(gapped.numpy(), expected)
    assert all(x.version > v for x, v in zip(p, before, strict=True))


def test_errors_come_before_the_first_write():
    a, b = _C.from_numpy(np.ones(3, np.float32)), _C.from_numpy(np.ones((2, 2), np.float32))
    with pytest.raises(dl.ShapeError, match=r"sgd: parameter 1 has shape \(2,2\) but its gradient \(3,\)"):
        _C.sgd_step([a, b], [a, a], 0.1, 0.0, False)
    with pytest.raises(dl.DTypeError, match="parameter 0 of shape .* is float32 but its gradient is float64"):
        _C.sgd_step([a], [_C.from_numpy(np.ones(3))], 0.1, 0.0, False)
    with pytest.raises(dl.DTypeError, match="only float32 and float64"):
        _C.sgd_step([_C.from_numpy(np.ones(3, np.int64))], [a], 0.1, 0.0, False)
    with pytest.raises(ValueError, match="2 parameters, but a list of 1"):
        _C.sgd_step([a, b], [a], 0.1, 0.0, False)
    with pytest.raises(dl.ShapeError, match="state needs the parameter's layout"):
        c = b.transpose(0, 1)
        _C.sgd_momentum_step([b], [b], [c], [True], 0.1, 0.0, False, 0.9, 0.0, False)
    testing.assert_close(a.numpy(), np.ones(3, np.float32))
    testing.assert_close(b.numpy(), np.ones((2, 2), np.float32))
