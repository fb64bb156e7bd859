import numpy as np
import pytest

import dlcore as dl
from dlcore.data import Dataset, TensorDataset


def test_rows_and_take_agree():
    x, y = np.arange(12.0, dtype=np.float32).reshape(4, 3), np.arange(4)
    data = TensorDataset(dl.from_numpy(x), y)
    assert len(data) == 4
    assert [item.tolist() for item in data[2]] == [[6.0, 7.0, 8.0], 2]
    taken = data.take(np.array([3, 0, 3]))
    np.testing.assert_array_equal(taken[0], x[[3, 0, 3]])
    np.testing.assert_array_equal(taken[1], [3, 0, 3])


def test_memory_is_shared_and_a_read_only_array_is_copied():
    x = np.zeros(3, np.float32)
    data = TensorDataset(x)
    x[1] = 5
    assert data[1][0].item() == 5
    x.setflags(write=False)
    assert TensorDataset(x)[1][0].item() == 5


def test_lengths_must_agree():
    with pytest.raises(dl.ShapeError, match=r"same first dimension; shapes=\[\(4,\), \(5,\)\]"):
        TensorDataset(np.zeros(4), np.zeros(5))
    with pytest.raises(dl.ShapeError, match="first dimension"):
        TensorDataset(np.zeros(()))
    with pytest.raises(ValueError, match="at least one"):
        TensorDataset()


def test_the_base_class_says_what_is_missing():
    class Half(Dataset):
        pass

    with pytest.raises(NotImplementedError, match="Half does not define __len__"):
        len(Half())
    with pytest.raises(NotImplementedError, match="Half does not define __getitem__"):
        Half()[0]
