"""Learning rate and momentum over a fit, as phases: fast.ai v1's TrainingPhase, and its one cycle of two of them.

(callbacks/one_cycle.py and general_sched.py of fast.ai v1; L. N. Smith, arXiv:1803.09820.) A phase of n batches goes
from its start to its end; batch t of it gets anneal(start, end, t / n), so a phase's end is the next one's first
value. A phase of no batches still takes one. A schedule is a function of the number of batches done, and plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dlcore.optim.lr_scheduler.one_cycle import cos_anneal, linear_anneal

from .callback import Callback, Run


def _exp(start: float, end: float, part: float) -> float:
    return start * (end / start) ** part


def _none(start: float, end: float, part: float) -> float:
    return start


ANNEAL: dict[str, Callable[[float, float, float], float]] = {
    "cos": cos_anneal,
    "linear": linear_anneal,
    "exp": _exp,
    "no": _none,
}


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
    phases = one_cycle_phases(total, [max_lr], moms, div_factor, pct_start, final_div)
    return value_at(phases, step, 0)


@dataclass(frozen=True)
class Phase:
    """`batches` long; from `lrs[0]` to `lrs[1]`, each a rate a layer group, and `moms` likewise (None: left alone)."""

    batches: int
    lrs: tuple[Sequence[float], Sequence[float]]
    moms: tuple[float, float] | None = None
    anneal: str = "cos"

    def __post_init__(self) -> None:
        if self.anneal not in ANNEAL:
            raise ValueError(f"Phase: anneal is one of {', '.join(ANNEAL)}, not {self.anneal!r}")


def one_cycle_phases(
    total: int,
    max_lrs: Sequence[float],
    moms: tuple[float, float] = (0.95, 0.85),
    div_factor: float = 25.0,
    pct_start: float = 0.3,
    final_div: float | None = None,
) -> list[Phase]:
    """The climb and the fall; every layer group follows the same curve to its own peak."""
    if not 0 <= pct_start <= 1:
        raise ValueError(f"one cycle: pct_start must be in [0, 1], got {pct_start}")
    climb = int(total * pct_start)
    last = div_factor * 1e4 if final_div is None else final_div
    low, end = [lr / div_factor for lr in max_lrs], [lr / last for lr in max_lrs]
    up = Phase(climb, (low, list(max_lrs)), (moms[0], moms[1]))
    return [up, Phase(total - climb, (list(max_lrs), end), (moms[1], moms[0]))]


def _place(phases: Sequence[Phase], done: int) -> tuple[Phase, float]:
    """The phase that `done` batches lead to, and how far into it that is."""
    for phase in phases[:-1]:
        n = max(1, phase.batches)
        if done <= n:
            return phase, done / n
        done -= n
    return phases[-1], min(1.0, done / max(1, phases[-1].batches))


def value_at(phases: Sequence[Phase], done: int, group: int) -> tuple[float, Any]:
    """(learning rate of a layer group, momentum) for the batch after `done` others."""
    phase, part = _place(phases, done)
    anneal = ANNEAL[phase.anneal]
    mom = None if phase.moms is None else anneal(*phase.moms, part)
    return anneal(phase.lrs[0][group], phase.lrs[1][group], part), mom


class Scheduler(Callback):
    """Sets each batch's learning rates and momentum by `phases`, from batch `start` of them on.

    >>> from dlcore.train import Phase, Scheduler
    >>> warm = Scheduler([Phase(10, ([0.0], [1e-2]), anneal="linear"), Phase(90, ([1e-2], [1e-2]))])
    """

    order = -10  # before whatever reads the rate

    def __init__(self, phases: Sequence[Phase], start: int = 0):
        if not phases:
            raise ValueError("Scheduler: needs at least one phase")
        self.phases, self.start = list(phases), start

    def on_train_begin(self, run: Run) -> None:
        groups = run.learn.opt.n_groups
        for phase in self.phases:
            if len(phase.lrs[0]) != groups or len(phase.lrs[1]) != groups:
                raise ValueError(f"Scheduler: {len(phase.lrs[0])} learning rates for {groups} layer groups")
        self._set(run.learn.opt, self.start + run.iteration)

    def on_batch_end(self, run: Run) -> None:
        self._set(run.learn.opt, self.start + run.iteration)

    def _set(self, opt: Any, done: int) -> None:
        phase, part = _place(self.phases, done)
        anneal = ANNEAL[phase.anneal]
        opt.set_lrs([anneal(a, b, part) for a, b in zip(*phase.lrs, strict=True)])
        if phase.moms is not None:
            opt.mom = anneal(*phase.moms, part)

    def as_data(self) -> dict[str, Any]:
        """For a checkpoint: `Scheduler.from_data` makes the same again."""
        return {"phases": [asdict(phase) for phase in self.phases], "start": self.start}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Scheduler:
        return cls([Phase(**{**phase, "lrs": tuple(phase["lrs"])}) for phase in data["phases"]], data["start"])
