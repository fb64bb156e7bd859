"""Which kernels ran, for how long, how near to the machine's limits, and why those.

    with dl.profile() as p:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
    print(p)

While a profile is open every run of a kernel leaves a record, half a microsecond each. While none is, a run tests one
flag.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlcore import _C
from dlcore.machine import copy_bandwidth, peak_bf16_flops, peak_flops
from dlcore.profile_table import FIRST, table

PRODUCTS = {3: 6, 2: 3, 1: 1}  # on tiles, for one of float32 in so many bfloat16 parts
COPIES = ("copy", "transpose")  # the ops of blocks/copy
_EVENT = np.dtype(
    [("start", "i8"), ("end", "i8"), ("flops", "f8"), ("bytes", "f8"), ("thread", "i8"), ("kernel", "u4"), ("op", "i4")]
)


@dataclass(frozen=True)
class KernelRow:
    """The runs of one kernel in a profile.

    ``flops`` and ``bytes`` are what its contract says that the calls needed (a multiply-add is two operations, every
    operand is moved once); 0 where it states none. ``seconds`` is from launch to the last thread's end; runs within a
    parallel loop count by their share of it.
    """

    kernel: str  #: the row of the kernel table: op, dtype, instruction set
    calls: int
    seconds: float
    flops: float
    bytes: float
    why: str  #: "first row that fits", or what the better rows said when they declined
    source: str  #: its file below the repository
    ops: dict[str, tuple[int, float]] = field(default_factory=dict)  #: functions that asked for it: calls, seconds
    threads: int = 1  #: of the profile

    @property
    def gflops(self) -> float | None:
        """10⁹ operations a second; None where the contract states none."""
        return self.flops / self.seconds * 1e-9 if self.flops and self.seconds else None

    @property
    def gbytes(self) -> float | None:
        """10⁹ bytes a second; None where the contract states none."""
        return self.bytes / self.seconds * 1e-9 if self.bytes and self.seconds else None

    @property
    def least(self) -> tuple[float, float]:
        """Seconds that all calls take at this machine's peaks: of arithmetic, and of copying. Measured once, 1 s."""
        return self._arithmetic, self.bytes / copy_bandwidth(self.threads)

    @property
    def unit(self) -> str:
        """What multiplies: "bf16" (tiles, or instructions on pairs) or "fma"."""
        return "bf16" if any(isa in self.kernel for isa in (".amx", ".avx512bf16")) else "fma"

    @property
    def _arithmetic(self) -> float:
        if self.unit == "bf16":  # a float32 is several bfloat16
            products = PRODUCTS[_C.product_precision()] if ".f32." in self.kernel else 1
            return self.flops * products / peak_bf16_flops(self.threads)
        wide = 2 if ".f64." in self.kernel else 1  # a register holds half as many
        return self.flops * wide / peak_flops(self.threads)

    @property
    def bound(self) -> str:
        """The peak that the kernel is set against: "fma", "bf16", "copy", or "" without figures.

        The nearer one. But bytes faster than a copy's came from a cache: then arithmetic counts, where it is stated.
        """
        arithmetic, moving = self.least
        if not self.flops:
            return "copy" if self.bytes else ""
        return "copy" if arithmetic < moving <= self.seconds else self.unit

    @property
    def of_peak(self) -> float | None:
        """The share of that peak: 1 is all the machine does, above it the data was in a cache. None without figures."""
        bound = self.bound
        return self.least[bound == "copy"] / self.seconds if bound and self.seconds else None


class profile:
    """Context manager: a record of every kernel that runs inside, on any thread, forward and backward.

    ``print(p)`` shows a table, one line a kernel; ``rows`` holds its lines; ``export_chrome_trace(path)`` writes every
    run. May be nested; each sees what ran inside it. All can be read while it is open, too.

    >>> import dlcore as dl
    >>> x = dl.ones(1000)
    >>> with dl.profile() as p:
    ...     y = dl.relu(dl.relu(x))
    >>> [(row.kernel.split(".")[0], row.calls, row.bytes) for row in p.rows]
    [('relu_fwd', 2, 16000.0)]
    """

    def __init__(self) -> None:
        self._open = False
        self._before: dict[str, Any] | None = None
        self._after: dict[str, Any] | None = None
        self._names: dict[int, str] = {}
        self._events = np.empty(0, _EVENT)
        self.threads = _C.num_threads()  #: that kernels used at the end

    def __enter__(self) -> profile:
        if self._open:
            raise RuntimeError("profile: this one is open already; make another with dl.profile()")
        _C.profile_open()
        self._open = True
        self._after = None
        self._before = self._snapshot()
        return self

    def __exit__(self, *exc: object) -> None:
        self._after = self._snapshot()
        self._events = self._read_events(self._after)
        self.threads = _C.num_threads()
        self._open = False
        _C.profile_close()

    def _snapshot(self) -> dict[str, Any]:
        self._names |= {t.native_id: t.name for t in threading.enumerate() if t.native_id}
        return _C.profile_snapshot() | {"layout": _C.layout_copies(), "isa": _C.isa()}

    def _span(self) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._before is None:
            raise RuntimeError("profile: nothing was recorded; run `with dl.profile() as p:` first")
        return self._before, self._after or self._snapshot()

    def _read_events(self, after: dict[str, Any]) -> np.ndarray:
        before = self._span()[0]
        return np.frombuffer(_C.profile_events(before["kept"], after["kept"]), _EVENT)

    def _change(self, key: str) -> Any:
        before, after = self._span()
        return after[key] - before[key]

    @property
    def seconds(self) -> float:
        """From the beginning of the block to its end, or until now."""
        return self._change("time") * 1e-9

    @property
    def kernel_seconds(self) -> float:
        """The part of it in which at least one kernel ran; the rest is Python, checks, memory and waiting."""
        return self._change("busy") * 1e-9

    @property
    def copies(self) -> int:
        """Runs of the copying kernels, whatever for."""
        return sum(row.calls for row in self.rows if row.kernel.split(".")[0] in COPIES)

    @property
    def layout_copies(self) -> int:
        """Copies made only because a kernel needs another memory layout."""
        return self._change("layout")

    @property
    def lost(self) -> int:
        """Runs that are in the rows but not in the trace, which has room for a million of the outermost profile's."""
        return self._change("lost")

    @property
    def rows(self) -> list[KernelRow]:
        """One `KernelRow` a kernel, the longest time first."""
        before, after = self._span()
        kernels = _C.kernels()
        sums: dict[int, list[float]] = {}
        ops: dict[int, dict[str, tuple[int, float]]] = {}
        for (kernel, op), now in after["totals"].items():
            then = before["totals"].get((kernel, op), (0, 0.0, 0.0, 0.0))
            change = [a - b for a, b in zip(now, then, strict=True)]
            if change[0]:
                sums[kernel] = [a + b for a, b in zip(sums.get(kernel, [0, 0.0, 0.0, 0.0]), change, strict=True)]
                ops.setdefault(kernel, {})[op] = int(change[0]), change[1]
        rows = [
            KernelRow(
                kernel=kernels[i]["name"],
                calls=int(calls),
                seconds=seconds,
                flops=flops,
                bytes=size,
                why=_why(i, kernels, before, after),
                source=kernels[i]["source"],
                ops=dict(sorted(ops[i].items(), key=lambda item: -item[1][1])),
                threads=_C.num_threads() if self._open else self.threads,
            )
            for i, (calls, seconds, flops, size) in sums.items()
        ]
        return sorted(rows, key=lambda row: -row.seconds)

    def __str__(self) -> str:
        return table(self)

    def export_chrome_trace(self, path: str | os.PathLike) -> None:
        """Write every run as JSON that chrome://tracing and https://ui.perfetto.dev open: one track a thread.

        The file appears whole or not at all; OSError as from `open`.

        >>> import tempfile, json, dlcore as dl
        >>> with dl.profile() as p:
        ...     y = dl.relu(dl.ones(8))
        >>> path = tempfile.mkdtemp() + "/trace.json"
        >>> p.export_chrome_trace(path)
        >>> [event["name"] for event in json.load(open(path))["traceEvents"] if event["ph"] == "X"][-1].split(".")[0]
        'relu_fwd'
        """
        import json

        from dlcore.formats.atomic import atomic_write

        before, after = self._span()
        events = self._read_events(after) if self._open else self._events
        kernels, pid = _C.kernels(), os.getpid()
        traced: list[dict[str, Any]] = []
        for tid in np.unique(events["thread"]).tolist():
            title = {"name": self._names.get(tid, "kernel thread")}
            traced.append({"ph": "M", "pid": pid, "tid": tid, "name": "thread_name", "args": title})
        for e in events[np.argsort(events["start"], kind="stable")].tolist():
            start, end, flops, size, thread, kernel, op = e
            args: dict[str, Any] = {"source": kernels[kernel]["source"]}
            for name, unit, work in (("flops", "GF/s", flops), ("bytes", "GB/s", size)):
                if work:
                    args |= {name: work, unit: round(work / max(end - start, 1), 3)}
            traced.append(
                {
                    "ph": "X",
                    "pid": pid,
                    "tid": thread,
                    "name": kernels[kernel]["name"],
                    "cat": after["ops"][op] if op >= 0 else "kernel",
                    "ts": (start - before["time"]) / 1e3,
                    "dur": (end - start) / 1e3,
                    "args": args,
                }
            )
        text = json.dumps({"traceEvents": traced, "displayTimeUnit": "ns", "otherData": {"runs not kept": self.lost}})
        with atomic_write(path) as file:
            file.write(text.encode())


def _why(i: int, kernels: list[dict[str, Any]], before: dict[str, Any], after: dict[str, Any]) -> str:
    """What became of the better rows: those that the table has before row i for its op, dtype and device."""
    said: dict[int, list[str]] = {}
    for key, times in after["choices"].items():
        chosen, declined, why = key
        if chosen == i and (n := times - before["choices"].get(key, 0)):
            said.setdefault(declined, []).append(f"{why} ({n}×)" if n > 1 else why)
    me, parts = kernels[i], []
    isas, cap = _C.isas(), after["isa"]
    allowed = isas[: isas.index(cap) + 1]
    for j, other in enumerate(kernels[:i]):
        if any(other[key] != me[key] for key in ("op", "dtype", "device")):
            continue
        label = ".".join(other["name"].split(".")[2:])
        if j in said:
            parts.append(f"{label} declined: {', '.join(said[j])}")
        elif other["device"] == "cpu" and other["isa"] not in allowed:
            here = other["isa"] in isas
            parts.append(f"{label} refused: capped at {cap}" if here else f"{label}: not on this machine")
    return "; ".join(parts) or FIRST
