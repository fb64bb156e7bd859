"""What this machine can do at best, measured in the process that asks and once: what rates are set against."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

from dlcore import _C

COPY_BYTES = 128 << 20  # each way and thread: past any cache
TRIALS = 5
PROBE_S = 0.05


def peak_flops(threads: int) -> float:
    """float32 FLOP/s of multiply-adds in registers, on the instruction set in force: best of some trials, 0.3 s.

    >>> peak_flops(1) > 1e9
    True
    """
    return _best(_C.peak_flops, threads, _C.isa())


def peak_bf16_flops(threads: int) -> float:
    """bfloat16 FLOP/s of products, on tiles (AMX) or pairs (AVX512_BF16), likewise; 0 on other instruction sets.

    >>> peak_bf16_flops(1) >= 0
    True
    """
    return _best(_C.peak_bf16_flops, threads, _C.isa())


@cache
def _best(probe: Callable[[float], float], threads: int, isa: str) -> float:
    with ThreadPoolExecutor(threads) as pool:
        return max(sum(pool.map(lambda _: probe(PROBE_S), range(threads))) for _ in range(TRIALS))


@cache
def copy_bandwidth(threads: int) -> float:
    """Bytes read plus bytes written a second, copying arrays past the caches; best of some trials, 0.4 s."""
    pairs = [(np.ones(COPY_BYTES // 8), np.zeros(COPY_BYTES // 8)) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:

        def once() -> float:
            start = time.perf_counter()
            list(pool.map(lambda p: np.copyto(p[1], p[0]), pairs))  # NumPy lets the GIL go while it copies
            return 2 * COPY_BYTES * threads / (time.perf_counter() - start)

        return max(once() for _ in range(TRIALS))
