"""Threads, random state, memory and dtypes."""

from __future__ import annotations

from dlcore import _C
from dlcore.mistakes import whole

bool = _C.DType.bool
uint8 = _C.DType.uint8
int32 = _C.DType.int32
int64 = _C.DType.int64
float16 = half = _C.DType.float16
bfloat16 = _C.DType.bfloat16
float32 = _C.DType.float32
float64 = _C.DType.float64


def manual_seed(seed: int) -> None:
    """Starts the random stream anew. The same seed gives the same numbers on any number of threads.

    >>> import dlcore as dl
    >>> dl.manual_seed(7)
    """
    if not 0 <= whole("manual_seed", seed) < 2**64:
        raise ValueError(f"manual_seed: needs a whole number from 0 to 2**64 - 1, got {seed}")
    _C.manual_seed(seed)


def set_num_threads(n: int) -> None:
    """How many threads kernels use; results do not depend on it. ValueError below 1."""
    _C.set_num_threads(min(whole("set_num_threads", n), 2**31 - 1))


def get_num_threads() -> int:
    """How many threads kernels use: at the start min(affinity, cgroup quota), or DLCORE_NUM_THREADS."""
    return _C.num_threads()


# Parts of bfloat16 that stand for a float32 where the machine multiplies tiles of them.
_FLOAT_PARTS = {"highest": 3, "high": 2, "medium": 1}


def set_float32_matmul_precision(precision: str) -> None:
    """How exact products of float32 are, above all on tiles of bfloat16 (AMX): matmul, linear, conv2d, rnn.

    A float32 is the sum of three bfloat16. "highest" (at the start) multiplies all of them, six products: the error is
    that of a chain of fused multiply-adds at most, plus one rounding (2**-24 sum|a||b|) and k 2**-126 max|a, b|.
    "high" keeps two (three products): |error| <= 2**-15 sum|a||b|. "medium" keeps one: |error| <= 2**-7 sum|a||b|.
    Sums are float32 always. Small products, float64, values that parts cannot carry (not finite, below 2**-110) and
    machines without tiles compute as "highest", but for one thing: without tiles, "high" and "medium" let 3×3
    convolutions of stride 1 and their gradients run as Winograd's F(4×4, 3×3), with a quarter of the products. Their
    error is relative to the largest values, not to each sum's own: measured, |error| <= 2**-18 max|x| sum|w|, root mean
    square 1.1e-6 of the result's deviation for 64 channels and 2e-6 for 512. Where a value is not finite, or a sum
    within a tile overflows, the whole result is computed as "highest". ValueError for another word. PyTorch has the
    same function.

    >>> import dlcore as dl
    >>> dl.set_float32_matmul_precision("high")
    >>> dl.get_float32_matmul_precision()
    'high'
    >>> dl.set_float32_matmul_precision("highest")
    """
    if precision not in _FLOAT_PARTS:
        raise ValueError(f'set_float32_matmul_precision: needs "highest", "high" or "medium", got {precision!r}')
    _C.set_product_precision(_FLOAT_PARTS[precision])


def get_float32_matmul_precision() -> str:
    """The word last given to `set_float32_matmul_precision`, or "highest"."""
    return next(word for word, parts in _FLOAT_PARTS.items() if parts == _C.product_precision())


def memory_summary() -> str:
    """What the caching allocator holds, in one line."""
    s = _C.memory_stats()
    mb = {k: s[k] / 2**20 for k in ("in_use", "peak", "cached", "cache_limit")}
    hits = s["cache_hits"] / max(s["allocations"], 1)
    return (
        f"in use {mb['in_use']:.1f} MB (peak {mb['peak']:.1f}), cached {mb['cached']:.1f} of at most "
        f"{mb['cache_limit']:.0f} MB; {s['allocations']} allocations, {hits:.0%} from the cache"
    )


def empty_cache() -> None:
    """Gives the allocator's cached memory back to the system, but for what lies in one block with a tensor's."""
    _C.empty_cache()
