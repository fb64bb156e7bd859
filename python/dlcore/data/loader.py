"""DataLoader: batches in an order that (seed, epoch) decides, made by threads ahead of their use.

Threads, not processes: gathering and transforming are NumPy calls that release the interpreter lock, nothing has to
be pickled, and nothing is left behind when the program ends.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np

import dlcore as dl

from .randomness import SampleRandom, epoch_order
from .transforms import Transform


class DataLoader:
    """Iterate over a data set in batches; each pass is one epoch.

    A batch is a tuple of Tensors whose first dimension is the sample (a single Tensor when samples are not tuples).
    The last batch may be smaller unless `drop_last`. `shuffle` orders epoch e by (seed, e); `transform`, one function
    or a list of them (see dlcore.data.transforms), draws from (seed, e, sample index). So the batches are the same
    at any `num_workers`, which only says how many threads prepare up to `num_workers · prefetch_factor` batches ahead.

    `pin_memory` makes batches in pinned host memory, from which ``to("cuda", non_blocking=True)`` copies while the host
    goes on. Without a GPU it does nothing.

    `epoch` counts the passes begun so far; set it to continue a run where it stopped.
    An exception in a worker reaches the caller with a note that names the sample.

    >>> import numpy as np
    >>> from dlcore.data import TensorDataset
    >>> loader = DataLoader(TensorDataset(np.arange(5.0, dtype=np.float32)), batch_size=2)
    >>> len(loader), [batch[0].numpy().tolist() for batch in loader]
    (3, [[0.0, 1.0], [2.0, 3.0], [4.0]])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        num_workers: int = 0,
        prefetch_factor: int = 2,
        seed: int = 0,
        transform: Transform | Sequence[Transform] | None = None,
        pin_memory: bool = False,
    ):
        if not hasattr(dataset, "__len__") or not (hasattr(dataset, "__getitem__") or hasattr(dataset, "take")):
            raise TypeError(f"DataLoader: the data set needs len() and [i], which {type(dataset).__name__} lacks")
        for name, value, least in (
            ("batch_size", batch_size, 1),
            ("num_workers", num_workers, 0),
            ("prefetch_factor", prefetch_factor, 1),
        ):
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"DataLoader: {name} must be a whole number, got {value!r}")
            if value < least:
                raise ValueError(f"DataLoader: {name} must be at least {least}, not {value}")
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        self.num_workers, self.prefetch_factor, self.seed = num_workers, prefetch_factor, seed
        self.pin_memory = pin_memory
        self.transforms = [] if transform is None else [transform] if callable(transform) else list(transform)
        self.epoch = 0

    def __len__(self) -> int:
        n = len(self.dataset)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        return self.iterate()

    def iterate(self, start: int = 0) -> Iterator[Any]:
        """One pass from batch `start` on: with `epoch` put back, the rest of a pass that stopped there."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        return self._batches(epoch, start)

    def _batches(self, epoch: int, start: int) -> Iterator[Any]:
        n, pin = len(self.dataset), self.pin_memory and dl.cuda.is_available()
        order = epoch_order(self.seed, epoch, n) if self.shuffle else np.arange(n)
        parts = (order[i * self.batch_size : (i + 1) * self.batch_size] for i in range(start, len(self)))
        if self.num_workers == 0:
            for indices in parts:
                yield _tensors(self._load(epoch, indices), pin)
            return
        owner = os.getpid()
        pool = ThreadPoolExecutor(self.num_workers, thread_name_prefix="dlcore-loader")
        ahead: deque = deque()
        try:
            while True:
                if os.getpid() != owner:  # threads do not survive a fork: waiting for them would never end
                    raise RuntimeError("DataLoader: this iterator began in another process; begin a new one")
                room = self.num_workers * self.prefetch_factor - len(ahead)
                ahead.extend(pool.submit(self._load, epoch, indices) for indices in islice(parts, room))
                if not ahead:
                    return
                yield _tensors(ahead.popleft().result(), pin)
        finally:  # also when the caller leaves the loop early, or drops the iterator
            pool.shutdown(wait=False, cancel_futures=True)

    def _load(self, epoch: int, indices: np.ndarray) -> Any:
        """The batch of samples `indices` as a tuple of arrays, or one array; runs in a worker thread."""
        if hasattr(self.dataset, "take"):
            try:
                batch = self.dataset.take(indices)
            except Exception as error:
                error.add_note(f"DataLoader: while taking samples {_few(indices)} of epoch {epoch}")
                raise
        else:
            batch = _collate([self._sample(epoch, int(i)) for i in indices], indices)
        random = SampleRandom(self.seed, epoch, indices)
        for transform in self.transforms:
            try:
                batch = transform(batch, random)
            except Exception as error:
                error.add_note(f"DataLoader: while transforming samples {_few(indices)} of epoch {epoch}")
                raise
        return batch

    def _sample(self, epoch: int, index: int) -> Any:
        try:
            return self.dataset[index]
        except Exception as error:
            error.add_note(f"DataLoader: while loading sample {index} of epoch {epoch}")
            raise


def _few(indices: np.ndarray) -> str:
    shown = ", ".join(str(int(i)) for i in indices[:4])
    return shown if len(indices) <= 4 else f"{shown}, … ({len(indices)} in all)"


def _collate(samples: list, indices: np.ndarray) -> Any:
    """Samples to arrays, one row each: ints become int64, floats float32, as Tensors of them would."""
    if isinstance(samples[0], tuple):
        if any(not isinstance(s, tuple) or len(s) != len(samples[0]) for s in samples):
            raise ValueError(f"DataLoader: samples {_few(indices)} are not all tuples of {len(samples[0])} items")
        return tuple(_stack(column, indices) for column in zip(*samples, strict=True))
    return _stack(samples, indices)


def _stack(items: Sequence, indices: np.ndarray) -> np.ndarray:
    arrays = [item.detach().numpy() if hasattr(item, "detach") else np.asarray(item) for item in items]
    if isinstance(items[0], float):  # a Python float, which NumPy would make float64
        arrays = [array.astype(np.float32) for array in arrays]
    for array, index in zip(arrays, indices, strict=True):
        if array.shape != arrays[0].shape:
            raise ValueError(
                f"DataLoader: samples of one batch need equal shapes: sample {int(indices[0])} has {arrays[0].shape} "
                f"but sample {int(index)} has {array.shape}"
            )
    return np.stack(arrays)


def _tensors(batch: Any, pin: bool) -> Any:
    if isinstance(batch, tuple):
        return tuple(_tensors(array, pin) for array in batch)
    made = dl.from_numpy(batch)
    return made.pin_memory() if pin else made
