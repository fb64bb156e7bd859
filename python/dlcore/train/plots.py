"""The pictures of training, as matplotlib Figures: save one with `figure.savefig(path)`; a notebook shows it by itself.

matplotlib is the extra `dlcore[plot]`, imported by the first plot. Figures are made without pyplot: no window opens,
none is kept, and the backend that you chose stays chosen.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .recorder import Recorder

BLUE, ORANGE, GREY = "#1f5fa8", "#d9722e", "#8a8a8a"
_GRID: dict[str, Any] = {"color": "#e3e3e3", "linewidth": 0.8}


@cache
def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("plots need matplotlib: pip install 'dlcore[plot]'") from None

    class Picture(Figure):
        def _repr_png_(self) -> bytes:
            buffer = io.BytesIO()
            self.savefig(buffer, format="png")
            return buffer.getvalue()

    return Picture


def new_figure(width: float = 7.0, height: float = 4.2) -> Figure:
    """An empty Figure in inches, at 110 dots each."""
    return _figure_class()(figsize=(width, height), dpi=110, layout="constrained")


def new_axes(figure: Figure, title: str = "", x: str = "", y: str = "", where: Any = (1, 1, 1)) -> Any:
    """One plot in it, with a quiet grid and no box."""
    axes = figure.add_subplot(*where)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, **_GRID)
    axes.set_axisbelow(True)
    axes.set(title=title, xlabel=x, ylabel=y)
    return axes


def keep_low(axes: Any, values: Sequence[float], share: float = 0.98) -> None:
    """Ends the y axis a little above what `share` of the values stay below: one that exploded must not hide them."""
    finite = np.array(values, "f8")
    finite = finite[np.isfinite(finite)]
    if finite.size > 1:
        low, high = finite.min(), np.quantile(finite, share)
        if finite.max() > high + 3 * (high - low) and high > low:
            axes.set_ylim(low - 0.05 * (high - low), high + 0.3 * (high - low))


def losses(recorder: Recorder, skip_start: int = 0, skip_end: int = 0) -> Figure:
    figure = new_figure()
    axes = new_axes(figure, "Losses", "batches", "loss")
    n = len(recorder.losses)
    batches = range(skip_start, max(skip_start, n - skip_end))
    shown = [recorder.losses[i] for i in batches]
    axes.plot(batches, shown, color=BLUE, label="training (smoothed)")
    ends = np.cumsum(recorder.nb_batches)[: len(recorder.val_losses)]
    if len(ends):
        axes.plot(ends, recorder.val_losses, color=ORANGE, marker="o", markersize=4, label="validation")
    keep_low(axes, [*shown, *recorder.val_losses])
    axes.legend(frameon=False)
    return figure


def learning_rates(recorder: Recorder, show_moms: bool = False) -> Figure:
    figure = new_figure(10.0 if show_moms else 7.0)
    axes = new_axes(figure, "Learning rate", "batches", "", (1, 2 if show_moms else 1, 1))
    axes.plot(recorder.lrs, color=BLUE)
    if show_moms:
        axes = new_axes(figure, "Momentum", "batches", "", (1, 2, 2))
        axes.plot([np.nan if m is None else m for m in recorder.moms], color=ORANGE)
    return figure


def metrics(recorder: Recorder) -> Figure:
    """One plot above the other, sharing the epochs. ValueError where the fit had none."""
    names = recorder.metric_names
    if not names or not recorder.metrics:
        raise ValueError("plot_metrics: the last fit measured no metric")
    figure = new_figure(7.0, 1.2 + 2.6 * len(names))
    epochs = range(1, len(recorder.metrics) + 1)
    for i, name in enumerate(names):
        last = i == len(names) - 1
        axes = new_axes(figure, "Metrics" if i == 0 else "", "epochs" if last else "", name, (len(names), 1, i + 1))
        axes.plot(epochs, [values[i] for values in recorder.metrics], color=BLUE, marker="o", markersize=4)
        axes.xaxis.get_major_locator().set_params(integer=True)
    return figure


def loss_over_lr(
    lrs: Sequence[float],
    losses: Sequence[float],
    skip_start: int = 10,
    skip_end: int = 5,
    suggestion: float | None = None,
) -> Figure:
    figure = new_figure()
    axes = new_axes(figure, "Loss over learning rate", "learning rate", "loss (smoothed)")
    kept = slice(skip_start, len(lrs) - skip_end)
    if len(lrs[kept]) < 2:
        kept = slice(None)
    x, y = np.array(lrs[kept]), np.array(losses[kept])
    axes.plot(x, y, color=BLUE)
    axes.set_xscale("log")
    if suggestion is not None:
        place = suggestion, y[np.argmin(np.abs(np.log(x / suggestion)))]
        axes.plot(*([value] for value in place), "o", color=ORANGE)
        axes.annotate(f"steepest: {suggestion:.1e}", place, (8, -16), textcoords="offset points", color=ORANGE)
    return figure
