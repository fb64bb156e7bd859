"""Max and average pooling over height and width, by windows of one size or as many as wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import mode, record
from dlcore.ops.operand import array_of

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

    Size = int | tuple[int, int]
    Wanted = int | None | tuple[int | None, int | None]


def _pair(op: str, name: str, value: Size) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    if isinstance(value, list | tuple) and 0 < len(value) <= 2 and all(isinstance(v, int) for v in value):
        return value[0], value[-1]
    raise ValueError(f"{op}: {name} must be an int or two, (rows, columns), got {value!r}")


def max_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """The largest value of each window of a (N, C, H, W) or (C, H, W) tensor, float32 or float64; NaN wins.

    An int stands for (rows, columns) alike; ``stride`` is the kernel's size unless given, padding counts as -inf.
    ``return_indices`` also gives the int64 position h * W + w of each choice in its plane (the first of equal ones).
    The gradient goes to the chosen element. A channels-last input gives a channels-last result. ShapeError where the
    window does not fit, ValueError for sizes that make no window; as in PyTorch, padding is at most half a window.

    >>> import dlcore as dl
    >>> dl.nn.functional.max_pool2d(dl.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2).tolist()
    [[[4.0]]]
    """
    op, x = "max_pool2d", input.array
    kernel = _pair(op, "kernel_size", kernel_size)
    step = _pair(op, "stride", stride) if stride else kernel
    pad, dil = _pair(op, "padding", padding), _pair(op, "dilation", dilation)
    want_taps = return_indices or (mode.recording and input.requires_grad)
    y, taps = _C.max_pool2d_fwd(x, kernel, step, pad, dil, ceil_mode, want_taps)
    saved = () if taps is None else (taps,)
    out = record(y, max_pool2d_backward, (input,), saved, (x.shape, x.strides, kernel, step, pad, dil))
    if not return_indices:
        return out
    return out, type(input)(_C.max_pool2d_indices(taps, x.shape, kernel, step, pad, dil))


def max_pool2d_backward(g, node):
    return (_C.max_pool2d_bwd(g, node.saved[0], *node.attrs),)


def avg_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of a (N, C, H, W) or (C, H, W) tensor, float32 or float64.

    Sizes and errors as `max_pool2d`; padding counts as zeros, or not at all without ``count_include_pad``;
    ``divisor_override`` replaces the number of elements.

    >>> import dlcore as dl
    >>> dl.nn.functional.avg_pool2d(dl.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2).tolist()
    [[[2.5]]]
    """
    op, x = "avg_pool2d", input.array
    kernel = _pair(op, "kernel_size", kernel_size)
    step = _pair(op, "stride", stride) if stride else kernel
    pad = _pair(op, "padding", padding)
    if divisor_override == 0:
        raise ValueError("avg_pool2d: divisor_override must not be 0")
    divisor = divisor_override or 0
    y = _C.avg_pool2d_fwd(x, kernel, step, pad, ceil_mode, count_include_pad, divisor)
    attrs = (x.shape, x.strides, kernel, step, pad, count_include_pad, divisor)
    return record(y, avg_pool2d_backward, (input,), (), attrs)


def avg_pool2d_backward(g, node):
    return (_C.avg_pool2d_bwd(g, *node.attrs),)


def adaptive_avg_pool2d(input: Tensor, output_size: Wanted) -> Tensor:
    """Means over windows that split height and width evenly into ``output_size``; None keeps the input's size.

    Output p of P averages rows floor(p H / P) to ceil((p + 1) H / P), as in PyTorch. ``input`` as in `max_pool2d`.

    >>> import dlcore as dl
    >>> dl.nn.functional.adaptive_avg_pool2d(dl.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 1).tolist()
    [[[2.5]]]
    """
    x = array_of(input)
    height, width = _wanted("adaptive_avg_pool2d", x, output_size)
    y = _C.adaptive_avg_pool2d_fwd(x, height, width)
    return record(y, adaptive_avg_pool2d_backward, (input,), (), (x.shape, x.strides))


def adaptive_avg_pool2d_backward(g, node):
    return (_C.adaptive_avg_pool2d_bwd(g, *node.attrs),)


def adaptive_max_pool2d(
    input: Tensor, output_size: Wanted, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """The largest value of each of `adaptive_avg_pool2d`'s windows; ties, NaN and ``return_indices`` as `max_pool2d`.

    >>> import dlcore as dl
    >>> dl.nn.functional.adaptive_max_pool2d(dl.tensor([[[1.0, 2.0, 5.0], [3.0, 4.0, 0.0]]]), (1, 2)).tolist()
    [[[4.0, 5.0]]]
    """
    x = array_of(input)
    height, width = _wanted("adaptive_max_pool2d", x, output_size)
    want_taps = return_indices or (mode.recording and input.requires_grad)
    y, taps = _C.adaptive_max_pool2d_fwd(x, height, width, want_taps)
    saved = () if taps is None else (taps,)
    out = record(y, adaptive_max_pool2d_backward, (input,), saved, (x.shape, x.strides))
    return (out, type(input)(_C.adaptive_max_pool2d_indices(taps, x.shape))) if return_indices else out


def adaptive_max_pool2d_backward(g, node):
    return (_C.adaptive_max_pool2d_bwd(g, node.saved[0], *node.attrs),)


def _wanted(op: str, x: Any, output_size: Wanted) -> tuple[int, int]:
    """output_size as rows and columns, with x's own for None."""
    wanted = list(output_size) if isinstance(output_size, list | tuple) else [output_size, output_size]
    kept = x.shape[-2:] if x.ndim > 1 else (1, 1)  # too few dimensions: the call that follows says so
    size: Any = [k if v is None else v for v, k in zip(wanted, kept, strict=False)]
    return _pair(op, "output_size", size)
