"""What is done with all gradients, all parameters or all batch norms of a model at once."""

from __future__ import annotations

import math
from collections.abc import Iterable

from dlcore import _C
from dlcore.nn.utils import fusion, rnn
from dlcore.nn.utils.fusion import (
    fuse,
    fuse_conv_bn_eval,
    fuse_conv_bn_weights,
    fuse_linear_bn_eval,
    fuse_linear_bn_weights,
)
from dlcore.ops import copy, random, shape
from dlcore.tensor import Tensor

__all__ = [
    "add_gradient_noise_",
    "clip_grad_norm_",
    "clip_grad_value_",
    "fuse",
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
    "fusion",
    "parameters_to_vector",
    "rnn",
    "vector_to_parameters",
]


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in parameters if p.grad is not None]


def _norm(g: Tensor, order: float) -> float:
    """Without the root of its order, so that norms of parts add; the largest |g| where the order is infinite."""
    if not g.numel():
        return 0.0
    if math.isinf(order):
        return g.abs().max().item()
    return (g * g if order == 2 else g.abs() ** order).sum().item()


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scales all gradients, in place and by one factor, so that their norm together is at most `max_norm`.

    Returns the norm from before, a tensor of no dimensions. The factor is max_norm / (norm + 1e-6), as PyTorch's.
    A norm that is infinite or NaN makes the gradients 0 or NaN; RuntimeError with ``error_if_nonfinite``, before any
    change. `norm_type` is a number above 0, or ``float("inf")`` for the largest absolute value.
    (Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, section 3.2.)

    >>> import dlcore as dl
    >>> w = dl.zeros(2, requires_grad=True)
    >>> w.grad = dl.tensor([3.0, 4.0])
    >>> dl.nn.utils.clip_grad_norm_(w, 1.0).item()
    5.0
    >>> [round(g, 4) for g in w.grad.tolist()]
    [0.6, 0.8]
    """
    order = float(norm_type)
    if not order > 0:
        raise ValueError(f"clip_grad_norm_: norm_type must be above 0, got {norm_type!r}")
    gradients = _gradients(parameters)
    parts = [_norm(g, order) for g in gradients]
    if math.isinf(order):
        total = math.nan if any(map(math.isnan, parts)) else max(parts, default=0.0)
    else:
        total = sum(parts) ** (1 / order)
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(
            f"clip_grad_norm_: the norm of order {order:g} of the gradients is {total}; a loss or an activation has "
            "left the finite numbers: find it with dl.autograd.check_finite()"
        )
    factor = max_norm / (total + 1e-6)
    if not factor >= 1:
        for g in gradients:
            _C.mul_into(g.array, factor)
    wide = any(g.dtype == _C.DType.float64 for g in gradients)
    return Tensor(_C.full((), total, _C.DType.float64 if wide else _C.DType.float32, "cpu"))


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Clamps every element of every gradient to [-clip_value, clip_value], in place.

    >>> import dlcore as dl
    >>> w = dl.zeros(2, requires_grad=True)
    >>> w.grad = dl.tensor([3.0, -0.5])
    >>> dl.nn.utils.clip_grad_value_(w, 1.0)
    >>> w.grad.tolist()
    [1.0, -0.5]
    """
    bound = float(clip_value)
    for g in _gradients(parameters):
        _C.copy_into(g.array, g.clamp(-bound, bound).array)


def add_gradient_noise_(
    parameters: Tensor | Iterable[Tensor], step: int, eta: float = 0.01, gamma: float = 0.55
) -> None:
    """Adds normal noise of variance eta / (1 + step)^gamma to every gradient, in place; `step` counts from 0.

    Call it between ``backward()`` and ``optimizer.step()``. The paper's eta: 0.01, 0.3 or 1.
    (Neelakantan et al., "Adding gradient noise improves learning for very deep networks", arXiv:1511.06807.)

    >>> import dlcore as dl
    >>> w = dl.zeros(1000, requires_grad=True)
    >>> w.grad = dl.zeros(1000)
    >>> dl.nn.utils.add_gradient_noise_(w, step=0, eta=1.0)
    >>> 0.8 < (w.grad * w.grad).mean().item() < 1.2
    True
    """
    if not (eta >= 0 and step >= 0):
        raise ValueError(f"add_gradient_noise_: eta and step must not be negative, got eta={eta!r} and step={step!r}")
    deviation = math.sqrt(eta / (1 + step) ** gamma)
    for g in _gradients(parameters):
        _C.add_into(g.array, random.randn_like(g).array, deviation)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters in one vector, in their order; gradients flow back.

    >>> import dlcore as dl
    >>> dl.nn.utils.parameters_to_vector([dl.ones(1, 2), dl.zeros(1)]).tolist()
    [1.0, 1.0, 0.0]
    """
    return copy.cat([shape.reshape(p, -1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Copies the values of a vector, as ``parameters_to_vector`` makes it, into the parameters.

    PyTorch's parameters share the vector's memory afterwards; here they keep their own. ValueError, before any change,
    unless the vector has exactly the parameters' number of elements.

    >>> import dlcore as dl
    >>> a, b = dl.zeros(1, 2), dl.zeros(1)
    >>> dl.nn.utils.vector_to_parameters(dl.tensor([1.0, 2.0, 3.0]), [a, b])
    >>> a.tolist(), b.tolist()
    ([[1.0, 2.0]], [3.0])
    """
    params = list(parameters)
    needed = sum(p.numel() for p in params)
    if vec.ndim != 1 or vec.numel() != needed:
        raise _C.ShapeError(
            f"vector_to_parameters: the parameters take a vector of {needed} elements, got shape {vec.shape}"
        )
    start = 0
    for p in params:
        part = vec.array.slice(0, start, p.numel(), 1)
        _C.copy_into(p.array, shape.reshape(Tensor(part), p.shape).array)
        start += p.numel()
