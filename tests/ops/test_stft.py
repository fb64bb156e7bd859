"""stft and istft against numpy.fft on every frame, the windows, and Tensor.unfold."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl

from .cases import Case, positive, t
from .common import run_cases, threads

# n_fft, hop_length, win_length, center, normalized, onesided
SETTINGS = {
    "stft plain": (8, None, None, True, False, True),
    "stft odd, normalized": (9, 4, 5, True, True, True),
    "stft two-sided": (8, 3, 6, False, False, False),
    "stft with gaps between frames": (5, 7, 5, False, False, True),
}


def filled(n_fft, win_length, window):
    """The window in the middle of n_fft samples."""
    width = win_length or n_fft
    full, left = np.zeros(n_fft), (n_fft - width) // 2
    full[left : left + width] = np.ones(width) if window is None else window
    return full


def stft_oracle(x, window=None, *, settings):
    n_fft, hop, width, center, normalized, onesided = settings
    if center:
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(n_fft // 2, n_fft // 2)], mode="reflect")
    starts = range(0, x.shape[-1] - n_fft + 1, hop or n_fft // 4)
    frames = np.stack([x[..., s : s + n_fft] for s in starts], -2) * filled(n_fft, width, window)
    y = np.swapaxes((np.fft.rfft if onesided else np.fft.fft)(frames, axis=-1), -1, -2)
    y = y / np.sqrt(n_fft) if normalized else y
    return np.stack([y.real, y.imag], -1)


def stft_case(name, settings):
    n_fft, hop, width, center, normalized, onesided = settings

    def fn(dl, F, x, window=None):
        return dl.stft(x, n_fft, hop, width, window, center, "reflect", normalized, onesided)

    def in_torch(torch, F, x, window=None):
        window = torch.ones(width or n_fft, dtype=x.dtype) if window is None else window
        settings = (window, center, "reflect", normalized, onesided, True)
        return torch.view_as_real(torch.stft(x, n_fft, hop, width, *settings))

    return Case(
        name,
        fn,
        [(t(2, 31), t(width or n_fft, draw=positive)), (t(29),)],
        oracle=lambda x, window=None: stft_oracle(x, window, settings=settings),
        rows=("dft_fwd", "dft_bwd"),
        length=n_fft,
        grad_length=64,
        scale="max",
        torch=in_torch,
    )


def istft_oracle(spectrum, window, *, settings, length):
    n_fft, hop, width, center, normalized, onesided = settings
    z = np.swapaxes(spectrum[..., 0] + 1j * spectrum[..., 1], -1, -2)
    frames = np.fft.irfft(z[..., : n_fft // 2 + 1], n_fft, axis=-1)
    w, hop, count = filled(n_fft, width, window), hop or n_fft // 4, z.shape[-2]
    y, weight = np.zeros((*z.shape[:-2], n_fft + hop * (count - 1))), np.zeros(n_fft + hop * (count - 1))
    for k in range(count):
        y[..., k * hop : k * hop + n_fft] += frames[..., k, :] * w * (np.sqrt(n_fft) if normalized else 1)
        weight[k * hop : k * hop + n_fft] += w**2
    first = n_fft // 2 if center else 0
    y = (y / np.where(weight > 0, weight, 1))[..., first : y.shape[-1] - first if length is None else first + length]
    return np.pad(y, [(0, 0)] * (y.ndim - 1) + [(0, (length or 0) - y.shape[-1])]) if length else y


def istft_case(name, settings, length, shapes):
    n_fft, hop, width, center, normalized, onesided = settings

    def fn(dl, F, x, window):
        return dl.istft(x, n_fft, hop, width, window, center, normalized, onesided, length)

    def in_torch(torch, F, x, window):
        return fn(torch, F, torch.view_as_complex(x), window)

    return Case(
        name,
        fn,
        [(t(*shape, draw=real_ends), t(width or n_fft, draw=positive)) for shape in shapes],
        oracle=lambda x, window: istft_oracle(x, window, settings=settings, length=length),
        rows=("dft_fwd", "dft_bwd"),
        length=4 * n_fft,
        grad_length=128,
        scale="max",
        layouts=("contiguous", "strided"),
        torch=in_torch,
    )


def real_ends(rng, shape):
    """A real signal's spectrum has no imaginary part at 0 and at half the rate; ours, as pocketfft's, ignores it."""
    x = rng.standard_normal(shape)
    x[..., (0, -1), :, 1] = 0
    return x


def unfold_oracle(x, dimension, size, step):
    starts = range(0, x.shape[dimension] - size + 1, step)
    parts = [np.moveaxis(x, dimension, -1)[..., s : s + size] for s in starts]
    return np.stack(parts, dimension % x.ndim)


CASES = [
    *(stft_case(name, settings) for name, settings in SETTINGS.items()),
    istft_case("istft", (8, None, None, True, False, True), None, [(2, 5, 6, 2), (5, 3, 2)]),
    istft_case("istft two-sided, longer than it reaches", (8, 3, 8, False, True, False), 40, [(2, 8, 6, 2)]),
    *(
        Case(
            f"Tensor.unfold {dimension} {size} {step}",
            lambda dl, F, x, **kw: x.unfold(**kw),
            [(t(3, 11, 4),)],
            oracle=unfold_oracle,
            attrs={"dimension": dimension, "size": size, "step": step},
            grad_length=size,
        )
        for dimension, size, step in ((1, 5, 2), (-2, 3, 3), (1, 2, 5), (0, 3, 1), (-1, 4, 9), (1, 7, 1))
    ),
]
test_op = run_cases(CASES)


@pytest.mark.parametrize(("window", "hop"), [("hann", 8), ("hamming", 11), (None, 32)])
def test_istft_undoes_stft(isa, window, hop):
    x = dl.tensor(np.random.default_rng(0).standard_normal((2, 200)))
    w = None if window is None else getattr(dl, f"{window}_window")(32, dtype=dl.float64)
    y = dl.istft(dl.stft(x, 32, hop, window=w), 32, hop, window=w, length=200)
    np.testing.assert_allclose(y.numpy()[:, :176], x.numpy()[:, :176], atol=1e-12)


@pytest.mark.parametrize("onesided", [True, False])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 12, 15, 16, 17, 30, 49, 97, 128, 400, 1000])
def test_every_factor(isa, n, onesided):
    """Fours, twos, odd primes and primes alone, over more rows than any register holds, and not a multiple."""
    x = np.random.default_rng(n).standard_normal((19, n))
    y = dl.stft(dl.tensor(x), n, n, center=False, onesided=onesided).numpy()[:, :, 0]
    expected = (np.fft.rfft if onesided else np.fft.fft)(x)
    np.testing.assert_allclose(y[..., 0] + 1j * y[..., 1], expected, atol=2e-15 * n)


@pytest.mark.parametrize("n", [6, 9, 30, 64])
def test_frames_are_read_where_they_lie(isa, n):
    """Overlapping frames of signals that are columns or repeated, with a window of either precision."""
    x = np.random.default_rng(n).standard_normal((150, 3))
    signals = {"columns": dl.tensor(x).transpose(0, 1), "repeated": dl.tensor(x[:, 0].copy()).expand(3, 150)}
    for name, signal in signals.items():
        for window in (dl.hann_window(n, dtype=dl.float64), dl.hann_window(n)):
            y = dl.stft(signal, n, n // 3, window=window, center=False).numpy()
            w = window.numpy().astype("f8")
            for row in range(3):
                frames = np.lib.stride_tricks.sliding_window_view(x[:, row if name == "columns" else 0], n)[:: n // 3]
                expected = np.fft.rfft(frames * w).T
                np.testing.assert_allclose(y[row, ..., 0] + 1j * y[row, ..., 1], expected, atol=1e-14 * n)


def test_bits_do_not_depend_on_threads_and_rows_not_on_each_other(isa):
    x = dl.tensor(np.random.default_rng(0).standard_normal((3, 40000)).astype("f4"))
    with threads(1):
        expected = dl.stft(x, 512).numpy()
    for n in (2, 3, 5):
        with threads(n):
            assert dl.stft(x, 512).numpy().tobytes() == expected.tobytes()
    x.numpy()[1, 20000] = np.nan
    bad = np.isnan(dl.stft(x, 512, center=False).numpy()).any((1, 3))
    first, last = (20000 - 511 + 127) // 128, 20000 // 128
    assert bad[1, first : last + 1].all() and bad.sum() == last + 1 - first


def test_no_signals_have_no_spectra():
    x = dl.zeros(0, 20).requires_grad_()
    y = dl.stft(x, 8)
    assert y.shape == (0, 5, 11, 2) and dl.istft(y, 8).shape == (0, 20)
    y.sum().backward()
    assert x.grad.shape == (0, 20)


def test_a_sine_is_one_line(isa):
    """Exact bins to the last digits of float32, also at the largest sizes: angles are reduced before cos and sin."""
    n, k = 4096, 1021
    x = np.cos(2 * np.pi * (np.arange(n) * k % n) / n)
    y = dl.stft(dl.tensor(x.astype("f4")), n, center=False).numpy()[:, 0]
    expected = np.zeros((n // 2 + 1, 2))
    expected[k, 0] = n / 2
    np.testing.assert_allclose(y, expected, atol=2e-3)


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 64])
def test_windows(n, periodic):
    points = n if periodic or n < 2 else n - 1
    angle = 2 * np.pi * np.arange(n) / max(points, 1)
    for window, a, b in ((dl.hann_window, 0.5, 0.5), (dl.hamming_window, 0.54, 0.46)):
        expected = np.ones(1) if n == 1 else a - b * np.cos(angle)
        np.testing.assert_allclose(window(n, periodic, dtype=dl.float64).numpy(), expected, atol=1e-15)
        assert window(n, periodic).dtype == dl.float32
    np.testing.assert_allclose(dl.hamming_window(8, True, 0.6, 0.4).numpy()[0], 0.2, atol=1e-7)


def test_windows_that_overlap_are_not_written_to():
    x = dl.arange(6.0)
    with pytest.raises(ValueError, match="many elements in one place"):
        x.unfold(0, 3, 1).add_(1)
    x.unfold(0, 2, 2).add_(1)
    assert x.tolist() == [1, 2, 3, 4, 5, 6]
    with pytest.raises(ValueError, match="many elements in one place"):
        dl.ones(1, 3).expand(2, 3).mul_(2)


X = dl.ones(20)
REFUSED = [
    (lambda: dl.stft(X, 8, return_complex=True), "stft: there is no complex dtype"),
    (lambda: dl.stft(X, 8, window=dl.ones(7)), "stft: the window must be (win_length,)=(8,), got (7,)"),
    (lambda: dl.stft(X, 8, 0), "n_fft > 0, hop_length > 0 and 0 < win_length <= n_fft; got n_fft=8 hop_length=0"),
    (lambda: dl.stft(X, 32, center=False), "stft: 20 samples are fewer than a frame of n_fft=32"),
    (lambda: dl.stft(dl.ones(2, 2, 20), 8), "stft: needs a signal (L,) or signals (B, L), got (2, 2, 20)"),
    (lambda: dl.istft(dl.ones(4, 3, 2), 8), "istft: needs (B, F, T, 2) or (F, T, 2) with F=5 of n_fft=8"),
    (
        lambda: dl.istft(dl.ones(5, 3, 2), 8, 8, window=dl.hann_window(8), center=False),
        "windows leave samples uncovered",
    ),
    (lambda: X.unfold(0, 21, 1), "unfold: a window of 21 does not fit into dimension 0 of shape (20,)"),
    (lambda: X.unfold(0, 2, 0), "their step must be positive, got size 2 and step 0"),
    (lambda: dl.stft(dl.ones(20).half(), 8, center=False), "dft: needs float32 or float64, got float16 of shape (7,8)"),
    (lambda: dl.hann_window(-1), "window_length must not be negative, got -1"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_refuses(call, text):
    with pytest.raises((ValueError, TypeError)) as e:
        call()
    assert text in str(e.value)
