"""Recurrences, attention, Fourier transforms, sampled images on the device: what tests/ops has no cases of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn, testing
from dlcore.nn import functional as F
from dlcore.ops.stft import dft

from ..ops.common import make

Schedules = Callable[..., Iterator[int]]


def draw(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(dtype)


def grown(
    fn: Callable[..., Any], arrays: list[np.ndarray], device: str, layout: str = "contiguous"
) -> list[np.ndarray]:
    """fn's result and the gradients of its arguments."""
    leaves = [make(a, layout, device).requires_grad_() for a in arrays]
    y = fn(*leaves)
    assert y.device == device
    y.backward(dl.tensor(draw(*y.shape, dtype=str(arrays[0].dtype)), device=device))
    return [x.detach().cpu().numpy() for x in (y, *(leaf.grad for leaf in leaves))]


def both(schedules: Schedules, fn: Callable[..., Any], arrays: list[np.ndarray], **more: Any) -> tuple[list, list]:
    """The CPU's results, and the device's, which are the same bits under two schedules."""
    first = None
    for s in (0, 1):
        for _ in schedules(s):
            got = grown(fn, arrays, "cuda", **more)
            first = first or got
            assert [x.tobytes() for x in got] == [x.tobytes() for x in first], "another schedule gives other bits"
    return grown(fn, arrays, "cpu", **more), first


# ---- Attention. A tile is 64 × 64 of float32, 32 × 32 of float64.
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("queries", "keys", "width", "value_width"), [(3, 65, 37, 70), (66, 33, 1, 3), (40, 130, 65, 1), (5, 70, 0, 2)]
)
def test_attention_of_several_tiles(
    schedules: Schedules, queries: int, keys: int, width: int, value_width: int, causal: bool
) -> None:
    arrays = [draw(2, n, w, dtype="float64") for n, w in ((queries, width), (keys, width), (keys, value_width))]
    expected, got = both(schedules, lambda *x: F.scaled_dot_product_attention(*x, is_causal=causal), arrays)
    for y, e in zip(got, expected, strict=True):
        testing.assert_close(y, e, 0.0, 1e-13 * np.abs(e).max(initial=1.0))


def test_attention_of_heads_that_lie_side_by_side(schedules: Schedules) -> None:
    arrays = [draw(2, 9, 3, 5) for _ in range(3)]

    def attend(*x: Any) -> Any:
        return F.scaled_dot_product_attention(*(a.transpose(1, 2) for a in x))

    expected, got = both(schedules, attend, arrays)
    for y, e in zip(got, expected, strict=True):
        testing.assert_close(y, e, 0.0, 1e-5)


@pytest.mark.parametrize("masked", [False, True])
def test_nan_stays_in_its_query(schedules: Schedules, masked: bool) -> None:
    q, k = draw(70, 4), draw(67, 4)
    q[41, 2] = np.nan
    mask = dl.ones(70, 67).bool().cuda() if masked else None
    for s in (0, 1):
        for _ in schedules(s):
            keys = dl.tensor(k, device="cuda")
            y = F.scaled_dot_product_attention(dl.tensor(q, device="cuda"), keys, keys, mask).cpu().numpy()
            assert np.isnan(y[41]).all() and not np.isnan(np.delete(y, 41, 0)).any()


def test_a_query_that_may_look_nowhere_gets_zeros_and_no_gradient(schedules: Schedules) -> None:
    for _ in schedules(0):
        q, k = (dl.tensor(draw(n, 4), device="cuda").requires_grad_() for n in (3, 70))
        for mask in (dl.zeros(3, 70).bool().cuda(), dl.full((3, 70), -np.inf).cuda()):
            y = F.scaled_dot_product_attention(q, k, k, mask)
            y.sum().backward()
            assert not any(x.cpu().numpy().any() for x in (y.detach(), q.grad, k.grad))


def test_scores_that_are_all_minus_infinity_are_nan_as_on_the_cpu(schedules: Schedules) -> None:
    q, k = np.full((2, 1), 1e38, np.float32), np.full((3, 1), -1e38, np.float32)
    for _ in schedules(0):
        for device in ("cpu", "cuda"):
            x, y = dl.tensor(q, device=device), dl.tensor(k, device=device)
            assert np.isnan(F.scaled_dot_product_attention(x, y, y).cpu().numpy()).all(), device


# ---- Fourier transforms: the CPU's butterflies in the CPU's order.
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_transforms_are_the_cpu_s(schedules: Schedules, dtype: str) -> None:
    lengths = [
        *range(1, 33),
        60,
        97,
        120,
        243,
        256,
        1001,
        1536,
        6146,
        7203,
    ]  # the last two: more than shared memory holds
    for n in lengths:
        x = draw(3 if n < 100 else 1, n, dtype=dtype)
        for onesided in (True, False):

            def transform(a: Any, onesided: bool = onesided) -> Any:
                return dft(a, onesided, dl.ones(a.shape[-1], dtype=a.dtype).to(a.device))

            expected = grown(transform, [x], "cpu")
            for _ in schedules(n):
                for y, e in zip(grown(transform, [x], "cuda"), expected, strict=True):
                    assert y.tobytes() == e.tobytes(), (n, onesided)


# ---- Sampled images: dx adds in the order of the points, whatever pixel they meet at.
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_gradients_of_sampled_images_are_the_cpu_s(schedules: Schedules, padding: str, mode: str, layout: str) -> None:
    x, grid = draw(3, 5, 4, 6), np.random.default_rng(0).uniform(-1.6, 1.6, (3, 17, 9, 2)).astype("f4")
    grid[0, 0, 0] = np.nan
    if mode == "nearest":
        x[:, :, 1, 1] = np.inf  # its neighbours are not read, not even to be multiplied by 0

    def sample(a: Any, b: Any) -> Any:
        return F.grid_sample(a, b, mode=mode, padding_mode=padding, align_corners=False)

    expected, got = both(schedules, sample, [x, grid], layout=layout)
    for y, e in zip(got[:2], expected[:2], strict=True):
        assert y.tobytes() == e.tobytes()
    testing.assert_close(got[2], expected[2], 0.0, 1e-5 * max(np.abs(expected[2][1:]).max(), 1.0))


# ---- Modules, whole: what they make for themselves is on the device too.
class Sequence(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 12, num_layers=2, bidirectional=True)
        self.attention = nn.MultiheadAttention(24, 4, add_bias_kv=True, add_zero_attn=True)
        self.out = nn.Linear(24, 3)

    def forward(self, x: Any, padding: Any = None, mask: Any = None, need_weights: bool = False) -> Any:
        y, _ = self.rnn(x)
        y, _ = self.attention(y, y, y, key_padding_mask=padding, attn_mask=mask, need_weights=need_weights)
        return self.out(y)


def masks(device: str) -> dict[str, Any]:
    """A float one and one of bools, for 2 sequences of 7."""
    padding = dl.tensor(np.arange(7) > np.array([[6], [4]]), device=device)
    return {"padding": padding, "mask": dl.tensor(draw(7, 7), device=device)}


MODULES: list[tuple[str, Callable[[], Any], Callable[[Any, Any, str], Any]]] = [
    ("gru and attention", Sequence, lambda model, x, device: model(x)),
    ("masked attention", Sequence, lambda model, x, device: model(x, **masks(device))),
    ("attention's weights", Sequence, lambda model, x, device: model(x, **masks(device), need_weights=True)),
    ("lstm", lambda: nn.LSTM(6, 9), lambda model, x, device: model(x)[0]),
    ("a cell", lambda: nn.LSTMCell(6, 9), lambda model, x, device: model(x[0])[0]),
    ("upsampling", lambda: nn.Upsample(scale_factor=2.0, mode="linear"), lambda model, x, device: model(x)),
    ("a spectrogram", lambda: nn.MelSpectrogram(n_fft=8, n_mels=3), lambda model, x, device: model(x.view(2, 42))),
]


@pytest.mark.parametrize(("make_module", "call"), [m[1:] for m in MODULES], ids=[m[0] for m in MODULES])
def test_a_module_computes_and_learns_as_on_the_cpu(
    schedules: Schedules, make_module: Callable[[], Any], call: Callable[[Any, Any, str], Any]
) -> None:
    def step(device: str) -> list[np.ndarray]:
        dl.manual_seed(3)
        model = make_module().to(device)
        x = dl.tensor(draw(7, 2, 6), device=device).requires_grad_()
        y = call(model, x, device)
        y.square().mean().backward()
        return [v.detach().cpu().numpy() for v in (y, x.grad, *(p.grad for p in model.parameters()))]

    expected = step("cpu")
    for s in (0, 1):
        for _ in schedules(s):
            for got, e in zip(step("cuda"), expected, strict=True):
                testing.assert_close(got, e, 1e-4, 1e-5 * max(np.abs(e).max(), 1e-2))


X = dl.ones(2, 3, 4, 5)
REFUSED = [
    (
        lambda c: dl.rnn_tanh(c(dl.ones(3, 1, 2)), dl.zeros(1, 1, 1), [dl.ones(1, 2), dl.ones(1, 1)], False),
        "h0 is on cpu",
    ),
    (lambda c: F.scaled_dot_product_attention(c(X), X, X), "query on cuda, key on cpu and value on cpu"),
    (lambda c: F.scaled_dot_product_attention(c(X), c(X), c(X), X.bool()), "attn_mask on cpu"),
    (lambda c: F.grid_sample(c(X), dl.ones(2, 1, 1, 2)), "x on cuda and grid on cpu"),
    (lambda c: dl.stft(c(dl.ones(9)), 4, window=dl.ones(4)), "x on cuda and the window on cpu"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_operands_on_two_devices_are_refused(schedules: Schedules, call: Callable[..., Any], text: str) -> None:
    with pytest.raises(dl.DeviceError, match="must be on one device") as error:
        call(lambda x: x.cuda())
    assert text in str(error.value)
