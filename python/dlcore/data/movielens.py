"""MovieLens 100K: 100 000 ratings of 1682 films by 943 people (GroupLens; for research, not for commercial use).

`--data DIR` reads ratings.csv, ml-100k.inter (each gzipped or not), ml-100k.tar.gz or GroupLens' own u.data; without it
the file comes out of the package recbole, which carries it as an example.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import RandomState

from . import download
from .dataset import TensorDataset
from .errors import DataError
from .readers import hint, open_folder, read_lines, read_table, read_tar_member

VALID_PART = 0.1
SPLIT_SEED = 42  # the course's; fixed, so that runs with different seeds are measured on the same ratings
_ROW = np.dtype([("user", np.int64), ("item", np.int64), ("rating", np.float32)])

_FORMS = (  # file, delimiter, whether the first line is a header
    ("ratings.csv.gz", ",", True),
    ("ratings.csv", ",", True),
    ("ml-100k.tar.gz", "\t", True),
    ("ml-100k.inter.gz", "\t", True),
    ("ml-100k.inter", "\t", True),
    ("u.data", "\t", False),
)

ML_100K = download.WheelFile(
    package="recbole",
    version="1.2.1",
    member="recbole/dataset_example/ml-100k/ml-100k.inter",
    sha256="4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
    size=1_979_230,
)


@dataclass(frozen=True)
class MovieLens:
    """`train` and `valid` give (user, item, rating): int64, int64, float32. Ids are rows of the embeddings.

    Row 0 stands for a user or film that the training set does not have; the others follow the ids in order.
    """

    train: TensorDataset
    valid: TensorDataset
    n_users: int
    n_items: int


def movielens(folder: str | Path | None = None) -> MovieLens:
    """Ratings split as the course does: 10 % for validation by numpy.random.seed(42).

    Raises DataError when the files are missing or malformed, or a rating is outside 0 … 5.
    """
    path, lines, delimiter, header = _find(folder)
    table = read_table(path, lines, _ROW, delimiter=delimiter, usecols=(0, 1, 2), skiprows=int(header), ndmin=1)
    wrong = ~((table["rating"] >= 0) & (table["rating"] <= 5))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{path}: line {row + header + 1}: rating {table['rating'][row]} is out of range: ratings are 0 … 5"
        )
    if len(table) < 10:
        raise DataError(f"{path}: {len(table)} ratings are too few to train and validate on")
    order = RandomState(SPLIT_SEED).permutation(len(table))  # a stream that NumPy has promised to keep
    cut = int(VALID_PART * len(table))
    valid, train = table[order[:cut]], table[order[cut:]]
    users, items = np.unique(train["user"]), np.unique(train["item"])
    sets = [TensorDataset(_row(t["user"], users), _row(t["item"], items), t["rating"].copy()) for t in (train, valid)]
    return MovieLens(sets[0], sets[1], n_users=len(users) + 1, n_items=len(items) + 1)


def _row(ids: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The embedding row of each id: 1 + its place in the sorted `known`, or 0 when it is not there."""
    place = np.searchsorted(known, ids).clip(max=len(known) - 1)
    return np.where(known[place] == ids, place + 1, 0)


def _find(folder: str | Path | None) -> tuple[Path, list[str], str, bool]:
    """(file, its lines, delimiter, whether the first line is a header)."""
    if folder is None:
        path = download.fetch_member(ML_100K)
        return path, read_lines(path), "\t", True
    folder = open_folder(folder, "ratings")
    for name, delimiter, header in _FORMS:
        path = folder / name
        if path.is_file():
            data = read_tar_member(path, "ml-100k.inter") if name.endswith(".tar.gz") else None
            return path, read_lines(path, data), delimiter, header
    near = hint(folder, lambda below: any((below / name).is_file() for name, _, _ in _FORMS), best="movielens_100k")
    raise DataError(f"{folder}: holds no ratings.csv.gz, ml-100k.tar.gz, ml-100k.inter or u.data{near}")
