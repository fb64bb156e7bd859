"""The names a user meets: what the tests of the whole surface run over."""

from __future__ import annotations

from typing import Any

import dlcore as dl
from dlcore.nn import functional as F


def public_ops() -> dict[str, tuple[Any, str]]:
    """ "F.relu" -> (owner, attribute): public functions of nn.functional and of dlcore.ops, methods and operators."""
    found = {}
    for prefix, module, home in (("F", F, "dlcore"), ("dl", dl, "dlcore.ops")):
        for name, value in vars(module).items():
            if not name.startswith("_") and callable(value) and getattr(value, "__module__", "").startswith(home):
                found[f"{prefix}.{name}"] = (module, name)
    for owner in dl.Tensor.__mro__[:-1]:
        for name, value in vars(owner).items():
            operator = name.startswith("__") and name.endswith("__") and name not in dir(object)
            if (operator or not name.startswith("_")) and (callable(value) or isinstance(value, property)):
                found[f"Tensor.{name}"] = (owner, name)
    return found
