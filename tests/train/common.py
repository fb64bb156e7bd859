"""Small data and models that the tests of training share."""

from __future__ import annotations

from typing import Any

import numpy as np

import dlcore as dl
from dlcore import nn
from dlcore.data import TensorDataset
from dlcore.train import DataBunch, Learner, Progress, accuracy


def blobs(n: int = 120, seed: int = 0, classes: int = 2) -> TensorDataset:
    """Clouds of points in the plane and their labels."""
    random = np.random.RandomState(seed)
    y = np.arange(n) % classes
    return TensorDataset((random.randn(n, 2) + 3 * np.stack([y, -y], 1)).astype(np.float32), y)


def bunch(n: int = 120, bs: int = 16, **options: Any) -> DataBunch:
    return DataBunch.create(blobs(n), blobs(50, 1), bs=bs, **options)


def net(width: int = 8, norm: bool = False, drop: float = 0.0) -> nn.Sequential:
    """Two layers; their weights are those of seed 0."""
    dl.manual_seed(0)
    middle = [nn.BatchNorm1d(width)] if norm else []
    return nn.Sequential(
        nn.Linear(2, width), *middle, nn.ReLU(), *([nn.Dropout(drop)] if drop else []), nn.Linear(width, 2)
    )


def learner(data: DataBunch | None = None, model: Any = None, **options: Any) -> Learner:
    """A Learner that shows nothing; the random stream starts at 1."""
    options = {"metrics": accuracy, "show": Progress(quiet=True)} | options
    model = model or net()
    dl.manual_seed(1)
    return Learner(data or bunch(), model, **options)


def weights(learn: Learner) -> dict[str, bytes]:
    """Every parameter's and buffer's bytes."""
    named = {**dict(learn.model.named_parameters()), **dict(learn.model.named_buffers())}
    return {name: t.detach().numpy().tobytes() for name, t in named.items()}
