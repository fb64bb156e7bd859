"""Cleaning data: samples to look at again (large losses, near-duplicates), what was decided, and cleaned.csv."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlcore import nn
from dlcore.data import Dataset
from dlcore.data.errors import DataError
from dlcore.formats import atomic_write

from .interpret import Interpretation


class Suspect(NamedTuple):
    """A sample to look at: its place in the set, what it is said to be, what the model says, and its loss."""

    sample: int
    label: str
    predicted: str
    loss: float


class Twin(NamedTuple):
    """Two samples that look alike to the model: places in the set (the first is lower), and the cosine between."""

    first: int
    second: int
    similarity: float


class Cleaner:
    """Goes over one set of a trained classifier. `top_losses` and `near_duplicates` list what to look at; `relabel`
    and `delete` say what is wrong; `save` writes the set as it should be, and `read` gives it back.

    fast.ai's ImageCleaner without its buttons: the pictures are `ClassificationInterpretation.plot_top_losses`'.
    """

    def __init__(self, learn: Any, ds_type: str = "train"):
        if learn.data.label != "category":
            raise ValueError(f"Cleaner: is for categories, not for {learn.data.label} targets")
        self.learn, self.ds_type = learn, ds_type
        self.found = Interpretation.from_learner(learn, ds_type)
        self.classes = learn.data.classes or [str(i) for i in range(self.found.preds.shape[1])]
        self.targets: list[int | None] = [int(t) for t in self.found.y_true.tolist()]

    def top_losses(self, k: int | None = None) -> list[Suspect]:
        """The samples with the largest losses, worst first."""
        losses, order = self.found.top_losses(k)
        said, is_said = self.found.preds.argmax(1).numpy(), self.found.y_true.numpy()
        names = self.classes
        rows = zip(order.tolist(), losses.tolist(), strict=True)
        return [Suspect(i, names[int(is_said[i])], names[int(said[i])], loss) for i, loss in rows]

    def near_duplicates(self, k: int = 20, block: int = 512) -> list[Twin]:
        """The `k` pairs whose features (what goes into the model's last linear layer) point in the nearest directions,
        most alike first."""
        features = self._features()
        features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
        best: list[Twin] = []
        for start in range(0, len(features), block):  # a block of rows against all: block · n numbers at a time
            alike = features[start : start + block] @ features.T
            rows, columns = np.nonzero(np.arange(len(features)) > np.arange(start, start + len(alike))[:, None])
            values = alike[rows, columns]
            top = np.argsort(-values, kind="stable")[:k]
            pairs = zip((rows[top] + start).tolist(), columns[top].tolist(), values[top].tolist(), strict=True)
            best = sorted([*best, *(Twin(*pair) for pair in pairs)], key=lambda twin: (-twin.similarity, twin[:2]))[:k]
        return best

    def _features(self) -> np.ndarray:
        layers = [m for m in self.learn.model.modules() if isinstance(m, nn.Linear)]
        if not layers:
            return self.found.preds.numpy().astype("f8")
        seen: list[np.ndarray] = []
        hook = layers[-1].register_forward_pre_hook(lambda m, args: seen.append(args[0].detach().numpy().copy()))
        try:
            self.learn.get_preds(self.ds_type)
        finally:
            hook.remove()
        return np.concatenate([x.reshape(len(x), -1) for x in seen]).astype("f8")

    def relabel(self, index: int, label: str) -> None:
        """Sample `index` is a `label`. ValueError for a class that the data do not have."""
        if label not in self.classes:
            raise ValueError(f"relabel: no class {label!r}; there is {', '.join(self.classes)}")
        self.targets[index] = self.classes.index(label)

    def delete(self, index: int) -> None:
        """Sample `index` does not belong into the set."""
        self.targets[index] = None

    def save(self, path: str | os.PathLike | None = None) -> Path:
        """Writes the samples that stay as lines of index,label into `path` (cleaned.csv below the Learner's path)."""
        target = self.learn.path / "cleaned.csv" if path is None else Path(path)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("index", "label"))
        writer.writerows((i, self.classes[t]) for i, t in enumerate(self.targets) if t is not None)
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(target) as file:
            file.write(text.getvalue().encode())
        return target


class Cleaned(Dataset):
    """The samples of `dataset` that a cleaned.csv kept, with the labels that it gave them.

    DataError names the line of a file that is not of this data set.
    """

    def __init__(self, dataset: Any, path: str | os.PathLike, classes: Sequence[str]):
        self.dataset = dataset
        self.indices, self.targets = _read(Path(path), len(dataset), [str(c) for c in classes])

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> tuple:
        return (*self.dataset[int(self.indices[index])][:-1], int(self.targets[index]))


def _read(path: Path, n: int, classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if not rows or rows[0] != ["index", "label"]:
        raise DataError(f"{path}: not a cleaned.csv: its first line is index,label")
    indices, targets = [], []
    for line, row in enumerate(rows[1:], 2):
        if len(row) != 2 or not row[0].isdecimal() or int(row[0]) >= n:
            raise DataError(f"{path}: line {line}: {','.join(row)!r} names no sample of the {n} there are")
        if row[1] not in classes:
            raise DataError(f"{path}: line {line}: no class {row[1]!r}; there is {', '.join(classes)}")
        indices.append(int(row[0]))
        targets.append(classes.index(row[1]))
    return np.array(indices, np.int64), np.array(targets, np.int64)
