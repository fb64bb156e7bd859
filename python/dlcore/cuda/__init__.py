"""The GPU: is it there, its streams and events, its memory. Names are PyTorch's; there is one device, "cuda".

Work goes to the GPU in the order in which it is given, and the call returns before it is done. What reads numbers on
the host (``item``, ``cpu``, ``tolist``, printing) waits for the current stream; nothing else does.
"""

from dlcore.cuda.backend import check_sync, is_available, open_backend, synchronize, why_not
from dlcore.cuda.memory import (
    empty_cache,
    max_memory_allocated,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_reserved,
    memory_stats,
    memory_summary,
    reset_peak_memory_stats,
)
from dlcore.cuda.streams import Event, Stream, current_stream, default_stream, set_stream, stream

__all__ = [
    "Event",
    "Stream",
    "check_sync",
    "current_stream",
    "default_stream",
    "empty_cache",
    "is_available",
    "max_memory_allocated",
    "max_memory_reserved",
    "mem_get_info",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "memory_summary",
    "open_backend",
    "reset_peak_memory_stats",
    "set_stream",
    "stream",
    "synchronize",
    "why_not",
]
