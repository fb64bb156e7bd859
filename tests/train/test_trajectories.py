"""Whole fits against the same fit written down in PyTorch, float64, 50 steps: every weight to 1e-9."""

import math

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn
from dlcore.data import TensorDataset
from dlcore.data.randomness import epoch_order
from dlcore.train import DataBunch, Learner, Progress, mse

torch = pytest.importorskip("torch")

BS, BATCHES = 8, 5
X = np.random.RandomState(0).randn(BS * BATCHES, 4)
Y = np.stack([np.sin(X[:, 0]) + X[:, 1], X[:, 2] * X[:, 3]], 1)


def ours(**options):
    dl.manual_seed(3)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))
    data = TensorDataset(X, Y)
    options = {"metrics": mse, "layer_groups": [model[3], model[5]], "show": Progress(quiet=True)} | options
    return Learner(DataBunch.create(data, data, bs=BS), model.double(), **options)


class Theirs:
    """Adam, or SGD, with decoupled decay: one parameter group a tensor, and no schedule but the formulas below."""

    def __init__(self, model, sgd=False):
        layers = [torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Tanh(), torch.nn.Linear(8, 8)]
        self.model = torch.nn.Sequential(*layers, torch.nn.Tanh(), torch.nn.Linear(8, 2)).double()
        self.model.load_state_dict({k: torch.from_numpy(v.numpy().copy()) for k, v in model.state_dict().items()})
        self.group = {name: 0 if name[0] in "01" else 1 if name[0] == "3" else 2 for name, _ in self.named()}
        self.sgd, self.epoch = sgd, 0
        self.train(lambda name: True)

    def named(self):
        return self.model.named_parameters()

    def train(self, wanted):
        """A fresh optimiser over what is trained."""
        chosen = [(n, p.requires_grad_(wanted(n))) for n, p in self.named()]
        groups = [{"params": [p], "name": n, "lr": 0.0} for n, p in chosen if p.requires_grad]
        self.opt = torch.optim.SGD(groups, momentum=0.9) if self.sgd else torch.optim.Adam(groups, betas=(0.9, 0.99))

    def fit(self, epochs, rates, wd, moms=None):
        """`rates(t)` and `moms(t)` for batch t of this fit."""
        t = 0
        for _ in range(epochs):
            order = epoch_order(0, self.epoch, len(X))
            self.epoch += 1
            for i in range(BATCHES):
                rows = order[i * BS : (i + 1) * BS]
                loss = torch.nn.functional.mse_loss(self.model(torch.tensor(X[rows])), torch.tensor(Y[rows]))
                self.opt.zero_grad()
                loss.backward()
                for group in self.opt.param_groups:
                    group["lr"] = rates(t)[self.group[group["name"]]]
                    if moms and self.sgd:
                        group["momentum"] = moms(t)
                    elif moms:
                        group["betas"] = (moms(t), 0.99)
                    for p in group["params"]:
                        p.data.mul_(1 - group["lr"] * wd)
                self.opt.step()
                t += 1


def cycle(total, peaks, pct=0.3, moms=(0.95, 0.85)):
    climb = int(total * pct)

    def between(a, b, part):
        return b + (a - b) / 2 * (1 + math.cos(math.pi * part))

    def rates(t):
        if t <= climb:
            return [between(p / 25, p, t / climb) for p in peaks]
        return [between(p, p / 25e4, (t - climb) / (total - climb)) for p in peaks]

    def momentum(t):
        return between(*moms, t / climb) if t <= climb else between(*moms[::-1], (t - climb) / (total - climb))

    return rates, momentum


def assert_equal(learn, theirs):
    own = learn.model.state_dict()
    for name, value in theirs.model.state_dict().items():
        np.testing.assert_allclose(own[name].numpy(), value.numpy(), rtol=0, atol=1e-9, err_msg=name)


def test_one_cycle():
    learn = ours()
    theirs = Theirs(learn.model)
    learn.fit_one_cycle(10, 1e-2)
    rates, moms = cycle(50, [1e-2] * 3)
    theirs.fit(10, rates, 1e-2, moms)
    assert_equal(learn, theirs)
    assert learn.recorder.lrs == pytest.approx([rates(t)[2] for t in range(50)], rel=1e-9)


def test_one_cycle_of_sgd_moves_its_momentum():
    learn = ours(opt_func=dl.optim.SGD, wd=0.1)
    theirs = Theirs(learn.model, sgd=True)
    learn.fit_one_cycle(10, 1e-2)
    rates, moms = cycle(50, [1e-2] * 3)
    theirs.fit(10, rates, 0.1, moms)
    assert_equal(learn, theirs)


def test_discriminative_learning_rates():
    learn = ours()
    theirs = Theirs(learn.model)
    learn.fit_one_cycle(10, slice(1e-4, 1e-2), pct_start=0.4, wd=0.1)
    rates, moms = cycle(50, [1e-4, 1e-3, 1e-2], pct=0.4)
    theirs.fit(10, rates, 0.1, moms)
    assert_equal(learn, theirs)


def test_freeze_then_unfreeze():
    """Each starts Adam anew; batch norm's parameters are trained throughout."""
    learn = ours()
    theirs = Theirs(learn.model)
    learn.freeze()
    learn.fit_one_cycle(4, slice(1e-2))
    learn.freeze_to(1)
    learn.fit(2, 1e-3)
    learn.unfreeze()
    learn.fit_one_cycle(4, slice(1e-5, 1e-3))
    norm = ("1.weight", "1.bias")
    theirs.train(lambda name: name in norm or name[0] == "5")
    rates, moms = cycle(20, [1e-3, 1e-3, 1e-2])
    theirs.fit(4, rates, 1e-2, moms)
    theirs.train(lambda name: name in norm or name[0] in "35")
    theirs.fit(2, lambda t: [1e-3] * 3, 1e-2)
    theirs.train(lambda name: True)
    rates, moms = cycle(20, [1e-5, 1e-4, 1e-3])
    theirs.fit(4, rates, 1e-2, moms)
    assert_equal(learn, theirs)
