"""The optimiser as a fit sees it: a learning rate a layer group, one momentum, decoupled weight decay.

Each layer group is two parameter groups: weights, and behind them what is decayed only with `bn_wd` (batch and layer
norms' parameters, layers' biases).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dlcore import _C, optim

from .groups import Groups, split_params


def AdamW(params: Any, lr: float = 3e-3, **options: Any) -> optim.Optimizer:
    """fast.ai's default: Adam with betas (.9, .99); the Learner brings the decay.

    >>> import dlcore as dl
    >>> AdamW([dl.zeros(1, requires_grad=True)]).param_groups[0]["betas"]
    (0.9, 0.99)
    """
    defaults: dict[str, Any] = {"lr": lr, "betas": (0.9, 0.99), "weight_decay": 0.0}
    return optim.AdamW(params, **defaults | options)


class OptimWrapper:
    """`opt_func(groups, lr=…)` over the trainable parameters of layer groups.

    `true_wd`: before a step every parameter that has a gradient is multiplied by 1 - lr·wd (Loshchilov & Hutter,
    "Decoupled weight decay regularization"); else wd·p is added to its gradient, by the optimiser.
    """

    def __init__(
        self,
        opt_func: Callable[..., optim.Optimizer],
        groups: Groups,
        lr: float | Sequence[float] = 3e-3,
        wd: float = 0.0,
        true_wd: bool = True,
        bn_wd: bool = True,
    ):
        seen: set[int] = set()
        lists = [part for group in groups for part in split_params(group, seen)]
        if not seen:
            raise ValueError("Learner: the model has no trainable parameter; unfreeze() it, or give it some")
        self.n_groups, self.true_wd, self.bn_wd = len(groups), true_wd, bn_wd
        self.opt = opt_func([{"params": params} for params in lists], lr=3e-3)
        if not true_wd and isinstance(self.opt, optim.AdamW):
            self.opt = optim.Adam([dict(group) for group in self.opt.param_groups])
        self._native = not true_wd or isinstance(self.opt, optim.AdamW)  # whether the optimiser's own decay is meant
        self.set_lrs([float(lr)] * len(groups) if not isinstance(lr, Sequence) else lr)
        self.wd = wd

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return self.opt.param_groups

    def set_lrs(self, lrs: Sequence[float]) -> None:
        """One rate a layer group."""
        groups = self.opt.param_groups
        for i, lr in enumerate(lrs):
            groups[2 * i]["lr"] = groups[2 * i + 1]["lr"] = lr

    @property
    def lrs(self) -> list[float]:
        return [group["lr"] for group in self.opt.param_groups[::2]]

    @property
    def lr(self) -> float:
        """The last layer group's."""
        return self.opt.param_groups[-1]["lr"]

    @property
    def mom(self) -> float | None:
        """β1 of the Adam family, `momentum` of SGD and RMSprop; None where there is neither."""
        group = self.opt.param_groups[-1]
        return group["betas"][0] if "betas" in group else group.get("momentum")

    @mom.setter
    def mom(self, value: float) -> None:
        for group in self.opt.param_groups:
            if "betas" in group:
                group["betas"] = (value, group["betas"][1])
            elif "momentum" in group:
                group["momentum"] = value

    @property
    def wd(self) -> float:
        return self._wd

    @wd.setter
    def wd(self, value: float) -> None:
        if not value >= 0:
            raise ValueError(f"Learner: wd must not be negative, got {value!r}")
        self._wd = float(value)
        for i, group in enumerate(self.opt.param_groups):
            decayed = self._wd if self.bn_wd or i % 2 == 0 else 0.0
            if "weight_decay" in group:
                group["weight_decay"] = decayed if self._native else 0.0

    def step(self) -> None:
        if not self._native and self._wd:
            for group in self.opt.param_groups[:: 1 if self.bn_wd else 2]:
                keep = 1 - group["lr"] * self._wd
                for p in group["params"]:
                    if p.grad is not None:
                        _C.mul_into(p.array, keep)
        self.opt.step()

    def zero_grad(self) -> None:
        self.opt.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        return {"opt": self.opt.state_dict(), "wd": self._wd, "type": type(self.opt).__name__}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """ValueError, before any change, where the saved optimiser is another, or its groups differ."""
        if state["type"] != type(self.opt).__name__:
            raise ValueError(f"the saved optimiser is {state['type']}, this Learner's {type(self.opt).__name__}")
        self.opt.load_state_dict(state["opt"])
        self._wd = state["wd"]

    def __repr__(self) -> str:
        return f"OptimWrapper({self.opt!r}, wd={self._wd}, true_wd={self.true_wd}, bn_wd={self.bn_wd})"
