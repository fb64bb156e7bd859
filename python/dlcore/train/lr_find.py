"""The learning-rate finder: a short fit with a growing rate, undone to the bit (L. N. Smith, arXiv:1506.01186)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import state
from .callback import Callback, Run
from .groups import lr_range
from .progress import Progress
from .schedule import Phase, Scheduler


class LRFind:
    """What `lr_find` found: `lrs` and the smoothed `losses`, an entry a batch.

    `suggestion` is where the loss falls most steeply a step (None for fewer than two usable points), `minimum` a tenth
    of the rate of the least loss. Both leave out the first `skip_start` and last `skip_end` points.
    """

    def __init__(self, lrs: Sequence[float], losses: Sequence[float], skip_start: int = 10, skip_end: int = 5):
        self.lrs, self.losses = list(lrs), list(losses)
        self.skip_start, self.skip_end = skip_start, skip_end

    def kept(self) -> tuple[np.ndarray, np.ndarray]:
        """(lrs, losses) without the ends, and without losses that are not finite; all where that leaves too few."""
        lrs, losses = np.array(self.lrs), np.array(self.losses)
        ends = slice(self.skip_start, len(lrs) - self.skip_end)
        if len(lrs[ends]) >= 2:
            lrs, losses = lrs[ends], losses[ends]
        finite = np.isfinite(losses)
        return lrs[finite], losses[finite]

    @property
    def suggestion(self) -> float | None:
        lrs, losses = self.kept()
        return None if len(lrs) < 2 else float(lrs[np.argmin(np.gradient(losses))])

    @property
    def minimum(self) -> float | None:
        lrs, losses = self.kept()
        return None if len(lrs) == 0 else float(lrs[np.argmin(losses)]) / 10

    def plot(self) -> Any:
        """Loss over learning rate, with the suggestion marked: a matplotlib Figure."""
        from dlcore.train import plots

        return plots.loss_over_lr(self.lrs, self.losses, self.skip_start, self.skip_end, self.suggestion)

    def __repr__(self) -> str:
        found = "no suggestion" if self.suggestion is None else f"suggestion {self.suggestion:.2e}"
        return f"LRFind({found}; {len(self.lrs)} rates from {self.lrs[0]:.1e} to {self.lrs[-1]:.1e})"


class _Finder(Callback):
    order = -15  # after the recorder, before the schedule moves on

    def __init__(self, num_it: int, stop_div: bool):
        self.num_it, self.stop_div, self.best = num_it, stop_div, math.inf

    def on_batch_end(self, run: Run) -> None:
        self.best = min(self.best, run.smooth_loss)
        diverged = math.isnan(run.smooth_loss) or run.smooth_loss > 4 * self.best
        if run.iteration >= self.num_it or (self.stop_div and diverged):
            run.stop_training = True


def lr_find(
    learn: Any,
    start_lr: float | slice = 1e-7,
    end_lr: float | slice = 10,
    num_it: int = 100,
    stop_div: bool = True,
    wd: float | None = None,
) -> LRFind:
    """Trains `num_it` batches at rates from `start_lr` to `end_lr` in equal ratios, and undoes it.

    It ends early where the smoothed loss is NaN or above 4 times its least (with `stop_div`). Afterwards weights,
    buffers, optimiser, callbacks, random streams and the order of the data are exactly what they were, also after an
    exception; `learn.recorder` is this run's, for `learn.recorder.plot()`. Callbacks that only watch are left out.
    """
    if num_it < 1:
        raise ValueError(f"lr_find: num_it must be at least 1, not {num_it}")
    groups = len(learn.layer_groups)
    rates = lr_range(start_lr, groups), lr_range(end_lr, groups)
    if not all(lr > 0 for lr in (*rates[0], *rates[1])):
        raise ValueError(f"lr_find: rates must be above 0, got {start_lr!r} and {end_lr!r}")
    before, opt = state.copied(state.learner_state(learn)), learn.opt
    callbacks, show = learn.callbacks, learn.show
    taking_part = [c for c in callbacks if not c.only_watches]
    states = [state.copied(c.state_dict()) for c in taking_part]
    learn.callbacks, learn.show = taking_part, Progress(quiet=True)
    try:
        learn._ready(start_lr, wd)
        batches = len(learn.data.train_dl)
        run = Run(learn, -(-num_it // batches) if batches else 0, batches)
        run.validates = False
        learn._run(run, [Scheduler([Phase(num_it, rates, anneal="exp")]), _Finder(num_it, stop_div)])
    finally:
        learn.callbacks, learn.show, learn.opt = callbacks, show, opt
        state.restore_learner(learn, before)
        for callback, saved in zip(taking_part, states, strict=True):
            callback.load_state_dict(saved)
    return LRFind(learn.recorder.lrs, learn.recorder.losses)
