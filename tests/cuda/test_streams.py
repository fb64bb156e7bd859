"""Streams, events, pinned memory and copies that go on while the host does. Through the shim `late` does everything as
late as it may be, so a wait that is missing shows; tests that rely on that are the shim's alone."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

import dlcore as dl
from dlcore.data import DataLoader, TensorDataset
from dlcore.nn import functional as F

from .conftest import shim_only

pytestmark = pytest.mark.usefixtures("late")
SANITIZED = bool(os.environ.get("DLCORE_SHIM_SANITIZE"))


def numbers(n: int = 1031) -> np.ndarray:
    return np.random.default_rng(n).standard_normal(n).astype(np.float32)


def test_work_goes_to_the_current_stream_of_the_thread() -> None:
    a, b = dl.cuda.Stream(), dl.cuda.Stream()
    default = dl.cuda.current_stream()
    assert default == dl.cuda.default_stream() and a != b and len({a, b, default}) == 3
    assert repr(default) == "<dlcore.cuda.Stream default>"
    with dl.cuda.stream(a), pytest.raises(RuntimeError):
        with dl.cuda.stream(b):
            assert dl.cuda.current_stream() == b
        with dl.cuda.stream(None):
            assert dl.cuda.current_stream() == a
        elsewhere = []
        thread = threading.Thread(target=lambda: elsewhere.append(dl.cuda.current_stream()))
        thread.start()
        thread.join()
        assert elsewhere == [default]
        raise RuntimeError
    assert dl.cuda.current_stream() == default
    dl.cuda.set_stream(a)
    assert dl.cuda.current_stream() == a
    dl.cuda.set_stream(default)


def test_streams_that_wait_for_each_other_compute_what_one_does() -> None:
    x, w = numbers(12 * 20).reshape(12, 20), numbers(20 * 16).reshape(16, 20)
    expected = F.linear(dl.tensor(x), dl.tensor(w)).relu().sum().item()
    side, main = dl.cuda.Stream(), dl.cuda.current_stream()
    on_gpu = dl.tensor(x).cuda()
    side.wait_stream(main)
    with dl.cuda.stream(side):
        y = F.linear(on_gpu, dl.tensor(w).cuda())
    main.wait_stream(side)
    assert y.relu().sum().item() == pytest.approx(expected, rel=1e-5)


@shim_only
def test_a_wait_that_is_missing_is_seen() -> None:
    x = dl.tensor(numbers()).cuda()
    side = dl.cuda.Stream()
    with dl.cuda.stream(side):  # x is not there yet
        y = x * 2
        assert not np.isfinite(y.cpu().numpy()).any()
    with dl.cuda.stream(side):
        side.wait_stream(dl.cuda.default_stream())
        assert np.array_equal((x * 2).cpu().numpy(), 2 * numbers())


@shim_only
@pytest.mark.parametrize("told", [False, True])
def test_memory_that_another_stream_uses_is_handed_on_behind_it_when_told(told: bool) -> None:
    def used() -> np.ndarray:
        side, main = dl.cuda.Stream(), dl.cuda.current_stream()
        x = dl.tensor(numbers()).cuda()
        side.wait_stream(main)
        with dl.cuda.stream(side):
            y = x + 1
        if told:
            x.record_stream(side)
        del x
        main.synchronize()  # and the memory is free
        side.synchronize()
        with dl.cuda.stream(side):
            return y.cpu().numpy()

    if SANITIZED and not told:  # AddressSanitizer ends the process that reads it
        child = os.fork()
        if child == 0:
            try:
                used()
            finally:
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    else:
        assert np.array_equal(used(), numbers() + 1) == told


def test_events_order_streams_and_measure() -> None:
    begin, end, plain = dl.cuda.Event(enable_timing=True), dl.cuda.Event(enable_timing=True), dl.cuda.Event()
    assert plain.query()  # nothing is before it
    with pytest.raises(ValueError, match="both events need enable_timing=True"):
        begin.elapsed_time(plain)
    with pytest.raises(ValueError, match="both events must be recorded first"):
        begin.elapsed_time(end)
    begin.record()
    y = dl.tensor(numbers()).cuda() * 3
    end.record()
    side = dl.cuda.Stream()
    side.wait_event(end)
    with dl.cuda.stream(side):
        assert np.array_equal(y.cpu().numpy(), numbers() * 3)
    end.synchronize()
    assert begin.query() and end.query() and begin.elapsed_time(end) >= 0
    assert dl.cuda.current_stream().record_event(end) is end


@shim_only
def test_events_and_streams_are_done_when_waited_for() -> None:
    stream, event = dl.cuda.current_stream(), dl.cuda.Event(enable_timing=True)
    stream.synchronize()
    assert stream.query()
    dl.tensor(numbers()).cuda()
    event.record()
    assert not stream.query() and not event.query()
    with pytest.raises(ValueError, match="has not reached both events"):
        event.elapsed_time(event)
    event.synchronize()
    assert event.query() and event.elapsed_time(event) == 0
    dl.cuda.synchronize()
    assert stream.query()


def test_pinned_memory_is_a_copy_with_the_same_layout() -> None:
    x = dl.tensor(numbers(60).reshape(3, 4, 5), requires_grad=True).transpose(0, 2)
    p = x.pin_memory()
    assert p.is_pinned() and not x.is_pinned() and p.stride() == x.stride()
    assert np.array_equal(p.detach().numpy(), x.detach().numpy()) and p.pin_memory().is_pinned()
    p.sum().backward()
    assert dl.zeros(0).pin_memory().shape == (0,)
    with pytest.raises(dl.DeviceError, match="pin_memory: is for tensors on the cpu, got one on cuda"):
        x.cuda().pin_memory()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_pins_its_batches(workers: int) -> None:
    x, y = numbers(60).reshape(12, 5), np.arange(12)
    data = TensorDataset(x, y)
    for pinned in (True, False):
        batches = list(DataLoader(data, batch_size=5, num_workers=workers, pin_memory=pinned))
        assert [t.is_pinned() for batch in batches for t in batch] == [pinned] * 6
        on_gpu = [[t.to("cuda", non_blocking=True) for t in batch] for batch in batches]
        for k, given in enumerate((x, y)):
            assert np.array_equal(np.concatenate([batch[k].cpu().numpy() for batch in on_gpu]), given)
    (alone,) = DataLoader(TensorDataset(x), batch_size=12, pin_memory=True)
    assert all(t.is_pinned() for t in (alone if isinstance(alone, tuple) else (alone,)))


@shim_only
def test_a_copy_to_the_gpu_reads_pinned_memory_when_it_is_its_turn() -> None:
    pinned, plain = dl.tensor(numbers()).pin_memory(), dl.tensor(numbers())
    later, at_once, waited = pinned.to("cuda", non_blocking=True), plain.cuda(non_blocking=True), pinned.cuda()
    assert np.array_equal(waited.cpu().numpy(), numbers())
    later = pinned.cuda(non_blocking=True)
    for x in (pinned, plain):
        x.zero_()
    assert not later.cpu().numpy().any() and np.array_equal(at_once.cpu().numpy(), numbers())


@shim_only
def test_a_copy_to_the_host_is_there_after_a_wait() -> None:
    expected = numbers(777)  # which no other test pins, and so no memory that was handed out before holds
    y = dl.tensor(expected).cuda().to("cpu", non_blocking=True)
    assert y.is_pinned() and not np.array_equal(y.numpy(), expected)
    dl.cuda.current_stream().synchronize()
    assert np.array_equal(y.numpy(), expected)


def test_pinned_memory_is_not_handed_on_before_its_copies_are_made() -> None:
    kept = []
    for k in range(4):
        x = dl.tensor(numbers() + k).pin_memory()
        kept.append(x.to("cuda", non_blocking=True))
        del x  # the next one may have its memory only when the copy is done
    for k, y in enumerate(kept):
        assert np.array_equal(y.cpu().numpy(), numbers() + k)


def test_a_bad_label_is_an_error_where_its_stream_is_waited_for() -> None:
    side = dl.cuda.Stream()
    with dl.cuda.stream(side):
        x, target = dl.zeros(4, 10).cuda(), dl.tensor([1, 2, 12, 3]).cuda()
        F.cross_entropy(x, target)
    assert dl.zeros(1).cuda().item() == 0  # the default stream's wait says nothing of it
    with pytest.raises(IndexError, match=r"target\[2\] is 12"):
        side.synchronize()
    side.synchronize()  # once
