"""One op under the profiler, for `dlcore bench --explain matmul 512 512 512`."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import dlcore as dl
from dlcore.profile_table import amount, table
from dlcore.profile_table import time as in_words
from dlcore.profiler import profile

SPELL_S = 0.3  # of calls under the profile: thousands of small ones, and some tens of large ones
LEAST_CALLS = 3
LARGEST = 10**9

Shapes = Callable[..., list[tuple[int, ...]]]


@dataclass(frozen=True)
class Op:
    """How an op is called from sizes alone."""

    sizes: str  #: their names: one in brackets may be left out, one that ends in "…" stands for one or more
    example: str
    shapes: Shapes  #: of the inputs that may need a gradient, from the sizes
    call: Callable[..., Any]  #: of (sizes, *inputs)
    made: bool = False  #: whether `call` makes what is to be called, such as a layer, instead

    def check(self, name: str, given: list[int]) -> None:
        words = self.sizes.split()
        least = sum(not w.startswith("[") for w in words)
        many = len(given) > len(words) and not words[-1].endswith("…")
        if len(given) < least or many or not all(1 <= n <= LARGEST for n in given):
            got = " ".join(map(str, given)) or "nothing"
            raise ValueError(
                f"{name} takes {self.sizes}, each from 1 to {LARGEST}, got {got}; for example "
                f"dlcore bench --explain {name} {self.example}"
            )

    def title(self, name: str, given: list[int]) -> str:
        if self.sizes.endswith("…"):
            return f"{name} {'×'.join(map(str, given))}"
        words = (w.strip("[]") for w in self.sizes.split())
        return " ".join([name, *(f"{word}={n}" for word, n in zip(words, given, strict=False))])


def _named(name: str) -> Callable[..., Any]:
    """dl.name or nn.functional.name, looked up at the call: this module is imported for the names alone, too."""
    return lambda *args, **kwargs: (getattr(dl, name, None) or getattr(dl.nn.functional, name))(*args, **kwargs)


def _pointwise(name: str, inputs: int = 1, **options: Any) -> Op:
    return Op("SIZE…", "4096 1024", lambda *s: [s] * inputs, lambda s, *x: _named(name)(*x, **options))


def _rows(name: str, **options: Any) -> Op:
    return Op("ROWS COLUMNS", "4096 1000", lambda *s: [s], lambda s, x: _named(name)(x, **options))


def _pool(name: str) -> Op:
    return Op("N C H W WINDOW", "32 64 56 56 2", lambda *s: [s[:4]], lambda s, x: _named(name)(x, s[4]))


def _conv2d(sizes: tuple[int, ...], x: Any, w: Any, b: Any) -> Any:
    stride = sizes[6] if len(sizes) > 6 else 1
    return dl.nn.functional.conv2d(x, w, b, stride=stride, padding=sizes[5] // 2)


def _cross_entropy(sizes: tuple[int, ...], x: Any) -> Callable[[], Any]:
    target = dl.arange(sizes[0]) % sizes[1]
    return lambda: dl.nn.functional.cross_entropy(x, target)


def _embedding(sizes: tuple[int, ...], w: Any) -> Callable[[], Any]:
    rows = dl.randint(0, sizes[0], (sizes[2],))
    return lambda: dl.nn.functional.embedding(rows, w)


def _recurrent(name: str) -> Op:
    def make(sizes: tuple[int, ...], x: Any) -> Callable[[], Any]:
        layer = getattr(dl.nn, name)(sizes[2], sizes[3])
        return lambda: layer(x)[0]

    return Op("STEPS BATCH IN HIDDEN", "70 48 400 1152", lambda *s: [s[:3]], make, made=True)


def _optimizer(name: str, **options: Any) -> Op:
    def make(sizes: tuple[int, ...]) -> Callable[[], Any]:
        p = dl.nn.Parameter(dl.randn(sizes))
        p.grad = dl.randn(sizes)
        return getattr(dl.optim, name)([p], **options).step

    return Op("SIZE…", "4096 1024", lambda *s: [], make, made=True)


OPS: dict[str, Op] = {
    "matmul": Op("M K N", "512 512 512", lambda m, k, n: [(m, k), (k, n)], lambda s, a, b: dl.matmul(a, b)),
    "bmm": Op("B M K N", "16 64 64 64", lambda b, m, k, n: [(b, m, k), (b, k, n)], lambda s, x, y: dl.bmm(x, y)),
    "linear": Op(
        "BATCH IN OUT", "64 784 50", lambda m, k, n: [(m, k), (n, k), (n,)], lambda s, *x: _named("linear")(*x)
    ),
    "conv2d": Op(
        "N C H W FILTERS KERNEL [STRIDE]",
        "32 64 56 56 64 3",
        lambda n, c, h, w, k, r, *stride: [(n, c, h, w), (k, c, r, r), (k,)],
        _conv2d,
    ),
    "attention": Op(
        "BATCH HEADS LENGTH WIDTH",
        "8 4 64 32",
        lambda *s: [s] * 3,
        lambda s, *x: dl.nn.functional.scaled_dot_product_attention(*x),
    ),
    "lstm": _recurrent("LSTM"),
    "gru": _recurrent("GRU"),
    "relu": _pointwise("relu"),
    "gelu": _pointwise("gelu"),
    "sigmoid": _pointwise("sigmoid"),
    "tanh": _pointwise("tanh"),
    "exp": _pointwise("exp"),
    "add": _pointwise("add", 2),
    "mul": _pointwise("mul", 2),
    "dropout": _pointwise("dropout"),
    "clone": _pointwise("clone"),
    "sum": _pointwise("sum"),
    "mse_loss": _pointwise("mse_loss", 2),
    "softmax": _rows("softmax", dim=-1),
    "log_softmax": _rows("log_softmax", dim=-1),
    "argmax": _rows("argmax", dim=-1),
    "cumsum": _rows("cumsum", dim=-1),
    "sort": Op("ROWS COLUMNS", "1024 1000", lambda *s: [s], lambda s, x: dl.sort(x, -1)[0]),
    "transpose": Op("ROWS COLUMNS", "4096 4096", lambda *s: [s], lambda s, x: x.T.contiguous()),
    "cross_entropy": Op("ROWS CLASSES", "4096 1000", lambda *s: [s], _cross_entropy, made=True),
    "batch_norm": Op(
        "N C [H] [W]",
        "32 64 56 56",
        lambda n, c, *hw: [(n, c, *hw), (c,), (c,)],
        lambda s, x, w, b: dl.nn.functional.batch_norm(x, None, None, w, b, training=True),
    ),
    "layer_norm": Op(
        "ROWS WIDTH",
        "8192 512",
        lambda m, n: [(m, n), (n,), (n,)],
        lambda s, x, w, b: dl.nn.functional.layer_norm(x, (s[1],), w, b),
    ),
    "max_pool2d": _pool("max_pool2d"),
    "avg_pool2d": _pool("avg_pool2d"),
    "embedding": Op("ROWS WIDTH INDICES", "60000 400 3360", lambda r, w, n: [(r, w)], _embedding, made=True),
    "sgd": _optimizer("SGD", lr=1e-3, momentum=0.9),
    "adam": _optimizer("Adam"),
}


@dataclass(frozen=True)
class Explained:
    """What `explain` found: the profile of `calls` calls."""

    title: str
    calls: int
    profile: profile

    def summary(self) -> dict[str, Any]:
        """The same for machines."""
        p = self.profile
        figures = {"calls": self.calls, "threads": p.threads, "seconds": p.seconds, "kernel_seconds": p.kernel_seconds}
        copies = {"copies": p.copies, "layout_copies": p.layout_copies}
        rows = [asdict(row) | {"of_peak": row.of_peak, "bound": row.bound} for row in p.rows]
        return {"title": self.title} | figures | copies | {"rows": rows}

    def __str__(self) -> str:
        mean = in_words(self.profile.seconds / self.calls)
        return "\n".join(
            [f"{self.title}: {mean} a call, the mean of {self.calls} calls, caches warm", "", table(self.profile), ""]
            + self._in_theory()
        )

    def _in_theory(self) -> list[str]:
        """The roofline of each kernel in words: what a call needs, and how long that takes at the machine's peaks."""
        rows = [row for row in self.profile.rows if row.bound]
        first = max([len(row.kernel) for row in rows], default=6)
        lines = [f"{'kernel':{first}}  {'a call needs':26}{'which at the peaks takes':28}it took"]
        for row in rows:
            needs, takes = [f"{amount(row.bytes / self.calls)}B"], [f"copy {in_words(row.least[1] / self.calls)}"]
            if row.flops:
                needs.insert(0, f"{amount(row.flops / self.calls)}flop")
                takes.insert(0, f"{row.unit} {in_words(row.least[0] / self.calls)}")
            took = in_words(row.seconds / self.calls)
            lines.append(f"{row.kernel:{first}}  {', '.join(needs):26}{', '.join(takes):28}{took}")
        return lines if rows else []


def explain(name: str, sizes: list[int], backward: bool = False) -> Explained:
    """Profile calls of one op on normal random float32 tensors, for about 0.3 s after a warm-up.

    Images are channels-last, as layers pass them on. ``backward`` adds the gradients of every input. ValueError for an
    op that is not in OPS, or for sizes that it cannot take.

    >>> explain("relu", [64, 50]).profile.rows[0].kernel.split(".")[0]
    'relu_fwd'
    """
    if name not in OPS:
        near = difflib.get_close_matches(name, OPS, 1)
        raise ValueError(
            f"no op {name!r} here; {f'did you mean {near[0]}?' if near else 'there are ' + ', '.join(OPS)}"
        )
    op = OPS[name]
    op.check(name, sizes)
    call = _prepare(name, op, tuple(sizes), backward)
    seconds = max(min(_timed(call) for _ in range(LEAST_CALLS)), 1e-9)
    calls = max(int(SPELL_S / seconds), LEAST_CALLS)
    with profile() as p:
        for _ in range(calls):
            call()
    return Explained(op.title(name, sizes) + (" with its backward" if backward else ""), calls, p)


def _prepare(name: str, op: Op, sizes: tuple[int, ...], backward: bool) -> Callable[[], Any]:
    inputs = [_random(shape).requires_grad_(backward) for shape in op.shapes(*sizes)]
    forward = op.call(sizes, *inputs) if op.made else lambda: op.call(sizes, *inputs)
    if not backward:
        return forward
    y = forward()
    if not getattr(y, "requires_grad", False):
        raise ValueError(f"{name} has no backward")
    v = _random(y.shape)

    def both() -> None:
        for x in inputs:
            x.grad = None
        forward().backward(v)

    return both


def _random(shape: tuple[int, ...]) -> Any:
    if len(shape) != 4:
        return dl.randn(shape)
    n, c, h, w = shape
    return dl.randn((n, h, w, c)).permute(0, 3, 1, 2)


def _timed(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
