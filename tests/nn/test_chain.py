"""Sequential: a ReLU in the pass of the layer before it, where nobody can see what lies between."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn


def image(*shape: int, grad: bool = False) -> Any:
    x = dl.tensor(np.random.default_rng(0).standard_normal(shape, np.float32))
    return x.requires_grad_() if grad else x


def stepwise(model: Any, x: Any) -> Any:
    for m in model:
        x = m(x)
    return x


def settled(model: Any) -> Any:
    rng = np.random.default_rng(1)
    for m in model.modules():
        if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d):
            with dl.no_grad():
                for v, low in ((m.running_mean, -1), (m.running_var, 0.3), (m.bias, -1)):
                    v.copy_(dl.tensor(rng.uniform(low, 1, v.shape).astype("f4")))
    return model


def kernels(model: Any, x: Any) -> list[str]:
    with dl.profile() as p:
        model(x)
    return [row.kernel.split(".")[0] for row in p.rows]


MODELS = {
    "linear": (lambda: nn.Sequential(nn.Linear(7, 40), nn.ReLU(), nn.Linear(40, 5)), (9, 7)),
    "conv": (
        lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()),
        (2, 3, 9, 8),
    ),
    "conv norm relu": (
        lambda: nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Flatten()),
        (2, 3, 9, 8),
    ),
    "norm relu conv": (lambda: nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 1)), (2, 3, 9, 8)),
    "linear norm relu": (lambda: nn.Sequential(nn.Linear(7, 12), nn.BatchNorm1d(12), nn.ReLU()), (9, 7)),
    "border": (lambda: nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect"), nn.ReLU()), (2, 3, 9, 8)),
    "one image": (lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), (3, 9, 8)),
    "folded": (lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.Identity(), nn.ReLU()), (2, 3, 9, 8)),
    "ends waiting": (lambda: nn.Sequential(nn.ReLU(), nn.Linear(7, 3), nn.Identity()), (9, 7)),
}


@pytest.mark.parametrize("mode", ["training", "eval", "no_grad", "autocast"])
@pytest.mark.parametrize(("make", "shape"), MODELS.values(), ids=MODELS)
def test_same_bits_as_step_by_step(make: Any, shape: tuple, mode: str) -> None:
    found = []
    for run in (stepwise, lambda model, x: model(x)):
        dl.manual_seed(3)
        model, x = settled(make()).train(mode in ("training", "autocast")), image(*shape, grad=True)
        before = x.detach().numpy().copy()
        if mode == "no_grad":
            with dl.no_grad():
                y = run(model, x)
            found.append([y])
        else:
            with dl.autocast("bfloat16", enabled=mode == "autocast"):
                y = run(model, x)
            y.square().sum().backward()
            found.append([y, x.grad, *(p.grad for p in model.parameters()), *model.buffers()])
        assert (x.detach().numpy() == before).all()
    for a, b in zip(*found, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.detach().float().numpy(), b.detach().float().numpy())


@pytest.mark.parametrize("name", ["linear", "conv", "conv norm relu", "norm relu conv", "folded"])
def test_relu_is_no_pass_of_its_own(name: str) -> None:
    make, shape = MODELS[name]
    model, x = make(), image(*shape)
    assert not [k for k in kernels(model, x) if k.startswith("relu")]
    assert [k for k in kernels(lambda x: stepwise(model, x), x) if k.startswith("relu")]


HELD = """
import sys
import dlcore as dl
from dlcore import nn

conv, norm, relu = nn.Conv2d(8, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU()
model, x = nn.Sequential(conv, norm, relu).eval(), dl.ones(4, 8, 64, 64)
before = dl._C.memory_stats()["in_use"]
with dl.set_grad_enabled(sys.argv[1] == "recording"):
    relu(norm(conv(x))) if sys.argv[1] == "stepwise" else model(x)
print((dl._C.memory_stats()["peak"] - before) / (4 * 64 * 64 * 64 * 4))
"""


def test_batch_norm_in_inference_takes_the_convolution_s_memory() -> None:
    def held(how: str) -> float:
        """Images that the call needed at once, in a process whose peak it is."""
        done = subprocess.run([sys.executable, "-c", HELD, how], capture_output=True, text=True, check=True)
        return float(done.stdout)

    assert held("inference") < 1.5
    assert held("recording") > 1.9  # its rule needs what the convolution gave
    assert held("stepwise") > 1.9


class Doubled(nn.ReLU):
    def forward(self, x: Any) -> Any:
        return 2 * super().forward(x)


def test_what_is_seen_between_is_as_before() -> None:
    x = image(4, 7)
    model = nn.Sequential(nn.Linear(7, 6), nn.ReLU())
    plain = model(x).detach().numpy()
    for m in model:  # hooks
        seen: list[Any] = []
        handle = m.register_forward_hook(lambda module, args, output, seen=seen: seen.append((args[0], output)))
        y = model(x)
        handle.remove()
        assert len(seen) == 1 and (y.detach().numpy() == plain).all()
        assert (seen[0][1 if m is model[0] else 0].detach().numpy() < 0).any(), "what lies between has both signs"
    with dl.autograd.check_finite():  # a watch names each layer
        model(x)
        with dl.no_grad():
            model[0].bias[2] = float("inf")
        with pytest.raises(FloatingPointError, match=r"linear in layer 0 \(Linear\)"):
            model(x)
        with dl.no_grad():
            model[0].bias[2] = 0.0
    expected = stepwise(model, x).detach().numpy()
    assert (nn.Sequential(model[0], Doubled())(x).detach().numpy() == 2 * expected).all()  # a subclass
    model[0].forward = lambda x: x[:, :6]  # an instance's own
    assert (model(x).detach().numpy() == np.maximum(x.numpy()[:, :6], 0)).all()


def test_errors_are_the_layer_s() -> None:
    model = nn.Sequential(nn.Linear(7, 6), nn.ReLU())
    for run in (stepwise, lambda model, x: model(x)):
        with pytest.raises(dl.ShapeError, match=r"linear: the last size of x must be in_features=7; x=\(4,5\)"):
            run(model, dl.zeros(4, 5))
        with pytest.raises((TypeError, AttributeError)) as caught:
            run(model, np.zeros((4, 7), "f4"))
        assert "Linear" in str(caught.value)
