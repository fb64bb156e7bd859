"""The record of kernels that run while a profile is open: what is in it, at any number of threads, and what is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import dlcore as dl
from bench.__main__ import all_rows
from bench.harness import Lib
from dlcore import _C

ROOT = Path(__file__).resolve().parents[2]
EVENT = np.dtype(
    [("start", "i8"), ("end", "i8"), ("flops", "f8"), ("bytes", "f8"), ("thread", "i8"), ("kernel", "u4"), ("op", "i4")]
)


@contextmanager
def recording() -> Iterator[None]:
    _C.profile_open()
    try:
        yield
    finally:
        _C.profile_close()


def totals() -> dict[tuple[str, str], tuple[int, float, float, float]]:
    kernels = _C.kernels()
    return {(kernels[k]["name"], op): t for (k, op), t in _C.profile_snapshot()["totals"].items()}


def one(name: str) -> tuple[str, tuple[int, float, float, float]]:
    (found,) = [(op, t) for (kernel, op), t in totals().items() if kernel.startswith(name)]
    return found


def events() -> np.ndarray:
    return np.frombuffer(_C.profile_events(0, _C.profile_snapshot()["kept"]), EVENT)


def test_a_run_is_counted_with_its_work_and_its_op():
    x = dl.ones(1000)
    with recording():
        for _ in range(3):
            dl.relu(x)
        op, (calls, seconds, flops, size) = one("relu_fwd.f32")
    assert (op, calls, flops, size) == ("relu", 3, 0.0, 3 * 2 * 4 * 1000)
    assert 0 < seconds < 1


def test_nothing_is_recorded_while_none_is_open():
    with recording():
        pass
    before = _C.profile_snapshot()
    dl.relu(dl.ones(1000))
    after = _C.profile_snapshot()
    assert after["totals"] == before["totals"] == {} and after["kept"] == after["lost"] == after["busy"] == 0


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("batch", [1, 6, 400], ids=lambda n: f"batch{n}")
def test_counts_and_work_do_not_depend_on_threads(threads, batch):
    """A batch of small products runs whole products within one parallel loop."""
    a, b = dl.ones(batch, 24, 30), dl.ones(batch, 30, 20)
    dl.set_num_threads(threads)
    with recording():
        dl.matmul(a, b)
        got = events()
        op, (calls, seconds, flops, size) = one("gemm.f32")
        busy = _C.profile_snapshot()["busy"]
    assert (op, calls) == ("matmul", batch)
    assert flops == 2 * batch * 24 * 30 * 20 and size == 4 * batch * (24 * 30 + 30 * 20 + 24 * 20)
    gemm = got[[_C.kernels()[k]["op"] == "gemm" for k in got["kernel"]]]
    assert len(gemm) == batch and (got["start"] <= got["end"]).all()
    inside = threads if batch == 400 else 1  # that many run at once: each counts by its share
    assert seconds == pytest.approx(1e-9 * (gemm["end"] - gemm["start"]).sum() / inside)
    assert 0 < busy <= got["end"].max() - got["start"].min()


def test_a_product_of_patches_moves_the_image_once():
    x, w = dl.ones(2, 6, 9, 8), dl.ones(5, 6, 3, 3)
    with recording():
        dl.nn.functional.conv2d(x, w, padding=1)
        _, (_, _, flops, size) = one("gemm.f32")
    assert flops == 2 * 2 * 5 * 9 * 8 * 6 * 9
    assert size == 4 * (2 * 6 * 9 * 8 + 5 * 6 * 9 + 2 * 5 * 9 * 8)


def test_open_ones_share_the_record_and_the_last_to_close_ends_it():
    x = dl.ones(8)
    with recording():
        dl.relu(x)
        with recording():
            dl.relu(x)
            assert one("relu_fwd")[1][0] == 2
        dl.relu(x)
        assert one("relu_fwd")[1][0] == 3
    with recording():
        assert totals() == {}


def test_an_error_in_an_op_leaves_the_record_usable():
    with recording():
        with pytest.raises(dl.ShapeError):
            dl.matmul(dl.ones(2, 3), dl.ones(2, 3))
        with pytest.raises(dl.DTypeError):
            _C.exp_fwd(_C.convert(dl.ones(3).array, dl.float16))
        dl.relu(dl.ones(8))
        assert [name.split(".")[0] for name, _ in totals() if "relu" in name] == ["relu_fwd"]


def test_every_row_names_a_file_of_the_sources():
    missing = {k["source"] for k in _C.kernels() if not (ROOT / k["source"]).is_file()}
    assert not missing
    named = {k["source"] for k in _C.kernels()}
    tuned = {str(p.relative_to(ROOT)) for p in (ROOT / "csrc").rglob("cpu_*.cpp")}
    assert tuned <= named, f"no row has .file = one of {tuned - named}"


def test_kernels_run_through_launch():
    """A row's function called in a loop of one's own is a run that no profile sees."""
    for path in (ROOT / "csrc").glob("*/*/*.cpp"):
        text = path.read_text()
        if re.search(r"(\.|->)fn\(", text) and path.parent.name != "peak":  # which measures the machine
            assert "launch_chunks(" in text, f"{path.relative_to(ROOT)}: use launch or launch_chunks of core/launch.h"


ALIKE = (
    r"(relu|gelu|silu|tanh) |matmul|linear \d+x\d+x\d+$|conv2d|(log_)?softmax|cross_entropy.* fwd$|"
    r"mse|rand|dropout|pool (max|avg).*fwd$"
)
ALIKE_ROWS = [row for _, row in all_rows() if 0 < max(row.flops, row.bytes) < 1e8 and re.match(ALIKE, row.name)]


@pytest.mark.parametrize("row", ALIKE_ROWS, ids=[row.name.replace(" ", "_") for row in ALIKE_ROWS])
def test_kernels_state_what_the_bench_rows_state(row):
    """Both count every operand once; the benches leave out what is small beside it (indices, targets, a vector)."""
    call = row.build(Lib("dlcore"))
    call()
    with recording():
        call()
        done = totals().values()
    stated, got = (row.flops, sum(t[2] for t in done)) if row.flops else (row.bytes, sum(t[3] for t in done))
    assert 0.98 * stated < got < 1.03 * stated
