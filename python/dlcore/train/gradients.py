"""Callbacks between backward and step: accumulation, loss scaling, clipping, in this order."""

from __future__ import annotations

from typing import Any

from dlcore import _C
from dlcore.amp import all_finite
from dlcore.nn.utils import clip_grad_norm_

from .callback import Callback, Run


def _gradients(run: Run) -> list[Any]:
    groups = run.learn.opt.param_groups
    return [p.grad for group in groups for p in group["params"] if p.grad is not None]


class Accumulate(Callback):
    """One step for `n` batches, by the mean of their gradients: as if batches were `n` times as large (for a loss that
    is a mean, and but for batch norm's statistics). An epoch's last step takes the batches that are left.

    Schedules go on by batches, not by steps.

    >>> from dlcore.train import Accumulate
    >>> Accumulate(4).n
    4
    """

    order = -5

    def __init__(self, n: int):
        if n < 1:
            raise ValueError(f"Accumulate: n must be at least 1, not {n}")
        self.n, self.waiting = n, 0

    def on_train_begin(self, run: Run) -> None:
        self.waiting = 0

    def on_backward_end(self, run: Run) -> None:
        self.waiting += 1
        if self.waiting < self.n and run.batch + 1 < run.batches:
            run.skip_step = run.skip_zero = True
            return
        if self.waiting > 1:
            for g in _gradients(run):
                _C.mul_into(g.array, 1 / self.waiting)
        self.waiting = 0

    def state_dict(self) -> dict[str, Any]:
        return {"waiting": self.waiting}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.waiting = state["waiting"]


class LossScaler(Callback):
    """Multiplies the loss by a power of two so that small gradients do not vanish in 16 bits; divides them before the
    step. A gradient that is not finite halves the scale and skips the step: weights, moments and decay stay untouched
    (fast.ai v1 stepped all the same). After `growth` steps in a row the scale doubles, up to `max_scale`.
    (Micikevicius et al., "Mixed precision training", ICLR 2018, section 3.2.)
    """

    is_precision = True

    def __init__(self, scale: float = 2.0**16, growth: int = 1000, max_scale: float = 2.0**24, dynamic: bool = True):
        self.scale, self.growth, self.max_scale, self.dynamic = float(scale), growth, float(max_scale), dynamic
        self.good, self.skipped = 0, 0

    def on_backward_begin(self, run: Run) -> None:
        run.loss = run.loss * self.scale

    def on_backward_end(self, run: Run) -> None:
        if run.skip_step:
            return
        gradients = _gradients(run)
        if not all_finite(gradients):
            run.skip_step = True
            self.skipped += 1
            if self.dynamic:
                self.scale, self.good = max(1.0, self.scale / 2), 0
            return
        for g in gradients:
            _C.mul_into(g.array, 1 / self.scale)
        self.good += 1
        if self.dynamic and self.good == self.growth:
            self.scale, self.good = min(self.scale * 2, self.max_scale), 0

    def state_dict(self) -> dict[str, Any]:
        return {"scale": self.scale, "good": self.good, "skipped": self.skipped}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scale, self.good, self.skipped = state["scale"], state["good"], state["skipped"]


class GradientClipping(Callback):
    """Scales all gradients down to a norm of `clip` together, before the step."""

    order = 10

    def __init__(self, clip: float):
        if not clip > 0:
            raise ValueError(f"GradientClipping: clip must be above 0, not {clip}")
        self.clip = clip

    def on_backward_end(self, run: Run) -> None:
        if not run.skip_step:
            clip_grad_norm_([p for group in run.learn.opt.param_groups for p in group["params"]], self.clip)
