"""autocast beside PyTorch's on the CPU: the same dtypes between the layers, and losses and gradients as close as
bfloat16 lets them be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dlcore as dl

torch = pytest.importorskip("torch")


def run(lib: Any, context: Any) -> tuple[list[str], list[np.ndarray]]:
    """Dtypes after each layer and of the gradients; the loss and the gradients."""
    rng = np.random.default_rng(0)
    nn, F = lib.nn, lib.nn.functional
    layers = [nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3)]
    layers += [nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 10)]
    model = nn.Sequential(*layers)
    state = {}
    for name, p in model.state_dict().items():
        if p.dtype == lib.float32 and "running" not in name:
            a = rng.standard_normal(tuple(p.shape)) / np.sqrt(max(np.prod(p.shape[1:]), 1)) + (name == "1.weight")
            state[name] = lib.tensor(a.astype(np.float32))
        else:
            state[name] = p
    model.load_state_dict(state)
    x = lib.tensor(rng.standard_normal((8, 3, 14, 14)).astype(np.float32))
    y = lib.tensor(rng.integers(0, 10, 8))
    dtypes = []
    with context:
        for layer in layers:
            x = layer(x)
            dtypes.append(str(x.dtype).removeprefix("torch."))
        loss = F.cross_entropy(x, y)
    loss.backward()
    grads = [p.grad for p in model.parameters()]
    dtypes += [str(g.dtype).removeprefix("torch.") for g in grads]
    return dtypes, [v.detach().float().numpy().astype(np.float64) for v in (loss, *grads)]


def test_layers_losses_and_gradients_are_as_pytorchs() -> None:
    _, exact = run(dl, dl.autocast("bfloat16", enabled=False))
    dtypes, ours = run(dl, dl.autocast("bfloat16"))
    theirs_dtypes, theirs = run(torch, torch.autocast("cpu", torch.bfloat16))
    assert dtypes == theirs_dtypes
    for e, a, b in zip(exact, ours, theirs, strict=True):
        size = np.abs(e).max() + 1e-3  # the bias ahead of batch norm has a gradient of 0 but for rounding
        assert np.abs(a - e).max() <= max(2 * np.abs(b - e).max(), 2.0**-6 * size)
