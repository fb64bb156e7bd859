"""How far a row's results are from those of the same operands in float64: ours, and the peer's beside them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from .harness import Lib, Row, flat, to_numpy


def measure(row: Row, peer: str, threads: int) -> dict[str, float]:
    """{"ours_error", "peer_error"}: the largest `error` of a row's results, against the peer's own float64."""
    seed = zlib.crc32(row.name.encode())
    libs = [Lib("dlcore", seed), Lib(peer, seed), Lib(peer, seed, exact=True)]
    for lib in libs:
        lib.set_threads(threads)
    ours, theirs, exact = ([to_numpy(y) for y in flat(row.build(lib)())] for lib in libs)
    return {"ours_error": worst(ours, exact), "peer_error": worst(theirs, exact)}


def worst(results: Sequence[Any], exact: Sequence[Any]) -> float:
    return max(error(y, e) for y, e in zip(results, exact, strict=True))


def error(y: Any, exact: Any) -> float:
    """The root mean square of the error over that of the exact values."""
    square = float(np.mean(np.square(exact)))
    return float(np.sqrt(np.mean(np.square(y.astype(np.float64) - exact)) / square)) if square else 0.0
