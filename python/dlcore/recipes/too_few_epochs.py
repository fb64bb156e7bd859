"""One epoch beside several: the cycle ends before the model has learnt what the data can teach it.

`fit_one_cycle(4)` is one cycle of four epochs, not four cycles: the rate rises and falls once, however long it takes.
After one epoch the training loss is above the validation loss, which says that it is early, not that anything is wrong.
"""

from .contrast import Contrast, digits
from .settings import Settings

DEFAULTS = Settings(epochs=8, bs=64, lr=1e-2)
DEFAULT_DATA = "MNIST-5k (the full set: --data DIR)"


def train(s, show):
    fits = Contrast(s, show)
    fits.add("1 epoch", digits(s), lambda learn: learn.fit_one_cycle(1, s.lr))
    learn = fits.add(f"a cycle of {s.epochs}", digits(s), lambda learn: learn.fit_one_cycle(s.epochs, s.lr))
    names = list(fits.fits)
    metrics = {"accuracy": fits.last(names[1]), "accuracy_after_one": fits.last(names[0])}
    return learn.model.state_dict(), fits.rows(), metrics, lambda: fits.picture("Too few epochs")
