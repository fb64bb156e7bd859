"""Metrics: functions of (prediction, target) that return the batch's mean as a float."""

from typing import Any


def accuracy(pred: Any, target: Any) -> float:
    """The fraction of rows of `pred` (n, classes) whose largest entry is at `target` (n,)."""
    return float((pred.argmax(1).numpy() == target.numpy()).mean())


def mse(pred: Any, target: Any) -> float:
    """The mean squared difference of `pred` and `target`, of equal shape, in float64."""
    return float(((pred.detach().numpy().astype("f8") - target.numpy()) ** 2).mean())
