"""Adagrad and Adadelta: a step for each element by the gradients it has had."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlcore import _C
from dlcore.optim.optimizer import Optimizer, check_common, require
from dlcore.tensor import Tensor


class Adagrad(Optimizer):
    """p -= lr / (1 + (t - 1) lr_decay) g / (√s + eps), s the sum of all g² so far, begun at initial_accumulator_value.

    g = gradient + weight_decay p. ``form="ruder"`` has eps inside the root: √(s + eps). State: "step", "sum".
    (Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 2011;
    Ruder, arXiv:1609.04747, section 4.3.)

    >>> import dlcore as dl
    >>> w = dl.tensor([1.0], dtype=dl.float64, requires_grad=True)
    >>> opt = dl.optim.Adagrad([w])
    >>> w.grad = dl.tensor([0.5], dtype=dl.float64)
    >>> opt.step()
    >>> round(w.item(), 6)
    0.99
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
        form: str = "pytorch",
    ):
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "eps": eps,
                "maximize": maximize,
                "form": form,
            },
        )

    def _check(self, group: dict[str, Any]) -> None:
        check_common(self, group)
        for name in ("lr_decay", "initial_accumulator_value"):
            require(group[name] >= 0, self, f"{name} must not be negative", group[name])

    def _step(self, group: dict[str, Any]) -> None:
        for p in group["params"]:
            if p.grad is not None and p not in self.state:
                total = _C.empty_like(p.array)
                _C.fill_(total, float(group["initial_accumulator_value"]))
                self.state[p] = {"step": 0, "sum": Tensor(total)}
        inside = group["form"] == "ruder"
        options = group["lr"], group["lr_decay"], group["eps"], group["weight_decay"], inside, group["maximize"]
        self._fused(_C.adagrad_step, group, ("sum",), *options)


class Adadelta(Optimizer):
    """p -= lr Δ with Δ = √(d + eps) / √(s + eps) g; s and d are running means (by rho) of g² and, from before, of Δ².

    The step has the parameter's own unit: lr is a factor near 1. g = gradient + weight_decay p. Ruder's form is this
    one with eps=1e-8. State: "step", "square_avg", "acc_delta".
    (Zeiler, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, algorithm 1.)

    >>> import dlcore as dl
    >>> w = dl.tensor([1.0], dtype=dl.float64, requires_grad=True)
    >>> opt = dl.optim.Adadelta([w], eps=1e-8)
    >>> w.grad = dl.tensor([0.5], dtype=dl.float64)
    >>> opt.step()
    >>> round(w.item(), 6)
    0.999684
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ):
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize})

    def _check(self, group: dict[str, Any]) -> None:
        check_common(self, group)
        require(0 <= group["rho"] <= 1, self, "rho is a number in [0, 1]", group["rho"])

    def _step(self, group: dict[str, Any]) -> None:
        options = group["lr"], group["rho"], group["eps"], group["weight_decay"], group["maximize"]
        self._fused(_C.adadelta_step, group, ("square_avg", "acc_delta"), *options)
