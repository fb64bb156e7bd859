"""What recording leaves behind: nothing. Cycles are collected, long chains freed, threads apart, references counted."""

import gc
import sys
import threading
import weakref

import pytest

import dlcore as dl
from dlcore import _C, autograd
from dlcore.autograd.graph import Node


def leaf():
    return dl.ones(2, 3, requires_grad=True)


def test_cycles_are_collected():
    x = leaf()
    y = x * 2
    x.grad = dl.ones(2, 3)
    x.grad.grad = x
    y.node.attrs = y  # a node that holds its own output
    gone = [weakref.ref(x), weakref.ref(y), weakref.ref(y.node)]
    del x, y
    gc.collect()
    assert all(r() is None for r in gone)


def test_collections_while_nodes_are_made():
    old = gc.get_threshold()
    gc.set_threshold(1)
    try:
        x = leaf()
        y = x
        for _ in range(50):
            y = dl.cat([dl.relu(y) + x, x])[:2]
        y.sum().backward()
    finally:
        gc.set_threshold(*old)
    assert x.grad.shape == (2, 3)


def test_a_long_chain_is_freed_without_recursion():
    y = dl.ones(1, requires_grad=True)
    for _ in range(100_000):
        y = dl.relu(y)
    del y
    gc.collect()


def test_threads_record_and_delete_at_once():
    shared = leaf()
    stop, failures = threading.Event(), []

    def spoil():
        while not stop.is_set():
            array = shared.array
            shared.array = 5
            del shared.array
            shared.array = array
            shared.grad = None

    def work():
        for _ in range(300):
            try:
                y = dl.relu(shared) + shared
                y.sum().backward()
            except (TypeError, AttributeError, dl.ShapeError):
                pass
            except BaseException as e:
                failures.append(e)

    spoiler = threading.Thread(target=spoil)
    workers = [threading.Thread(target=work) for _ in range(3)]
    spoiler.start()
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    stop.set()
    spoiler.join()
    assert not failures


def test_recording_is_a_threads_own():
    seen = []
    with dl.no_grad():
        t = threading.Thread(target=lambda: seen.append(_C.recording()))
        t.start()
        t.join()
        assert seen == [True] and not _C.recording()


def _raises(act):
    try:
        act()
    except Exception:
        return
    raise AssertionError("no error")


X, Y = leaf(), leaf()
KINDS = {
    "relu": lambda: dl.relu(dl.ones(2, 3)),
    "recorded": lambda: dl.relu(X) + Y,
    "backward": lambda: (dl.relu(X) * Y).sum().backward(),
    "joint": lambda: dl.max(X, 1)[0].sum().backward(),
    "fused": lambda: autograd.grad((X * Y).sum(), [X, Y]),
    "attributes": lambda: (X.shape, X.dtype, X.array.strides, X.array.device, X.grad, X.array.owners),
    "number": lambda: (X + 2.5, X * 2, 1 / X),
    "index": lambda: X[0, 1:],
    "cat": lambda: dl.cat([X, Y]),
    "set grad": lambda: setattr(X, "grad", dl.ones(2, 3)),
    "watched": lambda: _watched(),
    "no tensor": lambda: _raises(lambda: dl.relu(5)),
    "no operand": lambda: _raises(lambda: X + "a"),
    "no number": lambda: _raises(lambda: X.unsqueeze("a")),
    "too large": lambda: _raises(lambda: X.view(2**70)),
    "too few": lambda: _raises(lambda: _C.relu_bwd(X.array)),
    "none in a list": lambda: _raises(lambda: _C.cat([X, None], 0)),
    "shapes": lambda: _raises(lambda: X + dl.ones(4, 4)),
    "saved": lambda: _raises(lambda: _C.record(X.array, None, (X,), (5,))),
    "wrong grad": lambda: _raises(lambda: setattr(X, "grad", dl.ones(7))),
    "walked twice": lambda: _raises(lambda: _twice()),
    "bare": lambda: _raises(lambda: dl.relu(dl.Tensor.__new__(dl.Tensor))),
}


def _watched():
    with autograd.check_finite():
        (dl.relu(X) * Y).sum().backward()


def _twice():
    y = (X * Y).sum()
    y.backward()
    y.backward()


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_calls_leave_no_object_behind(kind):
    act = KINDS[kind]
    for _ in range(30):
        act()
    gc.collect()
    counts = [sys.getrefcount(v) for v in (X, Y, X.array, X.grad, None, True, dl.float32, dl.Tensor, Node)]
    blocks = sys.getallocatedblocks()
    for _ in range(1000):
        act()
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 200
    after = [sys.getrefcount(v) for v in (X, Y, X.array, X.grad, None, True, dl.float32, dl.Tensor, Node)]
    assert all(abs(a - b) < 200 for a, b in zip(after, counts, strict=True))
