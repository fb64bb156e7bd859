"""Images read at any places: what rotates, zooms and warps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops import shape
from dlcore.ops.matmul import matmul
from dlcore.ops.operand import array_of
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

_PADDINGS = {"zeros": 0, "border": 1, "reflection": 2}


@in_float32
def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The pixels of images (N, C, H, W) at the places of `grid` (N, P, Q, 2): (N, C, P, Q); float32 or float64.

    A place is (x, y), column before row, from -1 to 1: the outer edges of the image, or with ``align_corners`` the
    centres of its outer pixels. ``mode`` is "bilinear" or "nearest"; outside, ``padding_mode`` makes pixels 0
    ("zeros"), takes the nearest one ("border") or mirrors the image ("reflection"). Both arguments have gradients; a
    channels-last image gives a channels-last one. ShapeError, DTypeError where the two do not fit. (Jaderberg et al.,
    "Spatial transformer networks", NIPS 2015.)

    >>> import dlcore as dl
    >>> x, centre = dl.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), dl.zeros(1, 1, 1, 2)
    >>> dl.nn.functional.grid_sample(x, centre, align_corners=False).tolist()
    [[[[2.5]]]]
    """
    if mode not in ("bilinear", "nearest"):
        raise ValueError(f'grid_sample: mode must be "bilinear" or "nearest", got {mode!r}')
    if padding_mode not in _PADDINGS:
        raise ValueError(f'grid_sample: padding_mode must be "zeros", "border" or "reflection", got {padding_mode!r}')
    x, places = array_of(input), array_of(grid)
    how = (mode == "nearest", _PADDINGS[padding_mode], bool(align_corners))
    y = _C.grid_sample_fwd(x, places, *how)
    return record(y, grid_sample_backward, (input, grid), (x, places), how)


def grid_sample_backward(g, node):
    x, places = node.saved
    need = node.inputs
    dx = None if need[0] is None else _C.grid_sample_bwd_x(g, places, x.shape, x.strides, *node.attrs)
    return dx, None if need[1] is None else _C.grid_sample_bwd_grid(g, x, places, *node.attrs)


@in_float32
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The grid for `grid_sample` that maps the places of a (N, C, H, W) image by `theta` (N, 2, 3): (N, H, W, 2).

    The place (x, y) becomes theta @ (x, y, 1); ``align_corners`` as in `grid_sample`. float32 or float64.

    >>> import dlcore as dl
    >>> mirror = dl.tensor([[[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> dl.nn.functional.affine_grid(mirror, (1, 1, 1, 2), align_corners=True).tolist()
    [[[[1.0, 0.0], [-1.0, 0.0]]]]
    """
    t, sizes = theta.array, tuple(size)
    if len(sizes) != 4 or t.shape != (sizes[0], 2, 3) or not t.dtype.is_floating_point or min(sizes) < 1:
        raise _C.ShapeError(
            f"affine_grid: needs theta (N, 2, 3), a float, and a size (N, C, H, W); theta={t.shape} {t.dtype} "
            f"size={sizes}"
        )
    h, w = sizes[2:]
    base = _C.full((h, w, 3), 1.0, t.dtype, t.device)
    _C.copy_into(base.select(2, 0), _centres(w, bool(align_corners)))
    _C.copy_into(base.select(2, 1), _centres(h, bool(align_corners)).unsqueeze(1))
    places = matmul(type(theta)(base.view((1, h * w, 3))), shape.transpose(theta, 1, 2))
    return shape.view(places, (sizes[0], h, w, 2))


def _centres(n: int, align: bool) -> Any:
    """The centres of n pixels between -1 and 1, or from -1 to 1, in float64."""
    first, step = (-1.0, 2.0 / max(n - 1, 1)) if align else (1.0 / n - 1.0, 2.0 / n)
    if n == 1:
        first = 0.0
    return _C.add_fwd(_C.mul_fwd(_C.arange(0, n, 1, _C.DType.float64), step), first)
