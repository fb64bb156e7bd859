"""Optimisers under PyTorch's names, signatures and defaults; each step is one fused call a parameter group.

>>> import dlcore as dl
>>> w = dl.tensor([1.0], requires_grad=True)
>>> w.grad = dl.tensor([0.5])
>>> dl.optim.SGD([w], lr=0.5).step()
>>> w.tolist()
[0.75]
"""

from dlcore.optim import lr_scheduler
from dlcore.optim.adagrad import Adadelta, Adagrad
from dlcore.optim.adam import Adam, AdamW
from dlcore.optim.adamax import Adamax, NAdam
from dlcore.optim.optimizer import Optimizer
from dlcore.optim.rmsprop import RMSprop
from dlcore.optim.sgd import SGD

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "Optimizer", "RMSprop", "lr_scheduler"]
