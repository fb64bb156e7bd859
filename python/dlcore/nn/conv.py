"""Convolution layers."""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import dlcore.nn.functional as F
from dlcore import _C, creation
from dlcore.nn import init
from dlcore.nn.checks import whole
from dlcore.nn.module import Module
from dlcore.nn.parameter import Parameter
from dlcore.ops.conv2d import conv2d_relu
from dlcore.tensor import Tensor

Size = int | tuple[int, ...]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Conv(Module):
    """What the convolutions share: settings, and a weight and bias uniform in ±1/√(channels/groups · taps).

    The weight is channels-last in memory, as everything the convolution makes; its shape is the usual one.
    """

    dims = 2
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size,
        padding: Size | str,
        output_padding: Size,
        dilation: Size,
        groups: int,
        bias: bool,
        padding_mode: str,
    ):
        super().__init__()
        name = type(self).__name__
        whole(
            self, 0, in_channels=in_channels, out_channels=out_channels, padding=padding, output_padding=output_padding
        )
        whole(self, 1, kernel_size=kernel_size, stride=stride, dilation=dilation, groups=groups)
        if isinstance(kernel_size, str):
            raise TypeError(f"{name}: kernel_size must be an int, got {kernel_size!r}")
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: groups={groups} must divide in_channels={in_channels} and out_channels={out_channels}"
            )
        modes = _PADDING_MODES[:1] if self.transposed else _PADDING_MODES
        if padding_mode not in modes:
            raise ValueError(f"{name}: padding_mode must be one of {modes}, got {padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = (self._sizes(v) for v in (kernel_size, stride, dilation))
        self.padding = padding if isinstance(padding, str) else self._sizes(padding)
        self.output_padding, self.padding_mode = self._sizes(output_padding), padding_mode
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        c, taps = second // groups, prod(self.kernel_size)
        inner = tuple(c * prod(self.kernel_size[d + 1 :]) for d in range(self.dims))
        shape, strides = (first, c, *self.kernel_size), (c * taps, 1, *inner)
        self.weight = Parameter(Tensor(_C.empty_strided(shape, strides, _C.DType.float32)))
        bound = 1 / sqrt(c * taps) if c * taps else 0
        init.uniform_(self.weight, -bound, bound)
        if bias:
            self.bias = Parameter(creation.empty(out_channels))
            init.uniform_(self.bias, -bound, bound)
        else:
            self.register_parameter("bias", None)

    def _sizes(self, v: Size) -> tuple[int, ...]:
        return (v,) * self.dims if isinstance(v, int) else tuple(v)

    def _padded(self, x: Tensor) -> tuple[Tensor, Size | str]:
        """x, and the padding that is left for the convolution: none, where the border is not zeros."""
        if self.padding_mode == "zeros":
            return x, self.padding
        sides: list[int] = []
        for d in reversed(range(self.dims)):
            if isinstance(self.padding, str):
                total = self.dilation[d] * (self.kernel_size[d] - 1) if self.padding == "same" else 0
                sides += [total // 2, total - total // 2]
            else:
                sides += [self.padding[d]] * 2
        return F.pad(x, sides, self.padding_mode), (0,) * self.dims

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        defaults = {"padding": 0, "output_padding": 0, "dilation": 1}
        parts += [f"{n}={getattr(self, n)}" for n, v in defaults.items() if getattr(self, n) != (v,) * self.dims]
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class Conv2d(_Conv):
    """Cross-correlation of x (N, in_channels, H, W) with weight (out_channels, in_channels/groups, kH, kW).

    Weight and bias start uniform in ±1/√(in_channels/groups·kH·kW), as in PyTorch. ``padding_mode`` is "zeros",
    "reflect", "replicate" or "circular".

    >>> import dlcore as dl
    >>> dl.nn.Conv2d(1, 8, 3, stride=2, padding=1)(dl.zeros(4, 1, 28, 28)).shape
    (4, 8, 14, 14)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ):
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, 0, dilation, groups, bias, padding_mode
        )

    def forward(self, x: Tensor) -> Tensor:
        x, padding = self._padded(x)
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def forward_relu(self, x: Tensor) -> Tensor:
        """``relu(self(x))`` of (N, C, H, W) in one pass; see nn/chain.py."""
        x, padding = self._padded(x)
        return conv2d_relu(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_Conv):
    """Cross-correlation of x (N, in_channels, L) with weight (out_channels, in_channels/groups, k); as `Conv2d`.

    >>> import dlcore as dl
    >>> dl.nn.Conv1d(3, 8, 5, padding="same")(dl.zeros(4, 3, 50)).shape
    (4, 8, 50)
    """

    dims = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ):
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, 0, dilation, groups, bias, padding_mode
        )

    def forward(self, x: Tensor) -> Tensor:
        x, padding = self._padded(x)
        return F.conv1d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class ConvTranspose2d(_Conv):
    """The transpose of a convolution: x (N, in_channels, H, W), weight (in_channels, out_channels/groups, kH, kW).

    See `functional.conv_transpose2d` for sizes. Called with ``output_size``, (P, Q) or the result's whole shape, it
    chooses ``output_padding`` to reach it. Weight and bias start uniform in ±1/√(out_channels/groups·kH·kW).

    >>> import dlcore as dl
    >>> up = dl.nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1)
    >>> up(dl.zeros(1, 8, 7, 7)).shape, up(dl.zeros(1, 8, 7, 7), (14, 14)).shape
    ((1, 4, 13, 13), (1, 4, 14, 14))
    """

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
    ):
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            output_padding,
            dilation,
            groups,
            bias,
            padding_mode,
        )

    def _output_padding(self, x: Tensor, output_size: tuple[int, ...] | list[int] | None) -> Size:
        if output_size is None:
            return self.output_padding
        wanted, low, high = tuple(output_size)[-self.dims :], [], []
        for d in range(self.dims):
            reach = self.dilation[d] * (self.kernel_size[d] - 1) + 1
            low.append((x.shape[d - self.dims] - 1) * self.stride[d] - 2 * int(self.padding[d]) + reach)
            high.append(low[d] + max(self.stride[d], self.dilation[d]) - 1)
        if len(wanted) != self.dims or not all(a <= n <= b for a, n, b in zip(low, wanted, high, strict=True)):
            raise _C.ShapeError(
                f"{type(self).__name__}: output_size must be between {tuple(low)} and {tuple(high)}, got "
                f"{tuple(output_size)}; x={x.shape}"
            )
        return tuple(n - a for n, a in zip(wanted, low, strict=True))

    def forward(self, x: Tensor, output_size: tuple[int, ...] | list[int] | None = None) -> Tensor:
        more = self._output_padding(x, output_size)
        op: Any = F.conv_transpose2d if self.dims == 2 else F.conv_transpose1d
        return op(x, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)


class ConvTranspose1d(ConvTranspose2d):
    """The transpose of a convolution of rows: x (N, in_channels, L), weight (in_channels, out_channels/groups, k).

    >>> import dlcore as dl
    >>> dl.nn.ConvTranspose1d(8, 4, 4, stride=2, padding=1)(dl.zeros(1, 8, 10)).shape
    (1, 4, 20)
    """

    dims = 1
