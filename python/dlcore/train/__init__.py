"""Training as the course teaches it: a Learner, its callbacks and schedules, metrics, and what to look at afterwards.

Start at `Learner`; `callback.py` says what can be hung into a fit.
"""

from dlcore.registry import register

from . import metrics
from .callback import Callback, Run
from .checkpoint import Checkpoint
from .cleaning import Cleaned, Cleaner
from .databunch import DataBunch
from .export import export, load_learner
from .finite import StopOnNaN
from .gradients import Accumulate, GradientClipping, LossScaler
from .groups import lr_range
from .inference import Prediction
from .interpret import ClassificationInterpretation, RegressionInterpretation, SegmentationInterpretation
from .learner import Learner
from .logs import CSVLogger, TensorBoard
from .losses import activation_of, bce_with_logits, mse_flat
from .lr_find import LRFind
from .metrics import accuracy, error_rate, mse, whole
from .optimizer import AdamW, OptimWrapper
from .progress import Progress
from .recorder import Recorder
from .regularize import BnFreeze, LabelSmoothing, MixUp
from .schedule import Phase, Scheduler, one_cycle
from .trackers import EarlyStopping, ReduceLROnPlateau, SaveBest

__all__ = [
    "Accumulate",
    "AdamW",
    "BnFreeze",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "ClassificationInterpretation",
    "Cleaned",
    "Cleaner",
    "DataBunch",
    "EarlyStopping",
    "GradientClipping",
    "LRFind",
    "LabelSmoothing",
    "Learner",
    "LossScaler",
    "MixUp",
    "OptimWrapper",
    "Phase",
    "Prediction",
    "Progress",
    "Recorder",
    "ReduceLROnPlateau",
    "RegressionInterpretation",
    "Run",
    "SaveBest",
    "Scheduler",
    "SegmentationInterpretation",
    "StopOnNaN",
    "TensorBoard",
    "accuracy",
    "activation_of",
    "bce_with_logits",
    "error_rate",
    "export",
    "load_learner",
    "lr_range",
    "metrics",
    "mse",
    "mse_flat",
    "one_cycle",
    "register",
    "whole",
]
