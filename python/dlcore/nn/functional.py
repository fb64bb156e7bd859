"""The ops a model's forward calls, in one place and under PyTorch's names."""

from dlcore.ops.activation import leaky_relu, relu, sigmoid, tanh
from dlcore.ops.norm import batch_norm
from dlcore.ops.softmax_xent import cross_entropy, log_softmax, softmax

__all__ = [
    "batch_norm",
    "cross_entropy",
    "leaky_relu",
    "log_softmax",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]
