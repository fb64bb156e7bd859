"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlcore import _C
from dlcore.optim.optimizer import Optimizer, check_numbers, require
from dlcore.tensor import Tensor


class SGD(Optimizer):
    """p -= lr b, with b = momentum b + (1 - dampening) g and g = gradient + weight_decay p.

    At the first step b = g; with ``nesterov`` the step is along g + momentum b. As in PyTorch lr stays outside the
    buffer: changing it acts at once. ``momentum=0`` keeps no buffer.
    (Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013.)

    >>> import dlcore as dl
    >>> w = dl.tensor([1.0], dtype=dl.float64, requires_grad=True)
    >>> opt = dl.optim.SGD([w], lr=0.1, momentum=0.9)
    >>> w.grad = dl.tensor([0.5], dtype=dl.float64)
    >>> opt.step()
    >>> w.tolist()
    [0.95]
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
            },
        )

    def _check(self, group: dict[str, Any]) -> None:
        check_numbers(self, group)
        require(group["lr"] >= 0, self, "lr must not be negative", group["lr"])
        require(group["momentum"] >= 0, self, "momentum must not be negative", group["momentum"])
        require(group["weight_decay"] >= 0, self, "weight_decay must not be negative", group["weight_decay"])
        if group["nesterov"]:
            require(group["momentum"] > 0, self, "nesterov needs a momentum above 0", group["momentum"])
            require(group["dampening"] == 0, self, "nesterov needs dampening=0", group["dampening"])

    def _step(self, group: dict[str, Any]) -> None:
        params = [p for p in group["params"] if p.grad is not None]
        if not params:
            return
        arrays, grads = [p.array for p in params], [p.grad.array for p in params]
        if group["momentum"] == 0:
            return _C.sgd_step(arrays, grads, group["lr"], group["weight_decay"], group["maximize"])
        state = self.state
        kept = [state[p].get("momentum_buffer") if p in state else None for p in params]
        buffers = [Tensor(_C.empty_like(p.array)) if b is None else b for p, b in zip(params, kept, strict=True)]
        _C.sgd_momentum_step(
            arrays,
            grads,
            [b.array for b in buffers],
            [1 if b is None else 2 for b in kept],  # the step's number: a first one does not read its buffer
            group["lr"],
            group["weight_decay"],
            group["maximize"],
            group["momentum"],
            group["dampening"],
            group["nesterov"],
        )
        for p, b, before in zip(params, buffers, kept, strict=True):
            if before is None:
                state.setdefault(p, {})["momentum_buffer"] = b
