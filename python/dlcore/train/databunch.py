"""DataBunch: what a Learner trains and validates on, and what its targets are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dlcore as dl
from dlcore.data import DataLoader
from dlcore.data.randomness import SampleRandom
from dlcore.data.transforms import Transform

LABELS = ("category", "multicategory", "float", "segmentation", "points")
Transforms = Transform | Sequence[Transform] | None


class DataBunch:
    """Loaders for training, validation and (where there is one) test, with `classes` and the kind of `label`.

    `DataBunch.create` makes the loaders of data sets. A batch is (inputs…, target). `label` is one of "category",
    "multicategory", "float", "segmentation" or "points", and decides the default loss; left out, it is told from the
    first validation target: whole numbers are categories (more than one a sample: a segmentation), others "float".
    A Learner moves its model and each batch to `device`, "cpu" or "cuda".

    >>> import numpy as np
    >>> from dlcore.data import TensorDataset
    >>> from dlcore.train import DataBunch
    >>> x, y = np.zeros((10, 2), np.float32), np.zeros(10, np.int64)
    >>> data = DataBunch.create(TensorDataset(x, y), TensorDataset(x, y), bs=4)
    >>> len(data.train_dl), len(data.valid_dl), data.label
    (2, 3, 'category')
    """

    def __init__(
        self,
        train_dl: Any,
        valid_dl: Any = None,
        test_dl: Any = None,
        *,
        classes: Sequence[str] | None = None,
        label: str | None = None,
        path: str | os.PathLike = ".",
        device: str = "cpu",
    ):
        self.device = device
        self.train_dl, self.valid_dl, self.test_dl, self.path = train_dl, valid_dl, test_dl, Path(path)
        self.classes = None if classes is None else [str(c) for c in classes]
        if label is not None and label not in LABELS:
            raise ValueError(f"DataBunch: label is one of {', '.join(LABELS)}, not {label!r}")
        self._label = label

    @classmethod
    def create(
        cls,
        train_ds: Any,
        valid_ds: Any = None,
        test_ds: Any = None,
        bs: int = 64,
        val_bs: int | None = None,
        *,
        num_workers: int = 0,
        seed: int = 0,
        train_transform: Transforms = None,
        valid_transform: Transforms = None,
        classes: Sequence[str] | None = None,
        label: str | None = None,
        path: str | os.PathLike = ".",
        device: str = "cpu",
    ) -> DataBunch:
        """Loaders of data sets: training shuffled by `seed` and in full batches, the others in order and whole.

        ValueError when `bs` is more than the training samples: not one batch would be full.
        """
        if bs > len(train_ds):
            raise ValueError(f"DataBunch: bs {bs} is more than the {len(train_ds)} training samples")
        options: dict[str, Any] = {"num_workers": num_workers, "seed": seed}
        train = DataLoader(train_ds, bs, shuffle=True, drop_last=True, transform=train_transform, **options)
        others = [
            None if ds is None else DataLoader(ds, val_bs or bs, transform=valid_transform, **options)
            for ds in (valid_ds, test_ds)
        ]
        return cls(train, *others, classes=classes, label=label, path=path, device=device)

    @property
    def label(self) -> str:
        if self._label is None:
            target = next(iter(_peek(self.valid_dl or self.train_dl)))[-1]
            whole = not target.dtype.is_floating_point
            self._label = ("category" if target.ndim == 1 else "segmentation") if whole else "float"
        return self._label

    @property
    def c(self) -> int | None:
        """The number of classes, where they are named."""
        return None if self.classes is None else len(self.classes)

    @property
    def batch_size(self) -> int:
        return self.train_dl.batch_size

    @property
    def train_ds(self) -> Any:
        return self.train_dl.dataset

    @property
    def valid_ds(self) -> Any:
        return self.valid_dl.dataset

    def loader(self, name: str) -> Any:
        """ "train", "valid" or "test"; ValueError for another name, or where there is none."""
        if name not in ("train", "valid", "test"):
            raise ValueError(f'a set is "train", "valid" or "test", not {name!r}')
        found = getattr(self, f"{name}_dl")
        if found is None:
            raise ValueError(f"the DataBunch has no {name} set")
        return found

    def in_order(self, name: str) -> Any:
        """The set's samples in order and whole, with the validation transforms: also of the training set."""
        loader = self.loader(name)
        if not isinstance(loader, DataLoader) or not (loader.shuffle or loader.drop_last):
            return loader
        plain = self.valid_dl.transforms if isinstance(self.valid_dl, DataLoader) else loader.transforms
        size, workers = loader.batch_size, loader.num_workers
        return DataLoader(loader.dataset, size, num_workers=workers, seed=loader.seed, transform=plain)

    def one_batch(self, name: str = "train") -> tuple:
        """The first batch of the next pass, on `device`; the loader's epoch stays as it was."""
        return self.placed(next(iter(_peek(self.loader(name)))))

    def placed(self, batch: Any) -> tuple:
        """The batch on `device`."""
        return tuple(batch if self.device == "cpu" else (x.to(self.device) for x in batch))

    def one_item(self, item: Any) -> tuple:
        """The inputs of one sample as a batch of one, through the validation transforms."""
        arrays = tuple(_array(x)[None] for x in (item if isinstance(item, tuple) else (item,)))
        transforms = getattr(self.valid_dl or self.train_dl, "transforms", [])
        if transforms:
            random = SampleRandom(0, 0, np.zeros(1, np.int64))
            for transform in transforms:
                arrays = transform(arrays, random)
        return self.placed(dl.from_numpy(x) for x in arrays)

    def __repr__(self) -> str:
        sizes = [f"{name} {len(dl.dataset)}" for name, dl in self._loaders() if hasattr(dl, "dataset")]
        return f"DataBunch({', '.join(sizes)}; bs {getattr(self.train_dl, 'batch_size', '?')}, label {self.label})"

    def _loaders(self) -> list[tuple[str, Any]]:
        named = (("train", self.train_dl), ("valid", self.valid_dl), ("test", self.test_dl))
        return [(name, loader) for name, loader in named if loader is not None]

    def state_dict(self) -> dict[str, int]:
        """How many passes each loader has begun, which with its seed decides the order of the next."""
        return {name: loader.epoch for name, loader in self._loaders() if hasattr(loader, "epoch")}

    def load_state_dict(self, state: dict[str, int]) -> None:
        for name, loader in self._loaders():
            if name in state:
                loader.epoch = state[name]


def _peek(loader: Any) -> Any:
    """One batch of the next pass, without that being a pass."""
    epoch = getattr(loader, "epoch", None)
    batches = iter(loader)
    try:
        first = next(batches, None)
    finally:
        if epoch is not None:
            loader.epoch = epoch
    if first is None:
        raise ValueError("DataBunch: the set has no batch")
    if not isinstance(first, tuple | list) or len(first) < 2:
        raise ValueError("DataBunch: a sample needs inputs and a target, (x, y) at least; these have one item")
    return [first]


def _array(x: Any) -> np.ndarray:
    a = x.detach().numpy() if hasattr(x, "detach") else np.asarray(x)
    return a.astype(np.float32) if isinstance(x, float) else a
