"""Mean squared error and binary cross entropy with logits, forward and backward."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row, backward

BCE = "binary_cross_entropy_with_logits"


def loss(lib: Lib, name: str, n: int, train: bool) -> Any:
    x = lib.normal(n, grad=train)
    target = lib.uniform(n)
    call = getattr(lib.F, name)
    if not train:
        return lambda: call(x, target)
    return lambda: (y := call(x, target), *backward(y, None, x))


def soft_targets(lib: Lib, n: int) -> Any:
    """Targets that need a gradient too, as a teacher's output may."""
    x, target = lib.normal(n, grad=True), lib.uniform(n).requires_grad_()
    return lambda: backward(getattr(lib.F, BCE)(x, target), None, x, target)


LOSSES = {"mse_loss": ("mse_fwd", "mse_bwd"), BCE: ("bce_fwd", "bce_bwd")}
ROWS = [
    *[
        Row(
            f"{name} {n} {'fwd+bwd' if train else 'fwd'}",
            lambda lib, name=name, n=n, train=train: loss(lib, name, n, train),
            ops if train else ops[:1],
            bytes=(4.0 * n * (5 if train else 2)) if n > 1000 else 0.0,
        )
        for name, ops in LOSSES.items()
        for n in (64, 1 << 22)
        for train in (False, True)
    ],
    Row(f"{BCE} 64 soft targets", lambda lib: soft_targets(lib, 64), ("bce_fwd", "bce_bwd", "bce_bwd_t")),
]
