"""Learning rates that change as training goes on, under PyTorch's names: call ``step()`` after ``optimizer.step()``.

Each sets "lr" in the optimizer's groups (one-cycle also the momentum), beginning with its first value when it is made.
The multiplicative ones work on the rate they find, so two of them can act together, as a warm-up and a decay do.

>>> import dlcore as dl
>>> w = dl.zeros(1, requires_grad=True)
>>> opt = dl.optim.SGD([w], lr=0.8)
>>> schedule = dl.optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.5)
>>> rates = []
>>> for epoch in range(5):
...     rates.append(opt.param_groups[0]["lr"])
...     opt.step()
...     schedule.step()
>>> rates
[0.8, 0.8, 0.4, 0.4, 0.2]
"""

from dlcore.optim.lr_scheduler.base import LRScheduler
from dlcore.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from dlcore.optim.lr_scheduler.factors import ConstantLR, ExponentialLR, LambdaLR, LinearLR, MultiStepLR, StepLR
from dlcore.optim.lr_scheduler.one_cycle import OneCycleLR
from dlcore.optim.lr_scheduler.plateau import ReduceLROnPlateau

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "StepLR",
]
