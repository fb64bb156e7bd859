"""What is written in place and what gets new memory: relu(x, inplace=True); more in tests/autograd/test_backward.py."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn
from dlcore.nn import functional as F


class TestReluInPlace:
    VALUES = np.linspace(-1, 1, 24, dtype="f4").reshape(2, 3, 4)

    def leaf(self):
        return dl.tensor(self.VALUES).requires_grad_()

    def gradient(self, make, inplace):
        """Of sum(relu(make(x))²) at x."""
        x = self.leaf()
        F.relu(make(x), inplace).square().sum().backward()
        return x.grad.numpy()

    def test_without_a_history_the_memory_is_written(self, isa):
        x = dl.tensor(self.VALUES)
        alias, turned = x[1], x.transpose(0, 2)
        assert F.relu(x, inplace=True) is x
        assert (alias.numpy() == np.maximum(self.VALUES, 0)[1]).all()
        x[...] = dl.tensor(self.VALUES)
        gaps = x[:, ::2]
        nn.ReLU(inplace=True)(gaps)
        expected = self.VALUES.copy()
        expected[:, ::2] = np.maximum(expected[:, ::2], 0)
        assert (x.numpy() == expected).all() and (turned.numpy() == expected.T).all()

    def test_a_result_of_its_own_gives_its_memory(self):
        y, one = self.leaf() * 3, dl.ones(2, 3, 4)
        before = dl._C.memory_stats()["allocations"]
        z = F.relu(y, inplace=True)
        assert dl._C.memory_stats()["allocations"] == before and z is y
        z += one  # the rule of relu saved z: a new value
        assert dl._C.memory_stats()["allocations"] == before + 1

    MAKERS = {
        "a plain result": lambda x: x * 3,
        "a value its own op saved": lambda x: (x * 3).tanh(),
        "a leaf": lambda x: x,
        "a view of a leaf": lambda x: x[1],
        "a view of a result": lambda x: (x * 3).transpose(0, 1),
        "a broadcast": lambda x: (x[0] * 3).expand(2, 3, 4),
    }

    @pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
    def test_gradients_are_those_of_relu(self, make):
        assert (self.gradient(make, True) == self.gradient(make, False)).all()

    def test_what_others_see_stays(self):
        x = self.leaf()
        y = x * 3
        detached, square = y.detach(), y * y
        z = F.relu(y, inplace=True)
        (square.sum() + z.sum()).backward()
        assert (detached.numpy() == self.VALUES * 3).all()
        np.testing.assert_allclose(x.grad.numpy(), 18 * self.VALUES + 3 * (self.VALUES > 0), rtol=1e-6)
        leaf = self.leaf()
        F.relu(leaf, inplace=True)
        assert (leaf.detach().numpy() == self.VALUES).all()

    def test_what_another_op_saved_cannot_be_written(self):
        x, w = dl.tensor(self.VALUES), dl.tensor(self.VALUES).requires_grad_()
        y = x * w
        F.relu(x, inplace=True)
        with pytest.raises(RuntimeError, match="changed in place"):
            y.sum().backward()

    def test_integers_are_refused(self):
        with pytest.raises(dl.DTypeError, match="relu_: needs a float32 or float64 tensor, got int64"):
            F.relu(dl.tensor([1, 2]), inplace=True)
