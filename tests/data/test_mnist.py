import gzip

import numpy as np
import pytest

from dlcore.data import DataError, download
from dlcore.data.mnist import MNIST_5K, mnist
from tests.synthetic import REAL, digits, idx_bytes, write_mnist


def fault(folder):
    with pytest.raises(DataError) as info:
        mnist(folder)
    assert "\n" not in str(info.value)
    return str(info.value)


@pytest.mark.parametrize("zipped", [True, False])
def test_the_idx_files(tmp_path, zipped):
    train, valid = mnist(write_mnist(tmp_path, 30, 20, zipped))
    for part, n, seed in ((train, 30, 0), (valid, 20, 1)):
        images, labels = digits(n, seed)
        np.testing.assert_array_equal(part.arrays[0], images[:, None])
        np.testing.assert_array_equal(part.arrays[1], labels)
        assert part.arrays[0].dtype == np.uint8 and part.arrays[1].dtype == np.int64


def write_5k(path, images, labels):
    rows = np.column_stack([images.reshape(len(images), -1), labels])
    path.write_bytes(gzip.compress("".join(",".join(map(str, row)) + "\n" for row in rows.tolist()).encode()))


def test_a_folder_with_mnist_5k(tmp_path):
    """Rows sorted by digit: every fifth is for validation, so each digit keeps its share."""
    images, labels = digits(100)
    order = np.argsort(labels, kind="stable")
    write_5k(tmp_path / MNIST_5K.name, images[order], labels[order])
    train, valid = mnist(tmp_path)
    assert np.bincount(train.arrays[1]).tolist() == [8] * 10 and np.bincount(valid.arrays[1]).tolist() == [2] * 10
    np.testing.assert_array_equal(valid.arrays[0][0, 0], images[order][4])


def test_what_is_missing_is_named(tmp_path):
    assert "no such folder" in fault(tmp_path / "none")
    assert fault(tmp_path) == f"{tmp_path}: holds no train-images-idx3-ubyte.gz"
    (tmp_path / "sub").mkdir()
    write_mnist(tmp_path / "sub", 10, 10)
    assert fault(tmp_path).endswith(f"did you mean --data {tmp_path / 'sub'}?")
    (tmp_path / "sub" / "t10k-labels-idx1-ubyte.gz").unlink()
    assert "holds no t10k-labels-idx1-ubyte.gz" in fault(tmp_path / "sub")
    assert "no such folder" in fault(tmp_path / "sub" / "train-images-idx3-ubyte.gz")


@pytest.mark.parametrize(
    ("name", "array", "text"),
    [
        ("train-labels-idx1", np.arange(9, dtype=np.uint8), r"labels of shape (9,) for 10 images"),
        ("train-labels-idx1", np.arange(1, 11, dtype=np.uint8), "label 10 of sample 9 is out of range"),
        ("train-labels-idx1", -np.ones(10, np.int8), "label -1 of sample 0 is out of range"),
        ("t10k-labels-idx1", np.full(10, 255, np.uint8), "label 255 of sample 0 is out of range: digits are 0 … 9"),
        ("train-images-idx3", np.zeros((10, 32, 32), np.uint8), "expected bytes of shape n×28×28"),
        ("train-images-idx3", np.zeros((10, 784), np.uint8), "expected bytes of shape n×28×28"),
        ("train-images-idx3", np.zeros((10, 28, 28), np.float32), "expected bytes"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, name, array, text):
    write_mnist(tmp_path, 10, 10)
    path = tmp_path / f"{name}-ubyte.gz"
    path.write_bytes(gzip.compress(idx_bytes(array)))
    message = fault(tmp_path)
    assert message.startswith(f"{path}: ") and text in message


def test_an_empty_set(tmp_path):
    write_mnist(tmp_path, 0, 10)
    assert "holds no samples" in fault(tmp_path)


def test_5k_faults(tmp_path):
    path = tmp_path / MNIST_5K.name
    images, labels = digits(10)
    labels[3] = 11
    write_5k(path, images, labels)
    assert "label 11 of sample" in fault(tmp_path)
    path.write_bytes(gzip.compress(b"1,2,3\n4,5,6\n"))
    assert "expected 785 columns" in fault(tmp_path)
    path.write_bytes(gzip.compress(b"1,2,3\n")[:-9])
    assert "ends in the middle" in fault(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason="needs the full MNIST")
def test_the_real_files():
    train, valid = mnist(REAL / "mnist")
    assert np.bincount(train.arrays[1]).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert len(valid) == 10_000
    pixels = train.arrays[0] / 255
    assert abs(pixels.mean() - 0.1307) < 5e-5 and abs(pixels.std() - 0.3081) < 5e-5


@pytest.mark.slow
def test_the_real_5k():
    """Fetched once; skipped where there is neither a network nor a copy in the cache."""
    try:
        download.fetch_member(MNIST_5K)
    except DataError as error:
        pytest.skip(str(error))
    train, valid = mnist()
    assert np.bincount(train.arrays[1]).tolist() == [400] * 10
    assert np.bincount(valid.arrays[1]).tolist() == [100] * 10
