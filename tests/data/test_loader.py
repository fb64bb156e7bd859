import gc
import itertools
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import dlcore as dl
from dlcore.data import DataLoader, Dataset, TensorDataset, rand_pad


class Squares(Dataset):
    """Sample by sample, so that the slow path is taken too."""

    def __init__(self, n, bad=()):
        self.n, self.bad = n, bad

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if index in self.bad:
            raise OSError(f"cannot open picture {index}")
        return np.full(2, index, np.float32), index * index, float(index)


def numbers(n):
    return TensorDataset(np.arange(n), np.arange(n, dtype=np.float32).reshape(n, 1))


def flat(loader):
    return [batch[0].numpy().reshape(-1).tolist() for batch in loader]


def loader_threads():
    return [t for t in threading.enumerate() if t.name.startswith("dlcore-loader")]


def wait_for(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize(
    ("n", "bs", "drop"), [(10, 3, False), (10, 3, True), (9, 3, True), (2, 5, False), (2, 5, True)]
)
def test_batches_in_order(workers, n, bs, drop):
    loader = DataLoader(numbers(n), bs, drop_last=drop, num_workers=workers)
    expected = [list(range(i, min(i + bs, n))) for i in range(0, n, bs)]
    if drop:
        expected = [batch for batch in expected if len(batch) == bs]
    assert flat(loader) == expected
    assert len(loader) == len(expected)


def test_an_empty_set_has_no_batches():
    assert flat(DataLoader(numbers(0), 4, shuffle=True, num_workers=2)) == []


@pytest.mark.parametrize("dataset", [numbers(50), Squares(50)], ids=["take", "samples"])
def test_shuffling_depends_on_seed_and_epoch_not_on_workers(dataset):
    def three_epochs(seed, workers, prefetch=2):
        loader = DataLoader(dataset, 7, True, num_workers=workers, prefetch_factor=prefetch, seed=seed)
        return [flat(loader) for _ in range(3)]

    first = three_epochs(0, 0)
    assert three_epochs(0, 1) == three_epochs(0, 4) == three_epochs(0, 2, 1) == first
    assert first[0] != first[1] != first[2]
    assert three_epochs(1, 0) != first
    if isinstance(dataset, TensorDataset):
        assert sorted(itertools.chain(*first[0])) == list(range(50))


def test_setting_the_epoch_continues_where_a_run_stopped():
    loader, resumed = (DataLoader(numbers(20), 4, True) for _ in range(2))
    flat(loader), flat(loader)
    resumed.epoch = 2
    assert flat(loader) == flat(resumed)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_randomness_follows_the_sample_through_any_batch(workers):
    """The same picture gets the same shift in epoch 0, whatever the batch size and the number of workers."""
    images = np.random.RandomState(0).randint(0, 255, (40, 1, 28, 28)).astype(np.uint8)
    data = TensorDataset(images, np.arange(40))

    def by_index(bs, workers):
        loader = DataLoader(data, bs, True, num_workers=workers, transform=rand_pad(3, 28))
        return {int(i): x.tobytes() for xs, ys in loader for x, i in zip(xs.numpy(), ys.numpy(), strict=True)}

    assert by_index(7, workers) == by_index(40, 0)
    assert by_index(7, workers)[0] != images[0].tobytes() or by_index(7, workers)[1] != images[1].tobytes()


def test_transforms_run_in_order():
    def add(arrays, random):
        return (arrays[0] + 1, *arrays[1:])

    def double(arrays, random):
        return (arrays[0] * 2, *arrays[1:])

    assert flat(DataLoader(numbers(3), 3, transform=[add, double])) == [[2, 4, 6]]
    assert flat(DataLoader(numbers(3), 3, transform=add)) == [[1, 2, 3]]


def test_samples_become_tensors_of_the_usual_types():
    x, square, root = next(iter(DataLoader(Squares(5), 3)))
    assert (x.shape, x.dtype) == ((3, 2), dl.float32)
    assert (square.tolist(), square.dtype) == ([0, 1, 4], dl.int64)
    assert (root.tolist(), root.dtype) == ([0.0, 1.0, 2.0], dl.float32)


def test_samples_that_are_not_tuples_make_single_tensors():
    class Tensors(Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return dl.tensor([index, index + 1])

    assert [batch.tolist() for batch in DataLoader(Tensors(), 2)] == [[[0, 1], [1, 2]], [[2, 3]]]


def test_batches_are_pinned_where_there_is_a_gpu():
    (batch,) = DataLoader(TensorDataset(np.arange(3.0), np.arange(3)), batch_size=3, pin_memory=True)
    assert [t.is_pinned() for t in batch] == [dl.cuda.is_available()] * 2
    assert batch[0].numpy().tolist() == [0, 1, 2]


def test_samples_of_unequal_shape_are_named():
    class Ragged(Squares):
        def __getitem__(self, index):
            return np.zeros(index)

    with pytest.raises(ValueError, match=r"sample 0 has \(0,\) but sample 1 has \(1,\)"):
        list(DataLoader(Ragged(3), 3))

    class Sometimes(Squares):
        def __getitem__(self, index):
            return (1, 2) if index else (1,)

    with pytest.raises(ValueError, match="samples 0, 1, 2 are not all tuples of 1 items"):
        list(DataLoader(Sometimes(3), 3))


@pytest.mark.parametrize("workers", [0, 2])
def test_an_exception_reaches_the_caller_with_the_sample(workers):
    loader = DataLoader(Squares(20, bad={13}), 4, num_workers=workers)
    got = []
    with pytest.raises(OSError, match="cannot open picture 13") as info:
        for batch in loader:
            got.append(batch)
    assert len(got) == 3
    assert info.value.__notes__ == ["DataLoader: while loading sample 13 of epoch 0"]
    assert wait_for(lambda: not loader_threads())


@pytest.mark.parametrize("workers", [0, 2])
def test_an_exception_in_a_transform_names_the_batch(workers):
    def fail(arrays, random):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError) as info:
        list(DataLoader(numbers(9), 6, num_workers=workers, transform=fail))
    assert info.value.__notes__ == ["DataLoader: while transforming samples 0, 1, 2, 3, … (6 in all) of epoch 0"]


def test_a_stop_iteration_in_a_data_set_does_not_end_the_epoch_quietly():
    class Stops(Squares):
        def __getitem__(self, index):
            raise StopIteration

    for workers in (0, 2):
        with pytest.raises(RuntimeError):
            list(DataLoader(Stops(3), 1, num_workers=workers))


def test_no_more_than_the_prefetched_batches_are_made_ahead():
    made = []

    class Counting(Squares):
        def __getitem__(self, index):
            made.append(index)
            return index

    iterator = iter(DataLoader(Counting(100), 1, num_workers=2, prefetch_factor=3))
    next(iterator)
    assert wait_for(lambda: len(made) == 6)
    time.sleep(0.05)
    assert len(made) == 6
    iterator.close()


def test_abandoned_iterators_leave_no_thread():
    loader = DataLoader(numbers(1000), 1, num_workers=3)
    for _ in loader:
        break
    iterator = iter(loader)
    next(iterator)
    assert loader_threads()
    del iterator
    gc.collect()
    assert wait_for(lambda: not loader_threads())
    iter(loader)  # never started: no thread was made
    assert not loader_threads()


def test_two_iterators_do_not_mix():
    loader = DataLoader(numbers(12), 2, num_workers=2)
    assert all(a[0].tolist() == b[0].tolist() for a, b in zip(loader, loader, strict=True))


PROGRAM = """
import sys, time, signal, threading, os
import numpy as np
from dlcore.data import DataLoader, Dataset
class Slow(Dataset):
    def __len__(self): return 100
    def __getitem__(self, index):
        time.sleep(0.05)
        return index
iterator = iter(DataLoader(Slow(), 2, num_workers=2))
next(iterator)
"""


def test_a_program_ends_with_an_iterator_still_open():
    assert subprocess.run([sys.executable, "-c", PROGRAM], timeout=10, check=False).returncode == 0


def test_an_interrupt_ends_the_loop_at_once():
    code = PROGRAM + (
        "threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n    [b for b in iterator]\nexcept KeyboardInterrupt:\n    print('stopped', flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=10, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("stopped\n", 0), done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_an_iterator_taken_into_a_forked_child_says_so_instead_of_hanging():
    code = PROGRAM + (
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    try:\n        next(iterator)\n"
        "    except RuntimeError as error:\n        os._exit(42 if 'another process' in str(error) else 1)\n"
        "    os._exit(2)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=10, check=False).returncode == 42


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"num_workers": -1}, "num_workers must be at least 0, not -1"),
        ({"prefetch_factor": 0}, "prefetch_factor must be at least 1, not 0"),
    ],
)
def test_bad_options(options, text):
    with pytest.raises(ValueError, match=text):
        DataLoader(numbers(3), **options)
