"""Hooks of modules: before and after forward, and on the gradients of inputs and outputs; PyTorch beside them."""

import copy

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn


def test_forward_hooks_see_and_replace():
    layer, seen = nn.Linear(3, 2), []
    before = layer.register_forward_pre_hook(lambda m, args: (args[0] * 2,))
    after = layer.register_forward_hook(lambda m, args, y: seen.append((args[0].tolist(), y.shape)))
    x = dl.ones(1, 3)
    doubled = layer(x)
    assert seen == [([[2.0, 2.0, 2.0]], (1, 2))]
    before.remove()
    assert (layer(x) == doubled).tolist() != [[True, True]]
    after.remove()
    layer(x)
    assert len(seen) == 2
    layer.register_forward_pre_hook(lambda m, args: args[0] * 0)
    layer.register_forward_hook(lambda m, args, y: y + 100)
    assert np.allclose(layer(x).detach().numpy(), layer.bias.detach().numpy() + 100)


def test_hooks_with_keywords():
    class Scale(nn.Module):
        def forward(self, x, factor=1.0):
            return x * factor

    m, seen = Scale(), []
    m.register_forward_pre_hook(lambda m, args, kwargs: (args, {"factor": 5.0}), with_kwargs=True)
    m.register_forward_hook(lambda m, args, kwargs, y: seen.append(kwargs), with_kwargs=True)
    assert m(dl.ones(1), factor=2.0).item() == 5.0 and seen == [{"factor": 5.0}]


def run(lib, replace):
    """Gradients a full backward hook sees in a two-input module, and what the inputs get."""

    class Mix(lib.nn.Module):
        def forward(self, x, y, n):
            return x * y * n, x + y

    m, seen = Mix(), []

    def hook(module, grad_input, grad_output):
        assert module is m
        seen.append([None if g is None else np.array(g.tolist()) for g in (*grad_input, *grad_output)])
        return tuple(None if g is None else g * 10 for g in grad_input) if replace else None

    m.register_full_backward_hook(hook)
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    y = lib.tensor([3.0, 4.0], requires_grad=True)
    a, b = m(x * 1, y, 2.0)
    (a * 3 + b).sum().backward()
    return seen, x.grad.tolist(), y.grad.tolist()


@pytest.mark.parametrize("replace", [False, True])
def test_full_backward_hooks(replace):
    seen, gx, gy = run(dl, replace)
    k = 10 if replace else 1
    assert gx == [k * 19.0, k * 25.0] and gy == [k * 7.0, k * 13.0]
    values = [None if v is None else v.tolist() for v in seen[0]]
    assert values == [[19.0, 25.0], [7.0, 13.0], None, [3.0, 3.0], [1.0, 1.0]] and len(seen) == 1


@pytest.mark.parametrize("replace", [False, True])
def test_full_backward_hooks_agree_with_pytorch(replace):
    torch = pytest.importorskip("torch")
    ours, theirs = run(dl, replace), run(torch, replace)
    assert ours[1:] == theirs[1:]
    tensors = [[v.tolist() for v in r[0][0] if v is not None] for r in (ours, theirs)]
    assert tensors[0] == tensors[1]


def test_backward_hook_where_no_input_needs_a_gradient_and_twice():
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].tolist())))
    y = layer(dl.ones(1, 2))
    y.backward(retain_graph=True)
    y.backward()
    assert seen == [((None,), [[1.0]])] * 2
    with dl.no_grad():
        layer(dl.ones(1, 2))
    x = dl.ones(1, 2, requires_grad=True)
    z = layer(x)
    for _ in range(2):
        z.backward(retain_graph=True)
    assert len(seen) == 4 and np.allclose(x.grad.numpy(), 2 * layer.weight.detach().numpy())


def test_a_hook_that_returns_the_wrong_number():
    layer = nn.Linear(2, 1)
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    with pytest.raises(RuntimeError, match="Linear: a full backward hook returned 2 gradients for 1 positional"):
        layer(dl.ones(1, 2, requires_grad=True)).backward()


def test_a_copy_has_hooks_of_its_own():
    layer, seen = nn.Linear(2, 1), []
    handle = layer.register_forward_hook(lambda *a: seen.append(1))
    other = copy.deepcopy(layer)
    handle.remove()
    layer(dl.ones(1, 2))
    other(dl.ones(1, 2))
    assert seen == [1]
