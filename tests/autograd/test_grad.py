"""autograd.grad and autograd.backward: inputs that are no leaves, several roots, chosen inputs; modes."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import autograd


def leaf(*values):
    return dl.tensor(list(values), requires_grad=True)


def test_gradients_of_results():
    x = leaf(2.0, 3.0)
    y = x * x
    z = (y * 5).sum()
    gy, gx = autograd.grad(z, [y, x])
    assert gy.tolist() == [5.0, 5.0] and gx.tolist() == [20.0, 30.0]
    assert x.grad is None and y.grad is None
    (itself,) = autograd.grad(z, z)
    assert itself.item() == 1.0


def test_only_what_lies_between_is_walked_and_freed():
    x = leaf(2.0)
    y = x * x
    z = y * y
    assert autograd.grad(z, y)[0].item() == 8.0
    assert autograd.grad(y, x)[0].item() == 4.0, "y's own graph is still there"
    with pytest.raises(RuntimeError, match="retain_graph"):
        autograd.grad(z, y)


def test_a_branch_that_does_not_lead_to_the_input_is_not_walked():
    x, w = leaf(1.0), leaf(2.0)
    seen = []
    side = w * 3
    side.register_hook(lambda g: seen.append(1))
    deep = side * 4
    deeper = deep * 1
    (g,) = autograd.grad(deeper * x, x)
    assert g.item() == 24.0 and not seen


def test_unused_inputs():
    x, other = leaf(1.0, 2.0), leaf(3.0)
    result = other * 2
    with pytest.raises(RuntimeError, match=r"input 1 of shape \(1,\) does not reach the output; pass allow_unused"):
        autograd.grad((x * x).sum(), [x, result])
    assert autograd.grad((x * x).sum(), [x, result], allow_unused=True)[1] is None
    assert autograd.grad((x * x).sum(), [x, result], materialize_grads=True)[1].tolist() == [0.0]
    with pytest.raises(RuntimeError, match="input 0 of shape .* does not need a gradient"):
        autograd.grad((x * x).sum(), dl.ones(2))
    with pytest.raises(RuntimeError, match="autograd.grad: create_graph=True"):
        autograd.grad((x * x).sum(), x, create_graph=True)


def test_several_outputs():
    x = leaf(1.0, 2.0)
    a, b = x * 2, x * x
    (g,) = autograd.grad([a, b.sum()], x, [dl.tensor([1.0, 10.0]), None])
    assert g.tolist() == [2 + 2, 20 + 4]
    with pytest.raises(ValueError, match="autograd.grad: 1 gradients for 2 tensors"):
        autograd.grad([a, b], x, [dl.ones(2)])


def test_backward_from_several_tensors_at_once():
    x = leaf(3.0)
    y = x * x
    autograd.backward([y, y * 2, x], [dl.tensor([1.0]), None, dl.tensor([0.5])])
    assert x.grad.item() == 6 + 12 + 0.5
    x.grad = None
    z = x * 2
    autograd.backward([z, z])
    assert x.grad.item() == 4.0


def test_backward_into_chosen_inputs():
    x, w = leaf(3.0), leaf(2.0)
    y = x * w
    autograd.backward(y * y, inputs=[w])
    assert w.grad.item() == 2 * 6 * 3 and x.grad is None


def test_hooks_of_leaves_act_on_what_grad_returns():
    x = leaf(1.0)
    x.register_hook(lambda g: g * 10)
    y = x * 2
    y.register_hook(lambda g: g + 1)
    gy, gx = autograd.grad(y * 3, [y, x])
    assert gy.item() == 4.0 and gx.item() == 80.0


def test_the_result_is_not_the_seed_s_memory():
    x, seed = leaf(1.0), dl.tensor([1.0])
    (g,) = autograd.grad(x + 0, x, seed)
    g.add_(5)
    assert seed.item() == 1.0


def test_agrees_with_pytorch_on_results():
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(0).standard_normal((3, 4))
    found = []
    for lib in (dl, torch):
        x = lib.tensor(values, requires_grad=True)
        y = x.exp()
        z = (y * x).sum()
        found.append([np.array(g.tolist()) for g in lib.autograd.grad(z, [y, x])])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_inference_mode_and_set_grad_enabled():
    x = leaf(1.0)
    with dl.inference_mode():
        assert not (x * 2).requires_grad
        with dl.inference_mode(False):
            assert (x * 2).requires_grad
    with dl.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    assert dl.is_grad_enabled()
    dl.set_grad_enabled(False)
    assert not (x * 2).requires_grad
    dl.set_grad_enabled(True)

    @dl.inference_mode()
    def f():
        return (x * 2).requires_grad

    @dl.set_grad_enabled(False)
    def g():
        return (x * 2).requires_grad

    assert not f() and not g() and dl.is_grad_enabled()
