"""copy, deepcopy and pickle of tensors, parameters, modules and optimisers."""

import copy
import pickle

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn

DTYPES = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool"]


def again(x):
    return pickle.loads(pickle.dumps(x))


def same(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape and a.tolist() == b.tolist()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_values_of_every_dtype(dtype, shape):
    x = dl.tensor(np.random.default_rng(0).integers(0, 2, shape)).to(getattr(dl, dtype))
    for y in (again(x), copy.deepcopy(x)):
        same(x, y)
        assert type(y) is dl.Tensor and not y.requires_grad


def test_memory_order_is_kept():
    x = dl.randn(2, 3, 4)
    for y in (x.permute(2, 0, 1), x.transpose(0, 1), nn.Conv2d(3, 8, 3).weight):
        same(y, again(y))
        assert again(y).stride() == y.stride() == copy.deepcopy(y.detach()).stride()
    gaps = dl.arange(10)[::2]
    same(gaps, again(gaps))
    same(gaps, copy.deepcopy(gaps))


def test_a_leaf_keeps_requires_grad_and_a_deep_copy_its_gradient():
    w = dl.ones(2, requires_grad=True)
    (w * 3).sum().backward()
    deep = copy.deepcopy(w)
    assert deep.requires_grad and deep.is_leaf and deep.grad.tolist() == [3.0, 3.0] and deep.grad is not w.grad
    assert again(w).requires_grad and again(w).grad is None
    deep.detach().zero_()
    assert w.tolist() == [1.0, 1.0]
    shallow = copy.copy(w)
    shallow.detach().fill_(5)
    assert w.tolist() == [5.0, 5.0] and shallow.requires_grad


def test_a_result_of_ops_is_pickled_by_value_and_not_deep_copied():
    y = dl.ones(2, requires_grad=True) * 2
    assert again(y).tolist() == [2.0, 2.0] and again(y).is_leaf
    with pytest.raises(RuntimeError, match=r"deepcopy: this tensor of shape \(2,\) is a result of ops.*detach"):
        copy.deepcopy(y)


def test_one_tensor_in_two_places_stays_one():
    x = dl.ones(2)
    for a, b in (copy.deepcopy([x, x]), again([x, x])):
        assert a is b and a is not x


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
        self.tied = self.body[3]

    def forward(self, x):
        return self.body(x)


def test_modules():
    net = Tied()
    net.body[0].weight.requires_grad_(False)
    net.eval()
    x = dl.randn(3, 1, 4, 4)
    net.tied(dl.ones(1, 8)).sum().backward()
    for other in (copy.deepcopy(net), again(net)):
        np.testing.assert_array_equal(other(x).detach().numpy(), net(x).detach().numpy())
        assert other.tied is other.body[3] and not other.training and type(other.tied.weight) is nn.Parameter
        assert not other.body[0].weight.requires_grad and other.tied.weight.requires_grad
        with dl.no_grad():
            other.tied.weight.zero_()
        assert net.tied.weight.detach().numpy().any()


def test_an_optimiser_goes_on_from_a_deep_copy():
    net = nn.Linear(3, 1)
    opt = dl.optim.Adam(net.parameters())

    def step(net, opt):
        opt.zero_grad()
        net(dl.ones(2, 3)).sum().backward()
        opt.step()

    step(net, opt)
    for two in (copy.deepcopy((net, opt)), again((net, opt))):
        assert two[1].param_groups[0]["params"][0] is two[0].weight
        step(*two)
        first = net.weight.detach().numpy()
        assert (two[0].weight.detach().numpy() != first).all()
    step(net, opt)
    np.testing.assert_array_equal(net.weight.detach().numpy(), two[0].weight.detach().numpy())
