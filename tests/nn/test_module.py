"""Module: registration, walking, saving, modes, printing."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.bn = nn.BatchNorm2d(2)
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(2 * 4 * 4, 3))

    def forward(self, x):
        return self.head(nn.functional.relu(self.bn(self.conv(x))))


NAMES = ["conv.weight", "conv.bias", "bn.weight", "bn.bias", "head.1.weight", "head.1.bias"]


def test_parameters_and_buffers_have_dotted_names():
    net = Net()
    assert [n for n, _ in net.named_parameters()] == NAMES
    assert [n for n, _ in net.named_buffers()] == ["bn.running_mean", "bn.running_var", "bn.num_batches_tracked"]
    assert [n for n, _ in net.named_modules()] == ["", "conv", "bn", "head", "head.0", "head.1"]
    assert all(p.requires_grad and p.is_leaf for p in net.parameters())


def test_a_shared_parameter_is_listed_once():
    net = Net()
    net.tied = net.head[1]
    assert len(list(net.parameters())) == len(NAMES)


def test_state_dict_round_trip_and_sharing():
    a, b = Net(), Net()
    b.load_state_dict(a.state_dict())
    for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy())
    a.state_dict()["conv.bias"].numpy()[:] = 7
    assert a.conv.bias.tolist() == [7, 7] and b.conv.bias.tolist() != [7, 7]


def test_load_state_dict_checks_everything_before_it_changes_anything():
    net, state = Net(), Net().state_dict()
    before = {k: v.numpy().copy() for k, v in net.state_dict().items()}
    state["head.1.bias"] = dl.zeros(4)
    del state["conv.bias"]
    state["extra"] = dl.zeros(1)
    with pytest.raises(ValueError) as e:
        net.load_state_dict(state)
    for part in ("missing: conv.bias", "unexpected: extra", "head.1.bias: the model has (3,), the file (4,)"):
        assert part in str(e.value)
    for k, v in net.state_dict().items():
        np.testing.assert_array_equal(v.numpy(), before[k])


def test_train_and_eval_reach_every_module():
    net = Net()
    assert net.training and net.bn.training
    net.eval()
    assert not any(m.training for m in net.modules())
    x = dl.zeros(2, 1, 4, 4)
    net(x)
    assert net.bn.num_batches_tracked.item() == 0
    net.train()(x)
    assert net.bn.num_batches_tracked.item() == 1


def test_repr_reads_as_the_model():
    assert repr(Net()) == (
        "Net(\n"
        "  (conv): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))\n"
        "  (bn): BatchNorm2d(2, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)\n"
        "  (head): Sequential(\n"
        "    (0): Flatten(start_dim=1, end_dim=-1)\n"
        "    (1): Linear(in_features=32, out_features=3, bias=True)\n"
        "  )\n"
        ")"
    )


def test_mistakes_are_explained():
    class Forgot(nn.Module):
        def __init__(self):
            self.fc = nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
        Forgot()
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        _ = Net().nope
    with pytest.raises(TypeError, match="is a parameter"):
        Net().conv.weight = dl.zeros(1)
    with pytest.raises(TypeError, match="argument 1 is a int"):
        nn.Sequential(nn.ReLU(), 3)
    with pytest.raises(ValueError, match="groups=3 must divide"):
        nn.Conv2d(4, 6, 3, groups=3)


def test_double_converts_parameters_and_buffers():
    net = Net().double()
    assert {str(p.dtype) for p in net.parameters()} == {"float64"}
    assert net.bn.running_mean.dtype == dl.float64 and net.bn.num_batches_tracked.dtype == dl.int64
    assert net(dl.zeros(2, 1, 4, 4, dtype=dl.float64)).dtype == dl.float64


def test_initial_weights_have_pytorch_s_bounds():
    dl.manual_seed(1)
    layer = nn.Linear(100, 200)
    w = layer.weight.detach().numpy()
    assert np.abs(w).max() <= 0.1 and abs(w.std() - 0.1 / np.sqrt(3)) < 1e-3 and abs(w.mean()) < 1e-3
    conv = nn.Conv2d(8, 16, 3)
    assert np.abs(conv.weight.detach().numpy()).max() <= 1 / np.sqrt(72)
    dl.manual_seed(1)
    np.testing.assert_array_equal(nn.Linear(100, 200).weight.detach().numpy(), w)


def test_load_state_dict_that_is_not_strict_says_what_it_passed_over():
    net, state = Net(), Net().state_dict()
    del state["conv.bias"]
    state["extra"] = dl.zeros(1)
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["conv.bias"] and result.unexpected_keys == ["extra"]
    np.testing.assert_array_equal(net.conv.weight.detach().numpy(), state["conv.weight"].numpy())
    assert net.load_state_dict(Net().state_dict()) == ([], [])
    state["bn.bias"] = np.zeros(2)
    with pytest.raises(ValueError, match="bn.bias: a ndarray, not a Tensor"):
        net.load_state_dict(state, strict=False)


def test_state_dict_prefix_and_own_tensors():
    net = Net()
    state = net.state_dict(prefix="model.", keep_vars=True)
    assert state["model.conv.bias"] is net.conv.bias
    assert next(iter(state)) == "model.conv.weight"


def test_a_shared_module_is_saved_under_both_names():
    net = Net()
    net.tied = net.head[1]
    state = net.state_dict()
    assert "tied.weight" in state and "head.1.weight" in state
    assert [n for n, _ in net.named_children()] == ["conv", "bn", "head", "tied"]
    both = [n for n, _ in net.named_parameters(remove_duplicate=False)]
    assert both[-2:] == ["tied.weight", "tied.bias"]
    other = Net()
    other.tied = other.head[1]
    other.load_state_dict(state)


def test_a_buffer_that_is_not_saved():
    net = nn.Module()
    net.register_buffer("kept", dl.ones(1))
    net.register_buffer("made", dl.ones(1), persistent=False)
    assert list(net.state_dict()) == ["kept"] and len(list(net.buffers())) == 2
    net.register_buffer("made", dl.ones(1))
    assert list(net.state_dict()) == ["kept", "made"]
    net.made = dl.zeros(2)
    assert net.state_dict()["made"].shape == (2,)
    with pytest.raises(TypeError, match="made is a buffer; assign a Tensor or None"):
        net.made = 3


def test_names_are_checked_where_they_are_registered():
    net = Net()
    for act, error, text in [
        (lambda: net.register_buffer("a.b", dl.ones(1)), KeyError, "a buffer needs a name without dots"),
        (lambda: net.register_buffer("conv", dl.ones(1)), KeyError, "the name 'conv' of the buffer is taken"),
        (lambda: net.register_parameter("w", dl.ones(1)), TypeError, "parameter 'w' must be a Parameter or None"),
        (lambda: net.add_module("", nn.ReLU()), KeyError, "a module needs a name without dots"),
        (lambda: net.add_module("m", 3), TypeError, "module 'm' must be a Module or None, got int"),
    ]:
        with pytest.raises(error, match=text):
            act()


def test_parts_by_dotted_name():
    net = Net()
    assert net.get_submodule("head.1") is net.head[1] and net.get_submodule("") is net
    assert (
        net.get_parameter("head.1.bias") is net.head[1].bias and net.get_buffer("bn.running_var") is net.bn.running_var
    )
    with pytest.raises(AttributeError, match=r"get_submodule\('head.7.x'\): head has no module '7'; it has 0, 1"):
        net.get_submodule("head.7.x")
    with pytest.raises(AttributeError, match="no such parameter; there is weight, bias"):
        net.get_parameter("bn.running_var")
    assert {"conv", "training", "weight"} <= {*dir(net), *dir(net.conv)}


def test_prefixes_and_no_recursion():
    net = Net()
    assert [n for n, _ in net.named_parameters("net")][0] == "net.conv.weight"
    assert list(net.parameters(recurse=False)) == [] and len(list(net.bn.buffers(recurse=False))) == 3
    assert [n for n, _ in net.head.named_modules("x")] == ["x", "x.0", "x.1"]


def test_freezing_and_zero_grad():
    net = Net()
    net.conv.requires_grad_(False)
    net(dl.ones(2, 1, 4, 4)).sum().backward()
    assert net.conv.weight.grad is None and net.bn.weight.grad is not None
    net.zero_grad(set_to_none=False)
    assert net.bn.weight.grad.tolist() == [0.0, 0.0]
    net.zero_grad()
    assert net.bn.weight.grad is None


def test_apply_goes_from_the_leaves_up():
    seen = []
    Net().apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Conv2d", "BatchNorm2d", "Flatten", "Linear", "Sequential", "Net"]


def test_conversions_keep_the_parameters_and_their_gradients():
    net = Net()
    net(dl.ones(2, 1, 4, 4)).sum().backward()
    weight, grad = net.conv.weight, net.conv.weight.grad
    net.double()
    assert net.conv.weight is weight and weight.grad is grad and grad.dtype == dl.float64
    assert net.half().conv.weight.dtype == dl.float16 and net.bfloat16().bn.running_mean.dtype == dl.bfloat16
    assert net.float().to("cpu").to(dl.zeros(1)).conv.weight.dtype == dl.float32
    assert weight.requires_grad and weight.is_leaf
    with pytest.raises(TypeError, match="Net.to: parameters need a floating dtype, got int64"):
        net.to(dl.int64)


def test_a_module_is_not_put_inside_itself():
    inner = nn.Sequential(nn.ReLU())
    outer = nn.Sequential(inner)
    for act in (
        lambda: inner.append(inner),
        lambda: inner.append(outer),
        lambda: inner.add_module("x", outer),
        lambda: setattr(inner, "y", inner),
    ):
        with pytest.raises(ValueError, match="Sequential: a module cannot be placed inside itself"):
            act()
    assert len(list(outer.modules())) == 3 and repr(outer)


def test_a_new_value_keeps_the_old_ones_place():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    setattr(net, "0", nn.Linear(2, 3, bias=False))
    net[2].weight = nn.Parameter(dl.ones(1, 3))
    assert [name for name, _ in net.named_children()] == ["0", "1", "2"]
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "2.weight", "2.bias"]
    assert net(dl.ones(4, 2)).shape == (4, 1)
