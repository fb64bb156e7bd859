"""Smooth activations: linear on one side, flat on the other, with a bend between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcore import _C
from dlcore.autograd import record
from dlcore.ops.operand import array_of

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

SELU = (1.6732632423543772, 1.0507009873554805)  # α and λ of Klambauer et al. (2017), equation 14


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha (e^x - 1) (Clevert et al., 2016); any shape, float32 or float64.

    ``inplace``, here and below, is accepted as in PyTorch; the result is a new tensor either way.

    >>> import dlcore as dl
    >>> dl.nn.functional.elu(dl.tensor([-200.0, 2.0]), 0.5).tolist()
    [-0.5, 2.0]
    """
    x = array_of(input)
    return record(_C.elu_fwd(x, alpha, 1.0), elu_backward, (input,), (x,), (alpha, 1.0))


def elu_backward(g, node):
    return (_C.elu_bwd(g, node.saved[0], *node.attrs),)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """λ x where x > 0, else λ α (e^x - 1): keeps mean 0 and variance 1 (Klambauer et al., 2017).

    >>> import dlcore as dl
    >>> dl.nn.functional.selu(dl.tensor([0.0, 2.0])).tolist()
    [0.0, 2.1014020442962646]
    """
    x = array_of(input)
    return record(_C.elu_fwd(x, *SELU), elu_backward, (input,), (x,), SELU)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha (e^(x/alpha) - 1): elu with a slope of 1 at 0 (Barron, 2017). alpha is not 0.

    >>> import dlcore as dl
    >>> dl.nn.functional.celu(dl.tensor([-200.0, 2.0]), 0.5).tolist()
    [-0.5, 2.0]
    """
    if alpha == 0:
        raise ValueError("celu: alpha cannot be 0; it divides x")
    x = array_of(input)
    return record(_C.celu_fwd(x, alpha), celu_backward, (input,), (x,), alpha)


def celu_backward(g, node):
    return (_C.celu_bwd(g, node.saved[0], node.attrs),)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x Φ(x), Φ the normal distribution's (Hendrycks & Gimpel, 2016); any shape, float32 or float64.

    ``approximate`` "tanh" replaces Φ by (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, as the first transformers did.

    >>> import dlcore as dl
    >>> dl.nn.functional.gelu(dl.tensor([0.0, 10.0])).tolist()
    [0.0, 10.0]
    """
    x = array_of(input)
    if approximate == "none":
        return record(_C.gelu_fwd(x), gelu_backward, (input,), (x,))
    if approximate != "tanh":
        raise ValueError(f'gelu: approximate is "none" or "tanh", got {approximate!r}')
    return record(_C.gelu_tanh_fwd(x), gelu_tanh_backward, (input,), (x,))


def gelu_backward(g, node):
    return (_C.gelu_bwd(g, node.saved[0]),)


def gelu_tanh_backward(g, node):
    return (_C.gelu_tanh_bwd(g, node.saved[0]),)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x σ(x), also called swish (Elfwing et al., 2018); any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.silu(dl.tensor([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    x = array_of(input)
    return record(_C.silu_fwd(x), silu_backward, (input,), (x,))


def silu_backward(g, node):
    return (_C.silu_bwd(g, node.saved[0]),)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(log(1 + e^x)) (Misra, 2019); any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.mish(dl.tensor([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """
    x = array_of(input)
    return record(_C.mish_fwd(x), mish_backward, (input,), (x,))


def mish_backward(g, node):
    return (_C.mish_bwd(g, node.saved[0]),)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + e^(beta x)) / beta, and x itself where beta x > threshold; any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.softplus(dl.tensor([0.0, 100.0])).tolist()
    [0.6931471824645996, 100.0]
    """
    x = array_of(input)
    return record(_C.softplus_fwd(x, beta, threshold), softplus_backward, (input,), (x,), (beta, threshold))


def softplus_backward(g, node):
    return (_C.softplus_bwd(g, node.saved[0], *node.attrs),)


def logsigmoid(input: Tensor) -> Tensor:
    """log σ(x), without an overflow on either side; any shape, float32 or float64.

    >>> import dlcore as dl
    >>> dl.nn.functional.logsigmoid(dl.tensor([-100.0, 0.0])).tolist()
    [-100.0, -0.6931471824645996]
    """
    x = array_of(input)
    return record(_C.logsigmoid_fwd(x), logsigmoid_backward, (input,), (x,))


def logsigmoid_backward(g, node):
    return (_C.logsigmoid_bwd(g, node.saved[0]),)
