"""relu, leaky_relu, sigmoid, tanh."""

from __future__ import annotations

import numpy as np

from .cases import BIG, ODD, Case, away_from_zero, over
from .common import run_cases

CASES = [
    Case(
        "relu",
        lambda dl, F, x: F.relu(x),
        over(*ODD, BIG, draw=away_from_zero),
        oracle=lambda x: np.maximum(x, 0),
        rows=("relu_fwd", "relu_bwd"),
        grad_length=1,
    ),
    Case(
        "leaky_relu",
        lambda dl, F, x, **kw: F.leaky_relu(x, **kw),
        over(*ODD, BIG, draw=away_from_zero),
        oracle=lambda x, negative_slope: np.where(x > 0, x, negative_slope * x),
        attrs={"negative_slope": 0.1},
        rows=("leaky_relu_fwd", "leaky_relu_bwd"),
        grad_length=1,
    ),
    Case(
        "sigmoid",
        lambda dl, F, x: dl.sigmoid(x),
        over(*ODD, BIG),
        oracle=lambda x: 1 / (1 + np.exp(-x)),
        rows=("sigmoid_fwd", "sigmoid_bwd"),
        grad_length=1,
    ),
    Case(
        "tanh",
        lambda dl, F, x: x.tanh(),
        over(*ODD, BIG),
        oracle=np.tanh,
        rows=("tanh_fwd", "tanh_bwd"),
        grad_length=1,
    ),
]
test_op = run_cases(CASES)
