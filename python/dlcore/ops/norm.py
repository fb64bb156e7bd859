"""Batch, layer, group, instance and root-mean-square normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record, record_after
from dlcore.ops import elementwise, reduce, shape
from dlcore.precision import in_float32

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias for each channel (Ioffe & Szegedy, 2015, algorithm 1).

    ``input`` is (N, C), (N, C, L) or (N, C, H, W), float32 or float64; the others are (C,) of the same dtype, or None.
    With ``training`` mean and biased variance are the batch's, and the running ones move towards them in place by
    ``momentum`` (the variance unbiased, as in PyTorch); else the running ones are used, or the batch's where there are
    none. ShapeError for fewer than two values per channel in training, or a vector that is not (C,).

    >>> import dlcore as dl
    >>> dl.nn.functional.batch_norm(dl.tensor([[1.0], [3.0]]), None, None, training=True, eps=0.0).tolist()
    [[-1.0], [1.0]]
    """
    y, mean, invstd, b = _batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    attrs = (training or running_mean is None, weight is not None, b)
    return _record(y, batch_norm_backward, input, weight, bias, (mean, invstd), attrs)


def batch_norm_relu(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    in_place: bool = False,
) -> Tensor:
    """``relu(batch_norm(…))``, to the bit, in one pass; ``in_place`` in input's memory. See nn/chain.py."""
    y, mean, invstd, b = _batch_norm(
        input, running_mean, running_var, weight, bias, training, momentum, eps, True, in_place
    )
    attrs = (training or running_mean is None, weight is not None, bias is not None)
    more = () if b is None else (b,)
    return _record(y, batch_norm_relu_backward, input, weight, bias, (mean, invstd), attrs, more)


def _batch_norm(
    x: Tensor, running_mean: Any, running_var: Any, weight: Any, bias: Any, training: bool, *how: Any
) -> tuple[Any, Any, Any, Any]:
    """y, mean and 1 / deviation, and bias's array, of the kernels' arguments; ``how`` is handed on."""
    w, b, m, v = (None if t is None else t.array for t in (weight, bias, running_mean, running_var))
    return (*_C.batch_norm_fwd(x.array, w, b, m, v, training, *how), b)


def batch_norm_backward(g, node):
    training, has_weight, _ = node.attrs
    x, mean, invstd, *weight = node.saved
    w = weight[0] if weight else None
    found = _C.batch_norm_bwd(g, x, mean, invstd, w, None, False, training, *_wanted(node))
    return _chosen(found, node, has_weight)


def batch_norm_relu_backward(g, node):
    """Of relu(batch_norm(x)): neither the ReLU's operand nor its gradient is in memory. See ``relu`` in place."""
    training, has_weight, has_bias = node.attrs
    x, mean, invstd, *affine = node.saved
    w, b = affine[0] if has_weight else None, affine[-1] if has_bias else None
    found = _C.batch_norm_bwd(g, x, mean, invstd, w, b, True, training, *_wanted(node))
    return _chosen(found, node, has_weight)


def relu_after(y: Any, node: Any) -> Tensor:
    """The result `y` = relu of batch norm's, whose `node` has no reader but this."""
    training, has_weight, bias = node.attrs
    saved = node.saved if bias is None else (*node.saved, bias)
    return record_after(node, y, batch_norm_relu_backward, saved, (training, has_weight, bias is not None))


def _record(
    y: Any, rule: Any, x: Tensor, weight: Any, bias: Any, statistics: tuple, attrs: Any, more: tuple = ()
) -> Tensor:
    """The op's inputs are x and whichever of weight and bias there are; weight is saved last, but for `more`."""
    inputs: tuple[Tensor, ...] = (x,)
    saved: tuple[Any, ...] = (x.array, *statistics)
    if weight is not None:
        inputs, saved = (*inputs, weight), (*saved, weight.array)
    if bias is not None:
        inputs = (*inputs, bias)
    return record(y, rule, inputs, saved + more, attrs)


def _wanted(node: Any) -> tuple[bool, bool]:
    """Whether x needs a gradient, and whether weight or bias does."""
    return node.inputs[0] is not None, any(edge is not None for edge in node.inputs[1:])


def _chosen(found: tuple, node: Any, has_weight: bool) -> tuple:
    """Of (dx, dweight, dbias) those that belong to the node's inputs."""
    dx, dw, db = found
    affine = len(node.inputs) - 1
    return found if affine == 2 else (dx, dw if has_weight else db) if affine else (dx,)


@in_float32
def layer_norm(
    input: Tensor,
    normalized_shape: int | tuple[int, ...] | list[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias over the trailing dimensions (Ba et al., 2016).

    ``input`` ends in ``normalized_shape``, as do ``weight`` and ``bias`` (of exactly that shape) where given; float32
    or float64. The variance is the biased one. ShapeError where the shapes do not fit. The result is row-major.

    >>> import dlcore as dl
    >>> dl.nn.functional.layer_norm(dl.tensor([[1.0, 3.0], [5.0, 9.0]]), 2, eps=0.0).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    wanted = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    w = None if weight is None else weight.array
    y, stats = _C.layer_norm_fwd(input, wanted, w, None if bias is None else bias.array, eps)
    return _record(y, layer_norm_backward, input, weight, bias, (stats,), (wanted, weight is not None))


def layer_norm_backward(g, node):
    normalized_shape, has_weight = node.attrs
    x, stats, *weight = node.saved
    found = _C.layer_norm_bwd(g, x, normalized_shape, stats, weight[0] if weight else None, *_wanted(node))
    return _chosen(found, node, has_weight)


@in_float32
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias over each sample's groups of channels (Wu & He, 2018).

    ``input`` is (N, C, …), C a multiple of ``num_groups``; ``weight`` and ``bias`` are (C,) or None; float32 or
    float64. The result is row-major.

    >>> import dlcore as dl
    >>> dl.nn.functional.group_norm(dl.tensor([[1.0, 3.0, 5.0, 9.0]]), 2, eps=0.0).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    w = None if weight is None else weight.array
    y, stats = _C.group_norm_fwd(input, num_groups, w, None if bias is None else bias.array, eps)
    return _record(y, group_norm_backward, input, weight, bias, (stats,), (num_groups, weight is not None))


def group_norm_backward(g, node):
    num_groups, has_weight = node.attrs
    x, stats, *weight = node.saved
    found = _C.group_norm_bwd(g, x, num_groups, stats, weight[0] if weight else None, *_wanted(node))
    return _chosen(found, node, has_weight)


@in_float32
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias over each channel of each sample (Ulyanov et al., 2016).

    ``input`` is (N, C, L) or (N, C, H, W); the others are (C,) or None. With ``use_input_stats`` the running
    statistics, where given, move in place towards the samples' average; without it they are what normalises.

    >>> import dlcore as dl
    >>> dl.nn.functional.instance_norm(dl.tensor([[[1.0, 3.0], [5.0, 9.0]]]), eps=0.0).tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]
    """
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if input.ndim < 3 or input.numel() == input.shape[0] * input.shape[1] != 0:
        raise _C.ShapeError(f"instance_norm: needs (N, C, …) with more than 1 element a channel, got x={input.shape}")
    if running_mean is None or running_var is None:
        return group_norm(input, input.shape[1], weight, bias, eps)
    # As one sample of N·C channels, whose statistics are then the samples' own.
    n, c, *rest = input.shape
    repeated = [_C.clone(v.array.unsqueeze(0).expand((n, c))) for v in (running_mean, running_var)]
    mean, var = (type(input)(v.view((n * c,))) for v in repeated)
    y = batch_norm(shape.reshape(input, (1, n * c, *rest)), mean, var, None, None, True, momentum, eps)
    for v, each in zip((running_mean, running_var), repeated, strict=True):
        _C.copy_into(v.array, _C.mean_fwd(each, (0,), False))
    y = shape.reshape(y, input.shape)
    per_channel = (c, *(1 for _ in rest))
    if weight is not None:
        y = elementwise.mul(y, shape.reshape(weight, per_channel))
    return y if bias is None else elementwise.add(y, shape.reshape(bias, per_channel))


@in_float32
def rms_norm(
    input: Tensor,
    normalized_shape: int | tuple[int, ...] | list[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """x / sqrt(mean(x²) + eps) * weight over the trailing dimensions (Zhang & Sennrich, 2019).

    ``eps`` None is the dtype's spacing at 1. Shapes and errors as ``layer_norm``.

    >>> import dlcore as dl
    >>> dl.nn.functional.rms_norm(dl.tensor([3.0, 4.0]), 2, eps=0.5).tolist()
    [0.8320503234863281, 1.1094003915786743]
    """
    wanted = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not wanted or input.shape[-len(wanted) :] != wanted:
        raise _C.ShapeError(
            f"rms_norm: x must end in normalized_shape; x={input.shape} normalized_shape={tuple(wanted)}"
        )
    if eps is None:
        eps = 2.0**-23 if input.dtype == _C.DType.float32 else 2.0**-52
    square = reduce.mean(elementwise.square(input), tuple(range(-len(wanted), 0)), True)
    y = elementwise.div(input, elementwise.sqrt(elementwise.add(square, eps)))
    return y if weight is None else elementwise.mul(y, weight)
