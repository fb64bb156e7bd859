"""Lesson 7: digits with residual blocks between the convolutions that halve the picture.

A residual block adds what two convolutions make of its input to the input itself (He et al., "Deep residual learning",
CVPR 2016). As in the course's `conv_layer` the batch norm stands behind the ReLU. Twelve epochs on the full MNIST; the
course printed an accuracy of .9952.
"""

from dlcore import nn
from dlcore.data import normalize, rand_pad
from dlcore.data.mnist import MEAN, STD, mnist
from dlcore.train import Learner, accuracy, register

from .loaders import make_data
from .settings import Settings

DEFAULTS = Settings(epochs=12, bs=128, lr=5e-2)
LEAST_BS = 2  # the last batch norm has one pixel a sample, and one value has no variance
DEFAULT_DATA = "MNIST-5k (the full set: --data DIR)"


def conv_layer(n_in, n_out, stride=1):
    conv = nn.Conv2d(n_in, n_out, kernel_size=3, stride=stride, padding=1, bias=False)
    nn.init.kaiming_normal_(conv.weight)
    return nn.Sequential(conv, nn.ReLU(), nn.BatchNorm2d(n_out))


class ResBlock(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.first, self.second = conv_layer(n, n), conv_layer(n, n)

    def forward(self, x):
        return x + self.second(self.first(x))


@register
def mnist_resnet(classes=10):
    widths = (1, 8, 16, 32, 16)
    parts = []
    for n_in, n_out in zip(widths, widths[1:], strict=False):
        parts += [conv_layer(n_in, n_out, stride=2), ResBlock(n_out)]
    return nn.Sequential(*parts, conv_layer(16, classes, stride=2), nn.Flatten())


make_model = mnist_resnet


def train(s, show):
    plain = [normalize(MEAN, STD)]
    data = make_data(s, *mnist(s.data), [rand_pad(3, 28), *plain], plain)
    learn = Learner(data, make_model(), metrics=accuracy, show=show)
    learn.fit_one_cycle(s.epochs, s.lr)
    rows = learn.recorder.rows
    return learn.model.state_dict(), rows, {"accuracy": rows[-1]["accuracy"]}
