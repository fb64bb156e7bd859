"""The one-cycle policy in PyTorch's form; ``Learner.fit_one_cycle`` runs fast.ai's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from dlcore.optim.lr_scheduler.base import LRScheduler, one_a_group
from dlcore.optim.optimizer import Optimizer


def cos_anneal(start: float, end: float, part: float) -> float:
    """From `start` at part = 0 to `end` at part = 1 along half a cosine.

    >>> cos_anneal(1.0, 0.0, 0.0), cos_anneal(1.0, 0.0, 0.5)
    (1.0, 0.5)
    """
    return end + (start - end) / 2 * (1 + math.cos(math.pi * part))


def linear_anneal(start: float, end: float, part: float) -> float:
    """From `start` at part = 0 to `end` at part = 1 along a line."""
    return (end - start) * part + start


_ANNEAL: dict[str, Callable[[float, float, float], float]] = {"cos": cos_anneal, "linear": linear_anneal}


class OneCycleLR(LRScheduler):
    """The learning rate climbs from max_lr / div_factor to max_lr and falls to that start / final_div_factor.

    One ``step()`` a batch, `total_steps` in all (or `epochs` times `steps_per_epoch`); the climb takes `pct_start` of
    them. With `three_phase` the fall first mirrors the climb and then goes on to the end. With `cycle_momentum` the
    momentum ("momentum", or the first of "betas") goes from `max_momentum` to `base_momentum` and back. `max_lr` and
    both momenta may be lists, one entry a group. ValueError for a step beyond `total_steps`.
    (L. N. Smith & N. Topin, "Super-convergence", arXiv:1708.07120.)

    >>> import dlcore as dl
    >>> opt = dl.optim.SGD([dl.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> schedule = dl.optim.lr_scheduler.OneCycleLR(opt, max_lr=1.0, total_steps=10)
    >>> for _ in range(2):
    ...     schedule.step()
    >>> opt.param_groups[0]["lr"], opt.param_groups[0]["momentum"]
    (1.0, 0.85)
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ):
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR: needs total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        if not isinstance(total_steps, int) or total_steps < 1:
            raise ValueError(f"OneCycleLR: the number of steps must be a whole number above 0, got {total_steps!r}")
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start must be in [0, 1], got {pct_start}")
        if anneal_strategy not in _ANNEAL:
            raise ValueError(f'OneCycleLR: anneal_strategy is "cos" or "linear", got {anneal_strategy!r}')
        self.total_steps, self.anneal_strategy, self.cycle_momentum = total_steps, anneal_strategy, cycle_momentum
        climb = pct_start * total_steps - 1
        # last step of a phase; learning rate and momentum at its start and at its end
        self.phases = [(climb, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
        if three_phase:
            self.phases.append((2 * climb, "max_lr", "initial_lr", "base_momentum", "max_momentum"))
            self.phases.append((total_steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"))
        else:
            self.phases.append((total_steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"))
        peaks = one_a_group(self, "max_lr", max_lr, optimizer)
        high = one_a_group(self, "max_momentum", max_momentum, optimizer)
        low = one_a_group(self, "base_momentum", base_momentum, optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if cycle_momentum and "momentum" not in group and "betas" not in group:
                raise ValueError(
                    f"OneCycleLR: {type(optimizer).__name__} has neither momentum nor betas to cycle; "
                    "pass cycle_momentum=False"
                )
            if last_epoch == -1:
                start = peaks[i] / div_factor
                group.update(initial_lr=start, max_lr=peaks[i], min_lr=start / final_div_factor)
                if cycle_momentum:
                    group.update(max_momentum=high[i], base_momentum=low[i])
        super().__init__(optimizer, last_epoch)

    def _rate(self, group: dict[str, Any], base: float) -> float:
        if self.last_epoch > self.total_steps:
            raise ValueError(f"OneCycleLR: step {self.last_epoch} of {self.total_steps}: the cycle is over")
        start = 0.0
        for phase in self.phases[:-1]:
            if self.last_epoch <= phase[0]:
                break
            start = phase[0]
        else:
            phase = self.phases[-1]
        end, low, high, from_momentum, to_momentum = phase
        part = (self.last_epoch - start) / (end - start) if end > start else 1.0
        anneal = _ANNEAL[self.anneal_strategy]
        if self.cycle_momentum:
            momentum = anneal(group[from_momentum], group[to_momentum], part)
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum
        return anneal(group[low], group[high], part)
