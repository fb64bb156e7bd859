"""Training: the one-cycle schedule, one plain loop, the epoch table."""

from .loop import fit_one_cycle, validate
from .metrics import accuracy, mse
from .progress import Progress
from .schedule import OneCycle, one_cycle

__all__ = ["OneCycle", "Progress", "accuracy", "fit_one_cycle", "mse", "one_cycle", "validate"]
