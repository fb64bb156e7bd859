"""Loss functions as modules."""

from __future__ import annotations

import dlcore.nn.functional as F
from dlcore.nn.module import Module
from dlcore.tensor import Tensor


class _Loss(Module):
    def __init__(self, reduction: str = "mean"):
        super().__init__()
        if reduction not in ("none", "mean", "sum"):
            raise ValueError(f'{type(self).__name__}: reduction is "none", "mean" or "sum", got {reduction!r}')
        self.reduction = reduction


class CrossEntropyLoss(_Loss):
    """-log softmax(input)[target]: input (N, C, …), target int64 (N, …)."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    """(input - target)²; the shapes must be equal."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """Binary cross-entropy of sigmoid(input) with target in [0, 1]; the shapes must be equal."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(input, target, reduction=self.reduction)
