"""The ops a model's forward calls, in one place and under PyTorch's names."""

from dlcore.ops.activation import leaky_relu, relu, sigmoid, tanh

__all__ = ["leaky_relu", "relu", "sigmoid", "tanh"]
