"""Whether the cores are this process's alone.

On a rented machine a core's second hardware thread may work for somebody else, for milliseconds to minutes. Arithmetic
in registers hardly slows then, reads from L1 take twice as long, and with them whatever is timed; a product on tiles
loses more than one of multiply-adds. Reads from L1 are therefore the probe, and it decides alone, before and after each
pair of samples, whether the pair counts: it knows nothing of either side's time.

Measured with 5000 products of 256³ beside it: while they took at most 1.15 times their best, the probe took 1.1 times
its own (nine tenths of them up to 1.3); otherwise 2.0 (nine tenths from 1.3 on).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

import numpy as np

FLOATS = 4096  # 16 KB: a third of an L1
SUMS = 60  # some 0.15 ms
QUIET = 1.25  # of the best time seen on that core
PAUSE_S = 0.01
CALIBRATION_S = 20.0  # a spell in which both cores are free comes by in that time


def sums_from_l1(core: int) -> float:
    """Seconds of SUMS sums of FLOATS floats on one core."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        _DATA.sum()
        start = time.perf_counter()
        for _ in range(SUMS):
            _DATA.sum()
        return time.perf_counter() - start
    finally:
        os.sched_setaffinity(0, everywhere)


_DATA = np.ones(FLOATS, np.float32)


class Quiet:
    """Waits for quiet spells, for `patience` seconds a row in all; a row that has waited so long is timed as it is."""

    def __init__(
        self,
        patience: float,
        cores: Iterable[int] | None = None,
        probe: Callable[[int], float] = sums_from_l1,
        calibration: float = CALIBRATION_S,
    ) -> None:
        self.patience = patience
        self.probe = probe
        self.best = {core: probe(core) for core in (os.sched_getaffinity(0) if cores is None else cores)}
        self.left = patience
        end = time.perf_counter() + calibration
        while time.perf_counter() < end:
            self.now()
            time.sleep(PAUSE_S)

    def begin_row(self) -> None:
        self.left = self.patience

    def now(self) -> bool:
        """Whether every core is free at the moment."""
        quiet = True
        for core, best in self.best.items():
            seconds = self.probe(core)
            self.best[core] = min(best, seconds)
            quiet = quiet and seconds <= QUIET * best
        return quiet

    def wait(self) -> bool:
        """Return True as soon as every core is free, False once the row's patience is spent."""
        while self.left > 0:
            start = time.perf_counter()
            if self.now():
                return True
            time.sleep(PAUSE_S)
            self.left -= time.perf_counter() - start
        return False
