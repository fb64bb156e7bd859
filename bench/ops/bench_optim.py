"""One optimiser step: 16 parameters of 1 M (memory), and 200 of 100 (calls). PyTorch runs its defaults and, in the
rows named fused, its fused Adam."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row


def step(lib: Lib, name: str, count: int, n: int, ours: dict[str, Any], theirs: dict[str, Any] | None = None) -> Any:
    params = [lib.nn.Parameter(lib.normal(n)) for _ in range(count)]
    for p in params:
        p.grad = lib.normal(n)
    kwargs = ours | (theirs or {}) if lib.peer else ours
    optimizer = getattr(lib.optim, name)(params, **kwargs)

    def call() -> None:
        optimizer.step()

    return call


# bytes: every rule reads p and g and writes p, and reads and writes each state: SGD momentum 5 words, Adam 7
MOMENTUM = {"lr": 1e-4, "momentum": 0.9}
ALL = 4.0 * 16 * (1 << 20)
ROWS = [
    Row("sgd 16x 1 M", lambda lib: step(lib, "SGD", 16, 1 << 20, {"lr": 1e-4}), ("sgd_step",), bytes=3 * ALL),
    Row("sgd momentum 16x 1 M", lambda lib: step(lib, "SGD", 16, 1 << 20, MOMENTUM), ("sgd_step",), bytes=5 * ALL),
    Row("adam 16x 1 M", lambda lib: step(lib, "Adam", 16, 1 << 20, {}), ("adam_step",), bytes=7 * ALL),
    Row(
        "adam 16x 1 M (peer fused)",
        lambda lib: step(lib, "Adam", 16, 1 << 20, {}, {"fused": True}),
        ("adam_step",),
        bytes=7 * ALL,
    ),
    Row("adamw 16x 1 M", lambda lib: step(lib, "AdamW", 16, 1 << 20, {}), ("adam_step",), bytes=7 * ALL),
    *(
        Row(
            f"{name.lower()} {what}16x 1 M",
            lambda lib, name=name, options=options: step(lib, name, 16, 1 << 20, options),
            (f"{'amsgrad' if 'amsgrad' in options else name.lower()}_step",),
            bytes=words * ALL,
        )
        for name, what, options, words in (
            ("Adam", "amsgrad ", {"amsgrad": True}, 9),
            ("NAdam", "", {}, 7),
            ("Adamax", "", {}, 7),
            ("Adagrad", "", {}, 5),
            ("Adadelta", "", {}, 7),
            ("RMSprop", "", {}, 5),
            ("RMSprop", "centered momentum ", {"centered": True, "momentum": 0.9}, 9),
        )
    ),
    Row("sgd 200x 100", lambda lib: step(lib, "SGD", 200, 100, {"lr": 1e-4}), ("sgd_step",)),
    Row("adam 200x 100", lambda lib: step(lib, "Adam", 200, 100, {}), ("adam_step",)),
    Row("adam 200x 100 (peer fused)", lambda lib: step(lib, "Adam", 200, 100, {}, {"fused": True}), ("adam_step",)),
]
