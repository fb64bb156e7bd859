"""Results of 8 MB and more, which go past the caches a tile at a time: the same bits as of small pieces."""

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

OPS = {  # each of the loops that store so: maps of one to four operands, widened lanes, choices, activations, maths
    "relu": lambda x, y, b: F.relu(x),
    "exp": lambda x, y, b: dl.exp(x),
    "sinh": lambda x, y, b: dl.sinh(x),
    "sin": lambda x, y, b: dl.sin(x * 3000),  # some of them beyond the polynomial
    "erf": lambda x, y, b: dl.erf(x),
    "pow": lambda x, y, b: dl.abs(x) ** y,
    "add": lambda x, y, b: x + y,
    "add a row": lambda x, y, b: x + b,
    "subtract from a row": lambda x, y, b: b - x,
    "less": lambda x, y, b: x < y,
    "clamp": lambda x, y, b: dl.clamp(x, -0.5, 0.5),
    "where": lambda x, y, b: dl.where(x > 0, x, y),
    "int64": lambda x, y, b: (x * 100).long() + 3,
}
TALL, WIDE = (65_537, 131), (2, 4_200_003)  # runs shorter than a tile that start anywhere; long ones; odd ends


@pytest.mark.parametrize("shape", [TALL, WIDE])
@pytest.mark.parametrize("op", OPS)
def test_the_bits_are_those_of_pieces(op, shape):
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal(shape, np.float32) for _ in range(2))
    x[1, 5] = np.nan
    b = rng.standard_normal(shape[-1:], np.float32)
    whole = OPS[op](dl.tensor(x), dl.tensor(y), dl.tensor(b)).numpy()
    assert whole.nbytes >= 8 << 20, "large enough to go past the caches"
    step = shape[1] // 100 + 1
    for i in range(0, shape[1], step):
        part = slice(i, i + step)
        piece = OPS[op](*(dl.tensor(np.ascontiguousarray(a[..., part])) for a in (x, y, b))).numpy()
        np.testing.assert_array_equal(whole[:, part], piece)


def test_gradients_too():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(TALL, np.float32)
    v = rng.standard_normal(TALL, np.float32)
    for name in ("relu", "gelu", "hardtanh"):
        leaf = dl.tensor(x, requires_grad=True)
        getattr(F, name)(leaf).backward(dl.tensor(v))
        for i in (0, 40_000, TALL[0] - 3):
            part = dl.tensor(x[i : i + 3], requires_grad=True)
            getattr(F, name)(part).backward(dl.tensor(v[i : i + 3]))
            np.testing.assert_array_equal(leaf.grad.numpy()[i : i + 3], part.grad.numpy())


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_rows_of_one_value(dtype):
    x = np.arange(65_537 // np.dtype(dtype).itemsize).astype(dtype)[:, None]
    wide = dl.tensor(x).expand(x.size, 531).contiguous().numpy()
    assert wide.nbytes >= 8 << 20, "large enough to go past the caches"
    np.testing.assert_array_equal(wide, np.broadcast_to(x, wide.shape))


@pytest.mark.parametrize(("dtype", "channels"), [(np.float32, 64), (np.float32, 48), (np.float64, 24)])
def test_a_first_layer_s_images_are_those_of_one(dtype, channels):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((66, 1, 31, 33)).astype(dtype)
    w, b = (dl.tensor(rng.standard_normal(s).astype(dtype)) for s in ((channels, 1, 3, 3), (channels,)))
    whole = F.conv2d(dl.tensor(x), w, b, padding=1).numpy()
    assert whole.nbytes >= 8 << 20, "large enough to go past the caches"
    for i in (0, 1, 65):
        np.testing.assert_array_equal(whole[i : i + 1], F.conv2d(dl.tensor(x[i : i + 1]), w, b, padding=1).numpy())


def test_a_depthwise_image_s_gradient_is_that_of_one_alone():
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal((36, 32, 46, 43), np.float32) for _ in range(2))
    w = dl.tensor(rng.standard_normal((32, 1, 3, 3), np.float32))
    whole, part = dl.tensor(x, requires_grad=True), dl.tensor(x[33:34], requires_grad=True)
    ys = []
    for leaf, cotangent in ((whole, g), (part, g[33:34])):
        ys.append(F.conv2d(leaf, w, padding=1, groups=32))
        ys[-1].backward(dl.tensor(cotangent))
    assert x.nbytes >= 8 << 20, "large enough to go past the caches"
    np.testing.assert_array_equal(ys[0].detach().numpy()[33:34], ys[1].detach().numpy())
    np.testing.assert_array_equal(whole.grad.numpy()[33:34], part.grad.numpy())


def test_a_large_tensor_changed_in_place_may_be_its_own_operand():
    x = np.random.default_rng(0).standard_normal(TALL, np.float32)
    t = dl.tensor(x)
    t.add_(t)
    np.testing.assert_array_equal(t.numpy(), x + x)
