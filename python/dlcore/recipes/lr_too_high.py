"""What a learning rate that is far too high looks like: the loss does not come down, or jumps up.

The course's demonstration (`fit_one_cycle(1, max_lr=0.5)`) printed a validation loss of 1 144 188 288. Adam's steps
have the size of the rate whatever the gradient is, so at .5 each weight moves by up to half a unit a batch, where good
weights are some hundredths. Nothing is broken: the same model from the same start learns at a fiftieth of the rate.
"""

from .contrast import Contrast, digits
from .settings import Settings

DEFAULTS = Settings(epochs=1, bs=64, lr=0.5)
DEFAULT_DATA = "MNIST-5k (the full set: --data DIR)"


def train(s, show):
    data, fits = digits(s), Contrast(s, show)
    good = s.lr / 50
    fits.add(f"lr {s.lr:g}, too high", data, lambda learn: learn.fit_one_cycle(s.epochs, s.lr))
    learn = fits.add(f"lr {good:g}", digits(s), lambda learn: learn.fit_one_cycle(s.epochs, good))
    names = list(fits.fits)
    metrics = {"accuracy": fits.last(names[0]), "accuracy_at_a_fiftieth": fits.last(names[1])}
    return learn.model.state_dict(), fits.rows(), metrics, lambda: fits.picture("A learning rate too high")
