"""Sequential, ModuleList, ModuleDict, ParameterList and ParameterDict, as lists and as dicts."""

import pytest

import dlcore as dl
from dlcore import nn


def kinds(modules):
    return [type(m).__name__ for m in modules]


def test_a_list_of_modules_is_a_list():
    layers = nn.ModuleList([nn.Linear(1, 1), nn.ReLU()])
    layers.extend([nn.Tanh()]).append(nn.Sigmoid())
    layers.insert(1, nn.Identity())
    layers[0] = nn.Flatten()
    layers += [nn.ReLU()]
    assert kinds(layers) == ["Flatten", "Identity", "ReLU", "Tanh", "Sigmoid", "ReLU"]
    del layers[1]
    del layers[-2:]
    assert kinds(layers) == ["Flatten", "ReLU", "Tanh"] and list(layers._modules) == ["0", "1", "2"]
    assert layers[-1] in layers and nn.Tanh() not in layers
    part = layers[1:]
    assert isinstance(part, nn.ModuleList) and part[0] is layers[1]
    with pytest.raises(IndexError):
        layers[5] = nn.ReLU()
    with pytest.raises(TypeError, match="ModuleList: entry 3 is a int; it must be a Module"):
        layers.append(3)
    with pytest.raises(TypeError):
        layers.insert(0, "relu")
    assert kinds(layers) == ["Flatten", "ReLU", "Tanh"], "as before the mistake"
    with pytest.raises(NotImplementedError, match="ModuleList has no forward"):
        layers(dl.ones(1))


def test_sequential_by_name_and_by_place():
    net = nn.Sequential({"first": nn.Linear(2, 3), "act": nn.ReLU()})
    assert [n for n, _ in net.named_parameters()] == ["first.weight", "first.bias"] and net.act is net[1]
    assert list(net[1:]._modules) == ["act"]
    net[1] = nn.Tanh()
    assert kinds(net) == ["Linear", "Tanh"] and net(dl.ones(1, 2)).shape == (1, 3)
    plain = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    assert list(plain[1:]._modules) == ["0", "1"]
    del plain[1]
    assert kinds(plain) == ["Linear", "Linear"] and plain(dl.ones(1, 2)).shape == (1, 1)


def test_a_dict_of_modules_is_a_dict():
    heads = nn.ModuleDict({"a": nn.Linear(1, 1)})
    heads["b"] = nn.ReLU()
    heads.update([("c", nn.Tanh())])
    assert list(heads) == list(heads.keys()) == ["a", "b", "c"] and "b" in heads and len(heads) == 3
    assert kinds(heads.values()) == ["Linear", "ReLU", "Tanh"] and dict(heads.items())["a"] is heads["a"]
    assert type(heads.pop("b")) is nn.ReLU
    del heads["c"]
    assert [n for n, _ in heads.named_parameters()] == ["a.weight", "a.bias"]
    heads.clear()
    assert len(heads) == 0
    with pytest.raises(TypeError, match="module 'x' must be a Module or None, got int"):
        heads["x"] = 3
    with pytest.raises(KeyError, match="taken by another attribute"):
        heads["training"] = nn.ReLU()


def test_parameters_in_lists_and_dicts():
    net = nn.Module()
    net.steps = nn.ParameterList([dl.ones(2), nn.Parameter(dl.zeros(3))])
    net.named = nn.ParameterDict({"scale": dl.ones(1)})
    net.steps.append(dl.ones(4))
    assert [n for n, _ in net.named_parameters()] == ["steps.0", "steps.1", "steps.2", "named.scale"]
    assert all(p.requires_grad for p in net.parameters()) and net.steps[2].shape == (4,)
    assert "ParameterList((2,), (3,), (4,))" in repr(net) and "ParameterDict(scale: (1,))" in repr(net)
    with pytest.raises(TypeError, match="ParameterList: entry 3 is a float; it must be a Tensor"):
        net.steps.append(1.0)
    with pytest.raises(TypeError, match="ParameterDict: entry x is a Linear; it must be a Tensor"):
        net.named["x"] = nn.Linear(1, 1)
