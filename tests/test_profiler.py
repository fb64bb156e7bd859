"""dl.profile(): what it counts, on which threads, what it says of it, and that it leaves no trace when it is over."""

from __future__ import annotations

import json
import re
import time

import pytest

import dlcore as dl
from dlcore import _C, nn, optim, profiler, testing
from dlcore.data import DataLoader
from dlcore.nn import functional as F
from dlcore.profiler import KernelRow

from .ops.cases import all_cases
from .ops.common import gradients, isas_of, make, sample

FMA, TILE, COPY = 100e9, 1200e9, 10e9


@pytest.fixture
def peaks(monkeypatch):
    """Round figures for this machine's peaks, and no time spent on measuring them."""
    for module in ("dlcore.profiler", "dlcore.profile_table"):
        monkeypatch.setattr(f"{module}.peak_flops", lambda threads: FMA * threads)
        monkeypatch.setattr(f"{module}.peak_bf16_flops", lambda threads: TILE * threads)
        monkeypatch.setattr(f"{module}.copy_bandwidth", lambda threads: COPY * threads)


def counts(p) -> dict[str, int]:
    return {row.kernel: row.calls for row in p.rows}


def ops(p) -> dict[str, int]:
    return {row.kernel.split(".")[0]: row.calls for row in p.rows}


def training_step():
    model = nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 10))
    optimizer = optim.Adam(model.parameters())
    x, y = dl.randn(64, 30), dl.randint(0, 10, (64,))

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    step()
    return step


def test_every_row_that_is_chosen_appears():
    missing = []
    for case in all_cases():
        dtype = next((t for t in case.dtypes if _C.isa() in isas_of(case, t)), None)
        some = [(n, args) for n, args in enumerate(case.inputs) if not any(0 in a.shape for a in args)]
        if not dtype or not some:
            continue  # of nothing a row is chosen, but not run
        n, args = some[0]
        arrays = sample(case, args, dtype, n)
        before = {k["name"]: k["calls"] for k in testing.kernels()}
        with dl.profile() as p:
            if case.differentiable(dtype):
                gradients(case, args, arrays, dtype, n)
            else:
                case.fn(dl, F, *[make(a) for a in arrays], **case.attrs)
        chosen = {k["name"] for k in testing.kernels() if k["calls"] > before[k["name"]]}
        missing += [(case.name, name) for name in chosen - set(counts(p))]
    assert not missing


@pytest.mark.parametrize("threads", [1, 2])
def test_calls_of_a_training_step(threads):
    step = training_step()
    dl.set_num_threads(threads)
    with dl.profile() as p:
        for _ in range(3):
            step()
    got = ops(p)
    assert got["gemm"] == 3 * 5, "two products forward, three backward: the data needs no gradient"
    assert "relu_fwd" not in got, "it joins the product before it"
    assert got["relu_bwd"] == got["cross_entropy_fwd"] == got["adam_step"] == 3
    gemm = next(row for row in p.rows if row.kernel.startswith("gemm.f32"))
    assert {op: calls for op, (calls, _) in gemm.ops.items()} == {
        "linear_backward": 6,
        "linear_relu_backward": 3,
        "linear_relu": 3,
        "linear": 3,
    }
    assert sum(seconds for _, seconds in gemm.ops.values()) == pytest.approx(gemm.seconds)
    assert gemm.flops == 3 * 2 * 64 * (2 * 30 * 20 + 3 * 20 * 10) and gemm.threads == p.threads == threads
    assert 0 < gemm.seconds < p.kernel_seconds < p.seconds
    assert [row.seconds for row in p.rows] == sorted((row.seconds for row in p.rows), reverse=True)


def test_nested_profiles_see_what_ran_inside_each():
    x = dl.ones(100)
    with dl.profile() as outer:
        dl.relu(x)
        with dl.profile() as inner:
            dl.relu(x)
            dl.sigmoid(x)
        dl.tanh(x)
    assert ops(inner) == {"relu_fwd": 1, "sigmoid_fwd": 1}
    assert ops(outer) == {"relu_fwd": 2, "sigmoid_fwd": 1, "tanh_fwd": 1}
    assert inner.seconds < outer.seconds


def test_time_without_a_kernel_is_outside():
    with dl.profile() as p:
        dl.relu(dl.ones(100))
        time.sleep(0.05)
        assert p.seconds - p.kernel_seconds >= 0.05
        dl.relu(dl.ones(100))
    assert p.seconds - p.kernel_seconds >= 0.05


def test_an_exception_inside_ends_it():
    x = dl.ones(100)
    with pytest.raises(KeyError), dl.profile() as p:
        dl.relu(x)
        raise KeyError("the user's")
    dl.relu(x)
    assert ops(p) == {"relu_fwd": 1}
    with dl.profile() as after:
        pass
    assert after.rows == [] and _C.profile_snapshot()["totals"] == {}


def test_nothing_is_recorded_outside():
    x = dl.ones(100)
    p = dl.profile()
    dl.relu(x)
    with p:
        pass
    dl.relu(x)
    assert p.rows == [] and p.kernel_seconds == 0 and p.copies == p.layout_copies == 0
    record = _C.profile_snapshot()
    assert record["kept"] == record["lost"] == 0 and record["totals"] == {} and record["choices"] == {}


def test_it_can_be_read_while_open_and_used_again_but_not_inside_itself():
    x = dl.ones(100)
    p = dl.profile()
    with pytest.raises(RuntimeError, match="nothing was recorded; run `with dl.profile"):
        _ = p.rows
    with p:
        dl.relu(x)
        assert ops(p) == {"relu_fwd": 1}
        with pytest.raises(RuntimeError, match="is open already"), p:
            pass
        dl.relu(x)
    assert ops(p) == {"relu_fwd": 2}
    with p:
        dl.tanh(x)
    assert ops(p) == {"tanh_fwd": 1}


class Doubled:
    def __len__(self):
        return 24

    def __getitem__(self, i):
        return dl.relu(dl.full((50,), float(i)))


@pytest.mark.parametrize("workers", [0, 2])
def test_kernels_of_loader_workers_are_seen(workers, tmp_path):
    with dl.profile() as p:
        for _ in DataLoader(Doubled(), batch_size=4, num_workers=workers):
            pass
    assert ops(p)["relu_fwd"] == 24
    p.export_chrome_trace(tmp_path / "t.json")
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    tids = {e["tid"] for e in events if e["name"].startswith("relu_fwd")}
    assert len(tids) in ({1} if workers == 0 else {1, 2})
    assert {e["tid"] for e in events if e["ph"] == "X"} == {e["tid"] for e in events if e["ph"] == "M"}


def test_the_trace_is_json_in_order_of_time(tmp_path):
    path = tmp_path / "trace.json"
    step = training_step()
    with dl.profile() as outer:
        step()
        with dl.profile() as p:
            step()
    p.export_chrome_trace(path)
    trace = json.loads(path.read_text(), parse_constant=pytest.fail)
    runs = [e for e in trace["traceEvents"] if e["ph"] == "X"]
    assert len(runs) == sum(counts(p).values()) < sum(counts(outer).values())
    starts = [e["ts"] for e in runs]
    assert starts == sorted(starts) and starts[0] >= 0 and all(e["dur"] >= 0 for e in runs)
    assert runs[-1]["ts"] + runs[-1]["dur"] <= p.seconds * 1e6
    by_name = {e["name"].split(".")[0]: e for e in runs}
    assert by_name["relu_bwd"]["cat"] == "linear_relu_backward" and by_name["gemm"]["args"]["flops"] > 0
    assert by_name["relu_bwd"]["args"]["source"] == "csrc/ops/activation/cpu.cpp"
    assert trace["otherData"] == {"runs not kept": 0}


def test_a_trace_that_cannot_be_written_leaves_nothing(tmp_path):
    with dl.profile() as p:
        dl.relu(dl.ones(3))
    with pytest.raises(OSError):
        p.export_chrome_trace(tmp_path)
    with pytest.raises(OSError):
        p.export_chrome_trace(tmp_path / "no" / "such.json")
    assert list(tmp_path.parent.glob(".*.tmp")) == list(tmp_path.iterdir()) == []


def test_copies_and_layout_copies():
    x = dl.randn(2, 3, 8, 8)
    with dl.profile() as p:
        F.conv2d(x, dl.randn(4, 3, 3, 3))  # channels last is made of x
    assert p.layout_copies == 1 and p.copies >= 1
    with dl.profile() as p:
        dl.clone(x)
    assert (p.copies, p.layout_copies) == (1, 0)


def row(**changes) -> KernelRow:
    figures = {"kernel": "gemm.f32.base", "calls": 1, "seconds": 1.0, "flops": 0.0, "bytes": 0.0}
    return KernelRow(**(figures | {"why": "", "source": ""} | changes))


def test_rates_and_shares_of_the_peaks(peaks, monkeypatch):
    both = row(flops=FMA / 2, bytes=COPY / 4, seconds=1.0)
    assert (both.gflops, both.gbytes, both.bound, both.of_peak) == (50.0, 2.5, "fma", 0.5)
    assert row(flops=FMA / 2, bytes=COPY * 0.75).bound == "copy"
    assert row(flops=FMA / 2, bytes=COPY * 3).bound == "fma", "faster than memory: it came from a cache"
    moved = row(bytes=COPY * 3)
    assert (moved.gflops, moved.bound, moved.of_peak) == (None, "copy", 3.0)
    assert row(flops=FMA / 2, kernel="gemm.f64.base").of_peak == 1.0, "half as many lanes"
    assert row(flops=FMA, threads=2).of_peak == 0.5
    tiles = row(flops=TILE / 12, kernel="gemm.f32.amx.band")
    assert (tiles.bound, tiles.of_peak) == ("bf16", 0.5), "six products for one"
    monkeypatch.setattr(_C, "product_precision", lambda: 1)
    assert tiles.of_peak == 1 / 12, "one"
    for name in ("gemm16.bf16.amx", "gemm16.bf16.avx512bf16"):
        assert row(flops=TILE / 2, kernel=name, threads=2).of_peak == 0.25
    silent = row()
    assert (silent.gflops, silent.gbytes, silent.bound, silent.of_peak) == (None, None, "", None)


def test_why_a_row_was_chosen():
    with testing.isa(_C.isas()[-1]), dl.profile() as p:
        dl.relu(dl.ones(3))
    assert {r.why for r in p.rows} == {"first row that fits"}
    if _C.isas()[-1] == "base":
        return
    with testing.isa("base"), dl.profile() as p:
        dl.relu(dl.ones(3))
    relu = next(r for r in p.rows if r.kernel == "relu_fwd.f32.base")
    assert f"{_C.isas()[1]} refused: capped at base" in relu.why


@pytest.mark.skipif("amx" not in _C.isas(), reason="no row that this machine runs declines anything")
def test_a_row_that_declined_says_why():
    with testing.isa("amx"), dl.profile() as p:
        dl.matmul(dl.ones(2, 3), dl.ones(3, 2))
    gemm = next(r for r in p.rows if r.kernel.startswith("gemm.f32"))
    assert re.search(r"^amx\S* declined: \w", gemm.why)


def test_what_better_rows_said():
    def kernel(isa: str, variant: str = "") -> dict:
        name = f"gemm.f32.{isa}{variant}"
        return {"name": name, "op": "gemm", "dtype": "f32", "device": "cpu", "isa": isa}

    best = _C.isa()
    kernels = [kernel("neon"), kernel(best, ".thin"), kernel(best, ".wide"), kernel(best)]
    before = {"choices": {(3, 1, "too short"): 1, (3, 2, "too narrow"): 4}}
    said = {(3, 1, "too short"): 3, (3, 1, "too long"): 1, (3, 2, "too narrow"): 4, (1, 2, "of another row"): 9}
    after = {"isa": best, "choices": said}
    assert profiler._why(3, kernels, before, after) == (
        f"neon: not on this machine; {best}.thin declined: too short (2×), too long"
    )


def test_the_table(peaks):
    step = training_step()
    with dl.profile() as p:
        step()
    lines = str(p).splitlines()
    assert lines[0].split() == ["kernel", "calls", "time", "share", "a", "call", "GF/s", "GB/s", "of", "peak"]
    assert [line.split()[0] for line in lines[1 : len(p.rows) + 1]] == [r.kernel for r in p.rows]
    assert lines[len(p.rows) + 1].startswith("outside kernels")
    total = lines[len(p.rows) + 2]
    assert re.fullmatch(rf"total +{sum(counts(p).values())} +[\d.]+ [mµ]s +100 %", total)
    gemm = next(line for line in lines if line.startswith("gemm.f32"))
    assert re.search(r" ×|%|– {3}", gemm) and re.search(r"\d % (fma|copy)", gemm)
    text = str(p)
    for r in p.rows:
        assert re.search(rf"^{re.escape(r.kernel)} +{re.escape(r.source)} +\w", text, re.M)
    assert re.search(r"(linear(_relu)?(_backward)? ×[12] [\d.]+ µs(, |$)){4}", text, re.M)
    assert f"{FMA * p.threads * 1e-9:.1f} GF/s" in text and "first row that fits" in text
    with dl.profile() as p:
        pass
    assert "total" in str(p)
