"""What a trained model gets wrong: confusions, the samples with the largest losses, and their pictures."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

import dlcore as dl

from . import pictures
from .metrics import confusion_matrix


class Interpretation:
    """Predictions, targets and each sample's loss of a set, in its order. Make one with `from_learner`."""

    labels: tuple[str, ...] = ()

    def __init__(self, learn: Any, preds: Any, y_true: Any, losses: Any, ds_type: str = "valid"):
        self.learn, self.preds, self.y_true, self.losses, self.ds_type = learn, preds, y_true, losses, ds_type

    @classmethod
    def from_learner(cls, learn: Any, ds_type: str = "valid") -> Self:
        """Runs the model over the set. Losses are of the raw outputs. ValueError for targets of another kind."""
        if cls.labels and learn.data.label not in cls.labels:
            raise ValueError(f"{cls.__name__}: is for {' or '.join(cls.labels)} targets, not {learn.data.label}")
        preds, y_true, losses = learn.get_preds(ds_type, with_loss=True)
        return cls(learn, preds, y_true, losses, ds_type)

    @property
    def dataset(self) -> Any:
        return self.learn.data.loader(self.ds_type).dataset

    def top_losses(self, k: int | None = None, largest: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """(losses, indices in the set) of the `k` samples with the largest, or least, losses; all without `k`. Equal
        ones stay in the set's order; NaN counts as the largest."""
        losses = self.losses.numpy()
        ordered = np.nan_to_num(losses.astype("f8"), nan=np.inf)
        order = np.argsort(-ordered if largest else ordered, kind="stable")[:k]
        return losses[order], order

    def picture(self, index: int) -> np.ndarray:
        """Sample `index`'s first input as it lies in the set, for matplotlib: (h, w) or (h, w, 3)."""
        return pictures.as_image(self.dataset[int(index)][0])


class ClassificationInterpretation(Interpretation):
    """Of a classifier.

    >>> from dlcore.train import ClassificationInterpretation
    >>> probs = dl.tensor([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]])
    >>> found = ClassificationInterpretation(None, probs, dl.tensor([0, 1, 1]), dl.tensor([0.1, 1.2, 0.2]))
    >>> found.confusion_matrix().tolist(), found.most_confused(), found.top_losses(1)[1].tolist()
    ([[1, 0], [1, 1]], [('1', '0', 1)], [1])
    """

    labels = ("category",)

    @property
    def classes(self) -> list[str]:
        named = self.learn.data.classes if self.learn is not None else None
        return named or [str(i) for i in range(self.preds.shape[1])]

    @property
    def pred_class(self) -> np.ndarray:
        return self.preds.argmax(1).numpy()

    def confusion_matrix(self) -> np.ndarray:
        """Counts [actual, predicted]."""
        return confusion_matrix(self.preds, self.y_true)

    def most_confused(self, min_val: int = 1) -> list[tuple[str, str, int]]:
        """(actual, predicted, how often) of the wrong pairs that occur at least `min_val` times, most often first."""
        counts = self.confusion_matrix()
        np.fill_diagonal(counts, 0)
        rows, columns = np.nonzero(counts >= max(1, min_val))
        names = self.classes
        found = [(names[i], names[j], int(counts[i, j])) for i, j in zip(rows, columns, strict=True)]
        return sorted(found, key=lambda entry: -entry[2])

    def plot_confusion_matrix(self, normalize: bool = False, title: str = "Confusion matrix") -> Any:
        """The counts (or shares of each actual class) as a picture, a matplotlib Figure."""
        return pictures.matrix(self.confusion_matrix(), self.classes, normalize, title)

    def caption(self, index: int) -> str:
        """prediction/actual/loss/probability of the actual class, as fast.ai writes it."""
        actual, names = int(self.y_true[int(index)].item()), self.classes
        probability = float(self.preds[int(index), actual].item())
        loss = float(self.losses[int(index)].item())
        return f"{names[self.pred_class[index]]}/{names[actual]} / {loss:.2f} / {probability:.2f}"

    def plot_top_losses(self, k: int = 9, largest: bool = True) -> Any:
        """The pictures of the `k` samples with the largest losses, with `caption`s."""
        _, order = self.top_losses(k, largest)
        title = "prediction/actual/loss/probability of actual class"
        return pictures.grid([self.picture(i) for i in order], [self.caption(i) for i in order], title)


class SegmentationInterpretation(Interpretation):
    """Of a model that gives each pixel a class."""

    labels = ("segmentation",)

    @property
    def classes(self) -> list[str]:
        return self.learn.data.classes or [str(i) for i in range(self.preds.shape[1])]

    def confusion_matrix(self) -> np.ndarray:
        """Counts of pixels [actual, predicted]."""
        return confusion_matrix(self.preds.argmax(1).reshape(-1), self.y_true, classes=self.preds.shape[1])

    def plot_confusion_matrix(self, normalize: bool = True, title: str = "Confusion matrix of pixels") -> Any:
        return pictures.matrix(self.confusion_matrix(), self.classes, normalize, title)

    def iou(self) -> dict[str, float]:
        """Each class's intersection over union, over all pixels; NaN for a class that never occurs."""
        counts = self.confusion_matrix()
        hit = np.diag(counts)
        union = counts.sum(0) + counts.sum(1) - hit
        return {c: float(h / u) if u else float("nan") for c, h, u in zip(self.classes, hit, union, strict=True)}

    def plot_top_losses(self, k: int = 4, largest: bool = True) -> Any:
        """Picture, actual and predicted masks of the `k` samples with the largest losses, one row each."""
        losses, order = self.top_losses(k, largest)
        shown, captions = [], []
        for loss, i in zip(losses, order, strict=True):
            i = int(i)
            shown += [self.picture(i), self.y_true[i].numpy(), self.preds[i].argmax(0).numpy()]
            captions += [f"sample {i}, loss {loss:.2f}", "actual", "predicted"]
        return pictures.grid(shown, captions, "", columns=3)


class RegressionInterpretation(Interpretation):
    """Of a model that predicts numbers."""

    labels = ("float", "points")

    def plot_predictions(self) -> Any:
        """Predicted over actual values, every number of every sample, with the line where they agree."""
        return pictures.scatter(self.y_true.numpy().reshape(-1), self.preds.numpy().reshape(-1))

    def table(self, k: int = 10) -> list[dict[str, float]]:
        """index, actual, predicted and loss of the samples with the largest losses; of one-number targets."""
        losses, order = self.top_losses(k)
        actual, predicted = self.y_true.numpy(), self.preds.numpy()
        numbers = [
            (int(i), actual[i].item(), predicted[i].item(), float(x)) for i, x in zip(order, losses, strict=True)
        ]
        return [dict(zip(("index", "actual", "predicted", "loss"), row, strict=True)) for row in numbers]


def show_results(learn: Any, ds_type: str = "valid", rows: int = 3) -> Any:
    """`rows`² pictures of a set (for segmentations `rows` of them with their masks) with what they are and what the
    model says; for numbers predicted over actual, of `rows`² samples. A matplotlib Figure."""
    n = rows if learn.data.label == "segmentation" else rows * rows
    dataset = learn.data.loader(ds_type).dataset
    items = [dataset[i] for i in range(min(n, len(dataset)))]
    said = [learn.predict(item[:-1] if len(item) > 2 else item[0]) for item in items]
    actual = [item[-1] for item in items]
    if learn.data.label in ("float", "points"):
        values = [np.asarray(_number(x)).reshape(-1) for x in actual], [p.output.numpy().reshape(-1) for p in said]
        return pictures.scatter(*(np.concatenate(part) for part in values))
    images = [pictures.as_image(item[0]) for item in items]
    if learn.data.label == "segmentation":
        shown = [
            x for row in zip(images, map(_number, actual), (p.label.numpy() for p in said), strict=True) for x in row
        ]
        return pictures.grid(shown, ["", "actual", "predicted"] * len(items), columns=3)
    captions = [f"{_named(learn.data, t)} → {p.label}" for t, p in zip(actual, said, strict=True)]
    return pictures.grid(images, captions, "actual → predicted")


def _number(x: Any) -> Any:
    return x.numpy() if isinstance(x, dl.Tensor) else x


def _named(data: Any, target: Any) -> Any:
    value = np.asarray(_number(target))
    if data.label == "multicategory":
        return [data.classes[i] if data.classes else int(i) for i in np.flatnonzero(value)]
    return data.classes[int(value)] if data.classes else int(value)
