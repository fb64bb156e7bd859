"""What a fit leaves behind: a learning rate, momentum and smoothed loss a batch, a row an epoch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .callback import Callback, Run


class Recorder(Callback):
    """`learn.recorder`, of the last fit.

    `lrs` (the last layer group's), `moms` and `losses` (the smoothed training loss) have an entry a batch; `val_losses`
    and `metrics` (a list of values each) one an epoch; `rows` are the table's lines as dicts, `nb_batches` the batches
    of each epoch. `plot*` return matplotlib Figures.
    """

    order = -20  # sees the rate that a batch was done with before a schedule sets the next

    def __init__(self, learn: Any = None):
        self.lrs: list[float] = []
        self.moms: list[float | None] = []
        self.losses: list[float] = []
        self.val_losses: list[float] = []
        self.metrics: list[list[float]] = []
        self.metric_names: list[str] = list(learn.metric_names) if learn else []
        self.nb_batches: list[int] = []
        self.rows: list[dict[str, float]] = []

    def on_batch_end(self, run: Run) -> None:
        opt = run.learn.opt
        self.lrs.append(opt.lr)
        self.moms.append(opt.mom)
        self.losses.append(run.smooth_loss)

    def on_epoch_end(self, run: Run) -> None:
        self.rows.append(run.row)
        self.nb_batches.append(len(self.losses) - sum(self.nb_batches))
        if "valid_loss" in run.row:
            self.val_losses.append(run.row["valid_loss"])
            self.metrics.append([run.row[name] for name in self.metric_names])

    def state_dict(self) -> dict[str, Any]:
        moms = [math.nan if m is None else m for m in self.moms]
        return {
            "lrs": np.array(self.lrs, "f8"),
            "moms": np.array(moms, "f8"),
            "losses": np.array(self.losses, "f8"),
            "val_losses": self.val_losses,
            "metrics": self.metrics,
            "metric_names": self.metric_names,
            "nb_batches": self.nb_batches,
            "rows": self.rows,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value.tolist() if isinstance(value, np.ndarray) else value)
        self.moms = [None if m is not None and math.isnan(m) else m for m in self.moms]

    def plot_losses(self, skip_start: int = 0, skip_end: int = 0) -> Any:
        """Smoothed training loss a batch, and the validation loss at the end of each epoch."""
        from dlcore.train import plots

        return plots.losses(self, skip_start, skip_end)

    def plot_lr(self, show_moms: bool = False) -> Any:
        """The learning rate a batch, and with `show_moms` the momentum beside it."""
        from dlcore.train import plots

        return plots.learning_rates(self, show_moms)

    def plot_metrics(self) -> Any:
        """Each metric over the epochs."""
        from dlcore.train import plots

        return plots.metrics(self)

    def plot(self, skip_start: int = 10, skip_end: int = 5) -> Any:
        """The smoothed loss over the learning rate, logarithmic: what `lr_find` looks at."""
        from dlcore.train import plots

        return plots.loss_over_lr(self.lrs, self.losses, skip_start, skip_end)
