"""The ops a model's forward calls, in one place and under PyTorch's names."""

from dlcore.ops.activation import leaky_relu, relu, sigmoid, tanh
from dlcore.ops.choose import one_hot
from dlcore.ops.conv2d import conv2d
from dlcore.ops.dropout import dropout
from dlcore.ops.embedding import embedding
from dlcore.ops.loss import binary_cross_entropy_with_logits, mse_loss
from dlcore.ops.matmul import linear
from dlcore.ops.norm import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from dlcore.ops.pool2d import adaptive_avg_pool2d, avg_pool2d, max_pool2d
from dlcore.ops.softmax_xent import cross_entropy, log_softmax, softmax

__all__ = [
    "rms_norm",
    "layer_norm",
    "instance_norm",
    "group_norm",
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "one_hot",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]
