"""Adamax and NAdam: Adam with the largest gradient for its second mean, and Adam with Nesterov's look ahead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlcore import _C
from dlcore.optim.optimizer import Optimizer, check_common, require
from dlcore.tensor import Tensor


class Adamax(Optimizer):
    """p -= lr m̂ / u with m̂ as in Adam and u = max(beta2 u, |g| + eps), the decaying largest gradient.

    g = gradient + weight_decay p. State: "step", "exp_avg", "exp_inf".
    (Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2; eps is PyTorch's.)

    >>> import dlcore as dl
    >>> w = dl.tensor([1.0], dtype=dl.float64, requires_grad=True)
    >>> opt = dl.optim.Adamax([w])
    >>> w.grad = dl.tensor([0.5], dtype=dl.float64)
    >>> opt.step()
    >>> round(w.item(), 6)
    0.998
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ):
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        )

    def _check(self, group: dict[str, Any]) -> None:
        check_common(self, group)

    def _step(self, group: dict[str, Any]) -> None:
        options = group["lr"], *group["betas"], group["eps"], group["weight_decay"], group["maximize"]
        self._fused(_C.adamax_step, group, ("exp_avg", "exp_inf"), *options)


class NAdam(Optimizer):
    """Adam whose step looks ahead along its mean: p -= lr (a g + b m) / (√v̂ + eps), m and v as in Adam.

    a = (1 - μᵗ) / (1 - Πᵗ) and b = μᵗ⁺¹ / (1 - Πᵗ⁺¹) with μᵗ = beta1 (1 - ½ 0.96^(t momentum_decay)) and Πᵗ the product
    of all μ so far: the momentum warms up. ``form="ruder"`` has no such schedule: a = (1 - beta1) / (1 - beta1ᵗ) and
    b = beta1 / (1 - beta1ᵗ), and momentum_decay is not used. g = gradient + weight_decay p; with
    ``decoupled_weight_decay`` p *= 1 - lr weight_decay instead. State: "step", "mu_product" (a float), "exp_avg",
    "exp_avg_sq".
    (Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016; Ruder, arXiv:1609.04747, section 4.8.)

    >>> import dlcore as dl
    >>> w = dl.tensor([1.0], dtype=dl.float64, requires_grad=True)
    >>> opt = dl.optim.NAdam([w], lr=1e-3, form="ruder")
    >>> w.grad = dl.tensor([0.5], dtype=dl.float64)
    >>> opt.step()
    >>> round(w.item(), 6)
    0.9981
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
        form: str = "pytorch",
    ):
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "form": form,
            },
        )

    def _check(self, group: dict[str, Any]) -> None:
        check_common(self, group)
        require(group["momentum_decay"] >= 0, self, "momentum_decay must not be negative", group["momentum_decay"])

    def _step(self, group: dict[str, Any]) -> None:
        beta1, decay = group["betas"][0], group["momentum_decay"]
        states = self._fused(
            _C.nadam_step,
            group,
            ("exp_avg", "exp_avg_sq"),
            [self.state.get(p, {}).get("mu_product", 1.0) for p in group["params"] if p.grad is not None],
            group["lr"],
            *group["betas"],
            group["eps"],
            group["weight_decay"],
            decay,
            group["decoupled_weight_decay"],
            group["form"] == "ruder",
            group["maximize"],
        )
        for s in states:
            s["mu_product"] = s.get("mu_product", 1.0) * beta1 * (1 - 0.5 * 0.96 ** (s["step"] * decay))
