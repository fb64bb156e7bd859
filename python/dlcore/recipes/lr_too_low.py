"""What a learning rate that is far too low looks like: after five epochs the loss is still on its way down.

The notes say that a training loss above the validation loss is a sign of this, and elsewhere that it is fine. Both
occur: the printed train_loss is a moving average over batches that are past (β = .98), the valid_loss is of the weights
as they are now, so early in training the former is the higher one at any rate. The sign is a loss that falls slowly.
"""

from .contrast import Contrast, digits
from .settings import Settings

DEFAULTS = Settings(epochs=5, bs=64, lr=1e-5)
DEFAULT_DATA = "MNIST-5k (the full set: --data DIR)"


def train(s, show):
    fits, good = Contrast(s, show), 1000 * s.lr
    fits.add(f"lr {s.lr:g}, too low", digits(s), lambda learn: learn.fit_one_cycle(s.epochs, s.lr))
    learn = fits.add(f"lr {good:g}", digits(s), lambda learn: learn.fit_one_cycle(s.epochs, good))
    names = list(fits.fits)
    metrics = {"accuracy": fits.last(names[0]), "accuracy_at_1000_times": fits.last(names[1])}
    return learn.model.state_dict(), fits.rows(), metrics, lambda: fits.picture("A learning rate too low")
