"""Reverse-mode differentiation: recording (graph), the walk back, custom functions, and what finds bad numbers."""

from dlcore.autograd.function import Function
from dlcore.autograd.graph import (
    Node,
    bind_tensor_type,
    enable_grad,
    inference_mode,
    is_grad_enabled,
    mode,
    no_grad,
    record,
    record_after,
    record_joint,
    set_grad_enabled,
)
from dlcore.autograd.walk import backward, grad
from dlcore.autograd.watch import check_finite, detect_anomaly, is_anomaly_enabled, on_watch, set_detect_anomaly

__all__ = [
    "Function",
    "Node",
    "backward",
    "bind_tensor_type",
    "check_finite",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "mode",
    "no_grad",
    "on_watch",
    "record",
    "record_after",
    "record_joint",
    "set_detect_anomaly",
    "set_grad_enabled",
]
