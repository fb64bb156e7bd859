"""Small data files in the real formats, made up on the spot."""

import gzip
import struct
from pathlib import Path

import numpy as np

REAL = Path(__file__).resolve().parents[2] / "shared" / "data"  # beside the repository, where there is one


def idx_bytes(array: np.ndarray) -> bytes:
    codes = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}
    head = struct.pack(">BBBB", 0, 0, codes[array.dtype.name], array.ndim) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def digits(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 28, 28) and labels (n,), uint8: class k has a bright bar at column 2·k + 4."""
    random = np.random.RandomState(seed)
    labels = np.arange(n, dtype=np.uint8) % 10
    images = random.randint(0, 60, (n, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4:24, 2 * label + 4] = 255
    return images, labels


def write_mnist(folder: Path, n_train: int = 400, n_valid: int = 100, zipped: bool = True) -> Path:
    """The four idx files of an MNIST set in `folder`."""
    for part, n, seed in (("train", n_train, 0), ("t10k", n_valid, 1)):
        for name, array in zip(("images-idx3", "labels-idx1"), digits(n, seed), strict=True):
            data = idx_bytes(array)
            path = folder / f"{part}-{name}-ubyte{'.gz' if zipped else ''}"
            path.write_bytes(gzip.compress(data, 1) if zipped else data)
    return folder


def ratings_text(n: int = 500, delimiter: str = ",", header: str | None = "userId,movieId,rating,timestamp") -> str:
    """Ratings that a user and a film bias explain: 20 users, 30 films."""
    random = np.random.RandomState(0)
    users, items = random.randint(1, 21, n), random.randint(101, 131, n)
    ratings = (1 + (users + items) % 5).tolist()
    lines = [delimiter.join(map(str, row)) for row in zip(users, items, ratings, range(n), strict=True)]
    return "\n".join(([header] if header else []) + lines) + "\n"
