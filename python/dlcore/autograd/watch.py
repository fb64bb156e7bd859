"""Finding where numbers go bad: every op's result and every gradient looked at, while asked for.

Nothing of this costs anything while it is off: a watch replaces the function that builds results (_C.make_with),
and a walk back asks once whether there is one.
"""

from __future__ import annotations

import linecache
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from dlcore import _C
from dlcore.autograd import graph
from dlcore.autograd.graph import Node, mode, part_backward

_PACKAGE = str(Path(__file__).resolve().parent.parent)
_HERE, _OPS = f"{_PACKAGE}/autograd", f"{_PACKAGE}/ops"

_sites: WeakKeyDictionary[Node, str] = WeakKeyDictionary()  # where each node was made
_lock = threading.Lock()
_watching = 0  # threads with a watch
_listeners: list[Callable[[bool], None]] = []


class _Layers(threading.local):
    def __init__(self) -> None:
        self.labels: list[str] = []  # of the modules whose forward is running
        self.names: dict[int, str] = {}


_layers = _Layers()


def on_watch(listener: Callable[[bool], None]) -> None:
    """Calls ``listener(True)`` when the first watch begins and ``listener(False)`` when the last one ends."""
    _listeners.append(listener)


class _Watch:
    def __init__(self, finite: str | None, anomaly: bool, nan: bool):
        self.finite = finite  # "all", "nan" or None: which values end it, forward and backward
        self.anomaly = anomaly  # whether an error in backward names its forward
        self.nan = nan  # whether a NaN gradient is one

    def made(self, array: Any, node: Node | None) -> None:
        bad = _first_bad(array, self.finite) if self.finite else None
        if bad or node is not None:
            op, line = _origin()
            where = f"{op}{_in_layer()}{line}"
            if node is not None:
                _sites[node.inputs[0] if node.rule is part_backward else node] = where
            if bad:
                raise FloatingPointError(f"check_finite: the result of {where} has {bad}")

    def run_rule(self, g: Any, node: Node) -> Any:
        where = _sites.get(node) or node.name()
        kind = self.finite or ("nan" if self.nan else None)
        if kind and node.rule is not part_backward:
            bad = _first_bad(g, kind)
            if bad:
                self._raise(f"the gradient that reached {where} has {bad}")
        try:
            results = node.rule(g, node)
        except FloatingPointError:
            raise
        except Exception as e:
            if not self.anomaly:
                raise
            raise RuntimeError(f"backward of {where} failed: {e}") from e
        for i, r in enumerate(results):
            bad = _first_bad(r, kind) if kind and r is not None else None
            if bad:
                self._raise(f"the backward of {where} gave its input {i} a gradient with {bad}")
        return results

    def _raise(self, text: str) -> None:
        if self.finite:
            raise FloatingPointError(f"check_finite: {text}")
        raise RuntimeError(f"detect_anomaly: {text}")


def _first_bad(array: Any, kind: str) -> str | None:
    """The first value that is not finite (or is NaN) in index order, in words."""
    if not array.dtype.is_floating_point or not array.size:
        return None
    array = _C.to_device(array, "cpu") if array.device != "cpu" else array
    if array.dtype == _C.DType.bfloat16:
        array = _C.convert(array, _C.DType.float32)
    values = array.numpy()
    bad = np.isnan(values) if kind == "nan" else ~np.isfinite(values)
    if not bad.any():
        return None
    index = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), values.shape))
    place = f"index {index[0] if len(index) == 1 else index} of shape {values.shape}" if index else "its only element"
    return f"{values[index]} at {place} ({int(bad.sum())} of {values.size} are not {_WANTED[kind]})"


_WANTED = {"all": "finite", "nan": "numbers"}


def _origin() -> tuple[str, str]:
    """The op that is being recorded, and the line outside the library that it comes from, in words."""
    frame: FrameType | None = sys._getframe(1)
    op = None
    while frame and frame.f_code.co_filename.startswith(_HERE):
        if frame.f_code.co_name == "apply" and "cls" in frame.f_locals:
            op = frame.f_locals["cls"].__name__
        frame = frame.f_back
    while frame and frame.f_code.co_filename.startswith(_OPS):
        op, frame = frame.f_code.co_name, frame.f_back  # the outermost: what was called
    while frame and frame.f_code.co_filename.startswith(_PACKAGE):
        op, frame = op or frame.f_code.co_name, frame.f_back
    if frame is None:
        return op or "an op", ""
    file, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, number).strip()
    return op or frame.f_code.co_name, f" at {Path(file).name}:{number}" + (f" `{text}`" if text else "")


def _in_layer() -> str:
    return f" in {_layers.labels[-1]}" if _layers.labels else ""


@contextmanager
def layer(module: Any, args: tuple) -> Iterator[None]:
    """Around a module's forward: what goes bad in it is named by its path in the outermost module."""
    if not _layers.labels:
        _layers.names = {id(m): name for name, m in module.named_modules()}
    name, kind = _layers.names.get(id(module)), type(module).__name__
    _layers.labels.append(f"layer {name} ({kind})" if name else kind)
    try:
        watch = mode.watch
        if watch and watch.finite:
            for i, x in enumerate(args):
                bad = _first_bad(x.array, watch.finite) if isinstance(x, graph.tensor_type) else None
                if bad:
                    raise FloatingPointError(f"check_finite: input {i} of {_layers.labels[-1]} has {bad}")
        yield
    finally:
        _layers.labels.pop()


def _made(array: Any, requires_grad: bool = False, node: Node | None = None) -> Any:
    if mode.watch is not None:
        mode.watch.made(array, node)
    return graph.tensor_type(array, requires_grad, node)


def _set(watch: _Watch | None) -> None:
    global _watching
    with _lock:
        before, mode.watch = mode.watch, watch
        change = (watch is not None) - (before is not None)
        was, _watching = _watching, _watching + change
        if (was > 0) != (_watching > 0):
            _C.make_with(_made if _watching else None)
            for listener in _listeners:
                listener(_watching > 0)


class check_finite:
    """Context manager: the first infinite or NaN value that an op or a backward makes raises FloatingPointError.

    The error names op, layer (by its path in the model), line and first index. ``nan_only=True`` lets infinities
    pass, as a mask of -inf makes them. Results of every op on this thread are looked at, recorded or not; what writes
    in place without a history is not. Every value is read once more: slow, and free of cost where it is not used.

    >>> import dlcore as dl
    >>> with dl.autograd.check_finite():
    ...     dl.log(dl.tensor([1.0, 0.0]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: check_finite: the result of log ... has -inf at index 1 of shape (2,) (1 of 2 are not finite)
    """

    def __init__(self, nan_only: bool = False):
        self._kind = "nan" if nan_only else "all"

    def __enter__(self) -> None:
        self._before = before = mode.watch
        _set(_Watch(self._kind, bool(before and before.anomaly), bool(before and before.nan)))

    def __exit__(self, *exc: object) -> None:
        _set(self._before)


class set_detect_anomaly:
    """Turns anomaly detection on or off on this thread, at once; as a context manager until its end.

    While it is on, an error in a backward names the forward line that made the node, and with `check_nan` a NaN
    gradient is such an error (RuntimeError). Both forward and backward have to run with it on.
    """

    def __init__(self, mode: bool, check_nan: bool = True):
        self._before = before = graph.mode.watch
        finite = before.finite if before else None
        _set(_Watch(finite, mode, mode and check_nan) if mode or finite else None)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        _set(self._before)


class detect_anomaly(set_detect_anomaly):
    """Context manager: errors and NaN gradients in a backward name the forward line that made the node.

    >>> import dlcore as dl
    >>> x = dl.tensor([0.0], requires_grad=True)
    >>> with dl.autograd.detect_anomaly():
    ...     (dl.sqrt(x) * 0).sum().backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    RuntimeError: detect_anomaly: the backward of sqrt ... gave its input 0 a gradient with nan at index 0 ...
    """

    def __init__(self, check_nan: bool = True):
        self._check_nan = check_nan

    def __enter__(self) -> None:
        super().__init__(True, self._check_nan)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on, on this thread."""
    return bool(mode.watch and mode.watch.anomaly)
