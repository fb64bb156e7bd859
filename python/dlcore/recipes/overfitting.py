"""Too many epochs on too few samples: the training loss goes to nothing while the validation loss climbs again.

A wide model with no weight decay sees 200 digits again and again. A training loss below the validation loss is no sign
of over-fitting: it is there in any well-trained model. The sign is an error rate, or a validation loss, that has begun
to get worse; of the two the loss turns first, because a model that is sure of its mistakes pays for them before it
makes more of them. Beside it the same model with more data: 2000 digits, for as many steps.
"""

from .contrast import Contrast, digits, mlp
from .settings import Settings

DEFAULTS = Settings(epochs=60, bs=20, lr=3e-3)
DEFAULT_DATA = "MNIST-5k (the full set: --data DIR)"
FEW, MANY = 200, 2000


def train(s, show):
    fits = Contrast(s, show)
    options = {"model": lambda: mlp(200), "wd": 0.0}
    fits.add(f"{FEW} digits", digits(s, FEW), lambda learn: learn.fit(s.epochs, s.lr), **options)
    fewer = max(1, s.epochs * FEW // MANY)
    learn = fits.add(f"{MANY} digits", digits(s, MANY), lambda learn: learn.fit(fewer, s.lr), **options)
    names = list(fits.fits)
    losses = fits.fits[names[0]].recorder.val_losses
    metrics = {"accuracy": fits.last(names[1]), "accuracy_of_few": fits.last(names[0])}
    metrics |= {"valid_loss_of_few": losses[-1], "least_valid_loss_of_few": min(losses)}
    return learn.model.state_dict(), fits.rows(), metrics, lambda: fits.picture("Over-fitting")
