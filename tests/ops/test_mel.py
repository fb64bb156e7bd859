"""The mel filters, and nn.MelSpectrogram on top of them."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn
from dlcore.nn import functional as F


def corner_hz(mels, scale):
    """One by one, by the definition of each scale."""
    if scale == "htk":
        return [700 * (10 ** (m / 2595) - 1) for m in mels]
    return [m * 200 / 3 if m < 15 else 1000 * 6.4 ** ((m - 15) / 27) for m in mels]


@pytest.mark.parametrize("scale", ["htk", "slaney"])
@pytest.mark.parametrize("norm", [None, "slaney"])
def test_filters_are_triangles(scale, norm):
    low, high = {"htk": (2595 * np.log10(1 + 20 / 700), 2595 * np.log10(1 + 7600 / 700))}.get(
        scale, (20 * 3 / 200, 15 + 27 * np.log(7.6) / np.log(6.4))
    )
    corners = corner_hz(np.linspace(low, high, 42), scale)
    hz = np.linspace(0, 8000, 257)
    filters = F.melscale_fbanks(257, 20, 7600, 40, 16000, norm, scale).numpy()
    assert filters.dtype == np.float32 and filters.shape == (257, 40)
    for m in range(40):
        height = 1 if norm is None else 2 / (corners[m + 2] - corners[m])
        expected = np.interp(hz, corners[m : m + 3], [0, height, 0], left=0, right=0)
        np.testing.assert_allclose(filters[:, m], expected, atol=2e-7 * height + 1e-9)


def test_a_tone_rings_in_its_filter():
    rate, tone = 16000, 1000.0
    x = np.sin(2 * np.pi * tone * np.arange(rate) / rate).astype("f4")
    y = nn.MelSpectrogram(rate, n_fft=1024, hop_length=256, n_mels=40)(dl.tensor(x)).numpy()
    corners = corner_hz(np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 42), "htk")
    loudest = int(y[:, 30].argmax())
    assert corners[loudest] < tone < corners[loudest + 2] and y.shape == (40, 63)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_mel_spectrogram_is_its_parts(power):
    x = np.random.default_rng(0).standard_normal((2, 3, 500)).astype("f4")
    mel = nn.MelSpectrogram(8000, 128, 100, 40, pad=7, n_mels=20, power=power, normalized=True)
    edges = np.pad(x.reshape(6, 500), ((0, 0), (7, 7)))
    signals = np.pad(edges, ((0, 0), (64, 64)), mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(100) / 100)
    frames = np.stack([signals[:, s : s + 128] for s in range(0, signals.shape[1] - 127, 40)], 1)
    spectrum = np.abs(np.fft.rfft(frames * np.pad(window, (14, 14)))) / np.sqrt((window**2).sum())
    expected = (spectrum**power @ F.melscale_fbanks(65, 0, 4000, 20, 8000).numpy()).transpose(0, 2, 1)
    y = mel(dl.tensor(x)).numpy()
    assert y.shape == (2, 3, 20, expected.shape[-1])
    np.testing.assert_allclose(y.reshape(expected.shape), expected, rtol=2e-4, atol=1e-6)


def test_the_gradient_reaches_the_signal():
    x = dl.tensor(np.random.default_rng(0).standard_normal(200)).requires_grad_()
    dl.testing.gradcheck(nn.MelSpectrogram(8000, 64, n_mels=8).double(), [x], elements=12)


def test_filters_refuse():
    with pytest.raises(ValueError, match='"htk" or "slaney"'):
        F.melscale_fbanks(65, 0, 4000, 20, 8000, mel_scale="bark")
    with pytest.raises(ValueError, match="needs 0 <= f_min < f_max, got 4000 and 40"):
        F.melscale_fbanks(65, 4000, 40, 20, 8000)
