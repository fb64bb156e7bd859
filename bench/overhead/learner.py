"""What the Learner costs beside the loop it stands for, and predict beside the forward: both sides are dlcore's, so the
ratio is the bare loop's time over the Learner's, and the difference of the two columns is the overhead. Budgets of the
training layer: 40 µs a batch, 1 ms a prediction."""

from __future__ import annotations

from typing import Any

import numpy as np

import dlcore as dl
import dlcore.nn.functional as F
from dlcore import nn, optim
from dlcore.data import DataLoader, TensorDataset
from dlcore.train import DataBunch, Learner, Progress

from ..harness import Lib, Row

BATCHES = 100


def model() -> Any:
    return nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))


def digits(n: int) -> TensorDataset:
    return TensorDataset(np.zeros((n, 784), np.float32), np.zeros(n, np.int64))


def batch(lib: Lib) -> Any:
    """One epoch of the MLP with AdamW at batch 64: the peer's side is the loop written down, losses read as items."""
    data, net = digits(64 * BATCHES), model()
    learn = Learner(DataBunch.create(data, bs=64), net, show=Progress(quiet=True))
    optimizer = optim.AdamW(net.parameters(), lr=1e-3, betas=(0.9, 0.99))
    loader = DataLoader(data, 64, shuffle=True, drop_last=True)

    def bare() -> Any:
        for x, y in loader:
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            loss.item()
        return dl.zeros(1)

    def whole() -> Any:
        learn.fit_one_cycle(1, 1e-3)
        return dl.zeros(1)

    return bare if lib.peer else whole


def prediction(lib: Lib) -> Any:
    """One digit through the MLP."""
    data, net = digits(64), model().eval()
    learn = Learner(DataBunch.create(data, data), net, show=Progress(quiet=True))
    item = data.arrays[0][0]
    x = dl.tensor(item[None])

    def forward() -> Any:
        with dl.no_grad():
            return net(x)[0]

    def whole() -> Any:
        return learn.predict(item).output

    return forward if lib.peer else whole


ROWS = [
    Row("Learner, a batch : the bare loop", batch, per=BATCHES, random=True),
    Row("Learner.predict : the forward", prediction, random=True),
]
