"""The same model trained in several ways, side by side: what the recipes that teach by failure share."""

from collections.abc import Callable
from typing import Any

import numpy as np

import dlcore as dl
from dlcore import nn
from dlcore.data import TensorDataset, normalize
from dlcore.data.mnist import mnist
from dlcore.train import DataBunch, Learner, Progress, accuracy, plots

from .settings import SettingError, Settings

COLORS = ("#1f5fa8", "#d9722e", "#3a9a5c", "#8a5fb0", "#b03a48", "#8a8a8a", "#c9a227", "#4bb3b8", "#7a5230", "#e377c2")


def digits(s: Settings, n: int | None = None, bs: int | None = None) -> DataBunch:
    """MNIST's bytes as 0 … 1; of the training digits `n`, evenly spread (else all); in batches of `bs`, else s.bs."""
    train, valid = mnist(s.data)
    if n is not None:
        if n > len(train):
            raise SettingError(f"this recipe needs {n} training samples; --data has {len(train)}")
        spread = np.arange(n) * len(train) // n  # not the first: MNIST-5k lies in the order of the digits
        train = TensorDataset(*(a[spread] for a in train.arrays))
    bs = bs or s.bs
    if bs > len(train):
        raise SettingError(f"--bs {bs} is more than the {len(train)} training samples")
    plain = [normalize(mean=0.0, std=1.0)]
    options: dict[str, Any] = {"num_workers": s.workers, "seed": s.seed, "device": s.device}
    return DataBunch.create(train, valid, bs=bs, val_bs=256, train_transform=plain, valid_transform=plain, **options)


def mlp(width: int = 50, between: Any = nn.ReLU) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, width), between(), nn.Linear(width, 10))


class Contrast:
    """Fits by name. Each starts from the weights of the seed; the table of each is shown under its name."""

    def __init__(self, s: Settings, show: Progress):
        self.s, self.show = s, show
        self.fits: dict[str, Learner] = {}

    def add(
        self, name: str, data: DataBunch, fit: Callable[[Learner], Any], model: Any = mlp, **options: Any
    ) -> Learner:
        dl.manual_seed(self.s.seed)
        learn = Learner(data, model(), metrics=accuracy, show=self.show, **options)
        self.show.title += f"\n{name}" if self.show.title else name
        fit(learn)
        self.fits[name] = learn
        return learn

    def rows(self) -> list[dict[str, float]]:
        """Every line of every table; `fit` counts the fits from 1."""
        return [{"fit": i, **row} for i, learn in enumerate(self.fits.values(), 1) for row in learn.recorder.rows]

    def picture(self, title: str, x: str = "batches") -> Any:
        """Smoothed training losses as lines and validation losses as dots, a colour a fit, over batches or epochs."""
        figure = plots.new_figure(8.0, 4.6)
        axes = plots.new_axes(figure, title, x, "loss")
        for (name, learn), color in zip(self.fits.items(), COLORS, strict=False):
            recorder = learn.recorder
            ends = np.cumsum(recorder.nb_batches)
            scale = recorder.nb_batches[0] if x == "epochs" else 1
            axes.plot(np.arange(1, len(recorder.losses) + 1) / scale, recorder.losses, color=color, label=name)
            axes.plot(ends / scale, recorder.val_losses, "o", color=color, markersize=4)
        axes.plot([], [], "o", color="black", markersize=4, label="validation")
        axes.legend(frameon=False, fontsize=9)
        return figure

    def last(self, name: str, column: str = "accuracy") -> float:
        return self.fits[name].recorder.rows[-1][column]
