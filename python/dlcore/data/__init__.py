"""Data sets, and the loader that feeds them to a model.

The order of the samples depends on (seed, epoch) and a transform's randomness on (seed, epoch, sample), so a run has
the same bits at any number of workers.
"""

from .dataset import Dataset, TensorDataset
from .errors import DataError
from .loader import DataLoader
from .randomness import SampleRandom
from .transforms import normalize, rand_pad

__all__ = ["DataError", "DataLoader", "Dataset", "SampleRandom", "TensorDataset", "normalize", "rand_pad"]
