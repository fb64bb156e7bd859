"""Normalisation layers."""

from __future__ import annotations

from collections.abc import Callable

import dlcore.nn.functional as F
from dlcore import _C, creation
from dlcore.nn.checks import number, whole
from dlcore.nn.module import Module
from dlcore.nn.parameter import Parameter
from dlcore.ops.norm import batch_norm_relu
from dlcore.tensor import Tensor


class _ChannelNorm(Module):
    """What batch and instance norm share: parameters and running statistics, one a channel."""

    dims: tuple[int, ...]
    unbatched = False  # whether the least of dims is one sample's

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
    ):
        super().__init__()
        whole(self, 0, num_features=num_features)
        number(self, 0.0, float("inf"), eps=eps)
        number(self, 0.0, 1.0, momentum=momentum)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.register_parameter("weight", Parameter(creation.ones(num_features)) if affine else None)
        self.register_parameter("bias", Parameter(creation.zeros(num_features)) if affine else None)
        track = track_running_stats
        self.register_buffer("running_mean", creation.zeros(num_features) if track else None)
        self.register_buffer("running_var", creation.ones(num_features) if track else None)
        self.register_buffer("num_batches_tracked", creation.zeros(dtype=_C.DType.int64) if track else None)

    def _check(self, x: Tensor) -> None:
        if x.ndim not in self.dims:
            wanted = " or ".join(str(d) for d in self.dims)
            raise _C.ShapeError(f"{type(self).__name__}: needs a tensor of {wanted} dimensions, got shape {x.shape}")
        channels = 0 if x.ndim < self.dims[-1] and self.unbatched else 1
        if x.shape[channels] != self.num_features:
            name, c = type(self).__name__, self.num_features
            raise _C.ShapeError(f"{name}: needs {c} channels in dimension {channels}, got shape {x.shape}")

    def _count_batch(self) -> float:
        """The weight of this batch in the running statistics; without `momentum` their plain average."""
        if self.training and self.track_running_stats:
            _C.add_into(self.num_batches_tracked.array, 1)
            if self.momentum is None:
                return 1.0 / self.num_batches_tracked.item()
        return self.momentum or 0.0

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_ChannelNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats)

    def forward(self, x: Tensor) -> Tensor:
        return self._by(F.batch_norm, x)

    def forward_relu(self, x: Tensor, in_place: bool = False) -> Tensor:
        """``relu(self(x))`` in one pass; ``in_place`` in x's memory, which nothing else may read. See nn/chain.py."""
        return self._by(batch_norm_relu, x, in_place)

    def _by(self, function: Callable[..., Tensor], x: Tensor, *more: bool) -> Tensor:
        self._check(x)
        momentum = self._count_batch()
        return function(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            momentum,
            self.eps,
            *more,
        )


class BatchNorm1d(_BatchNorm):
    """Normalises each channel of (N, C) or (N, C, L) over the batch; in eval mode with the running statistics."""

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalises each channel of (N, C, H, W) over the batch; in eval mode with the running statistics."""

    dims = (4,)


class _InstanceNorm(_ChannelNorm):
    unbatched = True

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats)

    def forward(self, x: Tensor) -> Tensor:
        self._check(x)
        alone = x.ndim == self.dims[0]  # one sample without its batch dimension
        momentum = self._count_batch()
        y = F.instance_norm(
            x.unsqueeze(0) if alone else x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            momentum,
            self.eps,
        )
        return y.squeeze(0) if alone else y


class InstanceNorm1d(_InstanceNorm):
    """Normalises each channel of each sample of (N, C, L) or (C, L) by itself (Ulyanov et al., 2016)."""

    dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Normalises each channel of each sample of (N, C, H, W) or (C, H, W) by itself (Ulyanov et al., 2016)."""

    dims = (3, 4)


class LayerNorm(Module):
    """Normalises over the trailing dimensions ``normalized_shape`` (Ba et al., 2016).

    >>> import dlcore as dl
    >>> dl.nn.LayerNorm(4)(dl.zeros(2, 3, 4)).shape
    (2, 3, 4)
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...] | list[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ):
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        has = elementwise_affine
        self.register_parameter("weight", Parameter(creation.ones(*self.normalized_shape)) if has else None)
        self.register_parameter("bias", Parameter(creation.zeros(*self.normalized_shape)) if has and bias else None)

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Normalises each sample's ``num_groups`` groups of channels of (N, C, …) (Wu & He, 2018).

    >>> import dlcore as dl
    >>> dl.nn.GroupNorm(2, 6)(dl.zeros(4, 6, 5, 5)).shape
    (4, 6, 5, 5)
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True):
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: {num_channels} channels do not divide into {num_groups} groups")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.register_parameter("weight", Parameter(creation.ones(num_channels)) if affine else None)
        self.register_parameter("bias", Parameter(creation.zeros(num_channels)) if affine else None)

    def forward(self, x: Tensor) -> Tensor:
        return F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class RMSNorm(Module):
    """Divides by the root mean square over the trailing dimensions (Zhang & Sennrich, 2019)."""

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...] | list[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
    ):
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        weight = Parameter(creation.ones(*self.normalized_shape)) if elementwise_affine else None
        self.register_parameter("weight", weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
