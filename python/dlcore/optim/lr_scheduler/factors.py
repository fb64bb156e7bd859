"""Schedules that multiply: by a step, a power, a line or a function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from dlcore.optim.lr_scheduler.base import LRScheduler, one_a_group
from dlcore.optim.optimizer import Optimizer


class StepLR(LRScheduler):
    """lr *= gamma at every `step_size`-th step: initial_lr gamma^⌊t / step_size⌋.

    >>> import dlcore as dl
    >>> opt = dl.optim.SGD([dl.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = dl.optim.lr_scheduler.StepLR(opt, step_size=1, gamma=0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1):
        if step_size < 1:
            raise ValueError(f"StepLR: step_size must be at least 1, got {step_size}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def _rate(self, group: dict[str, Any], base: float) -> float:
        turn = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return group["lr"] * self.gamma if turn else group["lr"]


class MultiStepLR(LRScheduler):
    """lr *= gamma at each step of `milestones` (as often as it is listed)."""

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1):
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def _rate(self, group: dict[str, Any], base: float) -> float:
        return group["lr"] * self.gamma ** self.milestones[self.last_epoch]


class ExponentialLR(LRScheduler):
    """lr *= gamma at every step: initial_lr gammaᵗ."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _rate(self, group: dict[str, Any], base: float) -> float:
        return group["lr"] if self._starting else group["lr"] * self.gamma


class ConstantLR(LRScheduler):
    """`factor` times the learning rate for `total_iters` steps, then the whole of it. 0 < factor <= 1.

    PyTorch takes a factor of 0 too and divides by it at the end.
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1):
        if not 0 < factor <= 1:
            raise ValueError(f"ConstantLR: factor must be in (0, 1], got {factor}")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def _rate(self, group: dict[str, Any], base: float) -> float:
        if self.last_epoch == 0:
            return group["lr"] * self.factor
        return group["lr"] * (1.0 / self.factor) if self.last_epoch == self.total_iters else group["lr"]


class LinearLR(LRScheduler):
    """The learning rate times a factor that moves from `start_factor` to `end_factor` over `total_iters` steps.

    A warm-up as it stands. 0 < start_factor <= 1 and 0 <= end_factor <= 1.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ):
        if not 0 < start_factor <= 1:
            raise ValueError(f"LinearLR: start_factor must be in (0, 1], got {start_factor}")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"LinearLR: end_factor must be in [0, 1], got {end_factor}")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def _rate(self, group: dict[str, Any], base: float) -> float:
        if self.last_epoch == 0:
            return group["lr"] * self.start_factor
        if self._starting or self.last_epoch > self.total_iters:
            return group["lr"]
        rise = self.end_factor - self.start_factor
        return group["lr"] * (1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))


class LambdaLR(LRScheduler):
    """initial_lr f(t) with a function of the step's number, or a list of functions, one a group.

    >>> import dlcore as dl
    >>> opt = dl.optim.SGD([dl.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = dl.optim.lr_scheduler.LambdaLR(opt, lambda t: 1 / (1 + t))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ):
        self.lr_lambdas = one_a_group(self, "lr_lambda", lr_lambda, optimizer)
        super().__init__(optimizer, last_epoch)

    def step(self) -> None:
        self._factors = iter(self.lr_lambdas)
        super().step()

    def _rate(self, group: dict[str, Any], base: float) -> float:
        return base * next(self._factors)(self.last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Without the functions: whoever loads it makes the schedule with the same ones."""
        return {k: v for k, v in super().state_dict().items() if k not in ("lr_lambdas", "_factors")}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "lr_lambdas"})
