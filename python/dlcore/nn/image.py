"""Layers without parameters that move pixels: borders, shuffles, patches, other sizes."""

from __future__ import annotations

import dlcore.nn.functional as F
from dlcore.nn.module import Module
from dlcore.tensor import Tensor

Size = int | tuple[int, ...]


class PixelShuffle(Module):
    """(…, C r², H, W) as (…, C, H r, W r): see `functional.pixel_shuffle`."""

    def __init__(self, upscale_factor: int):
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(x, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """(…, C, H r, W r) as (…, C r², H, W): the inverse of `PixelShuffle`."""

    def __init__(self, downscale_factor: int):
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_unshuffle(x, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class Unfold(Module):
    """The windows of an image as columns: (N, C, H, W) gives (N, C R S, L)."""

    def __init__(self, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1):
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, x: Tensor) -> Tensor:
        return F.unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """Columns added up into an image of `output_size`: (N, C R S, L) gives (N, C, H, W)."""

    def __init__(self, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1):
        super().__init__()
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, x: Tensor) -> Tensor:
        return F.fold(x, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )


class _Pad(Module):
    """A border around the last `dims` dimensions: one number, or (left, right[, top, bottom]) elements."""

    dims = 2
    mode = "constant"
    value: float | None = None

    def __init__(self, padding: int | tuple[int, ...]):
        super().__init__()
        sides = (padding,) * (2 * self.dims) if isinstance(padding, int) else tuple(padding)
        if len(sides) != 2 * self.dims:
            raise ValueError(f"{type(self).__name__}: padding must be one number or {2 * self.dims}, got {padding!r}")
        self.padding = sides

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}" + ("" if not self.value else f", value={self.value}")


class ZeroPad2d(_Pad):
    """Zeros around height and width."""


class ZeroPad1d(_Pad):
    """Zeros before and after the last dimension."""

    dims = 1


class ConstantPad2d(_Pad):
    """`value` around height and width."""

    def __init__(self, padding: int | tuple[int, ...], value: float):
        super().__init__(padding)
        self.value = value


class ConstantPad1d(ConstantPad2d):
    """`value` before and after the last dimension."""

    dims = 1


class ReflectionPad2d(_Pad):
    """The image mirrored around its edges, which are not repeated."""

    mode = "reflect"


class ReflectionPad1d(ReflectionPad2d):
    """The last dimension mirrored around its ends."""

    dims = 1


class ReplicationPad2d(_Pad):
    """The edge repeated outwards."""

    mode = "replicate"


class ReplicationPad1d(ReplicationPad2d):
    """The last dimension's ends repeated."""

    dims = 1


class CircularPad2d(_Pad):
    """What lies at the opposite side."""

    mode = "circular"


class CircularPad1d(CircularPad2d):
    """What lies at the other end."""

    dims = 1


class Upsample(Module):
    """Images or rows in another size, as `functional.interpolate`."""

    def __init__(
        self,
        size: Size | None = None,
        scale_factor: float | tuple[float, ...] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ):
        super().__init__()
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        self.align_corners, self.recompute_scale_factor = align_corners, recompute_scale_factor

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(
            x, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        how = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{how}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """`Upsample` by nearest pixels."""

    def __init__(self, size: Size | None = None, scale_factor: float | tuple[float, ...] | None = None):
        super().__init__(size, scale_factor)


class UpsamplingBilinear2d(Upsample):
    """`Upsample` by bilinear weights with aligned corners."""

    def __init__(self, size: Size | None = None, scale_factor: float | tuple[float, ...] | None = None):
        super().__init__(size, scale_factor, "bilinear", True)
