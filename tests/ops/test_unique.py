"""unique and unique_consecutive: values, inverse, counts, along dimensions."""

import numpy as np
import pytest

import dlcore as dl

from .broadcast import DTYPES

SHAPES = ((), (0,), (1,), (70,), (5, 7), (0, 3), (300, 70))


def integers(shape, dtype, high=9):
    return np.random.default_rng(0).integers(0, high, shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_unique_is_numpys(shape, dtype):
    a = integers(shape, dtype)
    expected = np.unique(a, return_inverse=True, return_counts=True)
    got = dl.unique(dl.tensor(a), return_inverse=True, return_counts=True)
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_array_equal(g.numpy(), e)
    assert got[0].dtype == dl.tensor(a).dtype and got[1].shape == shape and got[2].dtype == dl.int64
    assert dl.unique(dl.tensor(a)).tolist() == expected[0].tolist()


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("shape", [(60, 2), (2, 60), (9, 3, 2), (4, 0, 3), (1, 5)])
def test_unique_slices(shape, dim):
    a = integers(shape, np.float32, 3)
    expected = np.unique(a, return_inverse=True, return_counts=True, axis=dim)
    got = dl.tensor(a).unique(return_inverse=True, return_counts=True, dim=dim)
    if a.size:
        np.testing.assert_array_equal(got[0].numpy(), expected[0])
        np.testing.assert_array_equal(got[1].numpy(), expected[1].ravel())
        np.testing.assert_array_equal(got[2].numpy(), expected[2])
    assert got[1].shape == (shape[dim],) and got[2].sum().item() == shape[dim]


def test_every_nan_is_different_and_zeros_are_equal():
    values, counts = dl.unique(dl.tensor([0.0, float("nan"), -0.0, float("nan")]), return_counts=True)
    assert counts.tolist() == [2, 1, 1] and np.isnan(values.numpy()[1:]).all()


def test_unique_consecutive():
    x = dl.tensor([[1, 1], [2, 2], [2, 2], [1, 1]])
    values, inverse, counts = dl.unique_consecutive(x, return_inverse=True, return_counts=True)
    assert (values.tolist(), inverse.tolist(), counts.tolist()) == (
        [1, 2, 1], [[0, 0], [1, 1], [1, 1], [2, 2]], [2, 4, 2])  # fmt: skip
    rows, inverse, counts = x.unique_consecutive(return_inverse=True, return_counts=True, dim=0)
    assert (rows.tolist(), inverse.tolist(), counts.tolist()) == (
        [[1, 1], [2, 2], [1, 1]], [0, 1, 1, 2], [1, 2, 1])  # fmt: skip
    assert x.unique_consecutive(dim=1).tolist() == [[1], [2], [2], [1]]
    assert dl.unique_consecutive(dl.zeros(0)).shape == (0,)


def test_unique_of_a_dimension_that_does_not_exist():
    with pytest.raises(IndexError):
        dl.ones(2).unique(dim=1)
