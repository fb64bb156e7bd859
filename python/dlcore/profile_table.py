"""The text of a profile: times, rates and shares of the peaks, then where each kernel is and why it was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore.machine import copy_bandwidth, peak_bf16_flops, peak_flops

FIRST = "first row that fits"

if TYPE_CHECKING:
    from dlcore.profiler import KernelRow, profile

HEAD = ("calls", "time", "share", "a call", "GF/s", "GB/s", "of peak")
WIDTHS = (7, 9, 7, 9, 8, 8, 11)
NONE = "–"


def table(p: profile) -> str:
    """One line a kernel with its figures, then one with its file and who asked for it. Measures the peaks, once."""
    rows, wall = p.rows, p.seconds
    first = max([len(row.kernel) for row in rows] + [len("outside kernels")])
    outside = max(wall - p.kernel_seconds, 0.0)
    lines = [_line("kernel", HEAD, first)]
    lines += [_line(row.kernel, _cells(row, wall), first) for row in rows]
    lines.append(_line("outside kernels", ("", time(outside), _share(outside, wall)), first))
    lines.append(_line("total", (str(sum(row.calls for row in rows)), time(wall), _share(wall, wall)), first))
    return "\n".join([*lines, "", *_notes(p, rows), "", *_reasons(rows, first)]).rstrip()


def time(seconds: float) -> str:
    """Three digits and a unit.

    >>> time(0.00123), time(0.1234), time(5e-7), time(1.0)
    ('1.23 ms', '123 ms', '0.50 µs', '1.00 s')
    """
    scale, unit = next((x for x in ((1.0, "s"), (1e-3, "ms")) if seconds >= 0.9995 * x[0]), (1e-6, "µs"))
    value = seconds / scale
    return f"{value:.{0 if value >= 99.95 else 1 if value >= 9.995 else 2}f} {unit}"


def amount(x: float) -> str:
    """Three digits and the prefix of a unit.

    >>> amount(2.68e8) + "flop", amount(999.9) + "B", amount(1234) + "B", amount(7) + "B"
    ('268 Mflop', '1.00 kB', '1.23 kB', '7 B')
    """
    steps = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
    scale, prefix = next((s for s in steps if x >= 0.9995 * s[0]), (1.0, ""))
    value = x / scale
    return f"{value:.{0 if value >= 99.95 or scale == 1 else 1 if value >= 9.995 else 2}f} {prefix}"


def _line(name: str, cells: tuple[str, ...], first: int) -> str:
    return (f"{name:{first}}" + "".join(f"{cell:>{w}}" for cell, w in zip(cells, WIDTHS, strict=False))).rstrip()


def _cells(row: KernelRow, wall: float) -> tuple[str, ...]:
    peak = row.of_peak
    return (
        str(row.calls),
        time(row.seconds),
        _share(row.seconds, wall),
        time(row.seconds / row.calls),
        NONE if row.gflops is None else f"{row.gflops:.1f}",
        NONE if row.gbytes is None else f"{row.gbytes:.1f}",
        NONE if peak is None else f"{_percent(peak)} {row.bound:4}",
    )


def _share(part: float, whole: float) -> str:
    return _percent(part / whole) if whole else NONE


def _percent(x: float) -> str:
    return f"{100 * x:.0f} %" if x >= 0.0995 else f"{100 * x:.1f} %"


def _notes(p: profile, rows: list[KernelRow]) -> list[str]:
    many = f"{p.threads} threads" if p.threads > 1 else "1 thread"
    notes = [
        f"of peak: fma   {peak_flops(p.threads) * 1e-9:6.1f} GF/s of float32 multiply-adds in registers",
    ]
    if any(row.bound == "bf16" for row in rows):
        narrow = peak_bf16_flops(p.threads) * 1e-9
        notes.append(f"         bf16  {narrow:6.0f} GF/s of bfloat16 products; of float32 one takes six, three or one")
    notes += [
        f"         copy  {copy_bandwidth(p.threads) * 1e-9:6.1f} GB/s read and written, where arrays exceed the caches",
        f"         as this machine reached them just now on {many}",
    ]
    if any((row.of_peak or 0) > 1 and row.bound == "copy" for row in rows):
        notes.append("         above 100 % of copy: the data was in a cache")
    if any(row.of_peak is None for row in rows):
        notes.append(f"         {NONE}: the kernel's contract states no such figure")
    notes.append("outside kernels: Python, checks, memory, waiting")
    if p.copies:
        notes.append(f"copies: {p.copies}, of them {p.layout_copies} only to change a memory layout")
    if p.lost:
        notes.append(f"the trace lacks {p.lost} runs: only the first million are kept")
    return notes


def _reasons(rows: list[KernelRow], first: int) -> list[str]:
    wide = max([len(row.source) for row in rows], default=0)
    lines = [f"{'kernel':{first}}  {'source':{wide}}  asked for by"] if rows else []
    for row in rows:
        ops = ", ".join(f"{op or 'a loop'} ×{calls} {time(seconds)}" for op, (calls, seconds) in row.ops.items())
        lines.append(f"{row.kernel:{first}}  {row.source:{wide}}  {ops}")
        if row.why != FIRST:
            lines.append(f"    because {row.why}")
    if rows:
        others = ", but where a line says why" if any(row.why != FIRST for row in rows) else ""
        lines.append(f"Chosen: the {FIRST} in the kernels.cpp of its folder, best first{others}.")
    return lines
