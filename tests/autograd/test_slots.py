"""Tensors and Nodes as only a mistake makes them: C++ fills and reads their slots, and must not trust them.

Whatever Python can put there, or leave out, ends in an error or in a sensible value; a crash ends this file.
"""

import copy
import pickle
import sys

import pytest

import dlcore as dl
from dlcore import _C, nn
from dlcore.autograd.graph import Node, record_after


def leaf():
    return dl.ones(2, 3, requires_grad=True)


def bare():
    """A Tensor whose __init__ never ran."""
    return dl.Tensor.__new__(dl.Tensor)


class Forgets(dl.Tensor):
    def __init__(self):
        pass


def without(name):
    x = leaf()
    delattr(x, name)
    return x


def having(name, value):
    x = leaf()
    setattr(x, name, value)
    return x


def node_with(**slots):
    n = (leaf() * leaf()).node
    for name, value in slots.items():
        setattr(n, name, value)
    return n


USES = [
    lambda x: dl.relu(x),
    lambda x: x + 1,
    lambda x: dl.ones(2, 3) + x,
    lambda x: dl.cat([dl.ones(2, 3), x]),
    lambda x: dl.where(x > 0, x, x),
    lambda x: x.sum().backward(),
    lambda x: x.view(-1),
    lambda x: x[0],
    lambda x: x.shape,
    lambda x: repr(x),
    lambda x: copy.copy(x),
    lambda x: copy.deepcopy(x),
    lambda x: pickle.dumps(x),
    lambda x: nn.Parameter(x),
    lambda x: nn.functional.linear(dl.ones(1, 3), dl.ones(2, 3), x),
    lambda x: setattr(leaf(), "grad", x),
    lambda x: setattr(x, "grad", dl.ones(2, 3)),
]


@pytest.mark.parametrize("use", USES, ids=range(len(USES)))
@pytest.mark.parametrize("make", [bare, Forgets, lambda: without("array"), lambda: having("array", 5)])
def test_a_tensor_without_an_array_is_refused(make, use):
    with pytest.raises((AttributeError, TypeError)):
        use(make())


@pytest.mark.parametrize("use", USES[:5], ids=range(5))
def test_a_tensor_is_no_array(use):
    with pytest.raises((AttributeError, TypeError)):
        use(having("array", leaf()))


def test_an_optimiser_refuses_a_parameter_without_an_array():
    x = having("grad", dl.ones(2, 3))
    step = dl.optim.SGD([x], lr=0.1).step
    del x.array
    with pytest.raises((AttributeError, TypeError)):
        step()


def test_a_tensor_without_an_array_is_explained():
    hint = "its class must call super().__init__(array)"
    for x in (bare(), Forgets()):
        with pytest.raises(AttributeError) as e:
            x.grad  # noqa: B018
        assert str(e.value) == f"grad: this tensor has no values; {hint}"
        with pytest.raises(dl.DTypeError) as e:
            dl.relu(x)
        assert str(e.value) == f"relu: needs a tensor, got a {type(x).__name__} without values; {hint}"
        x.grad = None
        assert x.grad is None


def test_grad_can_be_deleted_but_not_be_anything():
    x = leaf()
    x.sum().backward()
    del x.grad
    assert x.grad is None
    for wrong in (5, "a", [1.0], x.array, dl.ones(2), dl.ones(2, 3, dtype=dl.float64), bare()):
        with pytest.raises((TypeError, dl.ShapeError)):
            x.grad = wrong
    assert x.grad is None


def test_other_slots_may_be_missing():
    x = without("node")
    (x * 2).sum().backward()
    assert not hasattr(x, "node") or x.grad is not None
    assert not dl.relu(without("needs_grad")).requires_grad
    assert dl.relu(without("hooks")).requires_grad


NO_NODES = [
    Node,
    lambda: Node.__new__(Node),
    lambda: copy.copy(Node()),
    lambda: node_with(saved=None),
    lambda: node_with(saved=5),
    lambda: node_with(saved=(1, 2)),
    lambda: node_with(saved=[leaf().array]),
    lambda: node_with(version="a"),
    lambda: node_with(version=-1),
    lambda: None,
    lambda: 5,
    leaf,
    lambda: leaf().array,
    type("Mine", (Node,), {}),
]


@pytest.mark.parametrize("make", NO_NODES, ids=range(len(NO_NODES)))
def test_unchanged_wants_a_node_that_saved_arrays(make):
    with pytest.raises((TypeError, OverflowError)):
        _C.unchanged(make())


def test_backward_from_a_spoiled_node_is_an_error():
    for slots in ({"saved": 5}, {"saved": (1,)}, {"version": None}, {"inputs": 5}, {"rule": None}, {"sequence": "a"}):
        y = leaf() * leaf()
        for name, value in slots.items():
            setattr(y.node, name, value)
        with pytest.raises((TypeError, AttributeError)):
            (y + dl.ones(2, 3)).sum().backward()
    y = leaf() * 2
    y.node = Node()
    with pytest.raises(AttributeError):
        y.sum().backward()


BAD_CALLS = [
    lambda: _C.record(),
    lambda: _C.record(leaf().array, None),
    lambda: _C.record(leaf(), None, ()),
    lambda: _C.record(5, None, ()),
    lambda: _C.record(None, None, (leaf(),)),
    lambda: _C.record(leaf().array, None, [leaf()]),
    lambda: _C.record(leaf().array, None, None),
    lambda: _C.record(leaf().array, None, (5,)),
    lambda: _C.record(leaf().array, None, (leaf(), None)),
    lambda: _C.record(leaf().array, None, (leaf(),), (leaf(),)),
    lambda: _C.record(leaf().array, None, (leaf(),), [leaf().array]),
    lambda: _C.record(leaf().array, None, (leaf(),), None),
    lambda: _C.record(leaf().array, None, (), (), None, None),
    lambda: _C.make_node(None, (), (), None),
    lambda: _C.make_node(None, [], (5,), None),
    lambda: _C.make_node(),
    lambda: _C.result_of(leaf().array, None),
    lambda: _C.result_of(leaf(), Node()),
    lambda: _C.result_of(leaf().array),
    lambda: record_after(Node(), leaf().array, None, ()),
    lambda: _C.bind_tensor(int, print),
    lambda: _C.bind_tensor(5, print),
    lambda: _C.bind_graph(dl.Tensor, Node),  # grad is no plain slot any more
    lambda: _C.bind_graph(Node, dl.Tensor),
    lambda: _C.Array(),
    lambda: object.__new__(_C.Array),
    lambda: type("Mine", (_C.Array,), {}),
    lambda: copy.copy(leaf().array),
    lambda: pickle.dumps(leaf().array),
    lambda: pickle.dumps((leaf() * leaf()).node),
    lambda: _C.Array.item(5),
    lambda: _C.Array.item(),
    lambda: _C.Array.shape.__get__(5),
    lambda: dl.Tensor.grad.__get__(5),
    lambda: dl.Tensor.grad.__set__(5, None),
    lambda: _C.relu_fwd(None),
    lambda: _C.cat([leaf(), None], 0),
    lambda: setattr(leaf(), "__class__", Node),
    lambda: setattr(Node(), "__class__", dl.Tensor),
]


@pytest.mark.parametrize("call", BAD_CALLS, ids=range(len(BAD_CALLS)))
def test_what_no_op_would_call(call):
    with pytest.raises((TypeError, AttributeError)):
        call()


@pytest.mark.parametrize("make", [lambda: _C.DType.__new__(_C.DType), lambda: _C.DType(99)])
@pytest.mark.parametrize(
    "use",
    [
        lambda t: t.itemsize,
        lambda t: t.is_floating_point,
        lambda t: dl.zeros(2, dtype=t),
        lambda t: dl.ones(2).to(t),
        lambda t: dl.ones(2).view(t),
        lambda t: repr(t),
    ],
)
def test_a_dtype_that_is_none(make, use):
    with pytest.raises(TypeError):
        use(make())
    assert dl.float32 != make()


def test_a_copied_dtype_is_a_dtype():
    for t in (pickle.loads(pickle.dumps(dl.float32)), copy.deepcopy(dl.float32)):
        assert t == dl.float32 and t.itemsize == 4 and dl.zeros(2, dtype=t).dtype == dl.float32


class Odd:
    """A number that cannot make up its mind."""

    def __init__(self, error):
        self.error = error

    def __index__(self):
        raise self.error

    __float__ = __index__


@pytest.mark.parametrize(
    "call",
    [lambda n: dl.ones(2) + n, lambda n: dl.zeros(2, n), lambda n: dl.ones(2).unsqueeze(n), lambda n: dl.ones(2)[n]],
)
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, MemoryError])
def test_an_error_of_an_argument_comes_out(call, error):
    with pytest.raises((error, dl.DTypeError)):
        call(Odd(error("mine")))


def test_recording_is_told_by_anything_with_a_truth():
    class Undecided:
        def __bool__(self):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _C.set_recording(Undecided())
    assert _C.recording()


def test_a_watch_that_fails_leaves_nothing_behind():
    def fails(*args):
        raise ZeroDivisionError

    x = leaf()
    before = _C.make_with(fails)
    try:
        for act in (lambda: x * 2, lambda: dl.relu(dl.ones(2)), lambda: dl.max(x, 1)):
            with pytest.raises(ZeroDivisionError):
                act()
    finally:
        assert _C.make_with(before) is fails
    assert sys.getrefcount(x) == 2


def test_a_watch_may_end_inside_a_call():
    def once(array, requires_grad, node):
        _C.make_with(None)
        return dl.Tensor(array, requires_grad, node)

    _C.make_with(once)
    del once
    assert dl.relu(dl.ones(2)).tolist() == [1.0, 1.0] and _C.make_with(None) is None
