"""A trained model as one file for prediction: safetensors and JSON, names instead of code, no paths.

The file names how the model is made: layers of dlcore.nn with their arguments, containers of them, and whatever is
registered (`@register` on a model's class, or on the function that makes it). Transforms are named likewise.
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import dlcore as dl
import dlcore.nn.functional as F
from dlcore import nn
from dlcore.data import DataLoader
from dlcore.registry import make, spec_of

from .databunch import LABELS, DataBunch
from .learner import Learner
from .losses import activation_of, bce_with_logits, mse_flat
from .progress import Progress
from .state import VERSION, checked
from .tree import read, write

_LOSSES: dict[str, Any] = {
    "cross_entropy": F.cross_entropy,
    "bce_with_logits": bce_with_logits,
    "mse_flat": mse_flat,
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "smooth_l1_loss": F.smooth_l1_loss,
    "nll_loss": F.nll_loss,
}
_CONTAINERS = ("Sequential", "ModuleList")


def export(learn: Learner, name: str | os.PathLike = "export.safetensors") -> Path:
    """Writes path/NAME, atomically, and returns its path.

    ValueError, with nothing written, for a part that has no name: a module that is neither of dlcore.nn nor
    registered, a transform that is not registered, a loss that `load_learner` could not find.
    """
    transforms = getattr(learn.data.valid_dl or learn.data.train_dl, "transforms", [])
    tree = {
        "version": VERSION,
        "model": _checked_spec(learn.model),
        "dtype": str(next(learn.model.parameters()).dtype),
        "state": learn.model.state_dict(),
        "classes": learn.data.classes,
        "label": learn.data.label,
        "transforms": [_transform_spec(t) for t in transforms],
        "loss": _loss_name(learn.loss_func),
        "low_precision": learn.low_precision,
    }
    path = learn.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, tree)
    return path


def load_learner(path: str | os.PathLike, file: str = "export.safetensors", test: Any = None) -> Learner:
    """The Learner in path/FILE (or in the file `path`), to predict with; its model is in eval mode.

    `test`: a data set of (inputs…, target) for `get_preds("test")`. Code is never taken from the file: what it names
    must be of dlcore.nn or registered in this process. ValueError for an unknown name, for arguments or weights that
    do not fit, for another file; FileNotFoundError where there is none.
    """
    where = Path(path)
    where = where / file if where.is_dir() else where
    tree = checked(where, read(where), ("model", "state", "label", "transforms", "loss"))
    if tree["label"] not in LABELS or tree["loss"] not in _LOSSES:
        raise ValueError(f"{where}: unknown label {tree['label']!r} or loss {tree['loss']!r}")
    try:
        _check_size(tree["model"], tree["state"])
        model = build(tree["model"])
        transforms = [make(spec) for spec in tree["transforms"]]
        if tree["dtype"] == "float64":
            model.double()
        model.load_state_dict(tree["state"])
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where}: {error}") from None
    model.eval()
    loader = None if test is None else DataLoader(test, 64, transform=transforms)
    data = DataBunch(None, _Transforms(transforms), loader, classes=tree["classes"], label=tree["label"])
    learn = Learner(data, model, loss_func=_LOSSES[tree["loss"]], path=where.parent, show=Progress(quiet=True))
    learn.low_precision = bool(tree["low_precision"])
    return learn


class _Transforms:
    """Stands where a validation set was: what is left of it are its transforms."""

    def __init__(self, transforms: list[Any]):
        self.transforms = transforms

    def __iter__(self) -> Any:
        raise ValueError("this Learner came from a file and has no data; give load_learner a test set")


def describe(module: nn.Module) -> dict[str, Any]:
    """How a module is made, as data: see the head of this file. ValueError for one that has no name.

    >>> describe(nn.Linear(2, 3))
    {'layer': 'Linear', 'args': {'in_features': 2, 'out_features': 3, 'bias': True}}
    """
    spec = spec_of(module)
    if spec is not None:
        return spec
    kind = type(module).__name__
    if _layer(kind) is not type(module):
        raise ValueError(
            f"export: {kind} is neither a layer of dlcore.nn nor registered: put @dlcore.train.register on its class, "
            "or on the function that makes the model"
        )
    if kind in _CONTAINERS:
        return {"layer": kind, "children": [[name, describe(child)] for name, child in module.named_children()]}
    args = {}
    for name in inspect.signature(type(module)).parameters:
        if hasattr(module, name):  # else its default; `_checked_spec` finds out where that is wrong
            value = getattr(module, name)
            args[name] = (
                value is not None if isinstance(value, dl.Tensor) or name == "bias" and value is None else value
            )
    return {"layer": kind, "args": args}


def build(spec: Any) -> nn.Module:
    """The module that `describe` described, with new weights. ValueError for what is not known here."""
    if not isinstance(spec, dict) or "layer" not in spec:
        made = make(spec)
        if not isinstance(made, nn.Module):
            raise ValueError(f"{spec['name']} makes a {type(made).__name__}, not a model")
        return made
    layer = _layer(spec["layer"])
    if layer is None:
        raise ValueError(f"{spec['layer']!r} is not a layer of dlcore.nn")
    if "children" not in spec:
        return layer(**spec["args"])
    container = layer()
    for name, child in spec["children"]:
        container.add_module(name, build(child))
    return container


_SIZES = ("size", "dim", "features", "channels", "num_embeddings", "normalized_shape", "num_parameters", "num_layers")


def _check_size(spec: Any, state: dict[str, Any], path: str = "") -> None:
    """ValueError, before memory is asked for, where a layer's arguments ask for far more than the file has for it.

    The product of its sizes over its groups is at most the weights' number in all layers of nn, times 4 for gates or
    heads that share a size; what has few weights, or none, may still be 2^20.
    """
    if not isinstance(spec, dict) or "layer" not in spec:
        return
    for name, child in spec.get("children", ()):
        _check_size(child, state, f"{path}{name}.")
    args = spec.get("args", {})
    product = 1.0
    for name, value in args.items():
        if any(word in name for word in _SIZES):
            for n in (
                value if isinstance(value, list | tuple) else (value, value) if name == "kernel_size" else (value,)
            ):
                product *= max(1, abs(n)) if isinstance(n, int | float) else 1
    product /= max(1, args["groups"]) if isinstance(args.get("groups"), int) else 1
    stored = sum(t.numel() for name, t in state.items() if name.startswith(path))
    if not product <= max(4 * stored, 1 << 20):
        raise ValueError(f"{spec['layer']} {path}: its arguments ask for {product:.1e} weights, the file has {stored}")


def _layer(name: Any) -> Any:
    found = getattr(nn, name, None) if isinstance(name, str) and name in nn.__all__ else None
    return found if isinstance(found, type) and issubclass(found, nn.Module) else None


def _checked_spec(model: nn.Module) -> dict[str, Any]:
    """The model's spec, after making it once again: same structure, same names and shapes of weights."""
    spec = describe(model)
    with_rng = dl._C.rng_state()
    try:
        twin = build(spec)
    finally:
        dl._C.set_rng_state(*with_rng)
    shapes = [{name: t.shape for name, t in m.state_dict().items()} for m in (model, twin)]
    if repr(twin) != repr(model) or shapes[0] != shapes[1]:
        raise ValueError(
            "export: the model made again from its parts is another; put @dlcore.train.register on the function or "
            "class that makes it whole"
        )
    return spec


def _transform_spec(transform: Any) -> dict[str, Any]:
    spec = spec_of(transform)
    if spec is None:
        name = getattr(transform, "__qualname__", type(transform).__name__)
        raise ValueError(f"export: the transform {name} is not registered: put @dlcore.train.register on what makes it")
    return spec


def _loss_name(loss_func: Any) -> str:
    for name, known in _LOSSES.items():
        if loss_func is known:
            return name
    same = [name for name, known in _LOSSES.items() if activation_of(known) is activation_of(loss_func)]
    if type(loss_func).__module__.startswith("dlcore.nn") and same:
        return same[0]  # nn.CrossEntropyLoss() and its kin: prediction needs the activation alone
    if getattr(loss_func, "activation", None) is None and same:
        return "mse_loss"
    raise ValueError("export: a loss with an activation of its own has no name in a file; predict needs one of F's")
