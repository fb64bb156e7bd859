"""Training as the course teaches it: a Learner, its callbacks and schedules, metrics, and what to look at afterwards.

Start at `Learner`; `callback.py` says what can be hung into a fit.
"""

from . import metrics
from .callback import Callback, Run
from .databunch import DataBunch
from .groups import lr_range
from .inference import Prediction
from .learner import Learner
from .losses import activation_of, bce_with_logits, mse_flat
from .lr_find import LRFind
from .metrics import accuracy, error_rate, mse, whole
from .optimizer import AdamW, OptimWrapper
from .progress import Progress
from .recorder import Recorder
from .schedule import Phase, Scheduler, one_cycle

__all__ = [
    "AdamW",
    "Callback",
    "DataBunch",
    "LRFind",
    "Learner",
    "OptimWrapper",
    "Phase",
    "Prediction",
    "Progress",
    "Recorder",
    "Run",
    "Scheduler",
    "accuracy",
    "activation_of",
    "bce_with_logits",
    "error_rate",
    "lr_range",
    "metrics",
    "mse",
    "mse_flat",
    "one_cycle",
    "whole",
]
