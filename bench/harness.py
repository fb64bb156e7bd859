"""How a row is timed: checked once, warmed up, then ours and the peer's in turns within one process.

A row (bench/ops/bench_<op>.py) is data: a name, the work in flops and bytes, and `build(lib)`, which makes the inputs
and returns the call to time. `lib` is dlcore or PyTorch behind PyTorch's names, so one builder serves both, and both
get the same numbers from the same seed.
"""

from __future__ import annotations

import gc
import importlib
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .machine import openmp_runtimes
from .quiet import Quiet

SAMPLES, QUICK_SAMPLES = 20, 3
MIN_SAMPLE_S = 1e-3  # a sample is this long at least: 10⁴ ticks of a 0.1 µs clock, and rare interrupts average out
SETTLE_S = 5e-3  # pause before each side where two OpenMP runtimes spin, see `measure`
SPREAD_S = 10e-3  # calls for so long after a probe of the cores, see `measure`
FLUSH_BYTES = 64 << 20  # read and written between samples of a cold row: 32 L2 caches of 2 MB


@dataclass(frozen=True)
class Row:
    name: str
    build: Callable[[Lib], Callable[[], Any]]
    ops: tuple[str, ...] = ()  # manifest ops that this row times; tests/test_bench.py wants one row an op at least
    flops: float = 0.0
    bytes: float = 0.0  # read + written once each: what the work needs, not what an implementation moves
    per: int = 1  # calls of the thing measured in one call of build's result (overhead rows)
    cold: bool = False  # flush the caches before every sample
    random: bool = False  # results are random: the check compares shapes only
    rtol: float = 1e-3  # of the largest magnitude; the tests hold the tight bounds
    samples: int = SAMPLES  # fewer where a call takes seconds
    memory: bool = False  # report the peak of a child process that makes two calls (memory.py)

    @property
    def bound(self) -> str:
        """What the row is set against: arithmetic peak if it says its flops, else memory bandwidth, else nothing."""
        return "flops" if self.flops else "bytes" if self.bytes else ""


class Lib:
    """dlcore or torch under the same names, with the same random inputs for the same row.

    `name` is a module, or "torch.compile": PyTorch, with what a row gives to `compile` compiled. `exact`: the
    same numbers in float64.
    """

    def __init__(self, name: str, seed: int = 0, device: str = "cpu", exact: bool = False) -> None:
        self.name = name
        module, _, self.compiles = name.partition(".")
        self.device = device
        self.exact = exact
        self.dl: Any = importlib.import_module(module)
        self.F: Any = importlib.import_module(f"{module}.nn.functional")
        self.nn: Any = self.dl.nn
        self.peer = module == "torch"
        self.rng = np.random.default_rng(seed)

    @property
    def optim(self) -> Any:
        return self.dl.optim

    def tensor(self, array: np.ndarray, grad: bool = False) -> Any:
        if self.exact and array.dtype == np.float32:
            array = array.astype(np.float64)
        x = self.dl.tensor(array, device=self.device)
        return x.requires_grad_() if grad else x

    def normal(self, *shape: int, grad: bool = False) -> Any:
        return self.tensor(self.rng.standard_normal(shape, np.float32), grad)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Any:
        return self.tensor(self.rng.uniform(low, high, shape).astype(np.float32))

    def ints(self, high: int, *shape: int) -> Any:
        return self.tensor(self.rng.integers(0, high, shape))

    def image(self, *shape: int, grad: bool = False) -> Any:
        """A batch in the layout in which this library's layers hand it on: ours channels-last, PyTorch's NCHW."""
        a = self.rng.standard_normal(shape, np.float32)
        if self.peer:
            return self.tensor(a, grad)
        x = self.tensor(np.ascontiguousarray(a.transpose(0, 2, 3, 1))).permute(0, 3, 1, 2)
        return x.requires_grad_() if grad else x

    def fill(self, model: Any) -> Any:
        """Give a model the same weights in both libraries: normal, scaled by 1/sqrt(fan in); one-dimensional ones 0."""
        model = model.double() if self.exact else model
        state = {}
        for name, p in model.state_dict().items():
            shape = tuple(p.shape)
            fan = max(int(np.prod(shape[1:])), 1)
            a = self.rng.standard_normal(shape, np.float32) / np.sqrt(fan) if len(shape) > 1 else np.zeros(shape)
            state[name] = self.tensor(a.astype(np.float32))
        model.load_state_dict(state)
        return model

    def compile(self, function: Any) -> Any:
        return self.dl.compile(function) if self.compiles else function

    def set_threads(self, n: int) -> None:
        self.dl.set_num_threads(n)

    def synchronize(self) -> None:
        """Wait for the GPU: a call there returns before its work is done."""
        if self.device == "cuda":
            self.dl.cuda.synchronize()


def backward(y: Any, v: Any, *leaves: Any) -> tuple[Any, ...]:
    """Run backward from y with cotangent v (None for a scalar) and return fresh gradients of the leaves."""
    for leaf in leaves:
        leaf.grad = None
    y.backward() if v is None else y.backward(v)
    return tuple(leaf.grad for leaf in leaves)


def at_precision(lib: Lib, precision: str, call: Callable[[], Any]) -> Callable[[], Any]:
    """`call` under our `set_float32_matmul_precision(precision)`; the peer's side computes as it does by default."""
    if lib.peer:
        return call

    def run() -> Any:
        before = lib.dl.get_float32_matmul_precision()
        lib.dl.set_float32_matmul_precision(precision)
        try:
            return call()
        finally:
            lib.dl.set_float32_matmul_precision(before)

    return run


@dataclass
class Timing:
    """Seconds of one call: samples, and what is reported of them."""

    seconds: list[float] = field(default_factory=list)
    inner: int = 1
    loud: int = 0  # samples taken while a core was not free, for want of a quiet spell

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))

    @property
    def best(self) -> float:
        return min(self.seconds)

    @property
    def iqr(self) -> float:
        low, high = np.percentile(self.seconds, [25, 75])
        return float(high - low)


def run_row(
    row: Row, peer: str | None, threads: int, quick: bool = False, device: str = "cpu", quiet: Quiet | None = None
) -> tuple[Timing, Timing | None]:
    """Time one row at one thread count: ours, and the peer's where there is one."""
    libs = [Lib(name, zlib.crc32(row.name.encode()), device) for name in ("dlcore", peer) if name]
    for lib in libs:
        lib.set_threads(threads)
    calls = [row.build(lib) for lib in libs]
    check(row, [call() for call in calls])
    samples, min_s = (QUICK_SAMPLES, 0.0) if quick else (row.samples, MIN_SAMPLE_S)
    timings = measure(calls, samples, min_s, row.cold, [lib.synchronize for lib in libs], quiet)
    for timing in timings:
        timing.seconds = [s / row.per for s in timing.seconds]
    return timings[0], timings[1] if peer else None


def measure(
    calls: Sequence[Callable[[], Any]],
    samples: int,
    min_s: float,
    cold: bool = False,
    waits: Sequence[Callable[[], Any]] | None = None,
    quiet: Quiet | None = None,
) -> list[Timing]:
    """Samples of each call in turns, A B A B …, so that both see the same machine. A side's wait ends its sample.

    With `quiet`, a round begins when the cores are free, and counts if they still are at its end (see quiet.py).

    Before a sample, one call outside the clock brings back the side's code, data and threads. A probe leaves this
    thread on a worker's core until the scheduler parts them, so after one there are calls for SPREAD_S: with a single
    call a product of 0.13 ms on two threads had an interquartile range of 330 %, always on the side that came first,
    and has one of 4 % now. Where the two libraries brought two OpenMP runtimes, the workers of each spin for a while
    after a parallel region on cores that the other then needs; a pause lets them fall asleep. With one runtime
    (measured: PyTorch and dlcore on Linux share the libgomp.so.1 that was loaded first) a sigmoid of 1 M takes 334 µs
    after the peer's call and 331 µs after its own, and no pause is made. OMP_WAIT_POLICY=passive was rejected: it
    doubles both sides' times (650 and 450 µs).
    """
    pause = SETTLE_S if len(openmp_runtimes()) > 1 else 0.0
    waits = waits or [nothing for _ in calls]
    timings = [Timing(inner=1 if cold else repeats(c, min_s, w)) for c, w in zip(calls, waits, strict=True)]
    scratch = np.ones(FLUSH_BYTES // 8) if cold else None
    if quiet:
        quiet.begin_row()
    with no_gc():
        while len(timings[0].seconds) < samples:
            free = quiet is None or quiet.wait()
            for call, wait, timing in zip(calls, waits, timings, strict=True):
                if pause:
                    time.sleep(pause)
                spread = time.perf_counter() + (SPREAD_S if quiet else 0.0)
                call()
                while time.perf_counter() < spread:
                    call()
                if scratch is not None:
                    np.add(scratch, 1.0, out=scratch)
                wait()
                start = time.perf_counter_ns()
                for _ in range(timing.inner):
                    call()
                wait()
                timing.seconds.append((time.perf_counter_ns() - start) * 1e-9 / timing.inner)
            if quiet and free and not quiet.now() and quiet.left > 0:  # somebody came meanwhile
                for timing in timings:
                    timing.seconds.pop()
            elif not free:
                for timing in timings:
                    timing.loud += 1
    return timings


def nothing() -> None:
    pass


def repeats(call: Callable[[], Any], min_s: float, wait: Callable[[], Any] = nothing) -> int:
    """How many calls make a sample of at least `min_s`; also the warm-up: at least three calls."""
    n, elapsed = 1, 0.0
    for attempt in range(40):
        start = time.perf_counter()
        for _ in range(n):
            call()
        wait()
        elapsed = time.perf_counter() - start
        if attempt >= 2 and elapsed >= min_s:
            break
        if elapsed < min_s:
            n = max(n + 1, min(n * 10, int(1.2 * n * min_s / max(elapsed, 1e-9))))
    return n


def check(row: Row, results: Sequence[Any]) -> None:
    """Raise unless ours is finite and agrees with the peer's: a fast wrong answer is not timed."""
    ours, *rest = [[np.asarray(to_numpy(y)) for y in flat(result)] for result in results]
    for k, y in enumerate(ours):
        if y.dtype.kind == "f" and not np.isfinite(y).all():
            raise AssertionError(f"bench {row.name}: result {k} is not finite")
    for theirs in rest:
        if len(ours) != len(theirs):
            raise AssertionError(f"bench {row.name}: {len(ours)} results, the peer has {len(theirs)}")
        for k, (y, e) in enumerate(zip(ours, theirs, strict=True)):
            if y.shape != e.shape:
                raise AssertionError(f"bench {row.name}: result {k} has shape {y.shape}, the peer's {e.shape}")
            if row.random or y.size == 0:
                continue
            error = float(np.abs(y.astype(np.float64) - e.astype(np.float64)).max())
            if not error <= row.rtol * max(float(np.abs(e).max()), 1e-30):
                raise AssertionError(f"bench {row.name}: result {k} is off by {error:.3g} from the peer's")


def flat(x: Any) -> Iterator[Any]:
    if isinstance(x, tuple | list):
        for item in x:
            yield from flat(item)
    elif x is not None:
        yield x


def to_numpy(x: Any) -> Any:
    if not hasattr(x, "detach"):
        return x
    x = x.detach().cpu()
    return (x.float() if str(x.dtype).endswith("bfloat16") else x).numpy()


@contextmanager
def no_gc() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
