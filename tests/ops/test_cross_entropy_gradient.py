"""cross_entropy's gradient, which the forward pass makes where it will be needed."""

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F


@pytest.mark.parametrize("layout", [(67, 33), (3, 5, 67)])
def test_a_second_walk_gives_the_same_gradient(layout):
    """The first takes what the forward pass made, the second computes it; a gradient of the loss other than 1 scales
    both, and the first one's result is not the second's memory."""
    rng = np.random.default_rng(0)
    x = dl.tensor(rng.standard_normal(layout, np.float32), requires_grad=True)
    rows = (layout[0], *layout[2:])
    y = dl.tensor(np.where(rng.random(rows) < 0.2, -100, rng.integers(0, layout[1], rows)))
    w = dl.tensor(rng.uniform(0.5, 2, layout[1]).astype(np.float32))
    for smoothing in (0.0, 0.1):
        loss = F.cross_entropy(x, y, w, label_smoothing=smoothing)
        first = dl.autograd.grad(loss, x, retain_graph=True)[0].numpy()
        second = dl.autograd.grad(loss, x, retain_graph=True)[0].numpy()
        np.testing.assert_array_equal(first, second)
        scaled = F.cross_entropy(x, y, w, label_smoothing=smoothing)
        x.grad = None
        scaled.backward(dl.tensor(0.25), retain_graph=True)
        np.testing.assert_array_equal(x.grad.numpy(), first * np.float32(0.25))
        scaled.backward(dl.tensor(0.25))
        np.testing.assert_array_equal(x.grad.numpy(), first * np.float32(0.5))


def test_the_gradient_made_ahead_knows_of_a_change_in_place():
    x = dl.tensor([[1.0, 2.0]], requires_grad=True)
    h = x * 2
    loss = F.cross_entropy(h, dl.tensor([0]))
    with dl.no_grad():
        h.mul_(2.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()
