"""Random numbers that belong to a sample, not to a moment.

A draw is a hash of (seed, epoch, sample index, number of the draw), computed for a whole batch at once. Which worker
computes it, or which samples share its batch, cannot change it. The hash is the finaliser of SplitMix64 (Steele, Lea,
Flood, "Fast splittable pseudorandom number generators", 2014) applied after each word; it is written here, not taken
from numpy.random.Generator, because NumPy may change that stream between releases.
"""

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, SplitMix64's increment
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = (np.uint64(s) for s in (30, 27, 31, 11))
_ORDER = 1  # first words that keep the order of an epoch apart from the draws of its samples
_DRAW = 2


def _hash(*words: int | np.ndarray) -> np.ndarray:
    """One 64-bit hash for each element of the broadcast `words` (integers; only their low 64 bits count)."""
    state = np.zeros(1, np.uint64)  # one element, not a scalar: NumPy warns when a scalar wraps around
    for word in words:
        if not isinstance(word, np.ndarray):
            word = np.array([int(word) & 0xFFFFFFFFFFFFFFFF], np.uint64)
        state = (state ^ word.astype(np.uint64)) + _GOLDEN
        state = (state ^ (state >> _S30)) * _M1
        state = (state ^ (state >> _S27)) * _M2
        state = state ^ (state >> _S31)
    return state


def epoch_order(seed: int, epoch: int, n: int) -> np.ndarray:
    """A permutation of 0 … n-1, (n,) int64, that depends on nothing else than its three arguments.

    >>> sorted(epoch_order(0, 1, 5).tolist())
    [0, 1, 2, 3, 4]
    """
    return np.argsort(_hash(_ORDER, seed, epoch, np.arange(n)), kind="stable")


class SampleRandom:
    """The random numbers of one batch: every call makes one new draw for each of its samples.

    >>> whole = SampleRandom(seed=0, epoch=3, indices=np.array([7, 8, 9]))
    >>> alone = SampleRandom(seed=0, epoch=3, indices=np.array([8]))
    >>> bool(whole.uniform()[1] == alone.uniform()[0])
    True
    """

    def __init__(self, seed: int, epoch: int, indices: np.ndarray):
        self._key = _hash(_DRAW, seed, epoch, np.asarray(indices))
        self._draws = 0

    def __len__(self) -> int:
        return len(self._key)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """One number in [low, high) a sample: (n,) float64, 53 random bits each."""
        bits = _hash(0, self._key ^ np.uint64(self._draws)) >> _S11
        self._draws += 1
        return low + (high - low) * (bits * 2.0**-53)

    def integers(self, high: int) -> np.ndarray:
        """One integer in 0 … high-1 a sample: (n,) int64. The bias of scaling 53 bits is below high / 2^53."""
        return (self.uniform() * high).astype(np.int64)
