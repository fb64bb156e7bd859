import numpy as np
import pytest

import dlcore as dl
from dlcore.data import DataLoader, TensorDataset
from dlcore.train import DataBunch, Learner

from .common import blobs, bunch, net

X = np.zeros((6, 2), np.float32)


@pytest.mark.parametrize(
    ("target", "label"),
    [
        (np.zeros(6, np.int64), "category"),
        (np.zeros((6, 4, 4), np.int64), "segmentation"),
        (np.zeros(6, np.float32), "float"),
        (np.zeros((6, 3), np.float32), "float"),
    ],
)
def test_the_kind_of_target_is_told_from_the_first(target, label):
    data = TensorDataset(X, target)
    found = DataBunch.create(data, data, bs=2)
    assert found.label == label and found.train_dl.epoch == found.valid_dl.epoch == 0
    assert DataBunch.create(data, data, bs=2, label="points").label == "points"


def test_training_is_shuffled_in_full_batches_and_the_rest_in_order_and_whole():
    data = bunch(100, 16, val_bs=32)
    assert (len(data.train_dl), len(data.valid_dl)) == (6, 2) and data.batch_size == 16
    first = data.train_dl.dataset.arrays[1][:16].tolist()
    assert data.one_batch()[1].tolist() != first
    assert [y.tolist() for _, y in data.valid_dl] == [blobs(50, 1).arrays[1][:32].tolist(), [0, 1] * 9]
    assert data.one_batch()[0].tolist() == data.one_batch()[0].tolist()  # looking does not move on


def test_a_test_set_and_loaders_of_one_s_own():
    data = DataBunch(DataLoader(blobs(), 8), DataLoader(blobs(20, 1), 8), DataLoader(blobs(12, 2), 5), classes="ab")
    assert data.c == 2 and data.classes == ["a", "b"] and len(data.loader("test")) == 3
    assert "train 120, valid 20, test 12" in repr(data)
    pairs = [(dl.tensor(X), dl.tensor([0] * 6))] * 3
    own = DataBunch(pairs, pairs)
    learn = Learner(own, net(), metrics=())
    learn.show.quiet = True
    learn.fit(1)
    assert own.label == "category" and len(learn.recorder.losses) == 3


def test_what_it_refuses():
    with pytest.raises(ValueError, match="label is one of category, multicategory"):
        DataBunch(None, label="classes")
    with pytest.raises(ValueError, match="a sample needs inputs and a target"):
        Learner(DataBunch.create(TensorDataset(X), TensorDataset(X), bs=2), net())
    with pytest.raises(ValueError, match="the set has no batch"):
        DataBunch(DataLoader(blobs(0), 4)).one_batch()
    with pytest.raises(ValueError, match="the DataBunch has no test set"):
        bunch().loader("test")


def test_one_item_goes_through_the_validation_transforms():
    def double(arrays, random):
        return (arrays[0] * 2, *arrays[1:])

    data = bunch(valid_transform=double, train_transform=lambda a, r: (a[0] * 0, *a[1:]))
    assert data.one_item(np.float32([1, 2]))[0].tolist() == [[2, 4]]
    assert [x.shape for x in data.one_item((dl.ones(3), 2.0))] == [(1, 3), (1,)]
