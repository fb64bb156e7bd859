"""Transposed convolution: the map whose gradient is a convolution. Runs conv2d's kernels with the roles exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import shape
from dlcore.ops.conv2d import Size, as_rows, pair, single
from dlcore.ops.operand import array_of
from dlcore.ops.pad import pad_constant
from dlcore.precision import low, state

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """The transpose of `conv2d`: x (N, C, H, W) or (C, H, W), weight (C, K/groups, R, S), bias (K,): (N, K, P, Q).

    Each input pixel adds its value times the kernel to the output; `padding` rows are cut off every side, and
    `output_padding`, less than stride or dilation, adds rows at the bottom and right: P = (H - 1) stride - 2 padding +
    dilation (R - 1) + output_padding + 1, Q likewise. float32 or float64, all the same; the result is channels-last in
    memory. ShapeError where channels, groups or sizes do not fit. (Zeiler et al., "Deconvolutional Networks", 2010;
    Dumoulin & Visin, "A guide to convolution arithmetic", chapter 4.)

    >>> import dlcore as dl
    >>> x, w = dl.tensor([[[[1.0, 2.0]]]]), dl.ones((1, 1, 1, 2))
    >>> dl.nn.functional.conv_transpose2d(x, w, stride=(1, 2)).tolist()
    [[[[1.0, 1.0, 2.0, 2.0]]]]
    """
    if state.on and not state.halves:
        input, weight, bias = low(input), low(weight), None if bias is None else low(bias)
    x, w = array_of(input), array_of(weight)
    if x.ndim == 3 and w.ndim == 4:
        batch = shape.unsqueeze(input, 0)
        batch = conv_transpose2d(batch, weight, bias, stride, padding, output_padding, groups, dilation)
        return shape.squeeze(batch, 0)
    attrs, extra = _geometry(x, w, stride, padding, output_padding, groups, dilation)
    out, conv = attrs
    y = _C.conv2d_bwd_x(x, w, out, *conv)
    if any(extra):
        y = pad_constant(y, [(3, 0, extra[1]), (2, 0, extra[0])], 0)
    saved = (x, w)
    if bias is None:
        return record(y, conv_transpose2d_backward, (input, weight), saved, attrs)
    b = bias.array
    if b.shape != (out[1],) or b.dtype != x.dtype:
        raise _C.ShapeError(
            f"conv_transpose2d: bias must be (K,)=({out[1]},) {x.dtype}, got {b.shape} {b.dtype}; w={w.shape}"
        )
    _C.add_into(y, b.view((1, out[1], 1, 1)))
    return record(y, conv_transpose2d_backward, (input, weight, bias), saved, attrs)


def conv_transpose2d_backward(g, node):
    x, w = node.saved
    out, conv = node.attrs
    need = node.inputs
    inside = g.slice(2, 0, out[2], 1).slice(3, 0, out[3], 1)
    dx = None if need[0] is None else _C.conv2d_fwd(inside, w, None, *conv)
    dw = None if need[1] is None else _C.conv2d_bwd_w(x, inside, w, *conv)
    if len(need) == 2:
        return dx, dw
    return dx, dw, None if need[2] is None else _C.conv2d_bwd_b(g, False)


def _geometry(x: Any, w: Any, stride: Size, padding: Size, output_padding: Size, groups: int, dilation: Size) -> Any:
    """((the shape that is a convolution's input, that convolution's arguments), rows and columns of zeros beyond)."""
    op = "conv_transpose2d"
    if x.ndim != 4 or w.ndim != 4:
        raise _C.ShapeError(f"{op}: needs x (N, C, H, W) and w (C, K/groups, R, S); x={x.shape} w={w.shape}")
    if w.shape[0] != x.shape[1]:
        raise _C.ShapeError(f"{op}: w expects {w.shape[0]} input channels but x has {x.shape[1]}; {_both(x, w)}")
    if groups < 1 or w.shape[0] % groups:
        raise _C.ShapeError(f"{op}: groups={groups} must divide the {w.shape[0]} input channels; {_both(x, w)}")
    steps, cut, more = (pair(name, v, op) for name, v in _named(stride, padding, output_padding))
    gaps = pair("dilation", dilation, op)
    sizes, last, extra = [], [], []
    for d in (0, 1):
        if steps[d] < 1 or gaps[d] < 1 or cut[d] < 0:
            raise ValueError(
                f"{op}: stride and dilation must be positive, padding not negative; stride={steps} dilation={gaps} "
                f"padding={cut}"
            )
        if not 0 <= more[d] < max(steps[d], gaps[d]):
            raise ValueError(
                f"{op}: output_padding must be less than stride or dilation; output_padding={more} stride={steps} "
                f"dilation={gaps}"
            )
        # The convolution back reads `out` rows in steps: what its last step leaves over must be less than a step.
        uncut = min(more[d], cut[d])
        beyond = more[d] - uncut if more[d] - uncut >= steps[d] else 0
        full = (x.shape[2 + d] - 1) * steps[d] + gaps[d] * (w.shape[2 + d] - 1) + 1
        sizes.append(full - 2 * cut[d] + more[d] - beyond)
        last.append(cut[d] - uncut)
        extra.append(beyond)
    if 0 in x.shape[1:] or 0 in w.shape[1:] or min(sizes) < 1:
        raise _C.ShapeError(
            f"{op}: only the batch may be empty, and padding {cut} must leave something of the output "
            f"{tuple(sizes)}; {_both(x, w)}"
        )
    out = (x.shape[0], w.shape[1] * groups, *sizes)
    return (out, (steps, (*cut, *last), gaps, groups)), extra


def _named(stride: Any, padding: Any, output_padding: Any) -> tuple[tuple[str, Any], ...]:
    return ("stride", stride), ("padding", padding), ("output_padding", output_padding)


def _both(x: Any, w: Any) -> str:
    return f"x={x.shape} w={w.shape}"


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """`conv_transpose2d` of rows: x (N, C, L) or (C, L), weight (C, K/groups, S), bias (K,): (N, K, Q).

    Its errors speak of an image of height 1.

    >>> import dlcore as dl
    >>> x, w = dl.tensor([[[1.0, 2.0]]]), dl.ones((1, 1, 3))
    >>> dl.nn.functional.conv_transpose1d(x, w).tolist()
    [[[1.0, 3.0, 3.0, 2.0]]]
    """
    op = "conv_transpose1d"
    x, w = as_rows(op, input, weight)
    step, cut, more = (single(name, v, op) for name, v in _named(stride, padding, output_padding))
    gap = single("dilation", dilation, op)
    return shape.squeeze(conv_transpose2d(x, w, bias, (1, step), (0, cut), (0, more), groups, (1, gap)), -2)
