"""Triangular filters on the mel scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcore import _C
from dlcore.ops.stft import constant

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

_LINEAR_HZ, _LINEAR_MELS, _LOG_STEP = 1000.0, 15.0, np.log(6.4) / 27  # Slaney: linear to 1 kHz, 27 steps to 6.4 kHz


def _to_mel(hz: np.ndarray, scale: str) -> np.ndarray:
    if scale == "htk":
        return 2595 * np.log10(1 + hz / 700)
    above = _LINEAR_MELS + np.log(np.maximum(hz, _LINEAR_HZ) / _LINEAR_HZ) / _LOG_STEP
    return np.where(hz < _LINEAR_HZ, hz * _LINEAR_MELS / _LINEAR_HZ, above)


def _to_hz(mel: np.ndarray, scale: str) -> np.ndarray:
    if scale == "htk":
        return 700 * (10 ** (mel / 2595) - 1)
    above = _LINEAR_HZ * np.exp(_LOG_STEP * np.maximum(mel - _LINEAR_MELS, 0))
    return np.where(mel < _LINEAR_MELS, mel * _LINEAR_HZ / _LINEAR_MELS, above)


def melscale_fbanks(
    n_freqs: int,
    f_min: float,
    f_max: float,
    n_mels: int,
    sample_rate: int,
    norm: str | None = None,
    mel_scale: str = "htk",
) -> Tensor:
    """(n_freqs, n_mels) float32: filter m rises from 0 to 1 and falls back to 0 at three neighbouring mel frequencies.

    The rows are n_freqs frequencies from 0 to sample_rate / 2 Hz, an stft's; the corners are evenly spaced in mel from
    ``f_min`` to ``f_max`` Hz. ``mel_scale`` is "htk" (2595 log10(1 + f / 700); O'Shaughnessy, 1987) or "slaney" (linear
    to 1 kHz, then logarithmic; Auditory Toolbox, 1998); ``norm="slaney"`` divides each filter by half its width in Hz.
    As ``torchaudio.functional.melscale_fbanks``, computed in float64 and rounded. ValueError for other names.

    >>> from dlcore.nn import functional as F
    >>> F.melscale_fbanks(n_freqs=5, f_min=0, f_max=4000, n_mels=2, sample_rate=8000).shape
    (5, 2)
    """
    if mel_scale not in ("htk", "slaney") or norm not in (None, "slaney"):
        raise ValueError(
            f'melscale_fbanks: mel_scale is "htk" or "slaney", norm None or "slaney"; got {mel_scale!r} and {norm!r}'
        )
    if not 0 <= f_min < f_max:
        raise ValueError(f"melscale_fbanks: needs 0 <= f_min < f_max, got {f_min} and {f_max}")
    ends = _to_mel(np.array([f_min, f_max], np.float64), mel_scale)
    corners = _to_hz(np.linspace(ends[0], ends[1], n_mels + 2), mel_scale)
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    frequency = np.linspace(0, sample_rate // 2, n_freqs)[:, None]
    filters = np.maximum(0, np.minimum((frequency - low) / (middle - low), (high - frequency) / (high - middle)))
    if norm == "slaney":
        filters *= 2 / (high - low)
    return constant(filters, _C.DType.float32)
