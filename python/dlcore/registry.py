"""Names for what a saved file may ask to be made again: a file holds a name and arguments, never code.

`@register` stands on a function that makes something (a model, a transform) or on a class; what they make remembers its
name and arguments, as `spec_of` gives them. `make` refuses every name that is not registered.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])

_MAKERS: dict[str, Callable[..., Any]] = {}


def register(maker: T) -> T:
    """Registers a function or class under its own name, and lets what it makes remember how it was made.

    ValueError where another one has the name. Defined again, as in a notebook's cell, it takes its old place.

    >>> @register
    ... def doubler(times=2):
    ...     return lambda x: x * times
    >>> spec_of(doubler(times=3))
    {'name': 'doubler', 'args': {'times': 3}}
    >>> make({"name": "doubler", "args": {"times": 5}})(2)
    10
    """
    name = maker.__name__
    home = (maker.__module__, maker.__qualname__)
    old = _MAKERS.get(name)
    if old is not None and (old.__module__, old.__qualname__) != home:
        raise ValueError(f"register: the name {name!r} is taken by {old.__module__}.{old.__qualname__}")
    if isinstance(maker, type):
        _remember_in_init(maker)
        _MAKERS[name] = maker
        return maker
    signature = inspect.signature(maker)

    @functools.wraps(maker)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        made = maker(*args, **kwargs)
        object.__setattr__(made, "_made_by", (name, _bound(signature, args, kwargs)))
        return made

    _MAKERS[name] = wrapped
    return wrapped  # type: ignore[return-value]


def _remember_in_init(cls: type) -> None:
    init = cls.__init__  # type: ignore[misc]
    signature = inspect.signature(init)

    @functools.wraps(init)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        if type(self) is cls:
            bound = _bound(signature, (self, *args), kwargs)
            bound.pop(next(iter(signature.parameters)))
            object.__setattr__(self, "_made_by", (cls.__name__, bound))

    cls.__init__ = wrapped  # type: ignore[misc]


def _bound(signature: inspect.Signature, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name; extra positional ones are not a spec's business, and make it one that cannot be saved."""
    found = signature.bind(*args, **kwargs).arguments
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            found.update(found.pop(name, {}))
    return dict(found)


def spec_of(made: Any) -> dict[str, Any] | None:
    """{"name", "args"} of what a registered maker made, or None. ValueError where an argument cannot be in a file."""
    known = getattr(made, "_made_by", None)
    if known is None:
        return None
    name, args = known
    return {"name": name, "args": {key: _plain(f"{name}: {key}", value) for key, value in args.items()}}


def _plain(where: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(where, item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(where, item) for key, item in value.items()}
    raise ValueError(f"{where} is a {type(value).__name__}; a file can hold numbers, texts and lists of them")


def make(spec: Any) -> Any:
    """What a spec says, by its registered maker. ValueError for a name that is not registered, or other arguments."""
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str) or not isinstance(spec.get("args"), dict):
        raise ValueError(f'a spec is {{"name": …, "args": {{…}}}}, got {spec!r}')
    maker = _MAKERS.get(spec["name"])
    if maker is None:
        raise ValueError(
            f"{spec['name']!r} is not registered here: import the module that has it, with @dlcore.train.register on it"
        )
    try:
        inspect.signature(maker).bind(**spec["args"])
    except TypeError as error:
        raise ValueError(f"{spec['name']} does not take the file's arguments ({error})") from None
    return maker(**spec["args"])
