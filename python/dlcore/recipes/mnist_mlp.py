"""Lesson 5: digits with one hidden layer, 784-50-10.

One epoch on the full MNIST (60 000 digits) gives an accuracy near .96; the course printed .9635.
"""

import dlcore.nn.functional as F
from dlcore import nn
from dlcore.data import normalize
from dlcore.data.mnist import mnist
from dlcore.train import accuracy, fit_one_cycle

from .loaders import make_loaders
from .settings import Settings

DEFAULTS = Settings(epochs=1, bs=64, lr=1e-2)
DEFAULT_DATA = "MNIST-5k (the full set: --data DIR)"


def make_model():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))


def train(s, show):
    to_float = [normalize(mean=0.0, std=1.0)]  # bytes 0 … 255 become 0 … 1, as in the lesson
    train_loader, valid_loader = make_loaders(s, *mnist(s.data), to_float, to_float)
    model = make_model()
    rows = fit_one_cycle(model, train_loader, valid_loader, F.cross_entropy, accuracy, s.epochs, s.lr, show=show)
    return model.state_dict(), rows, {"accuracy": rows[-1]["accuracy"]}
