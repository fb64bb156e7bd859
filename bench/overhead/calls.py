"""What a call costs beside its arithmetic, on tensors of one element. Budgets of DESIGN 7: a unary op with recording
≤ 1 µs, conv2d's bookkeeping ≤ 1.5 µs, a backward node ≤ 1 µs."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row, backward

CHAIN = 100


def unary(lib: Lib, grad: bool) -> Any:
    x = lib.normal(1, grad=grad)
    relu = lib.F.relu

    def call() -> Any:
        for _ in range(CHAIN):
            y = relu(x)
        return y

    return call


def binary(lib: Lib, grad: bool) -> Any:
    x, y = lib.normal(1, grad=grad), lib.normal(1)

    def call() -> Any:
        for _ in range(CHAIN):
            z = x + y
        return z

    return call


def chain(lib: Lib) -> Any:
    """A chain of CHAIN unary ops, recorded and run backward: recording + one backward node each."""
    x, v = lib.normal(1, grad=True), lib.normal(1)
    relu = lib.F.relu

    def call() -> Any:
        y = x
        for _ in range(CHAIN):
            y = relu(y)
        return backward(y, v, x)

    return call


def conv(lib: Lib, grad: bool) -> Any:
    x, w = lib.normal(1, 1, 1, 1, grad=grad), lib.normal(1, 1, 1, 1, grad=grad)
    conv2d = lib.F.conv2d

    def call() -> Any:
        for _ in range(CHAIN):
            y = conv2d(x, w)
        return y

    return call


def numpy_round_trip(lib: Lib) -> Any:
    x = lib.normal(64, 50)

    def call() -> Any:
        for _ in range(CHAIN):
            y = x.numpy()
        return y

    return call


ROWS = [
    Row("call relu", lambda lib: unary(lib, False), per=CHAIN),
    Row("call relu, recorded", lambda lib: unary(lib, True), per=CHAIN),
    Row("call add", lambda lib: binary(lib, False), per=CHAIN),
    Row("call add, recorded", lambda lib: binary(lib, True), per=CHAIN),
    Row("call relu, recorded + its backward node", chain, per=CHAIN),
    Row("call conv2d 1x1", lambda lib: conv(lib, False), per=CHAIN),
    Row("call conv2d 1x1, recorded", lambda lib: conv(lib, True), per=CHAIN),
    Row("call numpy()", numpy_round_trip, per=CHAIN),
]
