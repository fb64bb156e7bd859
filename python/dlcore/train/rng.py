"""The random streams that training may draw from: dlcore's own, and NumPy's and Python's global ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from dlcore import _C


def rng_state() -> dict[str, Any]:
    """All three, as numbers, texts and arrays."""
    kind, keys, place, has_gauss, gauss = np.random.get_state()  # type: ignore[misc]
    version, words, normal = random.getstate()
    return {
        "dlcore": list(_C.rng_state()),
        "numpy": [kind, np.asarray(keys, np.int64), place, has_gauss, gauss],
        "python": [version, np.asarray(words, np.int64), normal],
    }


def set_rng_state(saved: dict[str, Any]) -> None:
    _C.set_rng_state(*saved["dlcore"])
    kind, keys, place, has_gauss, gauss = saved["numpy"]
    np.random.set_state((kind, np.asarray(keys).astype(np.uint32), place, has_gauss, gauss))
    version, words, normal = saved["python"]
    random.setstate((version, tuple(int(w) for w in np.asarray(words)), normal))


@contextmanager
def kept_rng() -> Iterator[None]:
    """What is drawn inside the block is not missed after it."""
    before = rng_state()
    try:
        yield
    finally:
        set_rng_state(before)
