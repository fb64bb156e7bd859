"""Losses of equal shapes, forward and backward."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row, backward

BCE = "binary_cross_entropy_with_logits"


def loss(lib: Lib, name: str, n: int, train: bool) -> Any:
    x = lib.uniform(n).requires_grad_(train)
    target = lib.uniform(n)
    call = getattr(lib.F, name)
    if not train:
        return lambda: call(x, target)
    return lambda: (y := call(x, target), *backward(y, None, x))


def soft_targets(lib: Lib, name: str, n: int) -> Any:
    """Targets that need a gradient too, as a teacher's output may."""
    x, target = lib.uniform(n).requires_grad_(), lib.uniform(n).requires_grad_()
    return lambda: backward(getattr(lib.F, name)(x, target), None, x, target)


LOSSES = {
    "mse_loss": ("mse_fwd", "mse_bwd"),
    BCE: ("bce_fwd", "bce_bwd"),
    "l1_loss": ("l1_fwd", "l1_bwd"),
    "smooth_l1_loss": ("smooth_l1_fwd", "smooth_l1_bwd"),
    "huber_loss": ("huber_fwd", "huber_bwd"),
    "binary_cross_entropy": ("bce_prob_fwd", "bce_prob_bwd"),
}
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
    Row(f"{BCE} 64 soft targets", lambda lib: soft_targets(lib, BCE, 64), ("bce_fwd", "bce_bwd", "bce_bwd_t")),
    Row(
        "binary_cross_entropy 64 soft targets",
        lambda lib: soft_targets(lib, "binary_cross_entropy", 64),
        ("bce_prob_fwd", "bce_prob_bwd", "bce_prob_bwd_t"),
    ),
]
