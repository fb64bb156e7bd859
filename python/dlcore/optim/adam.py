"""Adam, and AdamW with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlcore import _C
from dlcore.optim.optimizer import Optimizer, check_common
from dlcore.tensor import Tensor


class Adam(Optimizer):
    """p -= lr m̂ / (√v̂ + eps), m and v running means of g and g², m̂ and v̂ without their bias towards zero.

    g = gradient + weight_decay p. The bias at step t is 1 - betaᵗ with the current betas, which may change between
    steps. ``amsgrad`` divides by the root of the largest v so far in place of v. With it ``form="ruder"`` leaves the
    bias of both means in, as in the overview of Ruder. State: "step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq".
    (Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1; eps outside the root. Reddi,
    Kale & Kumar, "On the convergence of Adam and beyond", ICLR 2018. Ruder, "An overview of gradient descent
    optimization algorithms", arXiv:1609.04747, section 4.)

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
        amsgrad: bool = False,
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
                "amsgrad": amsgrad,
                "maximize": maximize,
                "form": form,
            },
        )

    def _check(self, group: dict[str, Any]) -> None:
        check_common(self, group)

    def _step(self, group: dict[str, Any]) -> None:
        amsgrad = group["amsgrad"]
        self._fused(
            _C.adam_step,
            group,
            ("exp_avg", "exp_avg_sq", "max_exp_avg_sq" if amsgrad else None),
            group["lr"],
            *group["betas"],
            group["eps"],
            group["weight_decay"],
            self._decoupled,
            amsgrad and group["form"] == "ruder",
            group["maximize"],
        )


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
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        form: str = "pytorch",
    ):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, form=form)
