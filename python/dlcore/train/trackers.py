"""Callbacks that follow one number of the table from epoch to epoch: stop early, keep the best, lower the rate."""

from __future__ import annotations

import math
from typing import Any

from .callback import Callback, Run

_LESS_IS_BETTER = ("loss", "error", "mse", "mae", "rmspe")


class Tracker(Callback):
    """`monitor` is a column of the table. `mode` "min", "max", or "auto": a loss or an error is to fall, another metric
    to rise. An epoch is better when it beats the best so far by more than `min_delta`; NaN never does."""

    order = 20
    only_watches = True

    def __init__(self, monitor: str = "valid_loss", mode: str = "auto", min_delta: float = 0.0):
        if mode not in ("auto", "min", "max"):
            raise ValueError(f'{type(self).__name__}: mode is "auto", "min" or "max", not {mode!r}')
        self.monitor, self.mode, self.min_delta = monitor, mode, min_delta
        lower = any(word in monitor for word in _LESS_IS_BETTER) if mode == "auto" else mode == "min"
        self.sign = -1.0 if lower else 1.0
        self.best, self.wait = -math.inf, 0

    def on_train_begin(self, run: Run) -> None:
        self.best, self.wait = -math.inf, 0

    def better(self, run: Run) -> bool:
        """Whether this epoch is; `wait` counts the epochs since the best."""
        if self.monitor not in run.row and run.stop_training:  # in the middle of an epoch: it was not validated
            return False
        if self.monitor not in run.row:
            names = ", ".join(name for name in run.row if name not in ("epoch", "time"))
            raise ValueError(f"{type(self).__name__}: no column {self.monitor!r} to monitor; there is {names}")
        value = self.sign * run.row[self.monitor]
        if value > self.best + (self.min_delta if math.isfinite(self.best) else 0.0):
            self.best, self.wait = value, 0
            return True
        self.wait += 1
        return False

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "wait": self.wait}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self.wait = state["best"], state["wait"]


class EarlyStopping(Tracker):
    """Ends the fit after more than `patience` epochs without a better one.

    >>> from dlcore.train import EarlyStopping
    >>> EarlyStopping("accuracy", patience=3).sign
    1.0
    """

    def __init__(self, monitor: str = "valid_loss", min_delta: float = 0.0, patience: int = 0, mode: str = "auto"):
        super().__init__(monitor, mode, min_delta)
        self.patience = patience

    def on_epoch_end(self, run: Run) -> None:
        if not self.better(run) and self.wait > self.patience:
            run.stop_training = True


class SaveBest(Tracker):
    """Saves the model as `name` after each better epoch, and loads the best when the fit is over.

    `every="epoch"` saves each epoch as NAME_1, NAME_2, … instead and loads nothing.
    """

    def __init__(
        self, monitor: str = "valid_loss", name: str = "bestmodel", every: str = "improvement", mode: str = "auto"
    ):
        super().__init__(monitor, mode)
        if every not in ("improvement", "epoch"):
            raise ValueError(f'SaveBest: every is "improvement" or "epoch", not {every!r}')
        self.name, self.every = name, every

    def on_epoch_end(self, run: Run) -> None:
        if self.every == "epoch":
            run.learn.save(f"{self.name}_{run.epoch}")
        elif self.better(run):
            run.learn.save(self.name)

    def on_train_end(self, run: Run) -> None:
        if run.exception is None and self.every == "improvement" and math.isfinite(self.best):
            run.learn.load(self.name)


class ReduceLROnPlateau(Tracker):
    """Multiplies every learning rate by `factor` after more than `patience` epochs without a better one."""

    def __init__(
        self,
        monitor: str = "valid_loss",
        mode: str = "auto",
        patience: int = 0,
        factor: float = 0.2,
        min_delta: float = 0.0,
    ):
        super().__init__(monitor, mode, min_delta)
        self.patience, self.factor = patience, factor

    def on_epoch_end(self, run: Run) -> None:
        if not self.better(run) and self.wait > self.patience:
            opt = run.learn.opt
            opt.set_lrs([lr * self.factor for lr in opt.lrs])
            self.wait = 0
