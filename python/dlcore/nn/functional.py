"""The ops a model's forward calls, in one place and under PyTorch's names."""

from dlcore.ops.activation import add_relu, leaky_relu, relu, sigmoid, tanh
from dlcore.ops.activation_hard import (
    glu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    prelu,
    relu6,
    softshrink,
    softsign,
    tanhshrink,
    threshold,
)
from dlcore.ops.activation_smooth import celu, elu, gelu, logsigmoid, mish, selu, silu, softplus
from dlcore.ops.attention import scaled_dot_product_attention
from dlcore.ops.choose import one_hot
from dlcore.ops.conv2d import conv1d, conv2d
from dlcore.ops.conv_transpose import conv_transpose1d, conv_transpose2d
from dlcore.ops.cross_entropy import binary_cross_entropy, binary_cross_entropy_with_logits, nll_loss
from dlcore.ops.dropout import dropout, dropout1d, dropout2d
from dlcore.ops.embedding import embedding
from dlcore.ops.grid_sample import affine_grid, grid_sample
from dlcore.ops.loss import huber_loss, kl_div, l1_loss, mse_loss, smooth_l1_loss
from dlcore.ops.matmul import linear
from dlcore.ops.mel import melscale_fbanks
from dlcore.ops.norm import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from dlcore.ops.pad import pad
from dlcore.ops.patches import fold, pixel_shuffle, pixel_unshuffle, unfold
from dlcore.ops.pool1d import adaptive_avg_pool1d, adaptive_max_pool1d, avg_pool1d, max_pool1d
from dlcore.ops.pool2d import adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, max_pool2d
from dlcore.ops.resample import interpolate
from dlcore.ops.softmax_xent import cross_entropy, log_softmax, softmax
from dlcore.ops.statistics import cosine_similarity, normalize, pairwise_distance

__all__ = [
    "melscale_fbanks",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "add_relu",
    "affine_grid",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "dropout1d",
    "dropout2d",
    "elu",
    "embedding",
    "fold",
    "gelu",
    "glu",
    "grid_sample",
    "group_norm",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "max_pool1d",
    "max_pool2d",
    "mish",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pixel_shuffle",
    "pixel_unshuffle",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "unfold",
]
