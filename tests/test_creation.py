"""Tensors from numbers, beside NumPy's functions of the same names."""

import numpy as np
import pytest

import dlcore as dl


@pytest.mark.parametrize("steps", [0, 1, 2, 7, 1000])
def test_linspace_rounds_once(steps):
    got = dl.linspace(-1.5, 3.25, steps)
    np.testing.assert_array_equal(got.numpy(), np.linspace(-1.5, 3.25, steps).astype(np.float32))
    assert got.dtype == dl.float32 and dl.linspace(0, 1, steps, dtype=dl.float64).dtype == dl.float64
    np.testing.assert_array_equal(dl.logspace(0, 3, steps).numpy(), np.logspace(0, 3, steps).astype(np.float32))


@pytest.mark.parametrize("shape", [(0,), (1,), (5,), (3, 5), (5, 3)])
def test_eye(shape):
    np.testing.assert_array_equal(dl.eye(*shape).numpy(), np.eye(*shape))
    assert dl.eye(2, dtype=dl.int64).dtype == dl.int64


@pytest.mark.parametrize(
    ("args", "expected"), [((3.1,), [0, 1, 2]), ((2.9, -2.9, -1.0), [2, 1, 0, -1]), ((-0.9, 2.1, 2.0), [0])]
)
def test_arange_counts_integers_in_their_own_numbers(args, expected):
    assert dl.arange(*args, dtype=dl.int64).tolist() == expected


def test_like():
    x = dl.zeros(2, 3, dtype=dl.int32)
    assert dl.empty_like(x).shape == (2, 3) and dl.empty_like(x, dtype=dl.float64).dtype == dl.float64
    assert dl.full_like(x, 7).tolist() == [[7, 7, 7]] * 2 and dl.full_like(x, 7).dtype == dl.int32


def test_as_tensor_copies_only_where_it_must():
    x, a = dl.zeros(2), np.zeros(2, np.float32)
    assert dl.as_tensor(x) is x and np.shares_memory(dl.as_tensor(a).numpy(), a)
    assert dl.as_tensor(x, dtype=dl.int64).dtype == dl.int64 and dl.as_tensor([1, 2]).tolist() == [1, 2]
    a.flags.writeable = False
    assert not np.shares_memory(dl.as_tensor(a).numpy(), a)


@pytest.mark.parametrize("indexing", ["ij", "xy"])
def test_meshgrid(indexing):
    arrays = [np.arange(n, dtype=np.float32) for n in (2, 3, 4)]
    got = dl.meshgrid(*[dl.tensor(a) for a in arrays], indexing=indexing)
    for y, expected in zip(got, np.meshgrid(*arrays, indexing=indexing), strict=True):
        np.testing.assert_array_equal(y.numpy(), expected)


def test_mistakes():
    with pytest.raises(ValueError, match="arange: the step must not be 0, got 0.5 for integers"):
        dl.arange(0, 2, 0.5, dtype=dl.int64)
    with pytest.raises(ValueError, match="arange: needs finite bounds"):
        dl.arange(float("nan"))
    with pytest.raises(ValueError, match="linspace: needs a number of steps of at least 0, got -1"):
        dl.linspace(0, 1, -1)
    with pytest.raises(ValueError, match="indexing is 'ij' or 'xy', got 'yx'"):
        dl.meshgrid(dl.zeros(2), indexing="yx")
    with pytest.raises(dl.ShapeError, match=r"meshgrid: needs vectors or numbers, got shapes \[\(2, 2\)\]"):
        dl.meshgrid(dl.zeros(2, 2))


def test_bernoulli():
    dl.manual_seed(3)
    draws = dl.bernoulli(dl.full((100_000,), 0.3))
    assert set(np.unique(draws.numpy())) == {0.0, 1.0} and abs(draws.mean().item() - 0.3) < 0.006  # 4 sigma
    with pytest.raises(ValueError, match=r"probabilities lie in \[0, 1\]; shape \(2,\)"):
        dl.bernoulli(dl.tensor([0.5, 1.5]))
    with pytest.raises(ValueError, match="probabilities"):
        dl.bernoulli(dl.tensor([0.5, float("nan")]))


def test_python_numbers_keep_what_the_dtype_asked_for_can_hold():
    """They once went through float32 on their way to float64."""
    assert dl.tensor([0.1, 1e300], dtype=dl.float64).tolist() == [0.1, 1e300]
    assert dl.tensor([16777217], dtype=dl.float64).tolist() == [16777217.0]
