"""sgd_step and adam_step: every row against the formulas in float64, sizes, layouts, threads, errors."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing

from .common import SHORT, threads

SIZES = [(0,), (1,), (), (3,), (17,), (5, 7), (67,), (40_000,), (2, 3, 5, 7)]  # the long one spans several chunks
ISAS = sorted({k["isa"] for k in testing.kernels() if k["op"] == "adam_step"})
ADAM = {"lr": 0.01, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.1}


def draw(dtype, seed):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(s).astype(dtype) for s in SIZES]


def arrays(values):
    return [_C.from_numpy(np.array(v)) for v in values]


def sgd(p, g, b, *, lr, momentum, dampening, weight_decay, nesterov, maximize):
    g = (-g if maximize else g) + weight_decay * p
    if momentum:
        b = g if b is None else momentum * b + (1 - dampening) * g
        g = g + momentum * b if nesterov else b
    return p - lr * g, b


def adam(p, g, m, v, t, decoupled, maximize, *, lr, beta1, beta2, eps, weight_decay):
    g = -g if maximize else g
    p, g = (p * (1 - lr * weight_decay), g) if decoupled else (p, g + weight_decay * p)
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
    return p - lr / (1 - beta1**t) * m / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


def close(actual, expected, dtype):
    bound = 16 * np.finfo(dtype).eps
    for a, e in zip(actual, expected, strict=True):
        testing.assert_close(a.numpy(), np.asarray(e), bound, bound, check_dtype=False)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("momentum", "dampening", "nesterov", "maximize"),
    [(0, 0, False, False), (0, 0, False, True), (0.9, 0, False, False), (0.9, 0.5, False, True), (0.9, 0, True, False)],
)
def test_sgd(isa, dtype, momentum, dampening, nesterov, maximize):
    values, buffers = draw(dtype, 0), [None] * len(SIZES)
    options = {"momentum": momentum, "dampening": dampening, "nesterov": nesterov, "maximize": maximize}
    with testing.isa(isa), testing.poison():
        p, b = arrays(values), [_C.empty_like(x) for x in arrays(values)]
        expected = [v.astype(np.float64) for v in values]
        for step in range(3):
            g = draw(dtype, step + 1)
            if momentum:
                first = [step == 0] * len(p)
                _C.sgd_momentum_step(p, arrays(g), b, first, 0.1, 0.01, maximize, momentum, dampening, nesterov)
            else:
                _C.sgd_step(p, arrays(g), 0.1, 0.01, maximize)
            assert _C.last_kernel() == f"sgd_step.{SHORT[dtype]}.{isa}"
            pairs = [
                sgd(e, x.astype(np.float64), y, lr=0.1, weight_decay=0.01, **options)
                for e, x, y in zip(expected, g, buffers, strict=True)
            ]
            expected, buffers = [x for x, _ in pairs], [y for _, y in pairs]
        close(p, expected, dtype)
        if momentum:
            close(b, buffers, dtype)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("decoupled", "maximize"), [(False, False), (True, False), (True, True)])
def test_adam(isa, dtype, decoupled, maximize):
    values = draw(dtype, 0)
    with testing.isa(isa), testing.poison():
        p, m, v = arrays(values), [_C.empty_like(x) for x in arrays(values)], [_C.empty_like(x) for x in arrays(values)]
        expected = [(x.astype(np.float64), 0.0, 0.0) for x in values]
        for t in (1, 2, 3):
            g = draw(dtype, t)
            _C.adam_step(p, arrays(g), m, v, [t] * len(p), *ADAM.values(), decoupled, maximize)
            assert _C.last_kernel() == f"adam_step.{SHORT[dtype]}.{isa}"
            expected = [
                adam(e, x.astype(np.float64), mean, square, t, decoupled, maximize, **ADAM)
                for (e, mean, square), x in zip(expected, g, strict=True)
            ]
        for actual, k in ((p, 0), (m, 1), (v, 2)):
            close(actual, [e[k] for e in expected], dtype)


def test_bits_do_not_depend_on_threads():
    def run():
        p, m, v = (arrays(draw("float32", k)) for k in (0, 1, 2))
        v = [_C.from_numpy(np.array(np.abs(x.numpy()))) for x in v]
        _C.adam_step(p, arrays(draw("float32", 3)), m, v, [2] * len(p), *ADAM.values(), True, False)
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
