"""What is written in place and what gets new memory: relu and add_relu; more in tests/autograd/test_backward.py."""

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


class TestAddRelu:
    SHAPES = ((24,), (3, 67), (2, 3, 5, 7))

    @staticmethod
    def pair(shape, dtype="f4"):
        rng = np.random.default_rng(0)
        return (rng.standard_normal(shape).astype(dtype) for _ in range(2))

    @pytest.mark.parametrize("inplace", [False, True])
    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    def test_same_bits_as_two_ops(self, shape, inplace, isa):
        for dtype in ("f4", "f8"):
            a, b = self.pair(shape, dtype)
            a.flat[:3] = np.nan, -0.0, 0.0
            b.flat[:3] = 1, -0.0, 0.0

            def run(op, a=a, b=b):
                x, y = dl.tensor(a).requires_grad_(), dl.tensor(b).requires_grad_()
                z = op(x * 3, y)
                z.square().sum().backward()
                return [t.numpy().tobytes() for t in (z.detach(), x.grad, y.grad)]

            assert run(lambda x, y: F.add_relu(x, y, inplace)) == run(lambda x, y: F.relu(x + y))

    def test_each_operand_gets_the_gradient_of_its_shape(self):
        a, b = self.pair((3, 4))
        x, y = dl.tensor(a).requires_grad_(), dl.tensor(b[0]).requires_grad_()
        F.add_relu(x, y).sum().backward()
        passed = (a + b[0] > 0).astype("f4")
        assert (x.grad.numpy() == passed).all() and (y.grad.numpy() == passed.sum(0)).all()
        still = dl.tensor(a)
        x.grad = None
        F.add_relu(still, x).sum().backward()
        assert still.grad is None and (x.grad.numpy() == (a > 0)).all()
        x.grad = None
        F.add_relu(x, x).sum().backward()
        assert (x.grad.numpy() == 2 * (a > 0)).all()

    def test_a_result_of_its_own_gives_its_memory(self):
        x, y = dl.ones(2, 3).requires_grad_(), dl.ones(2, 3)
        made, before = x * 3, dl._C.memory_stats()["allocations"]
        assert F.add_relu(made, y, inplace=True) is made
        assert dl._C.memory_stats()["allocations"] == before and (made.detach().numpy() == 4).all()
        assert F.add_relu(made, y, inplace=True) is not made  # its rule saved the value
        assert F.add_relu(x, y, inplace=True) is not x and (x.detach().numpy() == 1).all()
        detached = (new := x * 3).detach()
        assert F.add_relu(new, y, inplace=True) is not new and (detached.numpy() == 3).all()
        plain = dl.ones(2, 3) - 3
        assert F.add_relu(plain, x, inplace=True) is not plain and (plain.numpy() == -2).all()

    def test_without_a_history_the_memory_is_written(self):
        x = dl.ones(2, 3)
        view = x[1]
        assert F.add_relu(x, dl.tensor([-2.0, 0.0, 1.0]), inplace=True) is x
        assert view.tolist() == [0, 1, 2]
        F.add_relu(x, x, inplace=True)
        assert view.tolist() == [0, 2, 4]

    def test_a_block_ends_in_one_kernel_forward_and_one_backward(self):
        x = dl.tensor(np.random.default_rng(0).standard_normal((4, 3, 5, 5), "f4")).requires_grad_()
        with dl.profile() as p:
            F.add_relu(F.batch_norm(x, None, None, training=True), x, inplace=True).sum().backward()
        calls = {row.kernel.split(".")[0]: row.calls for row in p.rows}
        assert calls["add_relu_fwd"] == calls["relu_bwd"] == 1 and "relu_fwd" not in calls

    def test_bad_input(self):
        whole, row = dl.ones(2, 3), dl.ones(3)
        with pytest.raises(dl.DTypeError, match="add_relu: needs a float32 or float64 sum, got int64"):
            F.add_relu(dl.tensor([1, 2]), dl.tensor([1, 2]))
        with pytest.raises(dl.ShapeError, match="add_relu"):
            F.add_relu(whole, dl.ones(2))
        with pytest.raises(dl.ShapeError, match="add_relu: the right-hand side does not broadcast"):
            F.add_relu(row, whole, inplace=True)
        assert row.tolist() == [1, 1, 1]


class TestReluAfterBatchNorm:
    """In place, the two go back as one op; the numbers are those of two, to the bit."""

    SHAPES = (
        (64, 10),
        (5, 3),
        (9, 1, 4),
        (4, 8, 3, 5),
        (3, 10, 7, 7),
        (2, 67, 2, 3),
        (13, 10, 23, 24),
        (1, 2, 260, 257),
    )

    @staticmethod
    def run(shape, dtype, training, affine, inplace, last=True):
        rng = np.random.default_rng(3)
        c = shape[1]
        a, v = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
        if last:  # channels side by side in memory
            order = (0, len(shape) - 1, *range(1, len(shape) - 1))
            a, v = (dl.tensor(np.ascontiguousarray(np.moveaxis(u, 1, -1))).permute(order) for u in (a, v))
        else:
            a, v = dl.tensor(a), dl.tensor(v)
        mean, var, *pair = (dl.tensor(rng.uniform(0.5, 1.5, c).astype(dtype)) for _ in range(4))
        w, b = (p.requires_grad_() if on else None for p, on in zip(pair, affine, strict=True))
        x = a.requires_grad_()
        y = F.batch_norm(x, mean, var, w, b, training)
        z = F.relu(y, inplace)
        assert z.node.name() == ("norm.batch_norm_relu_backward" if inplace else "activation.relu_backward")
        z.backward(v)
        return [t.numpy() for t in (z.detach(), x.grad, *(p.grad for p in (w, b) if p is not None))]

    @pytest.mark.parametrize("training", [True, False])
    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    @pytest.mark.parametrize("last", [True, False], ids=["channels_last", "planes"])
    def test_same_bits_as_two_ops(self, shape, training, last, isa):
        for dtype in ("f4", "f8"):
            for affine in ((1, 1), (1, 0), (0, 1), (0, 0)) if shape == (3, 10, 7, 7) else ((1, 1),):
                one, two = (self.run(shape, dtype, training, affine, inplace, last) for inplace in (True, False))
                assert all((a == b).all() for a, b in zip(one, two, strict=True))

    def leaves(self):
        x = dl.tensor(np.random.default_rng(0).standard_normal((6, 4), np.float32)).requires_grad_()
        return x, F.batch_norm(x, None, None, training=True)

    def test_a_hook_or_another_reader_keeps_them_apart(self):
        x, y = self.leaves()
        seen = []
        y.register_hook(lambda g: seen.append(g.numpy()))
        F.relu(y, inplace=True).sum().backward()
        assert len(seen) == 1 and set(np.unique(seen[0])) == {0, 1}
        x, y = self.leaves()
        total = y.sum()  # reads no value of y on the way back, but leads to its node
        z = F.relu(y, inplace=True)
        assert z.node.name() == "activation.relu_backward"
        (total + z.sum()).backward()
        assert np.abs(x.grad.numpy()).max() > 1e-3

    def test_a_value_changed_between_them_is_seen(self):
        x, y = self.leaves()
        with dl.no_grad():
            x += 1
        with pytest.raises(RuntimeError, match="changed in place"):
            F.relu(y, inplace=True).sum().backward()

    def test_a_bias_changed_behind_them_is_seen(self):
        x, b = dl.ones(3, 2).requires_grad_(), dl.ones(2).requires_grad_()
        z = F.relu(F.batch_norm(x, None, None, None, b, training=True), inplace=True)
        with dl.no_grad():
            b += 1
        with pytest.raises(RuntimeError, match="changed in place"):
            z.sum().backward()

    def test_nan_spoils_its_channel_alone(self):
        x, v = dl.ones(4, 3), dl.ones(4, 3)
        x[1, 1] = float("nan")
        x.requires_grad_()
        z = F.relu(F.batch_norm(x, None, None, training=True), inplace=True)
        z.backward(v)
        assert np.isnan(z.detach().numpy()).all(0).tolist() == [False, True, False]
        assert np.isfinite(x.grad.numpy()).all(0).tolist() == [True, False, True]
