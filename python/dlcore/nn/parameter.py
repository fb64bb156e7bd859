"""Parameter: a tensor that a Module trains."""

from __future__ import annotations

from dlcore.tensor import Tensor


class Parameter(Tensor):
    """A leaf tensor that needs a gradient and that a Module lists among its parameters.

    >>> from dlcore import nn
    >>> import dlcore as dl
    >>> nn.Parameter(dl.zeros(2)).requires_grad
    True
    """

    __slots__ = ()

    def __init__(self, data: Tensor, requires_grad: bool = True):
        if not isinstance(data, Tensor):
            raise TypeError(f"Parameter: needs a tensor, got {type(data).__name__}; convert it with dl.tensor(x)")
        super().__init__(data.array)
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()
