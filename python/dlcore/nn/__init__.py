"""Layers, losses and models, with PyTorch's names, signatures and defaults."""

from dlcore.nn import functional, init, utils
from dlcore.nn.container import ModuleList, Sequential
from dlcore.nn.conv import AdaptiveAvgPool2d, AvgPool2d, Conv2d, MaxPool2d
from dlcore.nn.layers import (
    Dropout,
    Embedding,
    Flatten,
    Identity,
    LeakyReLU,
    Linear,
    LogSoftmax,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from dlcore.nn.loss import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss
from dlcore.nn.module import Module
from dlcore.nn.norm import BatchNorm1d, BatchNorm2d, GroupNorm, InstanceNorm1d, InstanceNorm2d, LayerNorm, RMSNorm
from dlcore.nn.parameter import Parameter

__all__ = [
    "RMSNorm",
    "LayerNorm",
    "InstanceNorm2d",
    "InstanceNorm1d",
    "GroupNorm",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "functional",
    "init",
    "utils",
]
