"""Layer groups: the parts of a model that are frozen, and get their learning rates, together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dlcore import nn
from dlcore.nn.norm import BatchNorm1d, BatchNorm2d, LayerNorm

Groups = list[list[nn.Module]]
BATCH_NORMS = (BatchNorm1d, BatchNorm2d)
NO_DECAY = (*BATCH_NORMS, LayerNorm)
BIASED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)


def make_groups(model: nn.Module, split_on: Callable[[nn.Module], Any] | Sequence[Any] | None = None) -> Groups:
    """The modules of `model` in groups, first layers first.

    `split_on`: None for one group; modules at which a new group begins; a list of groups (each a list of modules);
    or a function of the model that returns either. ValueError where a module is not part of the model, or a group of
    a full list leaves some out.
    """
    parts = split_on(model) if callable(split_on) and not isinstance(split_on, nn.Module) else split_on
    order = list(model.modules())
    if parts is None:
        return [order]
    parts = [parts] if isinstance(parts, nn.Module) else list(parts)
    known = {id(m) for m in order}
    flat = [m for part in parts for m in (part if isinstance(part, list | tuple) else [part])]
    for m in flat:
        if not isinstance(m, nn.Module):
            raise TypeError(f"split: needs modules or lists of modules, got {type(m).__name__}")
        if id(m) not in known:
            raise ValueError(f"split: {type(m).__name__} is not a part of the model")
    if all(isinstance(part, list | tuple) for part in parts) and parts:
        return _listed(order, parts)
    starts = {id(m) for m in parts}
    groups: Groups = [[]]
    for m in order:
        if id(m) in starts and groups[-1]:
            groups.append([])
        groups[-1].append(m)
    return groups


def _listed(order: list[nn.Module], parts: Sequence[Sequence[nn.Module]]) -> Groups:
    groups = [[m for top in part for m in top.modules()] for part in parts]
    taken = {id(p) for group in groups for m in group for p in m.parameters(recurse=False)}
    rest = [type(m).__name__ for m in order if any(id(p) not in taken for p in m.parameters(recurse=False))]
    if rest:
        raise ValueError(f"split: the groups leave out parameters of {', '.join(sorted(set(rest)))}")
    return groups


def split_params(group: list[nn.Module], seen: set[int]) -> tuple[list[Any], list[Any]]:
    """Trainable (weights, others) of a group: others are batch and layer norms' parameters, and layers' biases.

    A parameter in `seen` is left out: what two groups share belongs to the first.
    """
    weights: list[Any] = []
    others: list[Any] = []
    for m in group:
        for name, p in m.named_parameters(recurse=False):
            if id(p) in seen or not p.requires_grad:
                continue
            seen.add(id(p))
            undecayed = isinstance(m, NO_DECAY) or (isinstance(m, BIASED) and name == "bias")
            (others if undecayed else weights).append(p)
    return weights, others


def lr_range(lr: float | slice | Sequence[float], groups: int) -> list[float]:
    """A learning rate for each group: fast.ai v1's rule (since 1.0.29; up to 1.0.28 `slice(stop)` divided by 3).

    A number is everybody's; `slice(stop)` gives stop to the last group and stop / 10 to the others; `slice(a, b)` goes
    from a to b in equal ratios. ValueError for a list of another length.

    >>> [f"{lr:g}" for lr in lr_range(slice(1e-5, 1e-3), 3)], lr_range(slice(1e-2), 3), lr_range(slice(1e-5, 1e-3), 1)
    (['1e-05', '0.0001', '0.001'], [0.001, 0.001, 0.01], [0.001])
    """
    if isinstance(lr, slice):
        if lr.stop is None:
            raise ValueError("lr: a slice needs a stop: slice(1e-3) or slice(1e-5, 1e-3)")
        stop = float(lr.stop)
        if lr.start is None:
            return [stop / 10] * (groups - 1) + [stop]
        if groups == 1:
            return [stop]
        start = float(lr.start)
        rates = [start * (stop / start) ** (i / (groups - 1)) for i in range(groups)]
        return [*rates[:-1], stop]
    if isinstance(lr, Sequence):
        rates = [float(x) for x in lr]
        if len(rates) != groups:
            raise ValueError(f"lr: {len(rates)} learning rates for {groups} layer groups")
        return rates
    return [float(lr)] * groups
