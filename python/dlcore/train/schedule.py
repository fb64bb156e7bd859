"""The one-cycle schedule as fast.ai v1 runs it (callbacks/one_cycle.py; L. N. Smith, arXiv:1803.09820).

Over n batches the learning rate climbs from max/div_factor to max during the first int(n·pct_start), then falls to
max/final_div; momentum goes the other way. Both follow half a cosine.
"""

from collections.abc import Sequence
from typing import Any

from dlcore.optim.lr_scheduler.one_cycle import cos_anneal


def one_cycle(
    step: int,
    total: int,
    max_lr: float,
    moms: tuple[float, float] = (0.95, 0.85),
    div_factor: float = 25.0,
    pct_start: float = 0.3,
    final_div: float | None = None,
) -> tuple[float, float]:
    """(learning rate, momentum) for batch `step` of `total`, counted from 0.

    `final_div` defaults to div_factor · 10⁴. At step == total, after the last batch, the rate is max_lr / final_div.

    >>> [f"{one_cycle(t, 10, 1e-2)[0]:.3g}" for t in (0, 3, 9)]
    ['0.0004', '0.01', '0.000495']
    """
    low, end = max_lr / div_factor, max_lr / (div_factor * 1e4 if final_div is None else final_div)
    climb = int(total * pct_start)
    fall = max(1, total - climb)
    climb = max(1, climb)  # a climb of no steps still takes one: batch 0 always has max_lr / div_factor
    if step <= climb:
        part = step / climb
        return cos_anneal(low, max_lr, part), cos_anneal(moms[0], moms[1], part)
    part = min(1.0, (step - climb) / fall)
    return cos_anneal(max_lr, end, part), cos_anneal(moms[1], moms[0], part)


class OneCycle:
    """Sets an optimizer's learning rate and momentum for each batch; call `step()` after each `optimizer.step()`.

    `max_lr`: one rate, or one for each parameter group (every group follows the same curve). Momentum is `betas[0]`
    for the Adam family and `momentum` for SGD. Raises ValueError when the rates do not match the groups.
    """

    def __init__(self, optimizer: Any, max_lr: float | Sequence[float], total: int, **options: Any):
        groups = optimizer.param_groups
        self.optimizer, self.total, self.options, self.done = optimizer, total, options, 0
        self.max_lrs = [float(lr) for lr in max_lr] if isinstance(max_lr, Sequence) else [float(max_lr)] * len(groups)
        if len(self.max_lrs) != len(groups):
            raise ValueError(f"OneCycle: {len(self.max_lrs)} learning rates for {len(groups)} parameter groups")
        self._set()

    def step(self) -> None:
        self.done += 1
        self._set()

    def _set(self) -> None:
        for group, max_lr in zip(self.optimizer.param_groups, self.max_lrs, strict=True):
            group["lr"], momentum = one_cycle(self.done, self.total, max_lr, **self.options)
            if "betas" in group:
                group["betas"] = (momentum, group["betas"][1])
            else:
                group["momentum"] = momentum
