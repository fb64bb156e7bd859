"""What this machine can do (dlcore.machine measures it in the run that quotes it), and what it is."""

from __future__ import annotations

import datetime
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

import dlcore as dl
from dlcore import _C
from dlcore.machine import copy_bandwidth, peak_flops

__all__ = ["commit", "copy_bandwidth", "cpu_model", "openmp_runtimes", "peak_flops", "stamp"]


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
        versions[peer] = __import__(peer.partition(".")[0]).__version__
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
