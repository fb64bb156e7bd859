"""Spectrograms of signals."""

from __future__ import annotations

from collections.abc import Callable

import dlcore.nn.functional as F
from dlcore.nn.module import Module
from dlcore.ops.stft import hann_window, stft
from dlcore.tensor import Tensor


class MelSpectrogram(Module):
    """Signals (…, L) -> (…, n_mels, T): |stft|^power summed over the mel filters of ``F.melscale_fbanks``.

    Arguments, names and defaults as ``torchaudio.transforms.MelSpectrogram``; those behind ``power`` by keyword only.
    Frames have ``n_fft`` samples under a window of ``win_length`` (n_fft unless given), ``hop_length`` apart (half the
    window); ``normalized`` divides the spectrum by the window's norm. Buffers: window (win_length,), fb
    (n_fft // 2 + 1, n_mels). For decibels take ``10 * log10``.

    >>> import dlcore as dl
    >>> dl.nn.MelSpectrogram(sample_rate=8000, n_fft=256, n_mels=32)(dl.ones(2, 1000)).shape
    (2, 32, 8)
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        f_min: float = 0.0,
        f_max: float | None = None,
        pad: int = 0,
        n_mels: int = 128,
        window_fn: Callable[[int], Tensor] = hann_window,
        power: float = 2.0,
        *,
        normalized: bool = False,
        center: bool = True,
        pad_mode: str = "reflect",
        norm: str | None = None,
        mel_scale: str = "htk",
    ):
        super().__init__()
        self.n_fft, self.win_length = n_fft, n_fft if win_length is None else win_length
        self.hop_length = self.win_length // 2 if hop_length is None else hop_length
        self.pad, self.power, self.normalized, self.center, self.pad_mode = pad, power, normalized, center, pad_mode
        top = float(sample_rate // 2) if f_max is None else f_max
        self.register_buffer("window", window_fn(self.win_length))
        self.register_buffer("fb", F.melscale_fbanks(n_fft // 2 + 1, f_min, top, n_mels, sample_rate, norm, mel_scale))

    def forward(self, x: Tensor) -> Tensor:
        lead = x.shape[:-1]
        signals = x.reshape(-1 if x.numel() else 0, x.shape[-1])
        if self.pad:
            signals = F.pad(signals, (self.pad, self.pad))
        s = stft(signals, self.n_fft, self.hop_length, self.win_length, self.window, self.center, self.pad_mode)
        power = (s * s).sum(-1)
        if self.normalized:
            power = power / (self.window * self.window).sum()
        if self.power != 2:
            power = power ** (self.power / 2)
        mel = self.fb.transpose(0, 1) @ power
        return mel.view(*lead, *mel.shape[1:])

    def extra_repr(self) -> str:
        sizes = f"n_fft={self.n_fft}, win_length={self.win_length}, hop_length={self.hop_length}"
        return f"{sizes}, n_mels={self.fb.shape[1]}"
