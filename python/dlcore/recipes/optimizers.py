"""Ruder's list of optimisers on one problem: the digits' small MLP, each with its own customary rate, held constant.

SGD, momentum, Nesterov, Adagrad, Adadelta, RMSprop, Adam, AdaMax, Nadam and AMSGrad (S. Ruder, arXiv:1609.04747), in
his forms. Which comes first depends on the rates as much as on the rules; --lr scales them all. Weight decay is off: an
L2 penalty and weight decay are the same thing for plain SGD alone, not, as the notes have it, in general.
"""

from functools import partial

from dlcore import optim

from .contrast import Contrast, digits
from .settings import Settings

DEFAULTS = Settings(epochs=2, bs=64, lr=1.0)
DEFAULT_DATA = "MNIST-5k (the full set: --data DIR)"
RULES = {
    "SGD": (optim.SGD, 0.1),
    "momentum": (partial(optim.SGD, momentum=0.9), 0.03),
    "Nesterov": (partial(optim.SGD, momentum=0.9, nesterov=True), 0.03),
    "Adagrad": (partial(optim.Adagrad, form="ruder", eps=1e-8), 0.01),
    "Adadelta": (partial(optim.Adadelta, eps=1e-8), 1.0),
    "RMSprop": (partial(optim.RMSprop, alpha=0.9, form="ruder"), 0.001),
    "Adam": (optim.Adam, 0.001),
    "AdaMax": (optim.Adamax, 0.002),
    "Nadam": (partial(optim.NAdam, form="ruder"), 0.001),
    "AMSGrad": (partial(optim.Adam, amsgrad=True, form="ruder"), 0.001),
}


def train(s, show):
    fits, data = Contrast(s, show), digits(s)
    for name, (rule, lr) in RULES.items():
        data.train_dl.epoch = 0  # the same batches for each
        learn = fits.add(name, data, lambda learn, lr=lr * s.lr: learn.fit(s.epochs, lr), opt_func=rule, wd=0.0)
    metrics = {f"accuracy_{name}": fits.last(name) for name in RULES}
    return learn.model.state_dict(), fits.rows(), metrics, lambda: fits.picture("Ruder's list on one problem")
