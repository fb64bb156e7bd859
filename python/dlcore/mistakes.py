"""What a wrong argument says: the op, what it needs, what it got, in one line.

``_C`` asks after a call has failed, so that no op has to check the types of its arguments beforehand.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from operator import index
from typing import Any

from dlcore import _C

_APPLICATIONS = ("dlcore.recipes", "dlcore.train", "dlcore.testing", "dlcore.cli")
_CONVERT = "; convert it with dl.tensor(x)"
_ARRAYS = "collections.abc.Sequence[typing.Any]"  # of the types as _C spells them


def whole(op: str, n: Any) -> int:
    """`n` as an int; TypeError for what is none."""
    if not _is_whole(n):
        raise TypeError(f"{op}: needs a whole number, got {_show(n)}")
    return index(n)


def explain_call(name: str, types: tuple[str, ...], args: tuple) -> str:
    """For a call of _C's function `name`, which takes `types`, with arguments that it could not take."""
    op = _op(name)
    for wanted, arg in zip(types, args, strict=False):
        takes, words = _known(wanted)
        if not takes(arg):
            bad, where = _culprit(takes, arg)
            return f"{op}: needs {words}, got {_show(bad)}{where}{_hint(wanted, bad)}"
    for wanted, arg in zip(types, args, strict=False):
        for n in map(index, filter(_is_whole, arg if isinstance(arg, (tuple, list)) else (arg,))):
            if not -(2**63) <= n < 2**63:
                hint = "; write a float" if "float" in wanted else ""
                return f"{op}: an integer has at most 64 bits, got {_show(n)}{hint}"
            if abs(n) >= 2**31:
                return f"{op}: {n} is out of range"
    return f"{op}: takes {len(types)} arguments of types ({', '.join(types)}), got ({', '.join(map(_kind, args))})"


def _op(fallback: str) -> str:
    """The public name nearest to the user's code: a layer's or optimiser's class, or a function."""
    frame, name = sys._getframe(2), fallback
    while frame is not None and frame.f_globals.get("__name__", "").startswith("dlcore."):
        if frame.f_globals["__name__"].startswith(_APPLICATIONS):
            break
        code, owner = frame.f_code.co_name, frame.f_locals.get("self")
        if owner is not None and not hasattr(owner, "array"):
            return type(owner).__name__
        if not code.startswith(("_", "<")):
            name = code
        frame = frame.f_back  # type: ignore[assignment]
    return {"equal": "eq", "unequal": "ne"}.get(name, name)


def _is_whole(x: Any) -> bool:
    try:
        index(x)
    except (TypeError, ValueError):  # the latter from a tensor of several elements
        return False
    return True


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) or (hasattr(x, "__float__") and not hasattr(x, "__len__"))


def _is_tensor(x: Any) -> bool:
    return hasattr(type(x), "needs_grad")


def _is_array(x: Any) -> bool:
    return isinstance(_C.value_of(x), _C.Array)


def _are_arrays(x: Any) -> bool:
    return isinstance(x, (tuple, list)) and all(map(_is_array, x))


def _are_whole(x: Any) -> bool:
    return isinstance(x, (tuple, list)) and all(_is_whole(v) for v in x)


_TYPES: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("Array | float", lambda x: _is_array(x) or _is_number(x), "a tensor or a number"),
    ("Array | None", lambda x: x is None or _is_array(x), "a tensor or None"),
    ("Array", _is_array, "a tensor"),
    ("DType", lambda x: isinstance(x, _C.DType), "a dtype such as dl.float32"),
    ("tuple[int", _are_whole, "whole numbers"),
    (_ARRAYS, _are_arrays, "a list of tensors"),
    ("collections.abc.Sequence[typing.SupportsInt", _are_whole, "whole numbers"),
    ("collections.abc.Sequence", lambda x: isinstance(x, (list, tuple)), "a list of numbers"),
    ("typing.SupportsInt", _is_whole, "a whole number"),
    ("typing.SupportsFloat", _is_number, "a number"),
    ("float", _is_number, "a number"),
    ("str", lambda x: isinstance(x, str), "a string"),
    ("bool", lambda x: isinstance(x, bool), "True or False"),
    ("numpy.ndarray", lambda x: type(x).__module__ == "numpy", "a NumPy array"),
)


def _culprit(takes: Callable[[Any], bool], arg: Any) -> tuple[Any, str]:
    """What in `arg` is wrong, and where: the first element that alone would be, where a list is wanted."""
    if isinstance(arg, (tuple, list)) and takes(()):
        for i, x in enumerate(arg):
            if not takes((x,)):
                return x, f" at index {i}" if len(arg) > 1 else ""
    return arg, ""


def _known(wanted: str) -> tuple[Callable[[Any], bool], str]:
    for start, takes, words in _TYPES:
        if wanted.startswith(start):
            return takes, words
    return lambda x: True, wanted


def _hint(wanted: str, arg: Any) -> str:
    if wanted.startswith(("Array", _ARRAYS)) and not isinstance(arg, (str, type(None))):
        return "; its class must call super().__init__(array)" if _is_tensor(arg) else _CONVERT
    if wanted == "DType":
        name = arg if isinstance(arg, str) else getattr(arg, "__name__", "")
        name = {"float": "float32", "int": "int64"}.get(name, name)
        return f"; write dl.{name}" if name in _C.DType.__members__ else ""
    return ""


def _kind(x: Any) -> str:
    if x is None:
        return "None"
    module = type(x).__module__
    name = type(x).__name__
    if isinstance(x, type):
        return f"the type {x.__name__}"
    if _is_tensor(x):
        return "a Tensor" if _is_array(x) else f"a {name} without values"
    return name if module == "builtins" else f"{module}.{name}"


def _show(x: Any) -> str:
    if isinstance(x, int) and x.bit_length() > 128:
        return f"one of {x.bit_length()} bits"
    text = ""
    if isinstance(x, (int, float, str)) or (isinstance(x, (tuple, list)) and len(x) <= 8):
        with suppress(Exception):  # what it holds may have no text: an integer of 5000 digits, a Tensor without values
            text = repr(x)
    return text if 0 < len(text) <= 40 and "\n" not in text else _kind(x)
