"""What this machine can do, measured in the run that quotes it, and what it is."""

from __future__ import annotations

import datetime
import platform
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import dlcore as dl
from dlcore import _C

COPY_BYTES = 128 << 20  # each way and thread: past any cache
TRIALS = 5
PROBE_S = 0.05


@cache
def peak_flops(threads: int) -> float:
    """fp32 FLOP/s of independent FMA chains in registers, on the chosen ISA: best of some trials."""
    with ThreadPoolExecutor(threads) as pool:
        return max(sum(pool.map(lambda _: _C.peak_flops(PROBE_S), range(threads))) for _ in range(TRIALS))


@cache
def copy_bandwidth(threads: int) -> float:
    """Bytes read plus bytes written a second, copying arrays past the caches; best of some trials."""
    pairs = [(np.ones(COPY_BYTES // 8), np.zeros(COPY_BYTES // 8)) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:

        def once() -> float:
            start = time.perf_counter()
            list(pool.map(lambda p: np.copyto(p[1], p[0]), pairs))  # NumPy lets the GIL go while it copies
            return 2 * COPY_BYTES * threads / (time.perf_counter() - start)

        return max(once() for _ in range(TRIALS))


def openmp_runtimes() -> list[str]:
    """OpenMP libraries loaded in this process. PyTorch bundles a libgomp.so.1 of its own; whoever is imported first
    brings the only copy, because the name is the same. Elsewhere there may be two, see harness.measure."""
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        return []
    return sorted(set(re.findall(r"/\S*/lib[gi]?omp[^/\s]*", maps)))


def stamp(peer: str | None) -> dict[str, Any]:
    """Host, versions, commit and date: the part of a result line that says where it comes from."""
    versions = {"dlcore": dl.__version__, "numpy": np.__version__, "python": platform.python_version()}
    if peer:
        versions[peer] = __import__(peer).__version__
    return {
        "cpu": cpu_model(),
        "isa": _C.isa(),
        "openmp": [Path(path).name for path in openmp_runtimes()],
        "versions": versions,
        "commit": commit(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found = {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    name = found.get("model name", platform.machine())
    return f"{name} (family {found.get('cpu family', '?')} model {found.get('model', '?')})"


def commit() -> str:
    """The commit of the checkout that the bench runs from, with "+" where the tree has changes; "" outside one."""
    here = Path(__file__).parent

    def git(*args: str) -> str:
        return subprocess.run(["git", *args], cwd=here, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "--", "..") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""
