"""Batch, mini-batch and stochastic gradient descent: the same epochs, a hundred and a thousand times the steps.

The notes say that 1000 points in mini-batches of 100 take 10 epochs. They take 10 iterations, which are one epoch: an
epoch is once through the data, whatever the batch. Full-batch descent makes one step of it, mini-batches of 10 a
hundred. All three here see every digit equally often, by plain SGD, larger batches at larger rates.
"""

from dlcore import optim

from .contrast import Contrast, digits
from .settings import Settings

DEFAULTS = Settings(epochs=5, bs=10, lr=0.1)
IGNORES = ("bs",)
DEFAULT_DATA = "MNIST-5k (the full set: --data DIR)"
N = 1000
RATES = {N: 5.0, 100: 3.0, 10: 1.0}  # times --lr


def train(s, show):
    fits = Contrast(s, show)
    for bs, times in RATES.items():
        name = {N: "all at once, 1 step an epoch"}.get(bs, f"batches of {bs}, {N // bs} steps an epoch")
        options = {"opt_func": optim.SGD, "wd": 0.0}
        learn = fits.add(name, digits(s, N, bs), lambda learn, lr=s.lr * times: learn.fit(s.epochs, lr), **options)
    names = list(fits.fits)
    metrics = {"accuracy": fits.last(names[2]), "accuracy_of_100": fits.last(names[1])}
    metrics["accuracy_of_all_at_once"] = fits.last(names[0])
    title = "Batch, mini-batch, stochastic"
    return learn.model.state_dict(), fits.rows(), metrics, lambda: fits.picture(title, x="epochs")
