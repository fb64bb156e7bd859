"""python -m bench: time every op, training step and overhead against PyTorch; print a table, record JSON lines.

python -m bench                          everything, 1 and 2 threads (as many as the machine has)
python -m bench --only 'matmul|conv2d'   rows whose name or file matches
python -m bench --device cuda            rows whose kernels have a CUDA row, on the GPU
python -m bench --quick                  three samples a row: does it run, roughly how fast
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import pkgutil
import re
import sys
from pathlib import Path
from typing import Any

import dlcore as dl
from dlcore import testing

from . import accuracy, machine, memory, table
from .harness import Row, run_row
from .quiet import Quiet

COMPILED = "train/steps"  # the rows that have something to compile
FAMILIES = ("ops", "train", "overhead")


def all_rows() -> list[tuple[str, Row]]:
    """(file, row) of every bench file, in file order; row names are unique."""
    rows: list[tuple[str, Row]] = []
    for family in FAMILIES:
        package = importlib.import_module(f"bench.{family}")
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
            module = importlib.import_module(f"bench.{family}.{info.name}")
            rows += [(f"{family}/{info.name.removeprefix('bench_')}", row) for row in module.ROWS]
    names = [row.name for _, row in rows]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"bench rows named twice: {sorted(twice)}"
    return rows


def select(only: str | None) -> list[tuple[str, Row]]:
    rows = all_rows()
    return [(f, row) for f, row in rows if re.search(only, f"{f} {row.name}")] if only else rows


def on_cuda(rows: list[tuple[str, Row]]) -> list[tuple[str, Row]]:
    """The rows all of whose manifest ops have a CUDA row."""
    have = {k["op"] for k in testing.kernels() if k["device"] == "cuda"}
    return [(f, row) for f, row in rows if row.ops and set(row.ops) <= have]


def result(
    file: str, row: Row, peer: str | None, threads: int, quick: bool, device: str, quiet: Quiet | None = None
) -> dict[str, Any]:
    ours, theirs = run_row(row, peer, threads, quick, device, quiet)
    out: dict[str, Any] = {"row": row.name, "file": file, "device": device, "threads": threads, "bound": row.bound}
    out |= {
        "ours_s": ours.median,
        "ours_iqr_s": ours.iqr,
        "ours_best_s": ours.best,
        "samples": len(ours.seconds),
        "samples_loud": ours.loud if quiet else None,
        "inner": ours.inner,
    }
    if theirs:
        out |= {"peer": peer, "peer_s": theirs.median, "peer_iqr_s": theirs.iqr, "peer_best_s": theirs.best}
        out["ratio"] = theirs.median / ours.median
    if row.flops and file.startswith("ops/") and peer and device == "cpu" and not quick:
        out |= accuracy.measure(row, peer, threads)
    if row.memory and device == "cpu" and not quick:
        for side, module in (("ours", "dlcore"), ("peer", peer)):
            if module:
                out |= {f"{side}_memory_{k}": v for k, v in memory.measure(row.name, module, threads).items()}
    if row.bound:
        out[row.bound] = row.flops or row.bytes
    if row.bound and device == "cpu":  # on a GPU the rate alone is reported
        name, peak = ("peak_flops", machine.peak_flops) if row.flops else ("copy_bytes_s", machine.copy_bandwidth)
        out[name] = peak(threads)
        out["of_peak"] = out[row.bound] / ours.median / out[name]
    return out


def main(argv: list[str] | None = None) -> int:
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--compare",
        choices=["torch", "torch.compile", "none"],
        help="the peer (default: torch where it is installed); torch.compile: for train/steps",
    )
    parser.add_argument("--only", metavar="REGEX", help="rows whose 'family/file name' matches")
    parser.add_argument("--threads", default="1,2" if cores > 1 else "1", help="thread counts, such as 1,2")
    parser.add_argument(
        "--device", choices=["cpu", "cuda"], default="cpu", help="cuda: one run of each row, no threads"
    )
    parser.add_argument("--quick", action="store_true", help="three samples a row and no recording")
    parser.add_argument(
        "--quiet",
        type=float,
        metavar="SECONDS",
        help="take samples while the cores are free of other programs, and wait for that for so long a row",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="append JSON lines here (default: bench/results/)")
    args = parser.parse_args(argv)

    installed = importlib.util.find_spec("torch") is not None
    wanted = args.compare or ("torch" if installed else "none")
    if wanted != "none" and not installed:
        parser.error(f"--compare {wanted}: PyTorch is not installed")
    peer = wanted if wanted != "none" else None
    rows = select(args.only)
    if peer == "torch.compile":
        rows = [(f, row) for f, row in rows if f == COMPILED]
    if args.device == "cuda":
        if not dl.cuda.is_available():
            parser.error("--device cuda: this build has no CUDA backend, or this machine no GPU")
        rows, args.threads = on_cuda(rows), "1"
        if peer and not importlib.import_module(peer).cuda.is_available():
            peer = None
    if not rows:
        parser.error(f"--only {args.only}: no row matches")
    if args.quiet and not hasattr(os, "sched_setaffinity"):
        parser.error("--quiet: this system cannot run a probe on a core of its choice")
    quiet = Quiet(args.quiet) if args.quiet else None
    stamp = machine.stamp(peer)
    where = args.json
    if where is None and not args.quick:
        slug = re.sub(r"[^a-z0-9]+", "-", stamp["cpu"].lower()).strip("-")
        where = Path(__file__).parent / "results" / f"{stamp['date'][:10]}-{slug}.jsonl"

    print(f"{stamp['cpu']}, {stamp['isa']}, commit {stamp['commit']}, {stamp['versions']}")
    print(table.HEADER)
    failed = 0
    for file, row in rows:
        for threads in (int(n) for n in args.threads.split(",")):
            try:
                got = result(file, row, peer, threads, args.quick, args.device, quiet)
            except Exception as error:  # one broken row must not hide the others
                print(f"{row.name:44} {threads:3} {type(error).__name__}: {error}")
                failed += 1
                continue
            print(table.line(got), flush=True)
            if where:
                where.parent.mkdir(parents=True, exist_ok=True)
                with where.open("a") as out:
                    out.write(json.dumps(got | stamp) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
