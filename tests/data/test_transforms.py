import numpy as np
import pytest

from dlcore.data import SampleRandom, normalize, rand_pad


def random(n, epoch=0):
    return SampleRandom(0, epoch, np.arange(n))


@pytest.mark.parametrize(("h", "w", "padding", "size"), [(28, 28, 3, 28), (5, 9, 2, 6), (4, 4, 0, 4), (6, 5, 0, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_rand_pad_cuts_a_window_of_the_padded_image(h, w, padding, size, dtype):
    images = np.random.RandomState(0).randint(1, 255, (9, 2, h, w)).astype(dtype)
    labels = np.arange(9)
    out, same = rand_pad(padding, size)((images, labels), random(9))
    assert out.shape == (9, 2, size, size) and out.dtype == dtype and same is labels
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    draws = random(9)
    tops, lefts = draws.integers(h + 2 * padding - size + 1), draws.integers(w + 2 * padding - size + 1)
    for i, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        np.testing.assert_array_equal(out[i], padded[i, :, top : top + size, left : left + size])


def test_rand_pad_reaches_every_place_on_both_axes_independently():
    """A single bright pixel in the middle shows the shift: 7 × 7 places, none rarer than half of its share."""
    images = np.zeros((4900, 1, 28, 28), np.uint8)
    images[:, 0, 14, 10] = 1
    out = rand_pad(3, 28)((images,), random(4900))[0]
    rows, cols = np.nonzero(out[:, 0])[1:]
    counts = np.zeros((7, 7))
    np.add.at(counts, (rows - 11, cols - 7), 1)
    assert counts.min() > 50 and counts.sum() == 4900


def test_rand_pad_leaves_its_input_alone_and_moves_on_with_the_epoch():
    images = np.random.RandomState(0).randint(0, 255, (8, 1, 28, 28)).astype(np.uint8)
    before = images.copy()
    first, second = (rand_pad()((images,), random(8, epoch))[0] for epoch in (0, 1))
    np.testing.assert_array_equal(images, before)
    assert (first != second).any()
    assert first.flags.c_contiguous


def test_rand_pad_refuses_what_it_cannot_cut():
    with pytest.raises(ValueError, match=r"20×20 padded by 3 are smaller than size=28"):
        rand_pad(3, 28)((np.zeros((2, 1, 20, 20)),), random(2))
    with pytest.raises(ValueError, match=r"\(n, c, h, w\), not \(2, 28, 28\)"):
        rand_pad(3, 28)((np.zeros((2, 28, 28)),), random(2))


def test_normalize():
    images = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    out = normalize(0.1307, 0.3081)((images,), random(1))[0]
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, (images / 255 - 0.1307) / 0.3081, rtol=1e-6, atol=1e-7)
    exact = normalize(0.0, 1.0)((images,), random(1))[0]
    assert exact.min() == 0 and exact.max() == 1
    with pytest.raises(ValueError, match="expects uint8 images, not float64"):
        normalize(0.0, 1.0)((np.zeros((1, 1)),), random(1))
