"""dlcore: a small tensor library with kernels a person can read.

>>> import dlcore as dl
>>> dl.relu(dl.tensor([-1.0, 2.0])).tolist()
[0.0, 2.0]
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from dlcore import _C, autograd
from dlcore._C import DeviceError, DTypeError, OutOfMemory, ShapeError
from dlcore.autograd import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from dlcore.creation import (
    arange,
    as_tensor,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    logspace,
    meshgrid,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from dlcore.ops.activation import relu, sigmoid, tanh
from dlcore.ops.choose import argwhere, bincount, count_nonzero, masked_fill, masked_select
from dlcore.ops.combine import addcdiv, addcmul, isfinite, isinf, isnan, lerp, nan_to_num
from dlcore.ops.compare import (
    clamp,
    eq,
    ge,
    gt,
    le,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    lt,
    maximum,
    minimum,
    ne,
    sign,
    where,
)
from dlcore.ops.copy import cat, clone, stack
from dlcore.ops.divisions import (
    atan2,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    floor_divide,
    fmod,
    remainder,
)
from dlcore.ops.einsum import einsum
from dlcore.ops.elementwise import abs, add, div, exp, log, mul, neg, pow, reciprocal, rsub, sqrt, square, sub
from dlcore.ops.index import gather, scatter, scatter_add, take, take_along_dim
from dlcore.ops.index_slices import index_add, index_copy, index_fill, index_select
from dlcore.ops.indexing import index_put, nonzero
from dlcore.ops.maths import (
    acos,
    asin,
    atan,
    cos,
    cosh,
    erf,
    exp2,
    expm1,
    log1p,
    log2,
    log10,
    rsqrt,
    sin,
    sinh,
    tan,
)
from dlcore.ops.matmul import addmm, bmm, dot, matmul, mm, mv, outer
from dlcore.ops.random import bernoulli, rand, rand_like, randint, randn, randn_like, randperm
from dlcore.ops.rearrange import chunk, diag, flip, movedim, narrow, roll, select, split, tile, tril, triu, unbind
from dlcore.ops.reduce import all, amax, amin, any, argmax, argmin, max, mean, min, sum
from dlcore.ops.rnn import gru, lstm, rnn_relu, rnn_tanh
from dlcore.ops.rounding import ceil, floor, frac, round, trunc
from dlcore.ops.scan import cummax, cummin, cumprod, cumsum, diff
from dlcore.ops.shape import diagonal, flatten, permute, reshape, squeeze, t, transpose, unflatten, unsqueeze
from dlcore.ops.softmax_xent import log_softmax, softmax
from dlcore.ops.sort import argsort, bucketize, isin, kthvalue, median, searchsorted, sort, topk
from dlcore.ops.statistics import (
    aminmax,
    logsumexp,
    nanmean,
    nansum,
    norm,
    prod,
    std,
    std_mean,
    var,
    var_mean,
)
from dlcore.ops.stft import hamming_window, hann_window, istft, stft
from dlcore.ops.unique import unique, unique_consecutive
from dlcore.precision import autocast, is_autocast_enabled
from dlcore.runtime import (
    bfloat16,
    bool,
    empty_cache,
    float16,
    float32,
    float64,
    get_float32_matmul_precision,
    get_num_threads,
    half,
    int32,
    int64,
    manual_seed,
    memory_summary,
    set_float32_matmul_precision,
    set_num_threads,
    uint8,
)
from dlcore.tensor import Tensor

if _TYPE_CHECKING:
    from dlcore.profiler import profile

__version__ = "0.1.0"

_C.check_environment()  # a DLCORE_ variable that cannot be obeyed is a ValueError now, not in the middle of some op

_LAZY = ("amp", "data", "formats", "machine", "nn", "optim", "profiler", "recipes", "testing", "train")


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        return _import_module(f"dlcore.{name}")
    if name == "profile":
        return _import_module("dlcore.profiler").profile
    raise AttributeError(f"module 'dlcore' has no attribute '{name}'")


_INTERNAL = {"creation", "hooks", "operators", "ops", "precision", "runtime"}  # modules whose names are here already
__all__ = sorted({n for n in dir() if not n.startswith("_")} - _INTERNAL | set(_LAZY) | {"profile"})
