"""What every optimiser shares: parameter groups, state, saving and loading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from dlcore import _C
from dlcore.autograd import enable_grad
from dlcore.tensor import Tensor

_ZERO = _C.from_numpy(np.zeros((), np.float32))


class Optimizer:
    """Base class. A rule overrides `_check(group)` and `_step(group)`.

    `param_groups` is a list of dicts: "params" and one entry an option ("lr", …); options may be changed between
    steps. `state` maps a parameter to a dict of what the rule keeps for it.
    """

    def __init__(self, params: Iterable[Tensor] | Iterable[dict[str, Any]], defaults: dict[str, Any]):
        name = type(self).__name__
        if isinstance(params, Tensor):
            raise TypeError(f"{name}: params must be a list of tensors or of dicts, got one tensor; write [tensor]")
        if not isinstance(params, Iterable):
            raise TypeError(f"{name}: params must be a list of tensors or of dicts, got {type(params).__name__}")
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = {}
        self.param_groups: list[dict[str, Any]] = []
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError(f"{name}: the list of parameters is empty (was the generator used before?)")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a dict of "params" and, where they differ from the defaults, options.

        TypeError for what is not a Tensor; ValueError for a tensor that is not a leaf, occurs twice, or for an option
        that is unknown or out of range.
        """
        name = type(self).__name__
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise TypeError(f'{name}: a parameter group is a dict with "params", got {param_group!r}')
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(f"{name}: a set of parameters has no order, which saved state needs; use a list")
        params = [params] if isinstance(params, Tensor) else list(params)
        unknown = set(param_group) - set(self.defaults) - {"params", "name"}
        if unknown:
            raise ValueError(f"{name}: unknown option {sorted(unknown)[0]!r}; it has {', '.join(self.defaults)}")
        taken = {id(p) for group in self.param_groups for p in group["params"]}
        for i, p in enumerate(params):
            if not isinstance(p, Tensor):
                raise TypeError(f"{name}: parameter {i} is a {type(p).__name__}, not a Tensor")
            if not p.is_leaf:
                raise ValueError(f"{name}: parameter {i} of shape {p.shape} is a result of ops, not a leaf; detach it")
            if id(p) in taken:
                raise ValueError(f"{name}: parameter {i} of shape {p.shape} is given twice, or is in another group")
            taken.add(id(p))
        group = {"params": params, **self.defaults, **{k: v for k, v in param_group.items() if k != "params"}}
        self._check(group)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets every parameter's gradient, or with ``set_to_none=False`` fills it with zeros in place."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    _C.copy_into(p.grad.array, _ZERO)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of every parameter that has a gradient; the others stay as they are, undecayed.

        `closure`, when given, is called first: it computes the loss and the gradients; its loss is returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._step(group)
        return loss

    def state_dict(self) -> dict[str, Any]:
        """{"state": {index: …}, "param_groups": […]}, parameters named by their position. Tensors are not copied."""
        index = {id(p): i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [{**group, "params": [index[id(p)] for p in group["params"]]} for group in self.param_groups]
        return {"state": {index[id(p)]: dict(s) for p, s in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores what `state_dict` gave; tensors are copied. ValueError, before any change, where groups differ."""
        name = type(self).__name__
        if not isinstance(state_dict, dict) or not {"state", "param_groups"} <= set(state_dict):
            raise ValueError(f'{name}: a state has "state" and "param_groups", as state_dict() gives it')
        saved = state_dict["param_groups"]
        sizes = [len(g["params"]) for g in self.param_groups], [len(g["params"]) for g in saved]
        if sizes[0] != sizes[1]:
            raise ValueError(f"{name}: groups of {sizes[0]} parameters cannot take the state of groups of {sizes[1]}")
        params = [p for group in self.param_groups for p in group["params"]]
        names = [i for group in saved for i in group["params"]]
        kept = state_dict["state"]
        state = {p: _like(p, kept[i]) for p, i in zip(params, names, strict=True) if i in kept}
        groups = [{**old, **new, "params": old["params"]} for old, new in zip(self.param_groups, saved, strict=True)]
        for group in groups:
            self._check(group)
        self.state = state
        for old, new in zip(self.param_groups, groups, strict=True):
            old.update(new)

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            options = ", ".join(f"{k}={v!r}" for k, v in group.items() if k != "params")
            lines.append(f"  group {i}: {len(group['params'])} parameters, {options}")
        return "\n".join([f"{type(self).__name__} (", *lines, ")"])

    def _fused(
        self, step: Callable[..., None], group: dict[str, Any], keys: Sequence[str | None], *options: Any
    ) -> list[dict[str, Any]]:
        """Calls a step of _C for the parameters that have a gradient and returns their states: their "step" moves on.

        `step` takes lists (parameters, gradients, one a key of the state, empty for None, and the number of each
        parameter's step, counted from 1) and then `options`. A state tensor is not read at its parameter's first step
        and starts uncleared; one that the options came to need later starts from zeros.
        """
        params = [p for p in group["params"] if p.grad is not None]
        states = []
        for p in params:
            state = self.state.get(p)
            if state is None:
                state = self.state[p] = {"step": 0}
            for key in keys:
                if key and key not in state:
                    state[key] = Tensor(_C.empty_like(p.array))
                    if state["step"]:
                        _C.copy_into(state[key].array, _ZERO)
            states.append(state)
        if states:
            lists = [[s[key].array for s in states] if key else [] for key in keys]
            steps = [s["step"] + 1 for s in states]
            step([p.array for p in params], [p.grad.array for p in params], *lists, steps, *options)
        for state in states:
            state["step"] += 1
        return states

    def _check(self, group: dict[str, Any]) -> None:
        raise NotImplementedError

    def _step(self, group: dict[str, Any]) -> None:
        raise NotImplementedError


def require(ok: bool, optimizer: Optimizer, rule: str, value: Any) -> None:
    if not ok:
        raise ValueError(f"{type(optimizer).__name__}: {rule}, got {value!r}")


def check_numbers(optimizer: Optimizer, group: dict[str, Any]) -> None:
    for option in ("lr", "eps", "weight_decay", "momentum", "dampening"):
        value = group.get(option, 0)
        if not isinstance(value, int | float) and not hasattr(value, "__float__"):
            raise TypeError(f"{type(optimizer).__name__}: {option} must be a number, got {value!r}")


def check_common(optimizer: Optimizer, group: dict[str, Any]) -> None:
    """What every rule but SGD asks of its group."""
    check_numbers(optimizer, group)
    require(group["lr"] >= 0, optimizer, "lr must not be negative", group["lr"])
    if "betas" in group:
        betas = group["betas"]
        pair = isinstance(betas, tuple | list) and len(betas) == 2
        require(pair and all(0 <= b < 1 for b in betas), optimizer, "betas are two numbers in [0, 1)", betas)
    require(group["eps"] >= 0, optimizer, "eps must not be negative", group["eps"])
    require(group["weight_decay"] >= 0, optimizer, "weight_decay must not be negative", group["weight_decay"])
    form = group.get("form", "pytorch")
    require(form in ("pytorch", "ruder"), optimizer, 'form is "pytorch" or "ruder"', form)


_COUNTS = {"step": int, "mu_product": float}  # which PyTorch keeps as tensors of one number


def _like(p: Tensor, saved: dict[str, Any]) -> dict[str, Any]:
    """A parameter's saved state with every tensor of its shape copied into its layout and dtype."""
    state = {}
    for key, value in saved.items():
        if key in _COUNTS:
            value = _COUNTS[key](value)
        elif isinstance(value, Tensor):
            if value.shape != p.shape:
                raise _C.ShapeError(f"load_state_dict: {key} has shape {value.shape}, its parameter {p.shape}")
            array = _C.empty_like(p.array)
            _C.copy_into(array, value.array)
            value = Tensor(array)
        state[key] = value
    return state
