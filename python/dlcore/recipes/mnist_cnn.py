"""Lesson 7: digits with five convolutions and nothing else, 12 126 parameters.

Each layer halves the picture: 28 → 14 → 7 → 4 → 2 → 1 pixels a side, and the last has one channel for each digit.
In training each picture is shifted by up to three pixels. Three epochs on the full MNIST give an accuracy near .988;
the course printed .9886.
"""

from dlcore import nn
from dlcore.data import normalize, rand_pad
from dlcore.data.mnist import MEAN, STD, mnist
from dlcore.train import Learner, accuracy

from .loaders import make_data
from .settings import Settings

DEFAULTS = Settings(epochs=3, bs=128, lr=1e-1)
LEAST_BS = 2  # the last batch norm has one pixel a sample, and one value has no variance
DEFAULT_DATA = "MNIST-5k (the full set: --data DIR)"


def halve(n_in, n_out):
    return [nn.Conv2d(n_in, n_out, kernel_size=3, stride=2, padding=1), nn.BatchNorm2d(n_out)]


def make_model():
    return nn.Sequential(
        *halve(1, 8),
        nn.ReLU(),
        *halve(8, 16),
        nn.ReLU(),
        *halve(16, 32),
        nn.ReLU(),
        *halve(32, 16),
        nn.ReLU(),
        *halve(16, 10),
        nn.Flatten(),
    )


def train(s, show):
    plain = [normalize(MEAN, STD)]
    data = make_data(s, *mnist(s.data), [rand_pad(3, 28), *plain], plain)
    learn = Learner(data, make_model(), metrics=accuracy, show=show)
    learn.fit_one_cycle(s.epochs, s.lr)
    rows = learn.recorder.rows
    return learn.model.state_dict(), rows, {"accuracy": rows[-1]["accuracy"]}
