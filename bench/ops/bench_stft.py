"""Short-time Fourier transforms of ten seconds at 16 kHz, and of a short clip."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row, backward

SHAPES = {"8x160000 n1024 hop 256": (8, 160000, 1024, 256), "1x16000 n400 hop 160": (1, 16000, 400, 160)}


def stft(lib: Lib, shape: tuple[int, int, int, int], train: bool) -> Any:
    batch, samples, n_fft, hop = shape
    x, window = lib.normal(batch, samples, grad=train), lib.dl.hann_window(n_fft)

    def call() -> Any:
        if lib.peer:
            return lib.dl.view_as_real(lib.dl.stft(x, n_fft, hop, window=window, return_complex=True))
        return lib.dl.stft(x, n_fft, hop, window=window)

    if not train:
        return call
    v = lib.normal(*call().shape)
    return lambda: backward(call(), v, x)


ROWS = [
    Row(
        f"stft {label} {'fwd+bwd' if train else 'fwd'}",
        lambda lib, s=shape, t=train: stft(lib, s, t),
        ("dft_fwd", "dft_bwd") if train else ("dft_fwd",),
    )
    for label, shape in SHAPES.items()
    for train in (False, True)
]
