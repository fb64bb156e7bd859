"""Pooling along rows (N, C, L) or (C, L): images of height 1, whose layouts, gradients and errors are pool2d's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.ops import pool2d, shape
from dlcore.ops.conv2d import Size, single

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def max_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """The largest value of each window of rows (N, C, L) or (C, L); as `max_pool2d`.

    >>> import dlcore as dl
    >>> dl.nn.functional.max_pool1d(dl.tensor([[1.0, 3.0, 2.0, 0.0]]), 2).tolist()
    [[3.0, 2.0]]
    """
    op, x = "max_pool1d", _rows("max_pool1d", input)
    k, s, p = _window(op, kernel_size, stride, padding)
    return _flat(pool2d.max_pool2d(x, k, s, p, (1, single("dilation", dilation, op)), ceil_mode, return_indices))


def avg_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of rows (N, C, L) or (C, L); as `avg_pool2d`.

    >>> import dlcore as dl
    >>> dl.nn.functional.avg_pool1d(dl.tensor([[1.0, 3.0, 2.0, 0.0]]), 2).tolist()
    [[2.0, 1.0]]
    """
    x = _rows("avg_pool1d", input)
    k, s, p = _window("avg_pool1d", kernel_size, stride, padding)
    return shape.squeeze(pool2d.avg_pool2d(x, k, s, p, ceil_mode, count_include_pad), -2)


def adaptive_avg_pool1d(input: Tensor, output_size: Size) -> Tensor:
    """Means over `output_size` windows that split rows (N, C, L) or (C, L) evenly.

    >>> import dlcore as dl
    >>> dl.nn.functional.adaptive_avg_pool1d(dl.tensor([[1.0, 3.0, 2.0]]), 1).tolist()
    [[2.0]]
    """
    x = _rows("adaptive_avg_pool1d", input)
    return shape.squeeze(
        pool2d.adaptive_avg_pool2d(x, (1, single("output_size", output_size, "adaptive_avg_pool1d"))), -2
    )


def adaptive_max_pool1d(
    input: Tensor, output_size: Size, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """The largest values of `output_size` windows that split rows (N, C, L) or (C, L) evenly.

    >>> import dlcore as dl
    >>> dl.nn.functional.adaptive_max_pool1d(dl.tensor([[1.0, 3.0, 2.0]]), 2).tolist()
    [[3.0, 3.0]]
    """
    x, size = _rows("adaptive_max_pool1d", input), single("output_size", output_size, "adaptive_max_pool1d")
    return _flat(pool2d.adaptive_max_pool2d(x, (1, size), return_indices))


def _rows(op: str, input: Tensor) -> Tensor:
    if input.ndim not in (2, 3):
        raise _C.ShapeError(f"{op}: needs rows (N, C, L) or (C, L), got x={input.shape}")
    return shape.unsqueeze(input, -2)


def _window(op: str, kernel: Size, stride: Size | None, padding: Size) -> Any:
    """Kernel, stride and padding as those of an image."""
    k = single("kernel_size", kernel, op)
    s = single("stride", stride, op) if stride else k
    return (1, k), (1, s), (0, single("padding", padding, op))


def _flat(y: Any) -> Any:
    return tuple(shape.squeeze(v, -2) for v in y) if isinstance(y, tuple) else shape.squeeze(y, -2)
