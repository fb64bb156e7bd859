"""The caching allocator: reuse, its figures, poison, what is too much; and who owns memory shared with NumPy."""

from __future__ import annotations

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing

f32, u8 = _C.DType.float32, _C.DType.uint8
UNUSUAL = 1_234_567  # bytes: a size class that nothing else is in
LARGE = 2 << 20  # from here on a block is cut to size


@pytest.fixture(autouse=True)
def _collected():
    """Cycles of earlier tests hold no memory that would be freed while one of these counts."""
    gc.collect()


def stats():
    return _C.memory_stats()


def address(a):
    return a.numpy().ctypes.data


caching = pytest.mark.skipif(not stats()["caching"], reason="a sanitizer's build keeps no freed block")


@caching
def test_a_freed_block_is_handed_out_again():
    a = _C.empty((UNUSUAL,), u8)
    at, before = address(a), stats()
    del a
    assert stats()["cached"] > before["cached"]
    b = _C.empty((UNUSUAL - 100,), u8)
    after = stats()
    assert address(b) == at, "the last freed block of the class, still warm in cache"
    assert after["allocations"] == before["allocations"] + 1 and after["cache_hits"] == before["cache_hits"] + 1


def offsets(blocks, start):
    return sorted(address(a) - start for a in blocks)


@caching
def test_a_large_block_is_cut_and_joined_again():
    dl.empty_cache()
    whole = _C.empty((8 * LARGE,), u8)
    start, before = address(whole), stats()
    del whole
    parts = [_C.empty((2 * LARGE,), u8) for _ in range(4)]
    assert offsets(parts, start) == [0, 2 * LARGE, 4 * LARGE, 6 * LARGE]
    assert (stats()["in_use"], stats()["cached"]) == (before["in_use"], before["cached"])
    for place in (1, 3):  # two that do not touch
        at = address(parts[place])
        parts[place] = None
        parts[place] = _C.empty((2 * LARGE,), u8)
        assert address(parts[place]) == at
    parts[1] = None
    parts[2] = None
    middle = _C.empty((4 * LARGE,), u8)
    assert offsets([middle], start) == [2 * LARGE]
    parts[0] = parts[3] = middle = None
    whole = _C.empty((8 * LARGE,), u8)
    assert address(whole) == start


@caching
def test_a_large_request_takes_the_smallest_block_that_fits():
    dl.empty_cache()
    between = []
    blocks = []
    for n in (7, 3, 5):
        blocks.append(_C.empty((n * LARGE,), u8))
        between.append(_C.empty((LARGE,), u8))
    starts = [address(a) for a in blocks]
    del blocks
    a, b = _C.empty((4 * LARGE,), u8), _C.empty((3 * LARGE - 5,), u8)
    assert [address(a), address(b)] == [starts[2], starts[1]]
    held = stats()["cached"]
    c = _C.empty((8 * LARGE,), u8)
    assert address(c) not in starts and stats()["cached"] == held, "nothing fits: new memory, and the old is kept"


@caching
def test_a_pass_of_shrinking_layers_keeps_little_more_than_it_uses():
    """Size classes of large blocks kept 1.9 times of what was in use at most."""
    dl.empty_cache()
    start = stats()
    x = _C.empty((32 * LARGE,), u8)
    for n in (32, 32, 16, 16, 8, 8, 8, 4, 4, 4, 2, 2, 2):
        x = _C.empty((n * LARGE,), u8)
    del x
    held = stats()["in_use"] + stats()["cached"] - start["in_use"] - start["cached"]
    assert held <= 64 * LARGE


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 1000, 4097, UNUSUAL, 3 << 20])
def test_figures_add_up(n):
    before = stats()
    a = _C.empty((n,), u8)
    during = stats()
    used = during["in_use"] - before["in_use"]
    assert max(n, 64) <= used <= max(64, 1.25 * n), "a size class wastes at most a quarter of what was asked for"
    assert during["peak"] >= during["in_use"] and during["allocations"] == before["allocations"] + 1
    assert address(a) % 64 == 0, "the widest vector's alignment"
    del a
    after = stats()
    assert after["in_use"] == before["in_use"]
    assert after["cached"] <= after["cache_limit"]
    assert not after["caching"] or after["in_use"] + after["cached"] >= used


@caching
def test_the_cache_can_be_emptied():
    dl.empty_cache()
    rest = stats()["cached"]  # lies in one block with memory that earlier tests' tensors use, and so cannot go
    del (a := [_C.empty((n,), u8) for n in (UNUSUAL, UNUSUAL, UNUSUAL, LARGE, 3 * LARGE)])[:]
    assert stats()["cached"] >= rest + 3 * UNUSUAL + 4 * LARGE
    dl.empty_cache()
    assert stats()["cached"] == rest and not a
    assert dl.memory_summary().startswith("in use ")


def test_poison_fills_new_and_reused_blocks():
    del (a := [_C.full((1000,), 1.0, f32, "cpu")])[:]
    with testing.poison():
        for _ in range(2):
            assert np.isnan(_C.empty((1000,), f32).numpy()).all()
    assert not a


@pytest.mark.parametrize("shape", [(1 << 50,), (1 << 62, 8), (1 << 40, 1 << 40), (0, 1 << 62, 8)])
def test_too_much_is_an_exception_and_nothing_else(shape):
    before = stats()["in_use"]
    with pytest.raises(dl.OutOfMemory, match="in use; use a smaller batch|overflows 64 bits") as caught:
        _C.empty(shape, f32)
    assert isinstance(caught.value, MemoryError)
    assert stats()["in_use"] == before
    np.testing.assert_array_equal(_C.add_fwd(*[_C.full((9,), 2.0, f32, "cpu")] * 2).numpy(), np.full(9, 4, "f4"))


# ---- Memory shared with NumPy.
def test_from_numpy_shares_and_keeps_the_array():
    x = np.arange(6, dtype="f4").reshape(2, 3)
    count = sys.getrefcount(x)
    a = _C.from_numpy(x)
    view = a.permute((1, 0))
    assert sys.getrefcount(x) == count + 1, "one reference for the storage, however many views"
    x[0, 1] = 9
    assert view.numpy()[1, 0] == 9
    a.numpy()[1, 2] = -1
    assert x[1, 2] == -1
    del a
    gone = weakref.ref(x)
    del x
    gc.collect()
    assert gone() is not None and view.numpy()[1, 0] == 9, "a view alone keeps the memory"
    del view
    assert gone() is None


def test_numpy_keeps_the_storage():
    before = stats()["in_use"]
    x = _C.full((1000,), 3.0, f32, "cpu").numpy()
    part = x[10:20]
    del x
    churn = [_C.empty((1000,), f32) for _ in range(4)]
    assert (part == 3).all() and len(churn) == 4
    del part, churn
    assert stats()["in_use"] == before


def test_round_trips_do_not_leak():
    x = np.zeros((50, 3), "f8")
    count, before = sys.getrefcount(x), stats()["in_use"]
    for _ in range(500):
        a = _C.from_numpy(x)
        y = _C.relu_fwd(a.index((slice(None, None, 2),))).numpy()
        b = _C.from_numpy(y)
    del a, b, y
    assert sys.getrefcount(x) == count and stats()["in_use"] == before


def test_a_borrowed_array_may_die_on_another_thread():
    x = np.zeros(1000, "f4")
    count = sys.getrefcount(x)
    box = [_C.from_numpy(x) for _ in range(20)]
    workers = [threading.Thread(target=box.pop) for _ in range(20)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert sys.getrefcount(x) == count


NOT_SHARED = [
    (np.zeros(3, "i2"), TypeError, "int16 has no counterpart; convert to float32"),
    (np.zeros(3, "c8"), TypeError, "complex64"),
    (np.zeros(3, ">f4"), TypeError, ">f4"),
    (np.broadcast_to(np.zeros(1, "f4"), 3), ValueError, "read-only .*dl.tensor.*copies"),
    (np.frombuffer(bytearray(9), "u1")[1:].view("f4"), ValueError, "not aligned"),
    (np.zeros(2, [("a", "f4"), ("b", "u1")])["a"], ValueError, "not whole elements"),
]


@pytest.mark.parametrize(("x", "error", "text"), NOT_SHARED, ids=[str(c[0].dtype) + c[2][:12] for c in NOT_SHARED])
def test_what_cannot_be_shared_says_why(x, error, text):
    with pytest.raises(error, match=text):
        _C.from_numpy(x)


def test_negative_strides_and_offsets_are_shared():
    x = np.arange(12, dtype="i8").reshape(3, 4)
    np.testing.assert_array_equal(_C.from_numpy(x[::-1, 1:]).numpy(), x[::-1, 1:])
    np.testing.assert_array_equal(_C.contiguous(_C.from_numpy(x[:, ::-2])).numpy(), x[:, ::-2])


def test_threads_allocate_at_once():
    """Blocks handed out at the same time do not overlap, and all come back."""
    before, wrong = stats()["in_use"], []

    def work(k):
        rng, held = np.random.default_rng(k), []
        for _ in range(400):
            n = int(rng.integers(1, 50_000))
            a = _C.empty((n,), u8)
            a.numpy()[:] = k
            held.append(a)
            if len(held) > 8:
                old = held.pop(int(rng.integers(len(held))))
                if not (old.numpy() == k).all():
                    wrong.append(k)
        if any(not (a.numpy() == k).all() for a in held):
            wrong.append(k)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert not wrong
    assert stats()["in_use"] == before
