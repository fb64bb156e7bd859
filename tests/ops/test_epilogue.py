"""ReLU in the pass of a product, a convolution or batch norm: the bits of two ops, forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing
from dlcore.nn import functional as F
from dlcore.ops.conv2d import conv2d_relu
from dlcore.ops.matmul import linear_relu
from dlcore.ops.norm import batch_norm_relu

ISAS = sorted({k["isa"] for k in testing.kernels() if k["device"] == "cpu"})
DTYPES = {"float32": dl.float32, "float64": dl.float64, "bfloat16": dl.bfloat16}


def draw(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


def tensor(values: np.ndarray, dtype: Any, layout: str = "contiguous") -> Any:
    """A leaf of these values; strided: every other element of a larger tensor along the last dimension."""
    x = dl.tensor(values).to(dtype)
    if layout == "strided":
        wide = dl.full((*values.shape[:-1], 2 * values.shape[-1]), float("nan"), dtype=dtype)
        wide[..., ::2] = x
        x = wide[..., ::2]
    return x.detach().requires_grad_()


def bits(x: Any) -> np.ndarray:
    a = x.detach().float().numpy() if x.dtype == dl.bfloat16 else x.detach().numpy()
    return a.view(f"u{a.itemsize}")


def same_bits(fused: Any, plain: Any, arrays: list, dtype: Any, layout: str, threads: tuple[int, ...] = (1, 3)) -> None:
    """Result and gradients of `fused` are those of relu(plain(…)); the result is not all of one sign."""
    found = []
    for n, function in [(1, lambda *xs: F.relu(plain(*xs))), *((n, fused) for n in threads)]:
        before = dl.get_num_threads()
        dl.set_num_threads(n)
        try:
            xs = [tensor(a, dtype, layout if i == 0 else "contiguous") for i, a in enumerate(arrays)]
            y = function(*xs)
            y.backward(dl.tensor(draw(9, *y.shape)).to(dtype))
        finally:
            dl.set_num_threads(before)
        found.append([y, *(x.grad for x in xs)])
    y = found[0][0].detach().float().numpy()
    assert 0.2 < (y == 0).mean() < 0.8
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert a.dtype == b.dtype and a.array.strides == b.array.strides
            np.testing.assert_array_equal(bits(a), bits(b))


LINEAR = {  # x, outputs
    "rows": ((37, 19), 23),
    "few rows": ((3, 40), 21),
    "few columns": ((50, 19), 2),
    "batch": ((2, 5, 33), 17),
    "tiles": ((70, 96), 65),
    "parts of a long sum": ((2, 9000), 6),
}


@pytest.mark.parametrize("layout", ["contiguous", "strided"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("x", "k"), LINEAR.values(), ids=LINEAR)
def test_linear(x: tuple, k: int, isa: str, dtype: str, layout: str) -> None:
    arrays = [draw(0, *x), draw(1, k, x[-1]), draw(2, k)]
    with testing.isa(isa), tiles(isa):
        same_bits(linear_relu, F.linear, arrays, DTYPES[dtype], layout)
        same_bits(lambda x, w: linear_relu(x, w, None), F.linear, arrays[:2], DTYPES[dtype], layout)


class tiles:
    """Small products too run on tiles, where there are any."""

    def __init__(self, isa: str):
        self.on = isa == "amx"

    def __enter__(self) -> None:
        _C.set_tiles_always(self.on)

    def __exit__(self, *exc: object) -> None:
        _C.set_tiles_always(False)


CONV = {  # x, w, stride, padding, dilation, groups
    "3×3": ((2, 20, 9, 7), (18, 20, 3, 3), 1, 1, 1, 1),
    "read in place": ((2, 32, 9, 7), (33, 32, 3, 3), 1, 1, 1, 1),
    "64 channels, stride 2": ((1, 64, 11, 8), (40, 64, 3, 3), 2, 1, 1, 1),
    "1×1": ((2, 24, 5, 6), (35, 24, 1, 1), 1, 0, 1, 1),
    "1×1 of few outputs": ((2, 24, 5, 6), (2, 24, 1, 1), 1, 0, 1, 1),
    "dilated": ((1, 6, 11, 9), (9, 6, 3, 2), 1, 0, 2, 1),
    "grouped": ((2, 12, 6, 7), (10, 6, 3, 3), 1, 1, 1, 2),
    "depthwise": ((2, 19, 12, 13), (19, 1, 3, 3), 1, 1, 1, 19),
    "depthwise, stride 2": ((2, 32, 12, 13), (32, 1, 5, 3), 2, 1, 1, 32),
    "first layer": ((2, 1, 17, 19), (21, 1, 3, 3), 1, 1, 1, 1),
    "first layer, stride 2": ((2, 3, 21, 23), (35, 3, 7, 7), 2, 3, 1, 1),
}


@pytest.mark.parametrize("layout", ["contiguous", "strided"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("case", CONV.values(), ids=CONV)
def test_conv2d(case: tuple, isa: str, dtype: str, layout: str) -> None:
    x, w, *attrs = case
    arrays = [draw(0, *x), draw(1, *w), draw(2, w[0])]
    with testing.isa(isa), tiles(isa):
        same_bits(
            lambda *xs: conv2d_relu(*xs, *attrs), lambda *xs: F.conv2d(*xs, *attrs), arrays, DTYPES[dtype], layout
        )
        same_bits(
            lambda x, w: conv2d_relu(x, w, None, *attrs),
            lambda x, w: F.conv2d(x, w, None, *attrs),
            arrays[:2],
            DTYPES[dtype],
            layout,
        )


def test_large_images_are_stored_past_the_caches() -> None:
    for x, w, groups in (((8, 64, 128, 130), (64, 1, 3, 3), 64), ((8, 1, 128, 130), (64, 1, 3, 3), 1)):
        a, b = dl.tensor(draw(0, *x)).float(), dl.tensor(draw(1, *w)).float()
        fused = conv2d_relu(a, b, None, 1, 1, 1, groups)
        np.testing.assert_array_equal(bits(fused), bits(F.relu(F.conv2d(a, b, None, 1, 1, 1, groups))))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("shape", [(5, 7), (3, 10, 6), (2, 19, 9, 8), (4, 64, 40, 40)])
def test_batch_norm(shape: tuple, isa: str, dtype: str, affine: bool, training: bool) -> None:
    c, kind = shape[1], DTYPES[dtype]
    mean, var = (dl.tensor(a).to(kind) for a in (draw(3, c), 0.5 + np.abs(draw(4, c))))
    arrays = [draw(0, *shape), *([draw(1, c), draw(2, c)] if affine else [])]

    def plain(x: Any, w: Any = None, b: Any = None) -> Any:
        return F.batch_norm(x, mean.clone(), var.clone(), w, b, training, 0.1, 1e-5)

    def fused(x: Any, w: Any = None, b: Any = None) -> Any:
        return batch_norm_relu(x, mean.clone(), var.clone(), w, b, training, 0.1, 1e-5)

    with testing.isa(isa):
        for layout in ("contiguous", "strided"):
            same_bits(fused, plain, arrays, kind, layout)
        x = F.conv2d(tensor(draw(0, 2, c, 9, 8), kind), tensor(draw(5, c, c, 1, 1), kind))  # channels-last
        w, b = (tensor(a, kind) for a in (draw(1, c), draw(2, c)))
        expected = bits(F.relu(plain(x, w, b)))
        np.testing.assert_array_equal(bits(fused(x, w, b)), expected)
        with dl.no_grad():
            y, at = x.detach().clone(), None
            at = y.array.numpy().ctypes.data
            z = batch_norm_relu(y, mean.clone(), var.clone(), w, b, training, 0.1, 1e-5, True)
        np.testing.assert_array_equal(bits(z), expected)
        assert z.array.numpy().ctypes.data == at


@pytest.mark.parametrize("isa", ISAS)
def test_nan_stays(isa: str) -> None:
    nan = float("nan")
    with testing.isa(isa):
        x, w = dl.tensor([[1.0, nan], [-1.0, 0.0]]), dl.ones(20, 2)
        y = linear_relu(x, w, None).numpy()
        assert np.isnan(y[0]).all() and (y[1] == 0).all()
        for c, groups in ((1, 1), (24, 24), (24, 1)):
            image = dl.full((1, c, 4, 4), -1.0)
            image[0, :, 1, 2] = nan
            y = conv2d_relu(image, dl.ones(24, c // groups, 1, 1), None, 1, 0, 1, groups).numpy()
            assert np.isnan(y[0, :, 1, 2]).all() and np.isnan(y).sum() == 24 and (y[0, :, 0] == 0).all()
        rows = dl.tensor([[nan, -1.0], [1.0, 3.0]])
        y = batch_norm_relu(rows, dl.zeros(2), dl.ones(2), None, None, False, 0.1, 0.0).numpy()
        assert np.isnan(y[0, 0]) and y[0, 1] == 0


def test_a_result_written_to_is_seen() -> None:
    x = tensor(draw(0, 4, 5), dl.float32)
    y = linear_relu(x, tensor(draw(1, 3, 5), dl.float32), None)
    with dl.no_grad():
        y += 1
    with pytest.raises(RuntimeError, match="changed|written"):
        y.sum().backward()
