"""Convolution in two dimensions, and in one as images of height 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import activation, shape
from dlcore.ops.operand import array_of
from dlcore.precision import in_halves, lowered, state

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

Size = int | tuple[int, ...]


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of images (N, C, H, W) or (C, H, W) with weight (K, C/groups, R, S): (N, K, P, Q).

    P = (H + 2 padding - dilation (R - 1) - 1) // stride + 1, Q likewise; `bias` is (K,) or None. `padding` is an int, a
    pair (h, w), "valid" (none) or "same" (P = H and Q = W; stride 1). float32, float64 or bfloat16, all the same.
    The result is channels-last in memory, whatever the input's layout. Zeros around the image are multiplied or left
    out, as is faster: what a weight that is not finite makes of them is not defined. Raises ShapeError where channels,
    groups or sizes do not fit.

    >>> import dlcore as dl
    >>> x, w = dl.ones((1, 1, 3, 3)), dl.ones((1, 1, 2, 2))
    >>> dl.nn.functional.conv2d(x, w).tolist()
    [[[[4.0, 4.0], [4.0, 4.0]]]]
    """
    if input.ndim == 3 and weight.ndim == 4:
        return shape.squeeze(conv2d(shape.unsqueeze(input, 0), weight, bias, stride, padding, dilation, groups), 0)
    if state.halves:
        return in_halves(conv2d, input, weight, bias, stride, padding, dilation, groups)
    input, saved, attrs = _prepared(input, weight, stride, padding, dilation, groups)
    y = _C.conv2d_fwd(saved[0], saved[1], bias, *attrs)
    return record(y, conv2d_backward, (input, weight) if bias is None else (input, weight, bias), saved, attrs)


def conv2d_relu(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Size | str,
    dilation: Size,
    groups: int,
) -> Tensor:
    """``relu(conv2d(…))`` of images (N, C, H, W), to the bit, in one pass; see nn/chain.py."""
    if state.halves:
        return activation.relu(conv2d(input, weight, bias, stride, padding, dilation, groups))
    input, saved, attrs = _prepared(input, weight, stride, padding, dilation, groups)
    y = _C.conv2d_fwd(saved[0], saved[1], bias, *attrs, True)
    inputs = (input, weight) if bias is None else (input, weight, bias)
    return record(y, conv2d_relu_backward, inputs, (y, *saved), attrs)


def _prepared(
    input: Tensor, weight: Tensor, stride: Size, padding: Size | str, dilation: Size, groups: int
) -> tuple[Tensor, tuple, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], int]]:
    """The input, what a rule saves (x, w and perhaps a float32 w behind them), and the kernels' attributes."""
    saved: tuple = (array_of(input), array_of(weight))
    if state.on:
        input, saved = lowered(input, weight)
    stride, dilation = pair("stride", stride), pair("dilation", dilation)
    return input, saved, (stride, pad_sizes(padding, saved[1].shape, stride, dilation), dilation, groups)


def conv2d_backward(g, node):
    return _gradients(g, node, *node.saved)


def conv2d_relu_backward(g, node):
    y, *saved = node.saved
    return _gradients(_C.relu_bwd(g, y), node, *saved)


def _gradients(g, node, x, w, *master):
    need = node.inputs
    dx = None if need[0] is None else _C.conv2d_bwd_x(g, w, x.shape, *node.attrs)
    dw = None if need[1] is None else _C.conv2d_bwd_w(g, x, master[0] if master else w, *node.attrs)
    if len(need) == 2:
        return dx, dw
    return dx, dw, None if need[2] is None else _C.conv2d_bwd_b(g, bool(master))


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of rows (N, C, L) or (C, L) with weight (K, C/groups, S): (N, K, Q), as `conv2d` of height 1.

    Q = (L + 2 padding - dilation (S - 1) - 1) // stride + 1; `bias`, "same", "valid", dtypes and errors as `conv2d`,
    whose messages show the rows as images of height 1. The result's channels lie side by side in memory.

    >>> import dlcore as dl
    >>> x, w = dl.tensor([[[1.0, 2.0, 4.0]]]), dl.tensor([[[-1.0, 1.0]]])
    >>> dl.nn.functional.conv1d(x, w).tolist()
    [[[1.0, 2.0]]]
    """
    x, w = as_rows("conv1d", input, weight)
    sides = padding if isinstance(padding, str) else (0, single("padding", padding, "conv1d"))
    step, gap = (single(name, v, "conv1d") for name, v in (("stride", stride), ("dilation", dilation)))
    return shape.squeeze(conv2d(x, w, bias, (1, step), sides, (1, gap), groups), -2)


def as_rows(op: str, input: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and their weight as images and filters of height 1."""
    if input.ndim not in (2, 3) or weight.ndim != 3:
        raise _C.ShapeError(
            f"{op}: needs x (N, C, L) or (C, L) and a weight of 3 dimensions; x={input.shape} w={weight.shape}"
        )
    return shape.unsqueeze(input, -2), shape.unsqueeze(weight, -2)


def single(name: str, value: Size, op: str) -> int:
    """An int, or the one in a tuple."""
    if isinstance(value, int):
        return value
    if len(value) != 1:
        raise ValueError(f"{op}: {name} must be one int, got {value!r}")
    return value[0]


def pair(name: str, value: Size, op: str = "conv2d") -> tuple[int, int]:
    """An int twice, or the two ints themselves; a single one in a tuple counts twice, as in PyTorch."""
    if isinstance(value, int):
        return value, value
    if not isinstance(value, tuple | list) or len(value) not in (1, 2):
        raise ValueError(f"{op}: {name} must be an int or a pair (h, w), got {value!r}")
    return value[0], value[-1]


def pad_sizes(
    padding: Size | str, w: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int]
) -> tuple[int, int, int, int]:
    """(top, left, bottom, right). An odd total of "same" puts the larger half at the bottom and right, as PyTorch."""
    if not isinstance(padding, str):
        h, v = pair("padding", padding)
        return h, v, h, v
    if padding == "valid":
        return 0, 0, 0, 0
    if padding != "same":
        raise ValueError(f'conv2d: padding must be ints, "same" or "valid", got {padding!r}')
    if stride != (1, 1):
        raise ValueError(f'conv2d: padding="same" needs stride 1, got {stride}; give the padding as numbers')
    totals = [d * (k - 1) for d, k in zip(dilation, w[2:], strict=True)]
    top, left = totals[0] // 2, totals[1] // 2
    return top, left, totals[0] - top, totals[1] - left
