"""What every schedule shares: the optimizer's groups, a count of steps, saving and loading."""

from __future__ import annotations

from typing import Any

from dlcore.optim.optimizer import Optimizer


class LRScheduler:
    """Base class. A schedule overrides ``_rate(group, base)``, the learning rate of one group at ``last_epoch``.

    `last_epoch` is the number of ``step()`` calls, 0 once the schedule is made. Passing one resumes there: the groups
    then carry "initial_lr" from the optimizer's saved state (KeyError if not). Nothing here knows epochs from batches.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        self.optimizer = take_optimizer(self, optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: group {i} has no 'initial_lr' to resume from at last_epoch={last_epoch}; "
                    "load the optimizer's saved state first, or leave last_epoch out"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._starting = True
        self.step()
        self._starting = False

    def step(self) -> None:
        """Sets the next learning rates."""
        groups = self.optimizer.param_groups
        if len(groups) != len(self.base_lrs):
            raise ValueError(
                f"{type(self).__name__}: made for {len(self.base_lrs)} parameter groups, but the optimizer now has "
                f"{len(groups)}; make the schedule after add_param_group"
            )
        self.last_epoch += 1
        rates = [self._rate(group, base) for group, base in zip(groups, self.base_lrs, strict=True)]
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = rates

    def get_last_lr(self) -> list[float]:
        """The learning rates that the last step set, one a group."""
        return self._last_lr

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, which saves its own state (and its learning rates)."""
        return {k: v for k, v in self.__dict__.items() if k != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.__dict__.update(state_dict)

    def _rate(self, group: dict[str, Any], base: float) -> float:
        raise NotImplementedError(f"{type(self).__name__}: define _rate(group, base), the learning rate of one group")


def take_optimizer(schedule: object, optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(schedule).__name__}: needs an optimizer, got {type(optimizer).__name__}")
    return optimizer


def one_a_group(schedule: object, name: str, value: Any, optimizer: Optimizer) -> list:
    """A list with an entry a parameter group, from such a list or from one value for all."""
    n = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * n
    if len(value) != n:
        raise ValueError(f"{type(schedule).__name__}: {name} has {len(value)} entries for {n} parameter groups")
    return list(value)
