"""The whole state of training, gathered from its owners, copied, written, read and given back.

model       parameters and buffers by name, which are frozen, which modules are in training mode, gradients
opt         the optimiser, or None
rng         dlcore's stream, and NumPy's and Python's global ones, which a data set may draw from
loaders     passes begun by each loader
run         where the fit stands; its schedule; recorder and callbacks
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dlcore as dl
from dlcore import _C

from .callback import Callback, Run
from .recorder import Recorder
from .rng import rng_state, set_rng_state
from .schedule import Scheduler
from .tree import read, write

VERSION = 1


def learner_state(learn: Any) -> dict[str, Any]:
    """Everything of a Learner that a fit changes. Tensors share the model's memory: see `copied`."""
    model = learn.model
    named = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {
        "model": {name: value.detach() for name, value in named.items()},
        "frozen": [name for name, p in model.named_parameters() if not p.requires_grad],
        "training": [m.training for m in model.modules()],
        "grads": {name: p.grad.detach() for name, p in model.named_parameters() if p.grad is not None},
        "opt": None if learn.opt is None else learn.opt.state_dict(),
        "rng": rng_state(),
        "loaders": learn.data.state_dict(),
    }


def restore_learner(learn: Any, saved: dict[str, Any]) -> None:
    """What `learner_state` gave; the optimiser must be there already. ValueError, before any change, for another
    model."""
    model = learn.model
    named = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    _fits(named, saved["model"])
    if saved["opt"] is None:
        learn.opt = None
    else:
        learn.opt.load_state_dict(saved["opt"])
    for name, value in saved["model"].items():
        _C.copy_into(named[name].array, value.array)
    for m, mode in zip(model.modules(), saved["training"], strict=True):
        object.__setattr__(m, "training", mode)
    for name, p in model.named_parameters():
        grad = saved["grads"].get(name)
        p.grad = None if grad is None else grad.clone()
    set_rng_state(saved["rng"])
    learn.data.load_state_dict(saved["loaders"])


def _fits(own: dict[str, Any], saved: dict[str, Any]) -> None:
    problems = [f"missing: {n}" for n in own if n not in saved] + [f"unexpected: {n}" for n in saved if n not in own]
    problems += [
        f"{n}: {own[n].shape} here, {saved[n].shape} saved"
        for n in own
        if n in saved and own[n].shape != saved[n].shape
    ]
    if problems:
        raise ValueError("the saved model is another: " + "; ".join(sorted(problems)[:6]))


def copied(tree: Any) -> Any:
    """`tree` with every Tensor and array copied, so that training on does not change it."""
    if isinstance(tree, dict):
        return {key: copied(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(copied(value) for value in tree)
    if isinstance(tree, dl.Tensor):
        return tree.detach().clone()
    return tree.copy() if isinstance(tree, np.ndarray) else tree


def fit_state(run: Run) -> dict[str, Any]:
    """All that `Learner.resume` needs to go on from here."""
    callbacks = [c for c in run.moments.callbacks if not c.only_watches or c.state_dict()]
    schedules = [c for c in callbacks if isinstance(c, Scheduler)]
    others = [c for c in callbacks if not isinstance(c, Scheduler)]
    return {
        "version": VERSION,
        "learner": learner_state(run.learn),
        "run": run.state_dict(),
        "schedules": [c.as_data() for c in schedules],
        "callbacks": [{"type": type(c).__name__, "state": c.state_dict()} for c in others],
        "low_precision": run.learn.low_precision,
    }


def restore_fit(run: Run, saved: dict[str, Any]) -> None:
    restore_learner(run.learn, saved["learner"])
    run.load_state_dict(saved["run"])
    run.resumed = run.batch > 0
    if run.resumed:  # the pass that stopped has begun already
        loaders = saved["learner"]["loaders"]
        run.learn.data.load_state_dict({name: n - (name == "train") for name, n in loaders.items()})
        if run.batch == run.batches:
            run.learn.data.load_state_dict(loaders)
    for entry, callback in _matched(saved, run.moments.callbacks):
        callback.load_state_dict(entry["state"])


def check_fit(learn: Any, saved: dict[str, Any], callbacks: list[Callback]) -> None:
    """ValueError where the file is another model's, or a callback that had a part in the fit is not here."""
    named = {**dict(learn.model.named_parameters()), **dict(learn.model.named_buffers())}
    _fits(named, saved["learner"]["model"])
    _matched(saved, [Recorder(learn), *callbacks])


def _matched(saved: dict[str, Any], callbacks: Sequence[Callback]) -> list[tuple[dict[str, Any], Callback]]:
    """Each saved callback with the one here that it belongs to: the next of its type."""
    waiting, pairs = list(callbacks), []
    for entry in saved["callbacks"]:
        match = next((c for c in waiting if type(c).__name__ == entry["type"]), None)
        if match is None:
            raise ValueError(
                f"resume: the fit had a {entry['type']}; give the Learner, or resume(), the same callbacks"
            )
        waiting.remove(match)
        pairs.append((entry, match))
    return pairs


def refreeze(learn: Any, frozen: list[str]) -> None:
    """The saved fit's choice of what is trained, and an optimiser over it."""
    names = set(frozen)
    for name, p in learn.model.named_parameters():
        p.requires_grad_(name not in names)
    learn._new_optimizer()


def save(learn: Any, path: Path, with_opt: bool) -> Path:
    """Parameters and persistent buffers, and the optimiser."""
    tree: dict[str, Any] = {"version": VERSION, "model": learn.model.state_dict()}
    if with_opt and learn.opt is not None:
        tree["opt"] = learn.opt.state_dict()
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, tree)
    return path


def load(learn: Any, path: Path, with_opt: bool) -> None:
    tree = checked(path, read(path), ("model",))
    _fits(learn.model.state_dict(), tree["model"])
    if with_opt and "opt" in tree:
        if learn.opt is None:
            learn._new_optimizer()
        try:
            learn.opt.load_state_dict(tree["opt"])
        except ValueError as error:
            raise ValueError(f"{path}: {error}; load(…, with_opt=False) takes the model alone") from None
    learn.model.load_state_dict(tree["model"])


def checked(path: Any, tree: Any, keys: tuple[str, ...]) -> Any:
    """`tree`, or a ValueError that says what the file at `path` is not."""
    if not isinstance(tree, dict) or not {"version", *keys} <= set(tree):
        raise ValueError(f"{path}: not what was expected: it lacks {', '.join(('version', *keys))}")
    if tree["version"] != VERSION:
        raise ValueError(f"{path}: version {tree['version']!r}; this dlcore reads {VERSION}")
    return tree
