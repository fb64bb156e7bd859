"""Batch norm folded into the layer before it, for inference: one pass less over every image."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, TypeVar

from dlcore.autograd import enable_grad, no_grad
from dlcore.autograd.walk import reachable
from dlcore.nn.conv import _Conv
from dlcore.nn.layers import Identity, Linear
from dlcore.nn.module import Module
from dlcore.nn.norm import _BatchNorm
from dlcore.nn.parameter import Parameter
from dlcore.tensor import Tensor

Layer = TypeVar("Layer", bound=Module)
BOUND = 1e-3  # of the largest output: float32 roundings of a deep net stay far below, a wrong layer far above


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of a convolution that also does the batch norm behind it, in evaluation.

    ``conv_w`` is (K, …), or (C, K, …) with ``transpose``; the others are (K,) or None. Computed in float64.

    >>> import dlcore as dl
    >>> w, one = dl.ones(1, 1, 1, 1), dl.ones(1)
    >>> [p.tolist() for p in fuse_conv_bn_weights(w, None, one, one, 0.0, 3 * one, one)]
    [[[[[3.0]]]], [-2.0]]
    """
    with no_grad():
        scale = 1 / (bn_rv.double() + bn_eps).sqrt()
        scale = scale if bn_w is None else scale * bn_w.double()
        shape = [1] * conv_w.ndim
        shape[1 if transpose else 0] = -1
        shift = -bn_rm.double() if conv_b is None else conv_b.double() - bn_rm.double()
        bias = shift * scale if bn_b is None else shift * scale + bn_b.double()
        weight = conv_w.double() * scale.reshape(shape)
    return Parameter(weight.to(conv_w.dtype)), Parameter(bias.to(conv_w.dtype))


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """As ``fuse_conv_bn_weights``, for a linear layer's weight (K, C)."""
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def fuse_conv_bn_eval(conv: Layer, bn: Module, transpose: bool = False) -> Layer:
    """A copy of the convolution that also does ``bn``. Both must be in evaluation mode and ``bn`` must have statistics.

    >>> import dlcore as dl
    >>> conv, bn = dl.nn.Conv2d(3, 8, 3).eval(), dl.nn.BatchNorm2d(8).eval()
    >>> fuse_conv_bn_eval(conv, bn).bias.shape
    (8,)
    """
    return _fold(deepcopy(conv), bn, transpose)


def fuse_linear_bn_eval(linear: Layer, bn: Module) -> Layer:
    """As ``fuse_conv_bn_eval``, for a linear layer."""
    return _fold(deepcopy(linear), bn, False)


def _fold(layer: Any, bn: Any, transpose: bool) -> Any:
    if layer.training or bn.training:
        raise ValueError("fusion: batch norm can be folded in evaluation only; call .eval() first")
    if bn.running_mean is None:
        raise ValueError("fusion: this batch norm has no running statistics to fold (track_running_stats=False)")
    layer.weight, layer.bias = fuse_conv_bn_weights(
        layer.weight, layer.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    return layer


def fuse(model: Layer, *inputs: Any) -> Layer:
    """A copy of ``model`` for inference, with every batch norm folded that can be. ``inputs`` are an example's.

    The example runs once: a batch norm is folded where its operand is the result of one convolution or linear layer and
    goes nowhere else; it becomes an ``Identity``. Then the example runs through the copy, and RuntimeError is raised
    where the outputs disagree (a model that reads its layers' weights itself). The copy is in evaluation mode.

    >>> import dlcore as dl
    >>> nn = dl.nn
    >>> fuse(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU()), dl.zeros(1, 3, 5, 5))
    Sequential(
      (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))
      (1): Identity()
      (2): ReLU()
    )
    """
    copy: Any = deepcopy(model).eval()
    expected, pairs = _pairs(copy, inputs)
    for layer, bn in pairs:
        _fold(layer, bn, getattr(layer, "transposed", False))
        for parent in copy.modules():
            for name, child in tuple(parent._modules.items()):
                if child is bn:
                    setattr(parent, name, Identity().eval())
    with no_grad():
        found = list(_tensors(copy(*inputs)))
    for y, e in zip(found, expected, strict=True):
        if y.numel() and not (y - e).abs().max().item() <= BOUND * e.abs().max().item():
            raise RuntimeError("fuse: with batch norm folded the model gives other outputs for these inputs")
    return copy


def _pairs(model: Module, inputs: tuple) -> tuple[list[Tensor], list[tuple[Any, Any]]]:
    """The outputs, and each (layer, batch norm) of which the second is the first one's only reader."""
    calls: dict[int, list[Any]] = {}  # by module: the node of each call's result

    def note(module: Module, args: tuple, output: Tensor) -> None:
        calls.setdefault(id(module), []).append(output.node)

    layers = [m for m in model.modules() if isinstance(m, _Conv | Linear)]
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.running_mean is not None]
    handles = [m.register_forward_hook(note) for m in (*layers, *norms)]
    wanted = [(p, p.requires_grad) for p in model.parameters()]
    try:
        for p, _ in wanted:
            p.requires_grad_()
        with enable_grad():
            outputs = list(_tensors(model(*inputs)))
    finally:
        for p, flag in wanted:
            p.requires_grad_(flag)
        for handle in handles:
            handle.remove()
    readers: dict[int, list[int]] = {}
    ends = [y.node for y in outputs if y.node is not None]
    for node in reachable(ends):
        for edge in node.inputs:
            readers.setdefault(id(edge), []).append(id(node))
    once = {id(m): calls[id(m)][0] for m in (*layers, *norms) if len(calls.get(id(m), ())) == 1}
    by_node = {id(once[id(m)]): m for m in layers if id(m) in once and once[id(m)] not in ends}
    pairs = []
    for bn in norms:
        if id(bn) not in once:
            continue
        read = once[id(bn)].inputs[0]
        layer = by_node.get(id(read))
        if layer is None or readers[id(read)] != [id(once[id(bn)])]:
            continue
        # A batch norm's channels are dimension 1, which without a batch, or behind a linear layer on more dimensions,
        # is another one than the layer's. With groups a transposed weight has no dimension of all channels.
        same_channels = once[id(bn)].saved[0].ndim == layer.weight.ndim
        if same_channels and not (getattr(layer, "transposed", False) and layer.groups > 1):
            pairs.append((layer, bn))
    return [y.detach() for y in outputs], pairs


def _tensors(outputs: Any) -> Iterable[Tensor]:
    """Those in tuples, lists and dicts."""
    if isinstance(outputs, Tensor):
        yield outputs
    elif isinstance(outputs, tuple | list | dict):
        for item in outputs.values() if isinstance(outputs, dict) else outputs:
            yield from _tensors(item)
