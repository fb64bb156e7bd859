"""Mixed precision under PyTorch's names: autocast, and the loss scale that float16's gradients need.

(Micikevicius et al., "Mixed precision training", ICLR 2018, section 3.2.)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import dlcore as dl
from dlcore import _C
from dlcore.precision import autocast

__all__ = ["GradScaler", "all_finite", "autocast"]


def all_finite(tensors: Iterable[Any]) -> bool:
    """Whether no element is infinite or NaN: one number goes to the host, however many tensors there are.

    >>> import dlcore as dl
    >>> dl.amp.all_finite([dl.ones(3), dl.tensor([1.0, float("inf")])])
    False
    """
    with dl.no_grad():
        largest = [t.detach().abs().max().float().reshape(1) for t in tensors if t.numel()]
        return not largest or math.isfinite(dl.cat(largest).max().item())


class GradScaler:
    """Multiplies the loss by a power of two so that small gradients do not vanish in 16 bits, and divides them again.

    A gradient that is not finite skips the step and multiplies the scale by `backoff_factor`; after `growth_interval`
    steps in a row it grows by `growth_factor`. With ``enabled=False`` every method does as if there were none.
    `step` reads one number from the device, to know whether to step.

    >>> import dlcore as dl
    >>> w = dl.ones(2, requires_grad=True)
    >>> opt, scaler = dl.optim.SGD([w], lr=0.5), dl.amp.GradScaler(init_scale=1024.0)
    >>> scaler.scale((w * w).sum()).backward()
    >>> scaler.step(opt)
    >>> scaler.update()
    >>> w.tolist(), scaler.get_scale()
    ([0.0, 0.0], 1024.0)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ):
        if growth_factor <= 1 or not 0 < backoff_factor < 1 or init_scale <= 0 or growth_interval < 1:
            raise ValueError(
                "GradScaler: needs growth_factor above 1, backoff_factor between 0 and 1, init_scale above 0 and "
                f"growth_interval of at least 1, got {growth_factor}, {backoff_factor}, {init_scale}, {growth_interval}"
            )
        self.device, self._scale, self._good, self._enabled = device, float(init_scale), 0, enabled
        self._growth, self._backoff, self._interval = growth_factor, backoff_factor, growth_interval
        self._finite: dict[int, bool] = {}  # by optimiser, since the last update: unscaled, and whether all was finite

    def is_enabled(self) -> bool:
        return self._enabled

    def get_scale(self) -> float:
        return self._scale if self._enabled else 1.0

    def scale(self, outputs: Any) -> Any:
        """A loss, or a list of them, times the scale."""
        if isinstance(outputs, list | tuple):
            return type(outputs)(self.scale(x) for x in outputs)
        return outputs * self._scale if self._enabled else outputs

    def unscale_(self, optimizer: Any) -> None:
        """Divides the gradients of `optimizer` by the scale, for instance to clip them; `step` then does not.

        RuntimeError for the second time since `update`.
        """
        if not self._enabled:
            return
        if id(optimizer) in self._finite:
            raise RuntimeError("unscale_: the gradients of this optimizer are unscaled already; call update() first")
        groups = optimizer.param_groups
        gradients = [p.grad for group in groups for p in group["params"] if p.grad is not None]
        self._finite[id(optimizer)] = all_finite(gradients)
        for g in gradients:
            _C.mul_into(g.array, 1 / self._scale)

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step()`` behind `unscale_`; nothing where a gradient is not finite."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if id(optimizer) not in self._finite:
            self.unscale_(optimizer)
        return optimizer.step(*args, **kwargs) if self._finite[id(optimizer)] else None

    def update(self, new_scale: float | None = None) -> None:
        """The scale of the next step, from what the steps since the last `update` met. RuntimeError before a step."""
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._finite:
            raise RuntimeError("update: no gradients were unscaled since the last one; call step(optimizer) first")
        elif not all(self._finite.values()):
            self._scale, self._good = self._scale * self._backoff, 0
        else:
            self._good += 1
            if self._good == self._interval:
                self._scale, self._good = self._scale * self._growth, 0
        self._finite.clear()

    def state_dict(self) -> dict[str, Any]:
        """PyTorch's keys; empty where the scaler is not enabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth,
            "backoff_factor": self._backoff,
            "growth_interval": self._interval,
            "_growth_tracker": self._good,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if not self._enabled:
            return
        self._scale, self._good = state_dict["scale"], state_dict["_growth_tracker"]
        self._growth, self._backoff = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._interval = state_dict["growth_interval"]
