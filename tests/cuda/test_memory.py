"""Memory of the device: what is counted, given back and refused; and which devices are."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dlcore as dl

from .conftest import shim_only

Schedules = Callable[..., Iterator[int]]
MB = 1 << 20


def test_tensors_are_counted_and_the_cache_is_given_back(schedules: Schedules) -> None:
    dl.cuda.synchronize()
    before = dl.cuda.memory_allocated()
    dl.cuda.reset_peak_memory_stats()
    assert dl.cuda.max_memory_allocated() == before
    x = dl.zeros(16, MB).cuda()
    assert dl.cuda.memory_allocated() == before + 64 * MB == dl.cuda.max_memory_allocated()
    assert dl.cuda.memory_reserved() >= before + 64 * MB
    text = dl.cuda.memory_summary()
    assert text.startswith(f"in use {dl.cuda.memory_allocated() / MB:.1f} MB (peak ") and "allocations" in text
    del x
    assert dl.cuda.memory_allocated() == before and dl.cuda.max_memory_allocated() == before + 64 * MB
    held = dl.cuda.memory_reserved()
    dl.cuda.empty_cache()
    assert dl.cuda.memory_reserved() <= held - 32 * MB  # a driver has blocks of its own, of 32 MB
    assert dl.cuda.max_memory_reserved() >= held
    free, total = dl.cuda.mem_get_info()
    assert 0 < free <= total


@shim_only
def test_too_large_is_an_error_that_names_sizes_and_all_goes_on(build_shim: Callable[[str], Path]) -> None:
    shim = ctypes.CDLL(str(build_shim("dlcore_shim")))
    before = dl.cuda.memory_allocated()
    _, total = dl.cuda.mem_get_info()
    kept = dl.ones(MB).cuda()
    shim.dlcore_shim_memory(ctypes.c_uint64(before + 14 * MB))
    try:
        freed = dl.ones(MB).cuda()
        del freed  # cached: an error must not count it as gone
        with pytest.raises(dl.OutOfMemory) as error:
            dl.zeros(4, MB).cuda()
        assert "out of memory: a tensor asked for 16.00 MB on the GPU; of its " in str(error.value)
        assert f"tensors hold {(before + 4 * MB) / MB:.2f} MB, the cache another 0 bytes, others 0 bytes" in str(
            error.value
        )
        assert isinstance(error.value, MemoryError)
        assert dl.cuda.memory_allocated() == before + 4 * MB
        assert (kept + dl.ones(MB).cuda()).sum().item() == 2 * MB
    finally:
        shim.dlcore_shim_memory(ctypes.c_uint64(total))


@pytest.mark.shim
def test_a_device_of_another_architecture_is_named(build_shim: Callable[[str], Path]) -> None:
    code = (
        "import ctypes, sys, dlcore as dl\n"
        "from dlcore import _C\n"
        "_C.load_backend(sys.argv[1])\n"
        "ctypes.CDLL(sys.argv[1]).dlcore_shim_capability(75)\n"
        "print(dl.cuda.is_available(), dl.cuda.why_not())\n"
        "for f in (dl.tensor([1.0]).cuda, dl.cuda.Stream, dl.cuda.Event, dl.cuda.memory_stats, dl.cuda.synchronize):\n"
        "    try: f()\n"
        "    except dl.DeviceError as e: assert str(e) == dl.cuda.why_not(), e\n"
        "    else: raise AssertionError(f)\n"
    )
    path = str(build_shim("dlcore_shim"))
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "False cuda: the GPU is the host shim (sm_75) but this build has kernels for the host; "
        "use a GPU of sm_80 or newer\n"
    )
