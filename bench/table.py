"""The printed table: one line a row and thread count."""

from __future__ import annotations

from typing import Any

HEADER = (
    f"{'row':44} {'thr':>3} {'ours':>10} {'±iqr':>5} {'peer':>10} {'±iqr':>5} {'ratio':>6} {'rate':>11} {'peak':>5}"
)


def line(result: dict[str, Any]) -> str:
    ours, peer, bound = result["ours_s"], result.get("peer_s"), result["bound"]
    rate = result[bound] / ours * 1e-9 if bound else 0.0
    cells = [
        f"{result['row']:44} {result['threads']:3}",
        f"{seconds(ours):>10} {spread(result, 'ours'):>5}",
        f"{seconds(peer):>10} {spread(result, 'peer'):>5} {result['ratio']:6.2f}" if peer else " " * 23,
        f"{rate:6.1f} {'GF' if bound == 'flops' else 'GB/s':4}" if bound else "",
        f"{100 * result['of_peak']:4.0f}%" if "of_peak" in result else "",
    ]
    if result.get("samples_loud"):
        cells.append(f"loud: {result['samples_loud']} of {result['samples']}")
    if "ours_memory_resident" in result:
        sides = [f"{result[k] / 2**20:.0f}" for k in ("ours_memory_resident", "peer_memory_resident") if k in result]
        cells.append(f"{' : '.join(sides)} MB")
    if "ours_error" in result:
        cells.append(f"{result['ours_error']:.1e} : {result['peer_error']:.1e}")
    return " ".join(cells).rstrip()


def spread(result: dict[str, Any], side: str) -> str:
    return f"{100 * result[f'{side}_iqr_s'] / result[f'{side}_s']:.0f}%"


def seconds(s: float) -> str:
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if s >= scale:
            return f"{s / scale:.3g} {unit}"
    return f"{s * 1e9:.3g} ns"
