"""A network whose activation is linear does learn: what one linear layer can, and no more.

The notes say that it will probably learn nothing. Two linear layers with nothing between them are one linear layer, so
depth buys nothing: on the digits such a model ends near .91, where a single layer ends too. With max(0, x) between
them, which is zero for negative inputs, the same 39 760 parameters go further.
"""

from dlcore import nn

from .contrast import Contrast, digits, mlp
from .settings import Settings

DEFAULTS = Settings(epochs=10, bs=64, lr=1e-2)
DEFAULT_DATA = "MNIST-5k (the full set: --data DIR)"


def single():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def train(s, show):
    fits = Contrast(s, show)
    models = {"784-10": single, "784-50-10, linear": lambda: mlp(between=nn.Identity), "784-50-10, ReLU": mlp}
    for name, model in models.items():
        learn = fits.add(name, digits(s), lambda learn: learn.fit_one_cycle(s.epochs, s.lr), model=model)
    metrics = dict(zip(("accuracy_single", "accuracy_linear", "accuracy"), map(fits.last, models), strict=True))
    return learn.model.state_dict(), fits.rows(), metrics, lambda: fits.picture("Without an activation between them")
