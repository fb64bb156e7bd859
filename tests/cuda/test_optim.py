"""The optimisers' steps on the device: the CPU's, to the bit (steps_test.cu: memory that is not aligned)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import optim

Schedules = Callable[..., Iterator[int]]
SHAPES = ((67, 33), (3,), (), (5, 7, 2), (4099,))  # tails, a scalar, and one that begins inside a block's piece
RULES: list[tuple[str, Callable[..., Any]]] = [
    ("sgd", lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01)),
    ("adam", lambda p: optim.Adam(p, lr=0.1)),
    ("amsgrad", lambda p: optim.Adam(p, lr=0.1, amsgrad=True)),
    ("adamw", lambda p: optim.AdamW(p, lr=0.1)),
    ("nadam", lambda p: optim.NAdam(p, lr=0.1)),
    ("adamax", lambda p: optim.Adamax(p, lr=0.1)),
    ("adagrad", lambda p: optim.Adagrad(p, lr=0.1)),
    ("adadelta", lambda p: optim.Adadelta(p, lr=0.1)),
    ("rmsprop", lambda p: optim.RMSprop(p, lr=0.1, momentum=0.9, centered=True)),
]


def stepped(make: Callable[..., Any], dtype: str, device: str) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    params = [dl.tensor(rng.standard_normal(s).astype(dtype), device=device).requires_grad_() for s in SHAPES]
    opt = make(params)
    for _ in range(3):
        for p in params:
            p.grad = dl.tensor(rng.standard_normal(p.shape).astype(dtype), device=device)
        opt.step()
    return [p.detach().cpu().numpy() for p in params]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "make"), RULES, ids=[name for name, _ in RULES])
def test_a_step_of_all_parameters_is_the_cpu_s(
    schedules: Schedules, name: str, make: Callable[..., Any], dtype: str
) -> None:
    expected = stepped(make, dtype, "cpu")
    for s in (0, 1):
        for _ in schedules(s):
            for got, e in zip(stepped(make, dtype, "cuda"), expected, strict=True):
                assert got.tobytes() == e.tobytes(), name
