"""Adam, and AdamW with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlcore import _C
from dlcore.optim.optimizer import Optimizer, require
from dlcore.tensor import Tensor


class Adam(Optimizer):
    """p -= lr m̂ / (√v̂ + eps), m and v running means of g and g², m̂ and v̂ without their bias towards zero.

    g = gradient + weight_decay p. The bias at step t is 1 - betaᵗ with the current betas, which may change between
    steps. State: "step", "exp_avg", "exp_avg_sq".
    (Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1; eps outside the root.)

    >>> import dlcore as dl
    >>> w = dl.tensor([1.0], dtype=dl.float64, requires_grad=True)
    >>> opt = dl.optim.Adam([w])
    >>> w.grad = dl.tensor([0.5], dtype=dl.float64)
    >>> opt.step()
    >>> round(w.item(), 6)
    0.999
    """

    _decoupled = False

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ):
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        require(group["lr"] >= 0, self, "lr must not be negative", group["lr"])
        betas = group["betas"]
        require(len(betas) == 2 and all(0 <= b < 1 for b in betas), self, "betas are two numbers in [0, 1)", betas)
        require(group["eps"] >= 0, self, "eps must not be negative", group["eps"])
        require(group["weight_decay"] >= 0, self, "weight_decay must not be negative", group["weight_decay"])

    def _step(self, group: dict[str, Any]) -> None:
        params = [p for p in group["params"] if p.grad is not None]
        if not params:
            return
        states = [self.state.get(p) or self._start(p) for p in params]
        beta1, beta2 = group["betas"]
        _C.adam_step(
            [p.array for p in params],
            [p.grad.array for p in params],
            [s["exp_avg"].array for s in states],
            [s["exp_avg_sq"].array for s in states],
            [s["step"] + 1 for s in states],
            group["lr"],
            beta1,
            beta2,
            group["eps"],
            group["weight_decay"],
            self._decoupled,
            group["maximize"],
        )
        for s in states:
            s["step"] += 1

    def _start(self, p: Tensor) -> dict[str, Any]:
        """State before the first step, which reads neither mean: they need no clearing."""
        state = {"step": 0, "exp_avg": Tensor(_C.empty_like(p.array)), "exp_avg_sq": Tensor(_C.empty_like(p.array))}
        self.state[p] = state
        return state


class AdamW(Adam):
    """Adam with p *= 1 - lr weight_decay before the step, in place of a decay in the gradient.

    (Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.)

    >>> import dlcore as dl
    >>> w = dl.tensor([1.0], dtype=dl.float64, requires_grad=True)
    >>> opt = dl.optim.AdamW([w], lr=3e-3, betas=(0.9, 0.99))
    >>> w.grad = dl.tensor([0.5], dtype=dl.float64)
    >>> opt.step()
    >>> round(w.item(), 6)
    0.99697
    """

    _decoupled = True

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        *,
        maximize: bool = False,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, maximize=maximize)
