"""The benches run, time what they name, refuse wrong answers, and leave no kernel out. Speed is never asserted here."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import machine
from bench.__main__ import all_rows, main
from bench.harness import Lib, Row, check, measure, repeats
from bench.quiet import Quiet
from dlcore import _C, testing

from .isas import FOR_PRODUCTS, vector_isa

ROWS = [row for _, row in all_rows()]
SMALL = [row for row in ROWS if max(row.flops, row.bytes) < 3e7]


def test_every_kernel_has_a_bench_row() -> None:
    timed = {op for row in ROWS for op in row.ops}
    missing = sorted({k["op"] for k in testing.kernels()} - timed - {"fma_peak"})  # which measures the machine
    assert not missing, f"no row of bench/ops times {missing}"


@pytest.mark.parametrize("row", SMALL, ids=[row.name.replace(" ", "_") for row in SMALL])
def test_small_rows_run_the_ops_they_name(row: Row) -> None:
    before = {k["name"]: k["calls"] for k in testing.kernels()}
    row.build(Lib("dlcore"))()
    ran = {k["op"] for k in testing.kernels() if k["calls"] > before[k["name"]]}
    runnable = {k["op"] for k in testing.kernels() if k["isa"] not in FOR_PRODUCTS or _C.isa() in FOR_PRODUCTS}
    missing = sorted(set(row.ops) & runnable - ran)
    assert not missing, f"{row.name} names {missing} and ran only {sorted(ran)}"


def test_quick_run_writes_json_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "r.jsonl"
    assert main(["--quick", "--only", "relu 64x50", "--threads", "1", "--compare", "none", "--json", str(out)]) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert {line["row"] for line in lines} == {row.name for row in ROWS if "relu 64x50" in row.name}
    assert all(line["ours_s"] > 0 and line["cpu"] and line["isa"] and line["date"] for line in lines)
    assert "relu 64x50" in capsys.readouterr().out


def test_unknown_row_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--quick", "--only", "no such row"])
    assert stopped.value.code == 2
    assert "no row matches" in capsys.readouterr().err


@pytest.mark.parametrize(
    "ours",
    [np.float32([1.0, np.nan]), np.float32([1.0, 2.1]), np.float32([[1.0, 2.0]])],
    ids=["nan", "wrong", "shape"],
)
def test_wrong_results_are_not_timed(ours: Any) -> None:
    row = Row("row", lambda lib: lambda: None)
    check(row, [np.float32([1.0, 2.0]), np.float32([1.0, 2.0])])
    with pytest.raises(AssertionError, match="bench row"):
        check(row, [ours, np.float32([1.0, 2.0])])


def test_samples_are_long_enough_and_in_turns() -> None:
    order: list[str] = []
    calls = [lambda: order.append("a"), lambda: order.append("b")]
    timings = measure(calls, samples=3, min_s=0.0)
    assert [len(t.seconds) for t in timings] == [3, 3]
    assert "".join(order[-12:]) == "aabb" * 3  # one call outside the clock, one inside, then the other side
    assert repeats(lambda: time.sleep(1e-4), 2e-3) >= 10


def test_rounds_in_which_a_core_was_not_free_do_not_count() -> None:
    times = iter([1.0, 2.0, 2.0, 1.0, 1.9, 1.1, 1.2, 1.0, 1.0])  # best; waits twice; begins, ends loud; two that count
    order: list[str] = []
    quiet = Quiet(60.0, cores=[0], probe=lambda core: next(times), calibration=0.0)
    (timing,) = measure([lambda: order.append("a")], samples=2, min_s=0.0, quiet=quiet)
    assert len(timing.seconds) == 2 and timing.loud == 0
    assert "".join(order[-6:]) == "aa" * 3  # a round more than counts
    assert next(times, None) is None


def test_a_row_whose_patience_is_spent_is_timed_as_it_is() -> None:
    first = iter([1.0])
    quiet = Quiet(0.03, cores=[0], probe=lambda core: next(first, 2.0), calibration=0.0)
    start = time.perf_counter()
    (timing,) = measure([lambda: None], samples=3, min_s=0.0, quiet=quiet)
    assert len(timing.seconds) == 3 and timing.loud == 3
    assert 0.03 <= time.perf_counter() - start


def test_peak_is_of_the_isa(isa: str) -> None:
    assert 1e9 < _C.peak_flops(0.01) < 1e13
    assert _C.last_kernel() == f"fma_peak.f32.{vector_isa(isa)}"


def test_peak_of_bfloat16_where_there_are_products_of_it() -> None:
    for isa in _C.isas():
        with testing.isa(isa):
            assert (_C.peak_bf16_flops(0.01) > 1e10) == (isa in FOR_PRODUCTS)


def test_machine_figures_are_plausible() -> None:
    assert machine.peak_flops(1) > 1e9
    assert 1e8 < machine.copy_bandwidth(1) < 1e12
