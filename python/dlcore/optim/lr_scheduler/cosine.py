"""Half a cosine, once or again and again (Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts",
ICLR 2017, section 3)."""

from __future__ import annotations

import math
from typing import Any

from dlcore.optim.lr_scheduler.base import LRScheduler
from dlcore.optim.optimizer import Optimizer


class CosineAnnealingLR(LRScheduler):
    """From initial_lr to `eta_min` along half a cosine over `T_max` steps; further steps climb back the same way.

    lr = eta_min + (initial_lr - eta_min) (1 + cos(π t / T_max)) / 2, worked out from the rate before, as PyTorch does.

    >>> import dlcore as dl
    >>> opt = dl.optim.SGD([dl.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = dl.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=2)
    >>> schedule.step()
    >>> round(schedule.get_last_lr()[0], 12)
    0.5
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1):
        if T_max < 1:
            raise ValueError(f"CosineAnnealingLR: T_max must be at least 1, got {T_max}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def _rate(self, group: dict[str, Any], base: float) -> float:
        t, T, low = self.last_epoch, self.T_max, self.eta_min
        if self._starting:
            return group["lr"]
        if (t - 1 - T) % (2 * T) == 0:  # the rate before was eta_min, which no factor leads out of
            return group["lr"] + (base - low) * (1 - math.cos(math.pi / T)) / 2
        return (1 + math.cos(math.pi * t / T)) / (1 + math.cos(math.pi * (t - 1) / T)) * (group["lr"] - low) + low


class CosineAnnealingWarmRestarts(LRScheduler):
    """As CosineAnnealingLR for `T_0` steps, then from initial_lr again over T_0 T_mult, T_0 T_mult² … steps.

    ``step(epoch)`` with a fraction sets the rate within an epoch: ``schedule.step(epoch + batch / batches)``.
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1):
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"CosineAnnealingWarmRestarts: {name} must be a whole number above 0, got {value!r}")
        self.T_0, self.T_i, self.T_mult, self.eta_min, self.T_cur = T_0, T_0, T_mult, eta_min, float(last_epoch)
        super().__init__(optimizer, last_epoch)

    def step(self, epoch: float | None = None) -> None:
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur % self.T_i, self.T_i * self.T_mult
            self.last_epoch += 1
        else:
            if epoch < 0:
                raise ValueError(f"CosineAnnealingWarmRestarts: epoch must not be negative, got {epoch}")
            self.T_i, self.T_cur = self.T_0, epoch
            while self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur - self.T_i, self.T_i * self.T_mult
            self.last_epoch = math.floor(epoch)
        self.last_epoch -= 1  # which the base counts up
        super().step()

    def _rate(self, group: dict[str, Any], base: float) -> float:
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
