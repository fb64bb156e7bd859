import numpy as np
import pytest

import dlcore as dl
from dlcore.train import accuracy, mse


def test_accuracy():
    pred = dl.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    assert accuracy(pred, dl.tensor([1, 0, 0, 0])) == 0.75


def test_mse_is_computed_in_float64():
    pred, target = np.random.RandomState(0).randn(2, 1000).astype(np.float32)
    exact = ((pred.astype("f8") - target) ** 2).mean()
    assert mse(dl.from_numpy(pred), dl.from_numpy(target)) == pytest.approx(exact, rel=1e-14)
    assert mse(dl.tensor([1.0, 2.0], requires_grad=True), dl.tensor([1.0, 4.0])) == 2.0
