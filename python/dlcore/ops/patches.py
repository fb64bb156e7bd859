"""Images as patches and back: pixel shuffles, and the columns of a convolution. Copies in another order."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops.conv2d import Size, pair
from dlcore.ops.operand import array_of
from dlcore.ops.pad import pad_constant

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

    Columns = tuple[tuple[int, int], ...]  # kernel, dilation, padding, stride, each (rows, columns)


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(…, C r², H, W) as (…, C, H r, W r): each pixel's r² values of a channel become r × r pixels. Any dtype.

    A channels-last image gives a channels-last one. ShapeError unless r² divides the channels. (Shi et al.,
    "Real-time single image and video super-resolution", CVPR 2016.)

    >>> import dlcore as dl
    >>> dl.nn.functional.pixel_shuffle(dl.arange(4).view(4, 1, 1), 2).tolist()
    [[[0, 1], [2, 3]]]
    """
    x, r = array_of(input), _factor("pixel_shuffle", "upscale_factor", input, upscale_factor)
    if x.shape[-3] % (r * r):
        raise _C.ShapeError(f"pixel_shuffle: {r}² must divide the {x.shape[-3]} channels; x={x.shape}")
    return record(_shuffle(x, r), pixel_shuffle_backward, (input,), (), r)


def pixel_shuffle_backward(g, node):
    return (_unshuffle(g, node.attrs),)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(…, C, H r, W r) as (…, C r², H, W): the inverse of `pixel_shuffle`. ShapeError unless r divides both sizes.

    >>> import dlcore as dl
    >>> dl.nn.functional.pixel_unshuffle(dl.arange(4).view(1, 2, 2), 2).flatten().tolist()
    [0, 1, 2, 3]
    """
    x, r = array_of(input), _factor("pixel_unshuffle", "downscale_factor", input, downscale_factor)
    if x.shape[-2] % r or x.shape[-1] % r:
        raise _C.ShapeError(f"pixel_unshuffle: {r} must divide height and width; x={x.shape}")
    return record(_unshuffle(x, r), pixel_unshuffle_backward, (input,), (), r)


def pixel_unshuffle_backward(g, node):
    return (_shuffle(g, node.attrs),)


def _factor(op: str, name: str, x: Tensor, r: int) -> int:
    if x.ndim < 3:
        raise _C.ShapeError(f"{op}: needs at least 3 dimensions (…, C, H, W), got {x.shape}")
    if r < 1:
        raise ValueError(f"{op}: {name} must be positive, got {r}")
    return r


def _shuffle(x: Any, r: int) -> Any:
    *batch, channels, h, w = x.shape
    n, c = prod(batch), channels // (r * r)
    if x.is_channels_last and not x.is_contiguous:
        y = x.permute((0, 2, 3, 1)).view((n, h, w, c, r, r)).permute((0, 1, 4, 2, 5, 3))
        return _C.reshape(y, (n, h * r, w * r, c)).permute((0, 3, 1, 2))
    y = _C.reshape(x, (n, c, r, r, h, w)).permute((0, 1, 4, 2, 5, 3))
    return _C.reshape(y, (*batch, c, h * r, w * r))


def _unshuffle(x: Any, r: int) -> Any:
    *batch, c, height, width = x.shape
    n, h, w = prod(batch), height // r, width // r
    if x.is_channels_last and not x.is_contiguous:
        y = x.permute((0, 2, 3, 1)).view((n, h, r, w, r, c)).permute((0, 1, 3, 5, 2, 4))
        return _C.reshape(y, (n, h, w, c * r * r)).permute((0, 3, 1, 2))
    y = _C.reshape(x, (n, c, h, r, w, r)).permute((0, 1, 3, 5, 2, 4))
    return _C.reshape(y, (*batch, c * r * r, h, w))


def unfold(input: Tensor, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Tensor:
    """The windows of (N, C, H, W) or (C, H, W) as columns: (N, C R S, L), the L windows row by row (im2col).

    A convolution is weight.view(K, -1) @ unfold(x). Outside the image there are zeros; any dtype, though the gradient
    wants a float. ShapeError where no window fits.

    >>> import dlcore as dl
    >>> dl.nn.functional.unfold(dl.arange(6).view(1, 1, 2, 3), 2).tolist()
    [[[0, 1], [1, 2], [3, 4], [4, 5]]]
    """
    x, attrs = array_of(input), _columns("unfold", kernel_size, dilation, padding, stride)
    if x.ndim not in (3, 4):
        raise _C.ShapeError(f"unfold: needs (N, C, H, W) or (C, H, W), got {x.shape}")
    _windows("unfold", x.shape[-2:], attrs)
    return record(_unfold(x, attrs), unfold_backward, (input,), (), (x.shape, attrs))


def unfold_backward(g, node):
    return (_fold(g, *node.attrs),)


def fold(
    input: Tensor, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Tensor:
    """Columns (N, C R S, L) or (C R S, L) added up where their windows lie in an image of `output_size`: (N, C, H, W).

    The transpose of `unfold`, not its inverse: elements that several windows cover are summed, in the windows' order.
    float32 or float64. ShapeError unless R S divides the rows and L is the number of windows.

    >>> import dlcore as dl
    >>> dl.nn.functional.fold(dl.ones(1, 4, 2), (2, 3), 2).tolist()
    [[[[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]]]
    """
    x, attrs = array_of(input), _columns("fold", kernel_size, dilation, padding, stride)
    out, kernel = pair("output_size", output_size, "fold"), attrs[0]
    if x.ndim not in (2, 3) or x.shape[-2] % prod(kernel):
        raise _C.ShapeError(
            f"fold: needs (N, C R S, L) or (C R S, L), the rows a multiple of {prod(kernel)}, got {x.shape}"
        )
    windows = _windows("fold", out, attrs)
    if x.shape[-1] != prod(windows):
        raise _C.ShapeError(
            f"fold: an image {out} has {windows[0]} × {windows[1]} windows {kernel} but there are {x.shape[-1]} "
            f"columns; x={x.shape}"
        )
    image = (*x.shape[:-2], x.shape[-2] // prod(kernel), *out)
    return record(_fold(x, image, attrs), fold_backward, (input,), (), attrs)


def fold_backward(g, node):
    return (_unfold(g, node.attrs),)


def _columns(op: str, kernel: Size, dilation: Size, padding: Size, stride: Size) -> Columns:
    names = ("kernel_size", kernel), ("dilation", dilation), ("padding", padding), ("stride", stride)
    attrs = tuple(pair(name, v, op) for name, v in names)
    if min(*attrs[0], *attrs[1], *attrs[3]) < 1 or min(attrs[2]) < 0:
        raise ValueError(
            f"{op}: kernel_size, dilation and stride must be positive, padding not negative; got {attrs[0]}, "
            f"{attrs[1]}, {attrs[3]} and {attrs[2]}"
        )
    return attrs


def _windows(op: str, image: tuple[int, ...], attrs: Columns) -> tuple[int, int]:
    kernel, dilation, padding, stride = attrs
    room = [image[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1 for d in (0, 1)]
    if min(room) < 0:
        raise _C.ShapeError(
            f"{op}: the kernel {kernel} with dilation {dilation} does not fit the image {tuple(image)} with padding "
            f"{padding}; pad more, or use a smaller kernel"
        )
    return room[0] // stride[0] + 1, room[1] // stride[1] + 1


def _taps(padded: Any, p: int, q: int, attrs: Columns) -> Any:
    """For each place (r, s) in a window: what all windows have there, a view (…, P, Q) of the image."""
    (rows, columns), dilation, _, stride = attrs
    for r in range(rows):
        for s in range(columns):
            view = padded.slice(padded.ndim - 2, r * dilation[0], p, stride[0])
            yield r, s, view.slice(padded.ndim - 1, s * dilation[1], q, stride[1])


def _unfold(x: Any, attrs: Columns) -> Any:
    kernel, _, padding, _ = attrs
    p, q = _windows("unfold", x.shape[-2:], attrs)
    *batch, c = x.shape[:-2]
    full = (*batch, c, *kernel, p, q)
    y = _C.to_device(_C.empty_strided(full, _row_major(full), x.dtype), x.device)
    padded = pad_constant(_C.contiguous(x), _around(x, padding), 0)  # columns run along rows: transposed once, here
    for r, s, view in _taps(padded, p, q, attrs):
        _C.copy_into(y.select(y.ndim - 4, r).select(y.ndim - 4, s), view)
    return y.view((*batch, c * prod(kernel), p * q))


def _fold(columns: Any, image: tuple[int, ...], attrs: Columns) -> Any:
    kernel, _, padding, _ = attrs
    p, q = _windows("fold", image[-2:], attrs)
    padded = (*image[:-2], image[-2] + 2 * padding[0], image[-1] + 2 * padding[1])
    y = _C.zeros(padded, columns.dtype, columns.device)
    from_ = _C.reshape(columns, (*image[:-2], *kernel, p, q))
    for r, s, view in _taps(y, p, q, attrs):
        _C.add_into(view, from_.select(from_.ndim - 4, r).select(from_.ndim - 4, s))
    return pad_constant(y, [(d, -before, -after) for d, before, after in _around(y, padding)], 0)


def _around(x: Any, padding: tuple[int, int]) -> list[tuple[int, int, int]]:
    return [(x.ndim - 1, padding[1], padding[1]), (x.ndim - 2, padding[0], padding[0])]


def _row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(prod(shape[d + 1 :]) for d in range(len(shape)))
