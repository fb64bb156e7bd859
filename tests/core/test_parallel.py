"""Threads: fork, affinity, counts, the GIL, Ctrl-C, and subnormals that are zero inside a kernel only."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing

PACKAGE = str(Path(dl.__file__).resolve().parent.parent)
PRELUDE = """
import os, signal, sys, threading, time
import numpy as np
import dlcore as dl
from dlcore import _C

def big():
    x = _C.from_numpy(np.arange(600_000, dtype="f4"))
    return _C.mul_fwd(x, x).numpy().tobytes()  # some 20 chunks

def tiny_is_kept():  # NumPy on this thread still has subnormals
    return bool(np.float32(1e-40) * np.float32(1) != 0)
"""


def python(body: str, *before: str, timeout: float = 60, **env: str) -> list[str]:
    """Lines that a fresh interpreter prints; it must exit with 0."""
    clean = {k: v for k, v in os.environ.items() if k not in ("DLCORE_NUM_THREADS", "OMP_NUM_THREADS", "DLCORE_ISA")}
    done = subprocess.run(
        [*before, sys.executable, "-c", PRELUDE + textwrap.dedent(body)],
        env=clean | {"PYTHONPATH": PACKAGE} | env,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout.splitlines()


# ---- How many.
def available() -> int:
    """The affinity mask, or the cgroup's quota where that is less."""
    n, group = len(os.sched_getaffinity(0)), Path("/sys/fs/cgroup")
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = ((group / "cpu" / f"cpu.cfs_{k}_us").read_text() for k in ("quota", "period"))
    except OSError:
        return n
    return n if quota == "max" or int(quota) <= 0 else min(n, max(1, math.floor(int(quota) / int(period) + 0.5)))


def test_the_default_is_what_this_process_may_use():
    assert python("print(dl.get_num_threads())") == [str(available())]


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"DLCORE_NUM_THREADS": "3"}, 3),
        ({"OMP_NUM_THREADS": "5"}, 5),
        ({"DLCORE_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, 3),
        ({"DLCORE_NUM_THREADS": "1024"}, 1024),
        ({"DLCORE_NUM_THREADS": ""}, available()),
        ({"OMP_NUM_THREADS": "4,2"}, 4),
        ({"OMP_NUM_THREADS": "-2"}, available()),
        ({"OMP_NUM_THREADS": "99999999999999999999"}, 1024),
    ],
    ids=str,
)
def test_the_environment_sets_the_count(env, expected):
    assert python("print(dl.get_num_threads())", **env) == [str(expected)]


def test_one_cpu_gives_one_thread_and_the_same_bits():
    cpu = min(os.sched_getaffinity(0))
    body = """
    import hashlib
    print(dl.get_num_threads())
    print(hashlib.sha256(big()).hexdigest())
    """
    alone = python(body, "taskset", "-c", str(cpu))
    assert alone[0] == "1"
    assert alone[1] == python(body, DLCORE_NUM_THREADS="7")[1]


@pytest.mark.parametrize("n", [0, -1, 1025])
def test_counts_out_of_range_are_refused(n):
    before = dl.get_num_threads()
    with pytest.raises(ValueError, match=f"needs 1 to 1024 threads, got {n}"):
        dl.set_num_threads(n)
    assert dl.get_num_threads() == before


@pytest.mark.parametrize("n", ["2", 1.5, None])
def test_counts_that_are_not_whole_numbers_are_refused(n):
    with pytest.raises(TypeError):
        dl.set_num_threads(n)


# ---- Fork.
def test_a_forked_child_computes():
    """libgomp's pool does not survive a fork: without care the child would wait for threads it does not have."""
    assert python("""
        dl.set_num_threads(4)
        expected = big()
        for _ in range(5):
            child = os.fork()
            if child == 0:
                ok = big() == expected
                grandchild = os.fork()
                if grandchild == 0:
                    os._exit(0 if big() == expected else 3)
                os._exit(0 if ok and os.waitpid(grandchild, 0)[1] == 0 else 2)
            assert os.waitpid(child, 0)[1] == 0
            assert big() == expected
        print("ok")
    """) == ["ok"]


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_worker_processes_compute(method, tmp_path):
    script = tmp_path / "work.py"
    script.write_text(
        "import multiprocessing, sys\nimport numpy as np\nfrom dlcore import _C\n"
        "def work(k):\n    x = _C.from_numpy(np.full(500_000, k, 'f4'))\n"
        "    return float(_C.add_fwd(x, x).numpy().sum())\n"
        "if __name__ == '__main__':\n    _C.set_num_threads(3)\n    work(1)\n"
        "    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:\n        print(pool.map(work, [1, 2, 3]))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), method],
        env=os.environ | {"PYTHONPATH": PACKAGE},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and done.stdout.strip() == "[1000000.0, 2000000.0, 3000000.0]", done.stderr


# ---- The GIL.
def matrices(n):
    a = np.random.default_rng(0).standard_normal((n, n)).astype("f4")
    return _C.from_numpy(a), _C.from_numpy(a.T.copy())


def test_other_threads_run_during_an_op():
    ticks, stop = [], threading.Event()

    def clock():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    a, b = matrices(1200)
    worker = threading.Thread(target=clock)
    with testing.isa("base"):  # the slow one: some 0.2 s
        worker.start()
        start = time.perf_counter()
        _C.matmul_fwd(a, b)
        end = time.perf_counter()
    stop.set()
    worker.join()
    inside = [t for t in ticks if start < t < end]
    assert len(inside) >= 5, f"{len(inside)} ticks in {end - start:.2f} s: the GIL was held"


def test_ops_on_several_threads_at_once():
    x = _C.from_numpy(np.random.default_rng(0).standard_normal(300_000).astype("f4"))
    expected, wrong = _C.exp_fwd(x).numpy().tobytes(), []

    def work():
        for _ in range(20):
            if _C.exp_fwd(x).numpy().tobytes() != expected:
                wrong.append(1)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert not wrong


# ---- Ctrl-C.
@pytest.mark.skipif(not _C.memory_stats()["caching"], reason="a sanitizer's build is too slow for the time it allows")
def test_ctrl_c_stops_a_long_op():
    """A matmul of a minute on the slowest kernels: KeyboardInterrupt within a poll and a chunk, and all works after."""
    lines = python(
        """
        n = 8192
        a = _C.full((n, n), 1.0, _C.DType.float32, "cpu")
        sent = []
        def interrupt():
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)
        timer = threading.Timer(0.7, interrupt)
        timer.start()
        in_use = _C.memory_stats()["in_use"]
        try:
            _C.matmul_fwd(a, a)
            print("finished")
        except KeyboardInterrupt:
            print(time.perf_counter() - sent[0])
        timer.join()
        assert tiny_is_kept(), "flush-to-zero outlived the op"
        assert _C.memory_stats()["in_use"] == in_use, "the unfinished result was not freed"
        assert big() == big()
        print("usable")
        """,
        DLCORE_ISA="base",
        DLCORE_NUM_THREADS="2",
    )
    assert lines[0] != "finished" and lines[1] == "usable"
    assert float(lines[0]) < 1.0, f"{lines[0]} s; some 0.1 s on a machine with nothing else to do"


def test_ctrl_c_lets_an_in_place_op_finish():
    """A kernel that writes in place must not stop half-way: the exception comes after it, or not from it."""
    lines = python(
        """
        x = _C.full((30_000_000,), 1.0, _C.DType.float32, "cpu")
        one = _C.full((), 1.0, _C.DType.float32, "cpu")
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        rounds = 0
        try:
            while rounds < 5000:
                _C.add_into(x, one)
                rounds += 1
        except KeyboardInterrupt:
            pass
        y = x.numpy()
        assert y.min() == y.max(), (y.min(), y.max())
        assert 1 < y[0] < 5000 and y[0] - 1 - rounds in (0, 1)
        print("whole")
        """
    )
    assert lines == ["whole"]


# ---- Subnormals.
@pytest.mark.parametrize("n", [3, 400_000], ids=["on the caller", "on every thread"])
@pytest.mark.parametrize(("dtype", "tiny"), [("f4", 1e-40), ("f8", 1e-310)])
def test_subnormals_are_zero_inside_ops_only(isa, n, dtype, tiny):
    x = np.full(n, tiny, dtype)
    one = _C.from_numpy(np.ones(1, dtype))
    big = _C.from_numpy(np.full(1, 1 / np.finfo(dtype).tiny, dtype))
    with np.errstate(over="ignore"):
        assert (_C.mul_fwd(_C.from_numpy(x), big).numpy() == 0).all(), "a subnormal operand counts as zero"
        assert (
            _C.mul_fwd(_C.from_numpy(np.full(n, np.finfo(dtype).tiny)), _C.from_numpy(np.full(1, 0.5, dtype))).numpy()
            == 0
        ).all()
    assert (_C.mul_fwd(_C.from_numpy(x), one).numpy() == 0).all()
    assert (x * np.ones(1, dtype)[0] == x).all() and x[0] != 0, "NumPy on this thread keeps them"


def test_an_error_leaves_subnormals_alone():
    with pytest.raises(dl.ShapeError):
        _C.add_fwd(_C.from_numpy(np.zeros(3, "f4")), _C.from_numpy(np.zeros(4, "f4")))
    x = np.full(5, 1e-40, "f4")
    assert (x * np.float32(1) != 0).all()
