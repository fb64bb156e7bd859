"""RMSprop, plain, centred and with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlcore import _C
from dlcore.optim.optimizer import Optimizer, check_common, require
from dlcore.tensor import Tensor


class RMSprop(Optimizer):
    """p -= lr g / (√s + eps), s a running mean (by alpha) of g².

    ``centered`` takes the mean gradient's square off s, which leaves the variance (where rounding makes that negative
    it counts as 0; PyTorch's step is NaN). ``momentum``: b = momentum b + g / (√s + eps), and p -= lr b.
    ``form="ruder"`` has eps inside the root: √(s + eps); his alpha is 0.9 and his lr 0.001. g = gradient +
    weight_decay p. State: "step", "square_avg", and where asked for "grad_avg" and "momentum_buffer".
    (Hinton, "Neural networks for machine learning", Coursera 2012, lecture 6e; centred: Graves, arXiv:1308.0850,
    section 4.2; Ruder, arXiv:1609.04747, section 4.5.)

    >>> import dlcore as dl
    >>> w = dl.tensor([1.0], dtype=dl.float64, requires_grad=True)
    >>> opt = dl.optim.RMSprop([w], lr=1e-3, alpha=0.9, form="ruder")
    >>> w.grad = dl.tensor([0.5], dtype=dl.float64)
    >>> opt.step()
    >>> round(w.item(), 6)
    0.996838
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
        form: str = "pytorch",
    ):
        super().__init__(
            params,
            {
                "lr": lr,
                "alpha": alpha,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "centered": centered,
                "maximize": maximize,
                "form": form,
            },
        )

    def _check(self, group: dict[str, Any]) -> None:
        check_common(self, group)
        for name in ("alpha", "momentum"):
            require(group[name] >= 0, self, f"{name} must not be negative", group[name])

    def _step(self, group: dict[str, Any]) -> None:
        mean, buffer = "grad_avg" if group["centered"] else None, "momentum_buffer" if group["momentum"] else None
        self._fused(
            _C.rmsprop_step,
            group,
            ("square_avg", mean, buffer),
            group["lr"],
            group["alpha"],
            group["eps"],
            group["weight_decay"],
            group["momentum"],
            group["centered"],
            group["form"] == "ruder",
            group["maximize"],
        )
