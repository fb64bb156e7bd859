"""Pictures of samples: grids with captions, matrices, predicted over actual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .plots import BLUE, GREY, new_axes, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def as_image(x: Any) -> np.ndarray:
    """A sample as matplotlib draws it: (h, w), or (h, w, 3) between 0 and 1. Channels first, (c, h, w), with one or
    three of them; floats are stretched from their least to their largest value. ValueError for what is no picture."""
    a = x.detach().numpy() if hasattr(x, "detach") else np.asarray(x)
    if a.ndim == 3 and a.shape[0] in (1, 3):
        a = a[0] if a.shape[0] == 1 else a.transpose(1, 2, 0)
    if a.ndim not in (2, 3) or (a.ndim == 3 and a.shape[2] != 3):
        raise ValueError(f"a sample of shape {a.shape} is no picture (h, w), (1, h, w) or (3, h, w)")
    if a.dtype.kind == "f" and a.size:
        low, high = float(a.min()), float(a.max())
        a = (a - low) / (high - low) if high > low else np.zeros_like(a)
    return a


def grid(images: Sequence[np.ndarray], captions: Sequence[str], title: str = "", columns: int | None = None) -> Figure:
    """Pictures in rows, each under its caption."""
    if not len(images):
        raise ValueError("no sample to show")
    across = columns or int(np.ceil(len(images) ** 0.5))
    down = -(-len(images) // across)
    most = max((int(x.max()) for x in images if x.dtype.kind == "i"), default=1)  # a class has one colour in all masks
    figure = new_figure(2.3 * across, 2.5 * down + (0.4 if title else 0))
    if title:
        figure.suptitle(title, fontsize=11)
    for i, (image, caption) in enumerate(zip(images, captions, strict=True)):
        axes = figure.add_subplot(down, across, i + 1)
        if image.dtype.kind == "i":
            axes.imshow(image, cmap="viridis", vmin=0, vmax=most, interpolation="nearest")
        else:
            axes.imshow(image, cmap="gray")
        axes.set_title(caption, fontsize=9)
        axes.axis("off")
    return figure


def matrix(counts: np.ndarray, names: Sequence[str], normalize: bool, title: str) -> Figure:
    """A confusion matrix: rows are actual classes, columns predicted ones; each field has its number."""
    shown = counts / np.maximum(counts.sum(1, keepdims=True), 1) if normalize else counts
    n = len(names)
    side = max(4.0, 1.6 + 0.48 * n)
    figure = new_figure(side + 0.4, side)
    axes = figure.add_subplot()
    axes.imshow(shown, cmap="Blues", vmin=0)
    axes.set(title=title, xlabel="Predicted", ylabel="Actual", xticks=range(n), yticks=range(n))
    axes.set_xticklabels(names, rotation=90 if max(map(len, names)) > 2 else 0)
    axes.set_yticklabels(names)
    dark = shown.max() / 2
    for i in range(n):
        for j in range(n):
            text = f"{shown[i, j]:.2f}" if normalize else str(shown[i, j])
            color = "white" if shown[i, j] > dark else GREY if shown[i, j] == 0 else "black"
            axes.text(j, i, text, ha="center", va="center", fontsize=9 if n <= 12 else 6, color=color)
    return figure


def scatter(actual: np.ndarray, predicted: np.ndarray) -> Figure:
    """Predicted over actual values and the line on which they would be equal."""
    figure = new_figure(5.2, 5.0)
    axes = new_axes(figure, "Predictions", "actual", "predicted")
    ends = [float(min(actual.min(), predicted.min())), float(max(actual.max(), predicted.max()))]
    axes.plot(ends, ends, color=GREY, linewidth=1)
    axes.plot(actual, predicted, "o", color=BLUE, markersize=3, alpha=0.5)
    return figure
