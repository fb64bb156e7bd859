"""What the GPU's memory holds. Each raises DeviceError where there is no GPU."""

from __future__ import annotations

from dlcore import _C
from dlcore.cuda.backend import open_backend


def memory_stats() -> dict[str, int]:
    """Bytes `in_use` by tensors and kernels' scratch, `reserved` by the cache (which holds those too), the `peak` of
    each, what is `free` of the GPU's `total`, and how many `allocations` there were."""
    open_backend()
    return _C.cuda_memory_stats()


def memory_allocated() -> int:
    """Bytes that tensors and kernels' scratch hold."""
    return memory_stats()["in_use"]


def max_memory_allocated() -> int:
    """The most that `memory_allocated` was, since the start or `reset_peak_memory_stats`."""
    return memory_stats()["peak"]


def memory_reserved() -> int:
    """Bytes that this process has from the driver: what tensors hold, and the cache."""
    return memory_stats()["reserved"]


def max_memory_reserved() -> int:
    """The most that `memory_reserved` was, since the start or `reset_peak_memory_stats`."""
    return memory_stats()["peak_reserved"]


def reset_peak_memory_stats() -> None:
    """Peaks count from now on."""
    open_backend()
    _C.cuda_reset_peaks()


def mem_get_info() -> tuple[int, int]:
    """(free, total) bytes of the GPU."""
    stats = memory_stats()
    return stats["free"], stats["total"]


def memory_summary() -> str:
    """What the GPU's memory holds, in one line."""
    s = memory_stats()
    mb = {name: bytes / 2**20 for name, bytes in s.items()}
    return (
        f"in use {mb['in_use']:.1f} MB (peak {mb['peak']:.1f}), reserved {mb['reserved']:.1f} MB "
        f"(peak {mb['peak_reserved']:.1f}); free {mb['free']:.0f} of {mb['total']:.0f} MB; "
        f"{s['allocations']} allocations"
    )


def empty_cache() -> None:
    """Gives memory that no tensor holds back to the driver, pinned host memory too; waits for the GPU first."""
    open_backend()
    _C.cuda_empty_cache()
