"""Trees of numbers, texts, lists, dicts and Tensors as one safetensors file: the tensors as such, the rest as its JSON.

What JSON has no word for is a dict of one key that begins with "$": a tensor by its name in the file, an array (which
comes back as one), a tuple, a dict whose keys are not texts, a number that is not finite.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

import dlcore as dl
from dlcore.formats import load as load_tensors
from dlcore.formats import load_metadata
from dlcore.formats import save as save_tensors


def write(path: str | os.PathLike, tree: Any) -> None:
    """Atomically: `path` holds the old tree or the new one. OSError; TypeError for what a tree cannot hold.

    >>> import tempfile, os
    >>> file = os.path.join(tempfile.mkdtemp(), "a.safetensors")
    >>> write(file, {"n": 3, "pair": (1.5, "x"), "w": dl.tensor([1.0, 2.0])})
    >>> read(file)["pair"], read(file)["w"].tolist()
    ((1.5, 'x'), [1.0, 2.0])
    """
    tensors: dict[str, Any] = {}
    packed = _pack(tree, "", tensors)
    save_tensors(tensors, path, {"tree": packed})


def read(path: str | os.PathLike) -> Any:
    """The tree that `write` wrote. FileNotFoundError, or ValueError when the file is another, or damaged."""
    try:
        about = load_metadata(path)
    except RecursionError:
        raise ValueError(f"{path}: damaged: its header is nested without end") from None
    if not isinstance(about, dict) or "tree" not in about:
        raise ValueError(f"{path}: a safetensors file, but not one that dlcore.train wrote")
    tensors = load_tensors(path)
    try:
        return _unpack(about["tree"], tensors)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: damaged ({type(error).__name__}: {error})") from None


def _pack(value: Any, where: str, tensors: dict[str, Any]) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, np.integer | np.floating | np.bool_):
        return _pack(value.item(), where, tensors)
    if isinstance(value, dl.Tensor | np.ndarray):
        name = where or "value"
        while name in tensors:  # {"a": {"b": …}, "a.b": …}
            name += "'"
        if isinstance(value, np.ndarray):
            tensors[name] = value
            return {"$array": name}
        low = value.dtype == dl.bfloat16
        tensors[name] = value.detach().float() if low else value
        return {"$bfloat16" if low else "$tensor": name}
    if isinstance(value, dict):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _pack(item, f"{where}.{key}" if where else key, tensors) for key, item in value.items()}
        return {"$pairs": [[_pack(k, "", {}), _pack(v, f"{where}.{k}", tensors)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        items = [_pack(item, f"{where}.{i}", tensors) for i, item in enumerate(value)]
        return items if isinstance(value, list) else {"$tuple": items}
    raise TypeError(f"a file of training state cannot hold {where}: {type(value).__name__}")


def _unpack(value: Any, tensors: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).startswith("$"):
        [(kind, inner)] = value.items()
        return _KINDS[kind](inner, tensors)
    return {key: _unpack(item, tensors) for key, item in value.items()}


_KINDS = {
    "$float": lambda text, tensors: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[text],
    "$tensor": lambda name, tensors: tensors[name],
    "$bfloat16": lambda name, tensors: tensors[name].bfloat16(),
    "$array": lambda name, tensors: tensors[name].numpy(),
    "$tuple": lambda items, tensors: tuple(_unpack(item, tensors) for item in items),
    "$pairs": lambda pairs, tensors: {_unpack(k, tensors): _unpack(v, tensors) for k, v in pairs},
}
