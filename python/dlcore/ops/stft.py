"""Short-time Fourier transforms, their inverse, and the windows they use."""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import elementwise, shape
from dlcore.ops.pad import pad
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

_FLOAT32 = _C.DType.float32


def constant(values: np.ndarray, dtype: Any, device: str = "cpu") -> Tensor:
    """A tensor of float64 values rounded to `dtype`."""
    array = _C.convert(_C.from_numpy(np.ascontiguousarray(values, np.float64)), dtype)
    return record(_C.to_device(array, device), None, ())


# ---- Windows.
def hann_window(window_length: int, periodic: bool = True, *, dtype: Any = None, device: str = "cpu") -> Tensor:
    """0.5 - 0.5 cos(2πn / N): N = window_length for spectral analysis, one less where not ``periodic``.

    >>> import dlcore as dl
    >>> dl.hann_window(4).tolist()
    [0.0, 0.5, 1.0, 0.5]
    """
    return hamming_window(window_length, periodic, 0.5, 0.5, dtype=dtype, device=device)


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: Any = None,
    device: str = "cpu",
) -> Tensor:
    """alpha - beta cos(2πn / N): N = window_length for spectral analysis, one less where not ``periodic``.

    float32 unless ``dtype`` says float64. One point is 1, as in PyTorch.

    >>> import dlcore as dl
    >>> [round(x, 2) for x in dl.hamming_window(4).tolist()]
    [0.08, 0.54, 1.0, 0.54]
    """
    if window_length < 0:
        raise ValueError(f"hamming_window: window_length must not be negative, got {window_length}")
    points = window_length if periodic else window_length - 1
    n = np.arange(window_length)
    values = alpha - beta * np.cos(2 * np.pi * n / max(points, 1)) if window_length > 1 else np.ones(window_length)
    return constant(values, dtype or _FLOAT32, device)


# ---- Transforms.
@lru_cache(maxsize=8)
def _roots(points: int, dtype: Any, device: str) -> Any:
    """An Array (points, 2): cos and -sin of each part of a turn, rounded once from float64."""
    turns = np.arange(points) * (2 * np.pi / points)
    return constant(np.stack([np.cos(turns), -np.sin(turns)], -1), dtype, device).array


def dft(input: Tensor, onesided: bool, window: Tensor | None = None) -> Tensor:
    """(…, N) -> (…, F, 2): sum_n w[n] x[n] e^(-2πi kn / N), F = N // 2 + 1 or N; rows may overlap."""
    if window is not None and (window.requires_grad or window.dtype != input.dtype):
        input, window = elementwise.mul(input, window), None
    roots = _roots(input.shape[-1], input.dtype, input.device)
    w = None if window is None else window.array
    y = _C.dft_fwd(input.array, w, roots, onesided)
    return record(y, dft_backward, (input,), () if w is None else (w,), roots)


def dft_backward(g, node):
    dx = _C.dft_bwd(g, node.attrs)
    return (_C.mul_fwd(dx, *node.saved) if node.saved else dx,)


def real_sum(input: Tensor, points: int) -> Tensor:
    """(…, F, 2) -> (…, N): sum_k Re(X[k] e^(2πi kn / N)), the adjoint of ``dft``."""
    roots = _roots(points, input.dtype, input.device)
    y = _C.dft_bwd(input.array, roots)
    return record(y, real_sum_backward, (input,), (), (None, roots, input.shape[-2] == points // 2 + 1))


def real_sum_backward(g, node):
    return (_C.dft_fwd(g, *node.attrs),)


def _inverse_weights(points: int, dtype: Any, device: str) -> Tensor:
    """(F, 1): 1 / N, twice that for a frequency that stands for its negative too."""
    k = np.arange(points // 2 + 1)
    return constant(np.where((k > 0) & (2 * k < points), 2.0, 1.0)[:, None] / points, dtype, device)


def _settings(op: str, n_fft: int, hop_length: int | None, win_length: int | None, window: Tensor | None) -> tuple:
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    if n_fft <= 0 or hop <= 0 or not 0 < width <= n_fft:
        raise ValueError(
            f"{op}: needs n_fft > 0, hop_length > 0 and 0 < win_length <= n_fft; "
            f"got n_fft={n_fft} hop_length={hop} win_length={width}"
        )
    if window is not None and window.shape != (width,):
        raise _C.ShapeError(f"{op}: the window must be (win_length,)=({width},), got {window.shape}")
    return hop, width


def _centred(window: Tensor | None, width: int, n_fft: int, dtype: Any, device: str) -> Tensor | None:
    """The window with zeros on both sides up to n_fft points; None for ones everywhere."""
    if width == n_fft:
        return window
    before = (n_fft - width) // 2
    return pad(constant(np.ones(width), dtype, device) if window is None else window, (before, n_fft - width - before))


@in_float32
def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool = True,
    return_complex: bool = False,
) -> Tensor:
    """The spectrum of each of a signal's overlapping frames: (B, L) or (L,) -> (B, F, T, 2) or (F, T, 2).

    Frame t starts at sample t hop_length (n_fft // 4 unless given) and has n_fft samples, times the window, whose
    ``win_length`` samples stand in the middle of them. With ``center`` the signal is padded by n_fft // 2 on both sides
    (``pad_mode`` as in ``nn.functional.pad``), so that frame t is centred at its place. F is n_fft // 2 + 1, or n_fft
    where not ``onesided``; ``normalized`` divides by √n_fft. float32 or float64.

    dlcore has no complex dtype: the last dimension holds real and imaginary part, as ``torch.view_as_real`` of
    PyTorch's result, or its ``return_complex=False``; asking for ``return_complex`` is a TypeError.
    ShapeError for a signal shorter than a frame. (Allen & Rabiner, "A unified approach to short-time Fourier analysis
    and synthesis", Proc. IEEE 65, 1977.)

    >>> import dlcore as dl
    >>> dl.stft(dl.ones(8), n_fft=4, center=False).squeeze(2).shape
    (3, 5, 2)
    """
    if return_complex:
        raise _C.DTypeError("stft: there is no complex dtype; the result's last dimension is (real, imaginary)")
    if input.ndim not in (1, 2):
        raise _C.ShapeError(f"stft: needs a signal (L,) or signals (B, L), got {input.shape}")
    hop, width = _settings("stft", n_fft, hop_length, win_length, window)
    if center:
        if pad_mode == "reflect" and 0 < input.shape[-1] <= n_fft // 2:
            n = input.shape[-1]
            raise _C.ShapeError(
                f"stft: a signal of {n} samples cannot be reflected by half of n_fft={n_fft}; pass center=False, or a "
                "smaller n_fft"
            )
        input = pad(input, (n_fft // 2, n_fft // 2), pad_mode)
    if input.shape[-1] < n_fft:
        raise _C.ShapeError(f"stft: {input.shape[-1]} samples are fewer than a frame of n_fft={n_fft}")
    frames = shape.unfold(input, -1, n_fft, hop)
    window = _centred(window, width, n_fft, input.dtype, input.device)
    if normalized:
        scale = 1 / sqrt(n_fft)
        ones = constant(np.ones(n_fft), input.dtype, input.device) if window is None else window
        window = elementwise.mul(ones, scale)
    return shape.transpose(dft(frames, onesided, window), -3, -2)


@in_float32
def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool = True,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The signal of a spectrum: (B, F, T, 2) or (F, T, 2), as ``stft`` makes it, -> (B, L) or (L,).

    Frames are put back, times the window, added where they overlap and divided by the sum of the squared windows: the
    signal whose stft is nearest. Arguments as ``stft``'s; ``length`` cuts the result or fills it with zeros.
    ValueError where the windows leave a sample uncovered (PyTorch: RuntimeError). (Griffin & Lim, 1984, eq. 6.)

    >>> import dlcore as dl
    >>> x, w = dl.arange(8.0), dl.hann_window(4)
    >>> [round(v, 4) for v in dl.istft(dl.stft(x, 4, window=w), 4, window=w).tolist()]
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    """
    if return_complex:
        raise _C.DTypeError("istft: there is no complex dtype; the signal is real")
    hop, width = _settings("istft", n_fft, hop_length, win_length, window)
    frequencies = n_fft // 2 + 1 if onesided else n_fft
    if input.ndim not in (3, 4) or input.shape[-1] != 2 or input.shape[-3] != frequencies or not input.shape[-2]:
        raise _C.ShapeError(
            f"istft: needs (B, F, T, 2) or (F, T, 2) with F={frequencies} of n_fft={n_fft} and T > 0, got {input.shape}"
        )
    count = input.shape[-2]
    half = n_fft // 2 + 1  # of a real signal's two-sided spectrum the rest is its mirror, and is not read
    spectrum = elementwise.mul(
        shape.transpose(input[..., :half, :, :], -3, -2), _inverse_weights(n_fft, input.dtype, input.device)
    )
    window = _centred(window, width, n_fft, input.dtype, input.device)
    if window is None:
        window = constant(np.ones(n_fft), input.dtype, input.device)
    frames = elementwise.mul(real_sum(spectrum, n_fft), window)
    if normalized:
        frames = elementwise.mul(frames, sqrt(n_fft))
    first = n_fft // 2 if center else 0
    total = n_fft + hop * (count - 1)
    last = total - first if length is None else min(first + length, total)
    squares = shape.expand(elementwise.square(window), count, n_fft)
    weight = overlap_add(squares, hop)[first:last]
    if (weight.detach().cpu().numpy() < 1e-11).any():
        raise ValueError(
            f"istft: the windows leave samples uncovered; lower hop_length={hop}, or use center=True where a window "
            "starts at 0"
        )
    y = elementwise.div(overlap_add(frames, hop)[..., first:last], weight)
    missing = 0 if length is None else length - y.shape[-1]
    return pad(y, (0, missing)) if missing else y


def overlap_add(frames: Tensor, step: int) -> Tensor:
    """(…, T, size) -> (…, (T - 1) step + size): each frame added at its place, `step` after the one before."""
    x = frames.array
    size = (*x.shape[:-2], (x.shape[-2] - 1) * step + x.shape[-1])
    attrs = (x.shape[-1], step)
    return record(shape.overlap_add(x, size, len(size) - 1, *attrs), overlap_add_backward, (frames,), (), attrs)


def overlap_add_backward(g, node):
    return (_C.windows(g, -1, *node.attrs),)
