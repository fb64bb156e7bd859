"""The walk back: order, accumulation, ownership, freeing, modes, hooks and the errors."""

import gc
import weakref

import numpy as np
import pytest

import dlcore as dl


def leaf(*values):
    return dl.tensor(list(values), requires_grad=True)


def test_a_value_used_twice_gets_the_sum():
    x = leaf(2.0, 3.0)
    y = x * x
    (y + y * x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [2 * 2 + 3 * 4, 2 * 3 + 3 * 9])


def test_one_gradient_handed_to_two_leaves_is_not_shared():
    a, b = leaf(1.0), leaf(2.0)
    (a + b).backward()
    a.grad.array.bump_version()
    with dl.no_grad():
        a.grad.add_(5.0)
    assert b.grad.tolist() == [1.0]


def test_backward_twice_accumulates_into_the_same_tensor():
    x = leaf(3.0)
    (x * 2).backward()
    first = x.grad
    (x * 5).backward()
    assert x.grad is first and x.grad.tolist() == [7.0]


def test_a_passed_through_gradient_is_not_changed_by_accumulation():
    x = leaf(1.0, 1.0)
    seed = dl.tensor([1.0, 2.0])
    (x + x + x).backward(seed)
    assert x.grad.tolist() == [3.0, 6.0] and seed.tolist() == [1.0, 2.0]


def test_diamond_runs_each_node_once():
    x = leaf(1.5)
    calls = []
    y = x * 2
    y.register_hook(lambda g: calls.append(g.item()))
    (y * 3 + y * 4).backward()
    assert calls == [7.0] and x.grad.item() == 14.0


def test_reference_counting_frees_the_graph():
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = x * x
        z = (y * y).sum()
        seen = [weakref.ref(t.node) for t in (y, z)]
        del y, z
        assert all(ref() is None for ref in seen)
    finally:
        gc.enable()


def test_saved_values_are_freed_by_backward_and_kept_on_request():
    x = leaf(2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 8.0
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()


def test_a_saved_value_changed_in_place_is_noticed():
    x = leaf(2.0, 3.0)
    w = dl.tensor([1.0, 1.0])
    y = (x * w).sum()
    w.add_(1.0)
    with pytest.raises(RuntimeError, match="changed in place.*clone"):
        y.backward()


def test_no_grad_and_enable_grad():
    x = leaf(1.0)
    with dl.no_grad():
        assert not (x * 2).requires_grad and not dl.is_grad_enabled()
        with dl.enable_grad():
            assert (x * 2).requires_grad
    assert (x * 2).requires_grad

    @dl.no_grad()
    def f():
        return (x * 2).requires_grad

    assert not f() and dl.is_grad_enabled()


def test_the_course_update_works_in_place_under_no_grad():
    a = dl.tensor(-1.0, 1).requires_grad_()
    (a * a).sum().backward()
    alias = a.detach()
    with dl.no_grad():
        a.sub_(0.1 * a.grad)
    np.testing.assert_allclose(alias.numpy(), [-0.8, 0.8], rtol=1e-6)
    assert a.is_leaf and a.requires_grad


def test_in_place_on_a_leaf_or_its_view_raises_outside_no_grad():
    a = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="no_grad"):
        a.add_(1.0)
    with pytest.raises(RuntimeError, match="no_grad"):
        a[0].add_(1.0)
    with pytest.raises(RuntimeError, match="no_grad"):
        a[0] = 3.0
    assert a.tolist() == [1.0, 2.0]


def test_adding_in_place_to_a_result_of_its_own_takes_its_memory():
    x = leaf(1.0, 2.0)
    y = x * 2
    before = dl._C.memory_stats()["allocations"]
    y += x
    assert dl._C.memory_stats()["allocations"] == before
    kept = y.detach()
    y += x
    y += y
    assert kept.tolist() == [3.0, 6.0] and y.tolist() == [8.0, 16.0]
    y.sum().backward()
    assert x.grad.tolist() == [8.0, 8.0]


def shared_gradient(keep):
    """A block with a shortcut: the sum's gradient goes both ways and meets again at y."""
    x = leaf(1.0, 2.0)
    y = x * 2
    z = y + (y * 3).relu()
    kept = []
    if keep:
        z.register_hook(lambda g: kept.append(g))
    (z * 5).sum().backward()
    assert x.grad.tolist() == [40.0, 40.0]
    return kept


def test_gradients_that_meet_are_added_in_place_unless_someone_keeps_one():
    counts = []
    for keep in (False, True):
        before = dl._C.memory_stats()["allocations"]
        kept = shared_gradient(keep)
        counts.append(dl._C.memory_stats()["allocations"] - before)
        assert all(g.tolist() == [5.0, 5.0] for g in kept)
    assert counts[1] == counts[0] + 1


def test_in_place_on_a_result_keeps_gradients_right():
    x = leaf(1.0, 2.0)
    y = x * x
    y += x
    y *= 3
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [3 * (2 * 1 + 1), 3 * (2 * 2 + 1)])


def test_a_sum_of_losses_collects_in_place_but_a_part_of_a_buffer_does_not():
    x, total = leaf(2.0), dl.tensor([0.0])
    for _ in range(3):
        total += x * x
    total.backward()
    assert total.item() == 12.0 and x.grad.item() == 12.0

    buffer = dl.zeros(2, 1)
    row = buffer[0]
    with pytest.raises(RuntimeError, match="shares this one's memory"):
        row += x
    assert buffer.tolist() == [[0.0], [0.0]]


def test_hooks_replace_the_gradient_and_can_be_removed():
    x = leaf(1.0)
    handle = x.register_hook(lambda g: g * 10)
    (x * 2).backward()
    assert x.grad.item() == 20.0
    handle.remove()
    x.grad = None
    (x * 2).backward()
    assert x.grad.item() == 2.0


def test_retain_grad_keeps_a_result_s_gradient():
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    (y * 3).backward()
    assert y.grad.item() == 3.0


def test_hooks_that_return_what_is_no_gradient():
    for hook, error, text in [
        (lambda g: 3.0, TypeError, "a hook returned a float; it must be a Tensor or None"),
        (lambda g: g.sum(), dl.ShapeError, r"gradient=\(2,\) float32, returned=\(\) float32"),
        (lambda g: g.double(), dl.ShapeError, r"gradient=\(2,\) float32, returned=\(2,\) float64"),
    ]:
        for at in (lambda x: x, lambda x: x * 1):
            x = at(leaf(1.0, 2.0))
            with x.register_hook(hook), pytest.raises(error, match=text):
                (x * 2).sum().backward()


def test_a_hook_for_the_length_of_a_block():
    x, seen = leaf(1.0), []
    with x.register_hook(lambda g: seen.append(g.item())):
        (x * 2).backward()
    (x * 3).backward()
    assert seen == [2.0] and x.grad.item() == 5.0


def test_retain_grad_twice_keeps_one_gradient():
    y = leaf(1.0) * 2
    y.retain_grad()
    y.retain_grad()
    (y * 3).backward()
    assert y.grad.item() == 3.0
    with pytest.raises(RuntimeError, match="retain_grad: this tensor does not need a gradient"):
        dl.ones(1).retain_grad()


def test_autograd_grad_leaves_grad_alone():
    x, z = leaf(3.0), leaf(1.0)
    (g,) = dl.autograd.grad((x * x).sum(), x)
    assert g.item() == 6.0 and x.grad is None
    with pytest.raises(RuntimeError, match="allow_unused"):
        dl.autograd.grad((x * x).sum(), [x, z])
    assert dl.autograd.grad((x * x).sum(), [x, z], allow_unused=True)[1] is None


@pytest.mark.parametrize(
    "act, text",
    [
        (lambda x: (x * 2).backward(), r"starts from a single number, but the shape is \(2,\).*sum\(\)"),
        (lambda x: dl.tensor(1.0).backward(), "does not need a gradient"),
        (lambda x: (x * 2).backward(dl.tensor([1.0])), r"gradient=\(1,\) float32, tensor=\(2,\) float32"),
        (lambda x: (x * 2).sum().backward(create_graph=True), "not supported"),
        (lambda x: dl.tensor([1, 2]).requires_grad_(), r"int64 has no gradient.*float\(\)"),
        (lambda x: (x * 2).requires_grad_(False), "only a leaf"),
        (lambda x: x.numpy(), r"detach\(\).numpy\(\)"),
    ],
)
def test_errors_say_what_to_do(act, text):
    with pytest.raises((RuntimeError, ValueError, TypeError), match=text):
        act(leaf(1.0, 2.0))


def test_deep_graphs_do_not_recurse():
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = y + 0.0
    y.backward()
    assert x.grad.item() == 1.0
    del y  # freeing the chain must not overflow the stack either


def test_requires_grad_is_checked_when_it_is_assigned():
    x = dl.tensor([1.0], requires_grad=True)
    x.requires_grad = False
    assert not (x * 2).requires_grad
    x.requires_grad = True
    y = x * 2
    for act, text in (
        (lambda: setattr(dl.tensor([1]), "requires_grad", True), "int64 has no gradient"),
        (lambda: setattr(x, "requires_grad", "yes"), "needs True or False, got 'yes'"),
        (lambda: setattr(y, "requires_grad", False), "only a leaf can stop"),
    ):
        with pytest.raises((TypeError, RuntimeError), match=text):
            act()
    assert y.requires_grad
