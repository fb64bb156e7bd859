"""What a wrong argument says: the op, what it needs, what it got, in one line.

``_C`` calls these after a call has failed, so that no op has to check the types of its arguments beforehand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from operator import index
from typing import Any

from dlcore import _C

_APPLICATIONS = ("dlcore.recipes", "dlcore.train", "dlcore.testing", "dlcore.cli")
_CONVERT = "; convert it with dl.tensor(x)"


def whole(op: str, n: Any) -> int:
    """`n` as an int; TypeError for what is none."""
    if not _is_whole(n):
        raise TypeError(f"{op}: needs a whole number, got {_show(n)}")
    return index(n)


def explain_value(x: Any) -> str:
    """For `x` where an op asked for a Tensor's Array."""
    frame: Any = sys._getframe(1)
    while frame.f_code.co_name.startswith(("_", "<")) and frame.f_back is not None:
        frame = frame.f_back
    return f"{frame.f_code.co_name}: needs a tensor, got {_kind(x)}{'' if x is None else _CONVERT}"


def explain_call(page: str, args: tuple) -> str:
    """For a call that pybind11 refused; `page` is its text, with the signature."""
    op = _op(page.partition("(")[0])
    if "incompatible function arguments" not in page:
        return f"{op}: a number in ({', '.join(map(_show, args))}) is too large for 64 bits"
    signature = re.search(r"1\. \((.*)\) ->", page)
    parts = _split(signature[1].replace("dlcore._C.", "")) if signature else []
    types = [p.partition(": ")[2].partition(" = ")[0] for p in parts]
    for wanted, arg in zip(types, args, strict=False):
        takes, words = _known(wanted)
        if not takes(arg):
            return f"{op}: needs {words}, got {_show(arg)}{_hint(wanted, arg)}"
    far = [a for a in args if isinstance(a, int) and abs(a) >= 2**31]
    if far:
        return f"{op}: {far[0]} is out of range"
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


def _split(parameters: str) -> list[str]:
    """At the commas outside brackets."""
    return re.split(r", (?=arg\d|\w+: )", parameters) if parameters else []


def _is_whole(x: Any) -> bool:
    try:
        index(x)
    except TypeError:
        return False
    return True


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) or (hasattr(x, "__float__") and not getattr(x, "ndim", 0))


def _is_array(x: Any) -> bool:
    return isinstance(x, _C.Array)


def _are_whole(x: Any) -> bool:
    return isinstance(x, (tuple, list)) and all(_is_whole(v) for v in x)


_TYPES: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("Array | float", lambda x: _is_array(x) or _is_number(x), "a tensor or a number"),
    ("Array", _is_array, "a tensor"),
    ("DType", lambda x: isinstance(x, _C.DType), "a dtype such as dl.float32"),
    ("tuple[int", _are_whole, "whole numbers"),
    ("collections.abc.Sequence[Array]", lambda x: isinstance(x, (list, tuple)), "a list of tensors"),
    ("collections.abc.Sequence[typing.SupportsInt", _are_whole, "whole numbers"),
    ("collections.abc.Sequence", lambda x: isinstance(x, (list, tuple)), "a list of numbers"),
    ("typing.SupportsInt", _is_whole, "a whole number"),
    ("typing.SupportsFloat", _is_number, "a number"),
    ("float", _is_number, "a number"),
    ("str", lambda x: isinstance(x, str), "a string"),
    ("bool", lambda x: isinstance(x, bool), "True or False"),
    ("numpy.ndarray", lambda x: type(x).__module__ == "numpy", "a NumPy array"),
)


def _known(wanted: str) -> tuple[Callable[[Any], bool], str]:
    for start, takes, words in _TYPES:
        if wanted.startswith(start):
            return takes, words
    return lambda x: True, wanted


def _hint(wanted: str, arg: Any) -> str:
    if hasattr(arg, "__len__") and not isinstance(arg, str) and wanted in ("Array", "Array | float", "float"):
        return _CONVERT
    if "Array" in wanted and not _is_array(arg) and arg is not None:
        return _CONVERT
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
    return "a Tensor" if hasattr(x, "array") else name if module == "builtins" else f"{module}.{name}"


def _show(x: Any) -> str:
    text = repr(x) if isinstance(x, (int, float, str, tuple, list)) else ""
    return text if 0 < len(text) <= 40 and "\n" not in text and not hasattr(x, "array") else _kind(x)
