"""Batch normalisation layers (Ioffe & Szegedy, 2015)."""

from __future__ import annotations

import dlcore.nn.functional as F
from dlcore import _C, creation
from dlcore.nn.module import Module
from dlcore.nn.parameter import Parameter
from dlcore.tensor import Tensor


class _BatchNorm(Module):
    dims: tuple[int, ...]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.register_parameter("weight", Parameter(creation.ones(num_features)) if affine else None)
        self.register_parameter("bias", Parameter(creation.zeros(num_features)) if affine else None)
        track = track_running_stats
        self.register_buffer("running_mean", creation.zeros(num_features) if track else None)
        self.register_buffer("running_var", creation.ones(num_features) if track else None)
        self.register_buffer("num_batches_tracked", creation.zeros(dtype=_C.DType.int64) if track else None)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in self.dims:
            wanted = " or ".join(str(d) for d in self.dims)
            raise _C.ShapeError(f"{type(self).__name__}: needs a tensor of {wanted} dimensions, got shape {x.shape}")
        momentum = self.momentum
        if self.training and self.track_running_stats:
            _C.add_into(self.num_batches_tracked.array, creation.ones(dtype=_C.DType.int64).array)
            if momentum is None:  # a plain average of all batches so far
                momentum = 1.0 / self.num_batches_tracked.item()
        return F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            momentum or 0.0,
            self.eps,
        )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Normalises each channel of (N, C) or (N, C, L) over the batch; in eval mode with the running statistics."""

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalises each channel of (N, C, H, W) over the batch; in eval mode with the running statistics."""

    dims = (4,)
