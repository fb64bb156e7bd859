"""Transforms work on a whole batch in NumPy: `transform(arrays, random) -> arrays`.

`arrays` is the tuple that the batch will become, images first; `random` is a SampleRandom, which gives each sample
its own numbers.
"""

from collections.abc import Callable

import numpy as np

from dlcore.registry import register

from .randomness import SampleRandom

Arrays = tuple[np.ndarray, ...]
Transform = Callable[[Arrays, SampleRandom], Arrays]


@register
def rand_pad(padding: int = 3, size: int = 28) -> Transform:
    """Pad the images with zeros on all sides, then cut a `size` × `size` square at a random place, one a sample.

    Images: (n, c, h, w), any dtype; result (n, c, size, size). fast.ai's `rand_pad(padding, size, mode='zeros')`:
    each of the (h + 2·padding - size + 1) × (w + …) places is equally likely.
    Raises ValueError when the padded images are smaller than `size`.

    >>> images = np.ones((2, 1, 28, 28), np.float32)
    >>> rand_pad(3, 28)((images,), SampleRandom(0, 0, np.arange(2)))[0].shape
    (2, 1, 28, 28)
    """

    def apply(arrays: Arrays, random: SampleRandom) -> Arrays:
        images = arrays[0]
        if images.ndim != 4:
            raise ValueError(f"rand_pad: expects images of shape (n, c, h, w), not {images.shape}")
        n, c, h, w = images.shape
        rows, cols = h + 2 * padding - size + 1, w + 2 * padding - size + 1
        if rows < 1 or cols < 1:
            raise ValueError(f"rand_pad: images of {h}×{w} padded by {padding} are smaller than size={size}")
        padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding), images.dtype)
        padded[:, :, padding : padding + h, padding : padding + w] = images
        top, left = random.integers(rows), random.integers(cols)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(2, 3))
        return (windows[np.arange(n), :, top, left], *arrays[1:])

    return apply


@register
def normalize(mean: float, std: float) -> Transform:
    """Grey bytes to float32: `(x / 255 - mean) / std`, images of any shape. `mean` and `std` are on the 0–1 scale.

    >>> normalize(0.5, 0.5)((np.array([0, 255], np.uint8),), SampleRandom(0, 0, np.arange(2)))[0].tolist()
    [-1.0, 1.0]
    """
    shift, scale = np.float32(255 * mean), np.float32(255 * std)

    def apply(arrays: Arrays, random: SampleRandom) -> Arrays:
        if arrays[0].dtype != np.uint8:
            raise ValueError(f"normalize: expects uint8 images, not {arrays[0].dtype}")
        images = np.subtract(arrays[0], shift, dtype=np.float32)
        images /= scale
        return (images, *arrays[1:])

    return apply
