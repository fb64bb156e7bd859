"""Lesson 5: digits with one hidden layer, 784-50-10.

One epoch on the full MNIST (60 000 digits) gives an accuracy near .96; the course printed .9635.
"""

from dlcore import nn
from dlcore.data import normalize
from dlcore.data.mnist import mnist
from dlcore.train import Learner, accuracy

from .loaders import make_data
from .settings import Settings

DEFAULTS = Settings(epochs=1, bs=64, lr=1e-2)
DEFAULT_DATA = "MNIST-5k (the full set: --data DIR)"


def make_model():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))


def train(s, show):
    to_float = [normalize(mean=0.0, std=1.0)]  # bytes 0 … 255 become 0 … 1, as in the lesson
    data = make_data(s, *mnist(s.data), to_float, to_float)
    learn = Learner(data, make_model(), metrics=accuracy, show=show)
    learn.fit_one_cycle(s.epochs, s.lr)
    rows = learn.recorder.rows
    return learn.model.state_dict(), rows, {"accuracy": rows[-1]["accuracy"]}
