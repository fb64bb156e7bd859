"""conv2d: strides, padding, dilation, groups, depthwise, first layers; layouts of images and weights; messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C
from dlcore.nn import functional as F

from .cases import Arg, Case
from .common import run_cases, threads

GEMM = ("gemm", "gemm_pack")
FIRST = ("first_layer_fwd", "first_layer_bwd_w")


def pair(x: Any) -> tuple[int, int]:
    return (x, x) if isinstance(x, int) else tuple(x)


def conv2d_oracle(x, w, b=None, stride=1, padding=0, dilation=1, groups=1) -> np.ndarray:
    (sh, sw), (dh, dw) = pair(stride), pair(dilation)
    k, cg, r, s = w.shape
    if padding == "same":
        total = dh * (r - 1), dw * (s - 1)
        before = total[0] // 2, total[1] // 2
        after = total[0] - before[0], total[1] - before[1]
    else:
        before = after = (0, 0) if padding == "valid" else pair(padding)
    x = np.pad(x, ((0, 0), (0, 0), (before[0], after[0]), (before[1], after[1])))
    p, q = (x.shape[2] - dh * (r - 1) - 1) // sh + 1, (x.shape[3] - dw * (s - 1) - 1) // sw + 1
    y = np.zeros((x.shape[0], k, p, q))
    for g in range(groups):
        xs, ks = x[:, g * cg : (g + 1) * cg], slice(g * (k // groups), (g + 1) * (k // groups))
        for i in range(r):
            for j in range(s):
                view = xs[:, :, i * dh : i * dh + sh * (p - 1) + 1 : sh, j * dw : j * dw + sw * (q - 1) + 1 : sw]
                y[:, ks] += np.einsum("nchw,kc->nkhw", view, w[ks, :, i, j])
    return y if b is None else y + b[None, :, None, None]


def case(name: str, *shapes: tuple[tuple[int, ...], ...], rows: tuple[str, ...] = GEMM, **attrs: Any) -> Case:
    return Case(
        f"conv2d {name}",
        lambda dl, F, *args, **kw: F.conv2d(*args, **kw),
        [tuple(Arg(shape) for shape in group) for group in shapes],
        oracle=conv2d_oracle,
        rows=rows,
        attrs=attrs,
        length=lambda x, w, *b: int(np.prod(w[1:])) + 1,
        scale="abs",
    )


def depthwise(name: str, *shapes: tuple[tuple[int, ...], ...], **attrs: Any) -> Case:
    rows = ("depthwise_fwd", "depthwise_bwd_x", "depthwise_bwd_w")
    return replace(
        case(name, *shapes, rows=rows, **attrs),
        fn=lambda dl, F, x, *args, **kw: F.conv2d(x, *args, groups=x.shape[1], **kw),
        oracle=lambda x, *args, **kw: conv2d_oracle(x, *args, groups=x.shape[1], **kw),
    )


def rows(name: str, *shapes: tuple[tuple[int, ...], ...], **attrs: Any) -> Case:
    """conv1d of two groups, whose oracle is conv2d's of images one pixel high."""

    def oracle(x, w, *b, **kw):
        wide = {k: v if isinstance(v, str) else (int(k != "padding"), v) for k, v in kw.items()}
        return conv2d_oracle(x[:, :, None], w[:, :, None], *b, groups=2, **wide)[:, :, 0]

    fn = lambda dl, F, *args, **kw: F.conv1d(*args, groups=2, **kw)  # noqa: E731
    return replace(case(name, *shapes, **attrs), name=name, fn=fn, oracle=oracle)


CASES = [
    case(
        "3x3",
        ((2, 3, 5, 7), (4, 3, 3, 3), (4,)),
        ((1, 16, 6, 5), (33, 16, 3, 3)),
        ((0, 3, 5, 5), (2, 3, 3, 3), (2,)),
        ((2, 3, 3, 3), (5, 3, 3, 3)),
        padding=1,
        rows=(*GEMM, "column_sums"),
    ),
    case("valid", ((2, 5, 6, 9), (3, 5, 2, 4), (3,)), ((1, 1, 1, 1), (1, 1, 1, 1), (1,)), padding="valid"),
    case("same", ((1, 2, 5, 6), (3, 2, 4, 3), (3,)), padding="same", dilation=(1, 2)),
    case("pairs", ((2, 3, 9, 8), (4, 3, 3, 2), (4,)), stride=(2, 3), padding=(1, 2), dilation=(2, 1)),
    case(
        "large enough for tiles", ((2, 32, 20, 21), (32, 32, 3, 3), (32,)), ((2, 64, 28, 29), (64, 64, 3, 3)), padding=1
    ),
    case("stride 2", ((2, 8, 7, 7), (16, 8, 3, 3), (16,)), ((3, 1, 8, 8), (8, 1, 3, 3), (8,)), stride=2, padding=1),
    case("stride beyond the kernel", ((2, 3, 9, 8), (4, 3, 2, 1)), stride=3),
    case("wide padding", ((1, 2, 2, 3), (3, 2, 3, 3)), padding=3),
    case("1x1", ((2, 17, 4, 5), (18, 17, 1, 1), (18,)), ((2, 5, 1, 1), (3, 5, 1, 1))),
    case("1x1 stride 2", ((2, 6, 5, 5), (4, 6, 1, 1)), stride=2),
    case(
        "first layer",
        ((2, 3, 17, 18), (5, 3, 7, 7), (5,)),
        ((1, 1, 9, 9), (4, 1, 5, 5), (4,)),
        ((1, 2, 6, 41), (33, 2, 4, 3)),  # a row of y of one block of pixels and a short one, three vectors of outputs
        ((1, 3, 5, 70), (17, 3, 2, 5), (17,)),
        stride=2,
        padding=3,
        rows=FIRST,
    ),
    case(
        "first layer, dilated",
        ((2, 1, 9, 12), (70, 1, 3, 3), (70,)),
        ((1, 4, 7, 31), (6, 4, 2, 2)),
        padding=(1, 2),
        stride=(1, 2),
        dilation=(3, 2),
        rows=FIRST,
    ),
    case("first layer of a row", ((1, 1, 1, 40), (4, 1, 1, 3), (4,)), padding=(0, 2), rows=FIRST),
    case("groups", ((2, 6, 5, 5), (9, 2, 3, 3), (9,)), groups=3, padding=1),
    case("groups of one channel, two outputs", ((2, 3, 5, 5), (6, 1, 3, 3)), groups=3, padding=1),
    depthwise("depthwise", ((2, 19, 6, 5), (19, 1, 3, 3), (19,)), ((1, 2, 3, 3), (2, 1, 3, 3)), padding=1),
    depthwise(
        "depthwise, rows of several blocks",
        ((1, 18, 4, 17), (18, 1, 3, 3), (18,)),
        ((2, 2, 3, 8), (2, 1, 2, 5)),
        padding=1,
    ),
    depthwise("depthwise, wide padding", ((1, 5, 2, 9), (5, 1, 2, 3), (5,)), padding=(3, 4)),
    depthwise("depthwise, dilated", ((1, 3, 9, 12), (3, 1, 3, 3)), dilation=(2, 3), padding=(2, 3)),
    depthwise("depthwise, dilated and strided", ((2, 7, 9, 8), (7, 1, 3, 2), (7,)), stride=(2, 1), dilation=2),
    rows("conv1d", ((2, 6, 11), (4, 3, 3), (4,)), ((1, 2, 5), (2, 1, 5)), stride=2, padding=2),
    rows("conv1d same", ((2, 2, 9), (4, 1, 4), (4,)), padding="same", dilation=2),
]
test_op = run_cases(CASES)


def float32(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def channels_last(x: np.ndarray) -> Any:
    return dl.tensor(np.ascontiguousarray(x.transpose(0, 2, 3, 1))).permute(0, 3, 1, 2)


def all_of(x: Any, w: Any, b: Any, **kw: Any) -> list[Any]:
    """The result and its three gradients, as Tensors."""
    leaves = [dl.Tensor(t.array, requires_grad=True) for t in (x, w, b)]
    y = F.conv2d(*leaves, **kw)
    y.backward(dl.tensor(float32(*y.shape, seed=9)))
    return [y.detach(), *(t.grad for t in leaves)]


def test_layouts_and_the_one_copy() -> None:
    x, w = float32(2, 5, 6, 7), float32(4, 5, 3, 3, seed=1)
    before = _C.layout_copies()
    y = F.conv2d(channels_last(x), channels_last(w), padding=1)
    assert y.array.is_channels_last and _C.layout_copies() == before
    z = F.conv2d(dl.tensor(x), dl.tensor(w), padding=1)
    assert z.array.is_channels_last and _C.layout_copies() == before + 1
    assert y.numpy().tobytes() == z.numpy().tobytes()


def test_a_slice_of_channels_is_read_in_place() -> None:
    x, w = float32(2, 9, 6, 7), float32(4, 5, 3, 3, seed=1)
    part = channels_last(x)[:, 2:7]
    before = _C.layout_copies()
    y = F.conv2d(part, dl.tensor(w), padding=1)
    assert _C.layout_copies() == before
    expected = conv2d_oracle(x[:, 2:7].astype(np.float64), w.astype(np.float64), padding=1)
    np.testing.assert_allclose(y.numpy(), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("w_layout", [dl.tensor, channels_last])
def test_gradients_come_in_their_operand_s_layout(w_layout: Any) -> None:
    x, w, b = channels_last(float32(2, 5, 6, 7)), w_layout(float32(4, 5, 3, 3)), dl.tensor(float32(4))
    _, dx, dw, _ = all_of(x, w, b, padding=1)
    assert dx.array.is_channels_last and dw.stride() == w.stride()


@pytest.mark.parametrize(
    ("x", "w", "kw"),
    [
        ((4, 16, 28, 28), (24, 16, 3, 3), {"padding": 1}),
        ((8, 1, 28, 28), (8, 1, 3, 3), {"padding": 1, "stride": 2}),
        ((64, 3, 16, 16), (4, 3, 3, 3), {}),  # a long sum over pixels: dw is split
        ((9, 3, 70, 66), (64, 3, 7, 7), {"padding": 3, "stride": 2}),  # several tasks an image
        ((64, 5, 16, 16), (4, 5, 3, 3), {}),
        ((2, 32, 20, 20), (32, 1, 3, 3), {"padding": 1, "groups": 32}),
        ((9, 40, 30, 20), (40, 1, 5, 3), {"padding": 2, "groups": 40}),
    ],
)
def test_same_bits_at_any_number_of_threads(isa: str, x: Any, w: Any, kw: dict[str, Any]) -> None:
    args = channels_last(float32(*x)), channels_last(float32(*w, seed=1)), dl.tensor(float32(w[0], seed=2))
    results = []
    for count in (1, 2, 3, 4, 7):
        with threads(count):
            results.append(b"".join(y.numpy().tobytes() for y in all_of(*args, **kw)))
    assert len(set(results)) == 1


def test_one_image_without_its_batch() -> None:
    x, w = float32(3, 6, 7), float32(4, 3, 3, 3)
    assert F.conv2d(dl.tensor(x), dl.tensor(w)).shape == (4, 4, 5)
    assert F.conv1d(dl.ones(3, 7), dl.ones(4, 3, 3)).shape == (4, 5)
    with pytest.raises(dl.ShapeError, match="conv1d: needs x"):
        F.conv1d(dl.ones(1, 3, 6, 7), dl.ones(4, 3, 3))


def test_gradients_that_nothing_needs_are_not_computed() -> None:
    x, w = dl.tensor(float32(1, 3, 6, 7)), dl.tensor(float32(4, 3, 3, 3), requires_grad=True)
    y = F.conv2d(x, w)
    assert y.node.rule(y.array, y.node)[0] is None


@pytest.mark.parametrize(
    ("x", "w", "kw", "message"),
    [
        (
            (8, 32, 28, 28),
            (128, 64, 3, 3),
            {},
            r"w expects 64 input channels \(groups=1\) but x has 32; x=\(8,32,28,28\)",
        ),
        ((1, 3, 2, 2), (4, 3, 3, 3), {}, "does not fit"),
        ((1, 4, 5, 5), (4, 1, 3, 3), {"groups": 3}, "groups=3 must divide"),
        ((5, 5), (4, 1, 3, 3), {}, "needs x"),
    ],
)
def test_shape_errors_say_what_is_wrong(x: Any, w: Any, kw: dict[str, Any], message: str) -> None:
    with pytest.raises(dl.ShapeError, match=message):
        F.conv2d(dl.tensor(float32(*x)), dl.tensor(float32(*w)), **kw)


@pytest.mark.parametrize(
    "kw", [{"stride": 0}, {"dilation": 0}, {"padding": -1}, {"padding": "full"}, {"stride": (1, 2, 3)}]
)
def test_values_that_make_no_sense(kw: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="conv2d"):
        F.conv2d(dl.tensor(float32(1, 3, 6, 6)), dl.tensor(float32(2, 3, 3, 3)), **kw)


def test_a_bias_of_the_wrong_size() -> None:
    with pytest.raises(dl.ShapeError, match=r"bias must be \(K,\)=\(2,\), got \(3,\)"):
        F.conv2d(dl.tensor(float32(1, 3, 6, 6)), dl.tensor(float32(2, 3, 3, 3)), dl.tensor(float32(3)))
