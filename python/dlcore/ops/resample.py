"""Images and rows in another size."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import shape
from dlcore.ops.operand import array_of
from dlcore.ops.pool2d import adaptive_avg_pool2d
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

# Each mode's number in resample.h, and for which dimensions it is; "area" is a pool.
_MODES = {"nearest": (0, (3, 4)), "nearest-exact": (1, (3, 4)), "linear": (2, (3,)), "bilinear": (2, (4,))}


@in_float32
def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Images (N, C, H, W), or rows (N, C, L), in another size: `size`, or their own times `scale_factor`, rounded down.

    ``mode``: "nearest" (PyTorch's, pixel floor(o · in / out)), "nearest-exact" (floor((o + 0.5) · in / out), as other
    libraries), "bilinear" for images and "linear" for rows, "area" (`adaptive_avg_pool2d`). float32 or float64; the
    nearest modes also uint8. With ``align_corners`` the centres of the outer pixels keep their place, without it the
    outer edges do. A given ``scale_factor`` is the scale between the grids, unless ``recompute_scale_factor`` takes it
    from the sizes. A channels-last image gives a channels-last one. ValueError for arguments that do not go together,
    ShapeError for sizes. Not here: "bicubic", "trilinear" and ``antialias``.

    >>> import dlcore as dl
    >>> F, x = dl.nn.functional, dl.tensor([[[1.0, 3.0]]])
    >>> F.interpolate(x, scale_factor=2).tolist(), F.interpolate(x, 4, mode="linear").tolist()
    ([[[1.0, 1.0, 3.0, 3.0]]], [[[1.0, 1.5, 2.5, 3.0]]])
    """
    x = array_of(input)
    if antialias:
        raise ValueError("interpolate: antialias=True is not supported; average first with avg_pool2d or mode='area'")
    if mode != "area" and x.ndim not in _MODES.get(mode, (0, ()))[1]:
        raise ValueError(
            f'interpolate: mode must be "nearest", "nearest-exact", "area", "linear" for rows (N, C, L) or "bilinear" '
            f"for images (N, C, H, W); got {mode!r} and x={x.shape}"
        )
    if x.ndim not in (3, 4):
        raise _C.ShapeError(f"interpolate: needs images (N, C, H, W) or rows (N, C, L), got x={x.shape}")
    if align_corners is not None and "linear" not in mode:
        raise ValueError(f'interpolate: align_corners goes with "linear" and "bilinear" alone, got mode={mode!r}')
    sizes, scales = _sizes(x, size, scale_factor, recompute_scale_factor)
    if x.ndim == 3:
        image = _resized(shape.unsqueeze(input, -2), (1, *sizes), (0.0, *scales), mode, bool(align_corners))
        return shape.squeeze(image, -2)
    return _resized(input, sizes, scales, mode, bool(align_corners))


def _sizes(x: Any, size: Any, scale_factor: Any, recompute: bool | None) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The output's sizes, and the scales between the grids: 0 where the sizes tell them."""
    n = x.ndim - 2
    if (size is None) == (scale_factor is None):
        raise ValueError(f"interpolate: give either size or scale_factor; got {size} and {scale_factor}")
    given = scale_factor if size is None else size
    values = tuple(given) if isinstance(given, list | tuple) else (given,) * n
    if len(values) != n:
        raise ValueError(f"interpolate: size or scale_factor needs one number or {n} for x={x.shape}, got {given}")
    if size is not None:
        if recompute:
            raise ValueError("interpolate: recompute_scale_factor=True goes with scale_factor, got size")
        return tuple(int(v) for v in values), (0.0,) * n
    sizes = tuple(floor(x.shape[2 + d] * float(v)) for d, v in enumerate(values))
    return sizes, (0.0,) * n if recompute else tuple(float(v) for v in values)


def _resized(input: Tensor, sizes: tuple[int, ...], scales: tuple[float, ...], mode: str, align: bool) -> Tensor:
    if mode == "area":
        return adaptive_avg_pool2d(input, (sizes[0], sizes[1]))
    x, how = array_of(input), _MODES[mode][0]
    y = _C.resample_fwd(x, how, sizes, scales[0], scales[1], align)
    return record(y, interpolate_backward, (input,), (), (how, x.shape, x.strides, *scales, align))


def interpolate_backward(g, node):
    return (_C.resample_bwd(g, *node.attrs),)
