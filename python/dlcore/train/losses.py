"""Which loss goes with which kind of target, and what turns a model's output into predictions under a loss."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import dlcore as dl
import dlcore.nn.functional as F
from dlcore import nn

LossFunc = Callable[..., Any]


def mse_flat(pred: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Mean squared error of (n, 1) against (n,) too, in either order: the dimension of one is dropped, nothing is
    broadcast. Whole-numbered targets are converted. ShapeError as F.mse_loss for other shapes that differ.

    >>> mse_flat(dl.tensor([[1.0], [2.0]]), dl.tensor([1.0, 4.0])).item()
    2.0
    """
    if pred.ndim == target.ndim + 1 and pred.shape[-1] == 1:
        pred = pred.squeeze(-1)
    elif target.ndim == pred.ndim + 1 and target.shape[-1] == 1:
        target = target.squeeze(-1)
    return F.mse_loss(pred, target, reduction=reduction)


def bce_with_logits(pred: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Binary cross-entropy of logits (n, c) and n-hot targets of any number dtype.

    >>> round(bce_with_logits(dl.tensor([[0.0, 0.0]]), dl.tensor([[1, 0]])).item(), 4)
    0.6931
    """
    target = target if target.dtype.is_floating_point else target.to(pred.dtype)
    return F.binary_cross_entropy_with_logits(pred, target, reduction=reduction)


def default_loss(label: str) -> LossFunc:
    """fast.ai's choice for a kind of target (see DataBunch.label)."""
    if label in ("category", "segmentation"):
        return F.cross_entropy
    return bce_with_logits if label == "multicategory" else mse_flat


def _softmax(x: Any) -> Any:
    return F.softmax(x, 1)


def _same(x: Any) -> Any:
    return x


_ACTIVATIONS: dict[Any, Callable[[Any], Any]] = {
    F.cross_entropy: _softmax,
    nn.CrossEntropyLoss: _softmax,
    F.nll_loss: dl.exp,
    nn.NLLLoss: dl.exp,
    bce_with_logits: dl.sigmoid,
    F.binary_cross_entropy_with_logits: dl.sigmoid,
    nn.BCEWithLogitsLoss: dl.sigmoid,
}


def activation_of(loss_func: Any) -> Callable[[Any], Any]:
    """softmax, sigmoid or exp where the loss takes their input, else nothing: what makes logits probabilities.

    A loss of one's own may say it in an attribute `activation`.
    """
    own = getattr(loss_func, "activation", None)
    if own is not None:
        return own
    key = loss_func if inspect.isfunction(loss_func) else type(loss_func)
    return _ACTIVATIONS.get(key, _same)


def sample_losses(loss_func: LossFunc, pred: Any, target: Any) -> Any:
    """The loss of each sample, (n,): of its elements the mean. Samples go one by one where it has no reduction."""
    if inspect.isfunction(loss_func) and "reduction" in inspect.signature(loss_func).parameters:
        losses = loss_func(pred, target, reduction="none")
        return losses.reshape(losses.shape[0], -1).mean(1) if losses.ndim > 1 else losses
    each = [loss_func(pred[i : i + 1], target[i : i + 1]) for i in range(pred.shape[0])]
    return dl.stack([x.reshape(()) for x in each])
