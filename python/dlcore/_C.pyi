from __future__ import annotations

import builtins
import collections.abc
import typing

import numpy

__all__: list[str] = [
    "Array",
    "DType",
    "DTypeError",
    "DeviceError",
    "OutOfMemory",
    "RnnMode",
    "ShapeError",
    "abs_bwd",
    "abs_fwd",
    "acos_fwd",
    "adadelta_step",
    "adagrad_step",
    "adam_step",
    "adamax_step",
    "adaptive_avg_pool2d_bwd",
    "adaptive_avg_pool2d_fwd",
    "adaptive_max_pool2d_bwd",
    "adaptive_max_pool2d_fwd",
    "adaptive_max_pool2d_indices",
    "add_fwd",
    "add_into",
    "add_relu_fwd",
    "add_relu_into",
    "alike",
    "arange",
    "argmax_fwd",
    "argmin_fwd",
    "array_of",
    "asin_fwd",
    "atan2_fwd",
    "atan_fwd",
    "attention_bwd",
    "attention_fwd",
    "avg_pool2d_bwd",
    "avg_pool2d_fwd",
    "batch_norm_bwd",
    "batch_norm_fwd",
    "bce_bwd",
    "bce_bwd_t",
    "bce_fwd",
    "bce_prob_bwd",
    "bce_prob_bwd_t",
    "bce_prob_fwd",
    "bincount_fwd",
    "bind_graph",
    "bind_tensor",
    "bitwise_and_fwd",
    "bitwise_or_fwd",
    "bitwise_xor_fwd",
    "broadcast_shapes",
    "cat",
    "ceil_fwd",
    "celu_bwd",
    "celu_fwd",
    "channels_last",
    "check_environment",
    "check_fits",
    "clamp_bwd",
    "clamp_fwd",
    "clone",
    "contiguous",
    "conv2d_bwd_b",
    "conv2d_bwd_w",
    "conv2d_bwd_x",
    "conv2d_fwd",
    "convert",
    "copy_into",
    "cos_fwd",
    "cosh_fwd",
    "cross_entropy_bwd",
    "cross_entropy_fwd",
    "cross_entropy_fwd_bwd",
    "cuda_check_sync",
    "cuda_current_stream",
    "cuda_empty_cache",
    "cuda_event",
    "cuda_event_free",
    "cuda_event_reached",
    "cuda_event_record",
    "cuda_event_synchronize",
    "cuda_event_wait",
    "cuda_memory_stats",
    "cuda_milliseconds",
    "cuda_reset_peaks",
    "cuda_set_stream",
    "cuda_stream",
    "cuda_stream_done",
    "cuda_stream_synchronize",
    "cuda_synchronize",
    "cuda_used_by",
    "cummax_fwd",
    "cummin_fwd",
    "cumprod_bwd",
    "cumprod_fwd",
    "cumsum_fwd",
    "dft_bwd",
    "dft_fwd",
    "diagonal",
    "div_bwd_b",
    "div_fwd",
    "div_into",
    "dropout_bwd",
    "dropout_fwd",
    "dtype_of",
    "elu_bwd",
    "elu_fwd",
    "embedding_bwd",
    "embedding_fwd",
    "empty",
    "empty_cache",
    "empty_dense",
    "empty_like",
    "empty_strided",
    "eq_fwd",
    "erf_fwd",
    "exp2_fwd",
    "exp_fwd",
    "expm1_fwd",
    "fill_",
    "flip",
    "floor_divide_fwd",
    "floor_fwd",
    "fmod_fwd",
    "from_numpy",
    "full",
    "gather_bwd",
    "gather_fwd",
    "ge_fwd",
    "gelu_bwd",
    "gelu_fwd",
    "gelu_tanh_bwd",
    "gelu_tanh_fwd",
    "gemm_into",
    "grid_sample_bwd_grid",
    "grid_sample_bwd_x",
    "grid_sample_fwd",
    "group_norm_bwd",
    "group_norm_fwd",
    "gt_fwd",
    "hardsigmoid_bwd",
    "hardsigmoid_fwd",
    "hardswish_bwd",
    "hardswish_fwd",
    "hardtanh_bwd",
    "hardtanh_fwd",
    "has_cuda",
    "huber_bwd",
    "huber_fwd",
    "index_fwd",
    "index_into",
    "is_pinned",
    "isa",
    "isas",
    "kernels",
    "kth_fwd",
    "l1_bwd",
    "l1_fwd",
    "last_kernel",
    "layer_norm_bwd",
    "layer_norm_fwd",
    "layout_copies",
    "le_fwd",
    "leaky_relu_bwd",
    "leaky_relu_fwd",
    "like",
    "linear_bwd_b",
    "linear_bwd_w",
    "linear_bwd_x",
    "linear_fwd",
    "load_backend",
    "log10_fwd",
    "log1p_fwd",
    "log2_fwd",
    "log_fwd",
    "log_softmax_bwd",
    "log_softmax_fwd",
    "logical_and_fwd",
    "logical_not_fwd",
    "logical_or_fwd",
    "logical_xor_fwd",
    "logsigmoid_bwd",
    "logsigmoid_fwd",
    "logsumexp_fwd",
    "lt_fwd",
    "machine_isa",
    "make_node",
    "make_with",
    "manual_seed",
    "matmul_bwd_a",
    "matmul_bwd_b",
    "matmul_fwd",
    "max_fwd",
    "max_pool2d_bwd",
    "max_pool2d_fwd",
    "max_pool2d_indices",
    "maximum_bwd",
    "maximum_fwd",
    "mean_fwd",
    "memory_stats",
    "min_fwd",
    "minimum_bwd",
    "minimum_fwd",
    "mish_bwd",
    "mish_fwd",
    "mse_bwd",
    "mse_fwd",
    "mul_fwd",
    "mul_into",
    "nadam_step",
    "ne_fwd",
    "neg_fwd",
    "nonzero_fwd",
    "normal_",
    "num_threads",
    "numpy_dtype",
    "ones",
    "peak_flops",
    "peak_bf16_flops",
    "pin_memory",
    "pow_bwd_a",
    "pow_bwd_b",
    "pow_fwd",
    "prod_fwd",
    "product_precision",
    "profile_close",
    "profile_events",
    "profile_open",
    "profile_snapshot",
    "promote",
    "rand",
    "randint",
    "randn",
    "randperm",
    "reciprocal_bwd",
    "reciprocal_fwd",
    "record",
    "recording",
    "relu_bwd",
    "relu_fwd",
    "relu_into",
    "remainder_fwd",
    "resample_bwd",
    "resample_fwd",
    "reshape",
    "result_of",
    "rmsprop_step",
    "rng_state",
    "rnn_bwd",
    "rnn_fwd",
    "round_fwd",
    "rsqrt_fwd",
    "scatter_fwd",
    "scatter_into",
    "searchsorted_fwd",
    "set_isa",
    "set_num_threads",
    "set_poison",
    "set_product_precision",
    "set_recording",
    "set_rng_state",
    "set_tiles_always",
    "set_winograd_always",
    "sgd_momentum_step",
    "sgd_step",
    "sigmoid_bwd",
    "sigmoid_fwd",
    "sign_fwd",
    "silu_bwd",
    "silu_fwd",
    "sin_fwd",
    "sinh_fwd",
    "smooth_l1_bwd",
    "smooth_l1_fwd",
    "softmax_bwd",
    "softmax_fwd",
    "softplus_bwd",
    "softplus_fwd",
    "softsign_bwd",
    "softsign_fwd",
    "sort_fwd",
    "sqrt_bwd",
    "sqrt_fwd",
    "square_bwd",
    "square_fwd",
    "stack",
    "sub_fwd",
    "sum_fwd",
    "sum_squares_fwd",
    "sum_to",
    "tan_fwd",
    "tanh_bwd",
    "tanh_fwd",
    "to_device",
    "to_device_later",
    "topk_fwd",
    "trunc_fwd",
    "unchanged",
    "uniform_",
    "value_of",
    "where_fwd",
    "windows",
    "zeros",
    "zeros_strided",
]

class ShapeError(ValueError):
    """
    Shapes that do not fit: a ValueError. The text names the op, the rule and every shape.
    """

class DTypeError(TypeError):
    """
    A dtype that an op does not take: a TypeError. The text names the conversion that helps.
    """

class DeviceError(RuntimeError):
    """
    Tensors on different devices, or a device that is not there: a RuntimeError.
    """

class OutOfMemory(MemoryError):
    """
    Memory for a tensor could not be had: a MemoryError. Nothing has changed.
    """

class DType:
    """
    Members:

      bool

      uint8

      int32

      int64

      float16

      bfloat16

      float32

      float64
    """
    @property
    def itemsize(self) -> int: ...
    @property
    def is_floating_point(self) -> builtins.bool: ...
    __members__: typing.ClassVar[dict[str, DType]]
    bfloat16: typing.ClassVar[DType]
    bool: typing.ClassVar[DType]
    float16: typing.ClassVar[DType]
    float32: typing.ClassVar[DType]
    float64: typing.ClassVar[DType]
    int32: typing.ClassVar[DType]
    int64: typing.ClassVar[DType]
    uint8: typing.ClassVar[DType]
    def __eq__(self, arg0: typing.Any) -> builtins.bool: ...
    def __getstate__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __index__(self) -> int: ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __int__(self) -> int: ...
    def __ne__(self, arg0: typing.Any) -> builtins.bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __str__(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

class Array:
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def strides(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> DType: ...
    @property
    def device(self) -> str: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def version(self) -> int: ...
    @property
    def owners(self) -> int: ...
    @property
    def is_dense(self) -> bool: ...
    @property
    def is_contiguous(self) -> bool: ...
    @property
    def is_channels_last(self) -> bool: ...
    def bump_version(self) -> None: ...
    def expand(self, arg0: tuple[int, ...]) -> Array: ...
    def index(self, arg0: typing.Any) -> typing.Any: ...
    def item(self) -> typing.Any: ...
    def numpy(self) -> numpy.ndarray: ...
    def permute(self, arg0: tuple[int, ...]) -> Array: ...
    def select(
        self, arg0: typing.SupportsInt | typing.SupportsIndex, arg1: typing.SupportsInt | typing.SupportsIndex
    ) -> Array: ...
    def slice(
        self,
        arg0: typing.SupportsInt | typing.SupportsIndex,
        arg1: typing.SupportsInt | typing.SupportsIndex,
        arg2: typing.SupportsInt | typing.SupportsIndex,
        arg3: typing.SupportsInt | typing.SupportsIndex,
    ) -> Array: ...
    def squeeze(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
    def transpose(
        self, arg0: typing.SupportsInt | typing.SupportsIndex, arg1: typing.SupportsInt | typing.SupportsIndex
    ) -> Array: ...
    def unsqueeze(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
    def view(self, arg0: tuple[int, ...]) -> Array: ...
    def view_as(self, arg0: DType) -> Array: ...

class RnnMode:
    """
    Members:

      tanh

      relu

      lstm

      gru
    """

    __members__: typing.ClassVar[dict[str, RnnMode]]
    gru: typing.ClassVar[RnnMode]
    lstm: typing.ClassVar[RnnMode]
    relu: typing.ClassVar[RnnMode]
    tanh: typing.ClassVar[RnnMode]
    @typing.overload
    def __eq__(self, other: RnnMode) -> builtins.bool: ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> builtins.bool: ...
    def __getstate__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __index__(self) -> int: ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __int__(self) -> int: ...
    @typing.overload
    def __ne__(self, other: RnnMode) -> builtins.bool: ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> builtins.bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __str__(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

def abs_bwd(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def abs_fwd(arg0: typing.Any) -> Array: ...
def acos_fwd(arg0: typing.Any) -> Array: ...
def adadelta_step(
    arg0: collections.abc.Sequence[typing.Any],
    arg1: collections.abc.Sequence[typing.Any],
    arg2: collections.abc.Sequence[typing.Any],
    arg3: collections.abc.Sequence[typing.Any],
    arg4: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg5: typing.SupportsFloat | typing.SupportsIndex,
    arg6: typing.SupportsFloat | typing.SupportsIndex,
    arg7: typing.SupportsFloat | typing.SupportsIndex,
    arg8: typing.SupportsFloat | typing.SupportsIndex,
    arg9: bool,
) -> None: ...
def adagrad_step(
    arg0: collections.abc.Sequence[typing.Any],
    arg1: collections.abc.Sequence[typing.Any],
    arg2: collections.abc.Sequence[typing.Any],
    arg3: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg4: typing.SupportsFloat | typing.SupportsIndex,
    arg5: typing.SupportsFloat | typing.SupportsIndex,
    arg6: typing.SupportsFloat | typing.SupportsIndex,
    arg7: typing.SupportsFloat | typing.SupportsIndex,
    arg8: bool,
    arg9: bool,
) -> None: ...
def adam_step(
    arg0: collections.abc.Sequence[typing.Any],
    arg1: collections.abc.Sequence[typing.Any],
    arg2: collections.abc.Sequence[typing.Any],
    arg3: collections.abc.Sequence[typing.Any],
    arg4: collections.abc.Sequence[typing.Any],
    arg5: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg6: typing.SupportsFloat | typing.SupportsIndex,
    arg7: typing.SupportsFloat | typing.SupportsIndex,
    arg8: typing.SupportsFloat | typing.SupportsIndex,
    arg9: typing.SupportsFloat | typing.SupportsIndex,
    arg10: typing.SupportsFloat | typing.SupportsIndex,
    arg11: bool,
    arg12: bool,
    arg13: bool,
) -> None: ...
def adamax_step(
    arg0: collections.abc.Sequence[typing.Any],
    arg1: collections.abc.Sequence[typing.Any],
    arg2: collections.abc.Sequence[typing.Any],
    arg3: collections.abc.Sequence[typing.Any],
    arg4: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg5: typing.SupportsFloat | typing.SupportsIndex,
    arg6: typing.SupportsFloat | typing.SupportsIndex,
    arg7: typing.SupportsFloat | typing.SupportsIndex,
    arg8: typing.SupportsFloat | typing.SupportsIndex,
    arg9: typing.SupportsFloat | typing.SupportsIndex,
    arg10: bool,
) -> None: ...
def adaptive_avg_pool2d_bwd(arg0: typing.Any, arg1: tuple[int, ...], arg2: tuple[int, ...]) -> Array: ...
def adaptive_avg_pool2d_fwd(
    arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def adaptive_max_pool2d_bwd(
    arg0: typing.Any, arg1: typing.Any, arg2: tuple[int, ...], arg3: tuple[int, ...]
) -> Array: ...
def adaptive_max_pool2d_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: bool,
) -> tuple[Array, typing.Any]: ...
def adaptive_max_pool2d_indices(arg0: typing.Any, arg1: tuple[int, ...]) -> Array: ...
def add_fwd(arg0: Array | float, arg1: Array | float, arg2: float = 1) -> Array: ...
def add_into(arg0: typing.Any, arg1: Array | float, arg2: float = 1) -> None: ...
def add_relu_fwd(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def add_relu_into(arg0: typing.Any, arg1: typing.Any) -> None: ...
def alike(arg0: typing.Any, arg1: typing.Any) -> builtins.bool: ...
def arange(arg0: float, arg1: float, arg2: float, arg3: DType) -> Array: ...
def argmax_fwd(
    arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: bool
) -> tuple[Array, Array]: ...
def argmin_fwd(
    arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: bool
) -> tuple[Array, Array]: ...
def array_of(*args, **kwargs):
    """
    The Array of a Tensor; for anything else a DTypeError.
    """

def asin_fwd(arg0: typing.Any) -> Array: ...
def atan2_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def atan_fwd(arg0: typing.Any) -> Array: ...
def attention_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: bool,
    arg6: typing.SupportsFloat | typing.SupportsIndex,
    arg7: typing.Any,
) -> tuple[Array, Array, Array]: ...
def attention_fwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: bool,
    arg5: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple[Array, Array]: ...
def avg_pool2d_bwd(
    arg0: typing.Any,
    arg1: tuple[int, ...],
    arg2: tuple[int, ...],
    arg3: tuple[int, ...],
    arg4: tuple[int, ...],
    arg5: tuple[int, ...],
    arg6: bool,
    arg7: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def avg_pool2d_fwd(
    arg0: typing.Any,
    arg1: tuple[int, ...],
    arg2: tuple[int, ...],
    arg3: tuple[int, ...],
    arg4: bool,
    arg5: bool,
    arg6: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def batch_norm_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: bool,
    arg7: bool,
    arg8: bool,
    arg9: bool,
) -> tuple: ...
def batch_norm_fwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: bool,
    arg6: typing.SupportsFloat | typing.SupportsIndex,
    arg7: typing.SupportsFloat | typing.SupportsIndex,
    arg8: bool = False,
    arg9: bool = False,
) -> tuple[Array, Array, Array]: ...
def bce_bwd(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def bce_bwd_t(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def bce_fwd(arg0: typing.Any, arg1: typing.Any, arg2: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def bce_prob_bwd(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def bce_prob_bwd_t(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def bce_prob_fwd(arg0: typing.Any, arg1: typing.Any, arg2: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def bincount_fwd(arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def bind_graph(arg0: type, arg1: type) -> None: ...
def bind_tensor(arg0: type, arg1: collections.abc.Callable) -> None: ...
def bitwise_and_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def bitwise_or_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def bitwise_xor_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def broadcast_shapes(arg0: str, arg1: tuple[int, ...], arg2: tuple[int, ...]) -> tuple[int, ...]: ...
def cat(arg0: collections.abc.Sequence[typing.Any], arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def ceil_fwd(arg0: typing.Any) -> Array: ...
def celu_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def celu_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def channels_last(arg0: typing.Any) -> Array: ...
def check_environment() -> None: ...
def check_fits(arg0: str, arg1: DType, arg2: float) -> None: ...
def clamp_bwd(arg0: typing.Any, arg1: typing.Any, arg2: Array | float, arg3: Array | float) -> Array: ...
def clamp_fwd(arg0: typing.Any, arg1: Array | float, arg2: Array | float) -> Array: ...
def clone(arg0: typing.Any) -> Array: ...
def contiguous(arg0: typing.Any) -> Array: ...
def conv2d_bwd_b(arg0: typing.Any, arg1: bool) -> Array: ...
def conv2d_bwd_w(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: tuple[int, ...],
    arg4: tuple[int, ...],
    arg5: tuple[int, ...],
    arg6: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def conv2d_bwd_x(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: tuple[int, ...],
    arg3: tuple[int, ...],
    arg4: tuple[int, ...],
    arg5: tuple[int, ...],
    arg6: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def conv2d_fwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: tuple[int, ...],
    arg4: tuple[int, ...],
    arg5: tuple[int, ...],
    arg6: typing.SupportsInt | typing.SupportsIndex,
    arg7: bool = False,
) -> Array: ...
def convert(arg0: typing.Any, arg1: DType) -> Array: ...
def copy_into(arg0: typing.Any, arg1: typing.Any) -> None: ...
def cos_fwd(arg0: typing.Any) -> Array: ...
def cosh_fwd(arg0: typing.Any) -> Array: ...
def cross_entropy_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.SupportsInt | typing.SupportsIndex,
    arg6: typing.SupportsFloat | typing.SupportsIndex,
    arg7: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def cross_entropy_fwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.SupportsInt | typing.SupportsIndex,
    arg4: typing.SupportsFloat | typing.SupportsIndex,
    arg5: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[Array, Array]: ...
def cross_entropy_fwd_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.SupportsInt | typing.SupportsIndex,
    arg4: typing.SupportsFloat | typing.SupportsIndex,
    arg5: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[Array, Array, Array]: ...
def cuda_check_sync(arg0: bool) -> None: ...
def cuda_current_stream() -> int: ...
def cuda_empty_cache() -> None: ...
def cuda_event(arg0: bool) -> int: ...
def cuda_event_free(arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def cuda_event_reached(arg0: typing.SupportsInt | typing.SupportsIndex) -> builtins.bool: ...
def cuda_event_record(
    arg0: typing.SupportsInt | typing.SupportsIndex, arg1: typing.SupportsInt | typing.SupportsIndex
) -> None: ...
def cuda_event_synchronize(arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def cuda_event_wait(
    arg0: typing.SupportsInt | typing.SupportsIndex, arg1: typing.SupportsInt | typing.SupportsIndex
) -> None: ...
def cuda_memory_stats() -> dict: ...
def cuda_milliseconds(
    arg0: typing.SupportsInt | typing.SupportsIndex, arg1: typing.SupportsInt | typing.SupportsIndex
) -> float: ...
def cuda_reset_peaks() -> None: ...
def cuda_set_stream(arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def cuda_stream() -> int: ...
def cuda_stream_done(arg0: typing.SupportsInt | typing.SupportsIndex) -> builtins.bool: ...
def cuda_stream_synchronize(arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def cuda_synchronize() -> None: ...
def cuda_used_by(arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def cummax_fwd(arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex) -> tuple[Array, Array]: ...
def cummin_fwd(arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex) -> tuple[Array, Array]: ...
def cumprod_bwd(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def cumprod_fwd(arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def cumsum_fwd(arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: bool) -> Array: ...
def dft_bwd(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def dft_fwd(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: bool) -> Array: ...
def diagonal(
    arg0: typing.Any,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def div_bwd_b(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Array: ...
def div_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def div_into(arg0: typing.Any, arg1: Array | float) -> None: ...
def dropout_bwd(
    arg0: typing.Any,
    arg1: tuple[int, ...],
    arg2: typing.SupportsFloat | typing.SupportsIndex,
    arg3: typing.SupportsInt | typing.SupportsIndex,
    arg4: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def dropout_fwd(arg0: typing.Any, arg1: typing.SupportsFloat | typing.SupportsIndex) -> tuple[Array, int, int]: ...
def dtype_of(arg0: numpy.dtype[typing.Any]) -> DType: ...
def elu_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def elu_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def embedding_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def embedding_fwd(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def empty(arg0: tuple[int, ...], arg1: DType) -> Array: ...
def empty_cache() -> None: ...
def empty_dense(arg0: tuple[int, ...], arg1: tuple[int, ...], arg2: DType, arg3: str) -> Array: ...
def empty_like(arg0: typing.Any) -> Array: ...
def empty_strided(arg0: tuple[int, ...], arg1: tuple[int, ...], arg2: DType) -> Array: ...
def eq_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def erf_fwd(arg0: typing.Any) -> Array: ...
def exp2_fwd(arg0: typing.Any) -> Array: ...
def exp_fwd(arg0: typing.Any) -> Array: ...
def expm1_fwd(arg0: typing.Any) -> Array: ...
def fill_(arg0: typing.Any, arg1: float) -> None: ...
def flip(arg0: typing.Any, arg1: tuple[int, ...]) -> Array: ...
def floor_divide_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def floor_fwd(arg0: typing.Any) -> Array: ...
def fmod_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def from_numpy(arg0: numpy.ndarray) -> Array: ...
def full(arg0: tuple[int, ...], arg1: float, arg2: DType, arg3: str) -> Array: ...
def gather_bwd(
    arg0: typing.Any, arg1: tuple[int, ...], arg2: typing.SupportsInt | typing.SupportsIndex, arg3: typing.Any
) -> Array: ...
def gather_fwd(arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: typing.Any) -> Array: ...
def ge_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def gelu_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def gelu_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def gelu_tanh_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def gelu_tanh_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def gemm_into(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any, arg4: typing.Any, arg5: bool, arg6: bool
) -> None: ...
def grid_sample_bwd_grid(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: bool,
    arg4: typing.SupportsInt | typing.SupportsIndex,
    arg5: bool,
) -> Array: ...
def grid_sample_bwd_x(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: tuple[int, ...],
    arg3: tuple[int, ...],
    arg4: bool,
    arg5: typing.SupportsInt | typing.SupportsIndex,
    arg6: bool,
) -> Array: ...
def grid_sample_fwd(
    arg0: typing.Any, arg1: typing.Any, arg2: bool, arg3: typing.SupportsInt | typing.SupportsIndex, arg4: bool
) -> Array: ...
def group_norm_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: bool,
    arg6: bool,
) -> tuple: ...
def group_norm_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple[Array, Array]: ...
def gt_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def hardsigmoid_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def hardsigmoid_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def hardswish_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def hardswish_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def hardtanh_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def hardtanh_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def has_cuda() -> builtins.bool: ...
def huber_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.SupportsInt | typing.SupportsIndex,
    arg4: typing.SupportsFloat | typing.SupportsIndex,
) -> Array: ...
def huber_fwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.SupportsFloat | typing.SupportsIndex,
) -> Array: ...
def index_fwd(
    arg0: str,
    arg1: typing.Any,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: collections.abc.Sequence[typing.Any],
    arg4: bool,
) -> Array: ...
def index_into(
    arg0: str,
    arg1: typing.Any,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: collections.abc.Sequence[typing.Any],
    arg4: typing.Any,
    arg5: bool,
    arg6: bool,
) -> None: ...
def is_pinned(arg0: typing.Any) -> builtins.bool: ...
def isa() -> str: ...
def isas() -> list: ...
def kernels() -> list: ...
def kth_fwd(
    arg0: str,
    arg1: typing.Any,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.SupportsInt | typing.SupportsIndex,
    arg4: bool,
) -> tuple[Array, Array]: ...
def l1_bwd(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def l1_fwd(arg0: typing.Any, arg1: typing.Any, arg2: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def last_kernel() -> str: ...
def layer_norm_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: tuple[int, ...],
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: bool,
    arg6: bool,
) -> tuple: ...
def layer_norm_fwd(
    arg0: typing.Any,
    arg1: tuple[int, ...],
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple[Array, Array]: ...
def layout_copies() -> int: ...
def le_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def leaky_relu_bwd(arg0: typing.Any, arg1: typing.Any, arg2: typing.SupportsFloat | typing.SupportsIndex) -> Array: ...
def leaky_relu_fwd(arg0: typing.Any, arg1: typing.SupportsFloat | typing.SupportsIndex) -> Array: ...
def like(arg0: typing.Any, arg1: typing.Any) -> typing.Any: ...
def linear_bwd_b(arg0: typing.Any, arg1: bool) -> Array: ...
def linear_bwd_w(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Array: ...
def linear_bwd_x(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def linear_fwd(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: bool = False) -> Array: ...
def load_backend(arg0: str) -> None: ...
def log10_fwd(arg0: typing.Any) -> Array: ...
def log1p_fwd(arg0: typing.Any) -> Array: ...
def log2_fwd(arg0: typing.Any) -> Array: ...
def log_fwd(arg0: typing.Any) -> Array: ...
def log_softmax_bwd(arg0: typing.Any, arg1: typing.Any, arg2: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def log_softmax_fwd(arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def logical_and_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def logical_not_fwd(arg0: typing.Any) -> Array: ...
def logical_or_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def logical_xor_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def logsigmoid_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def logsigmoid_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def logsumexp_fwd(arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def lt_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def machine_isa() -> str: ...
def make_node(*args, **kwargs):
    """
    make_node(rule, inputs, saved, attrs): a Node.
    """

def make_with(arg0: typing.Any) -> typing.Any: ...
def manual_seed(arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def matmul_bwd_a(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Array: ...
def matmul_bwd_b(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> Array: ...
def matmul_fwd(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def max_fwd(arg0: typing.Any, arg1: tuple[int, ...], arg2: bool) -> Array: ...
def max_pool2d_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: tuple[int, ...],
    arg3: tuple[int, ...],
    arg4: tuple[int, ...],
    arg5: tuple[int, ...],
    arg6: tuple[int, ...],
    arg7: tuple[int, ...],
) -> Array: ...
def max_pool2d_fwd(
    arg0: typing.Any,
    arg1: tuple[int, ...],
    arg2: tuple[int, ...],
    arg3: tuple[int, ...],
    arg4: tuple[int, ...],
    arg5: bool,
    arg6: bool,
) -> tuple[Array, typing.Any]: ...
def max_pool2d_indices(
    arg0: typing.Any,
    arg1: tuple[int, ...],
    arg2: tuple[int, ...],
    arg3: tuple[int, ...],
    arg4: tuple[int, ...],
    arg5: tuple[int, ...],
) -> Array: ...
def maximum_bwd(arg0: typing.Any, arg1: Array | float, arg2: Array | float) -> Array: ...
def maximum_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def mean_fwd(arg0: typing.Any, arg1: tuple[int, ...], arg2: bool) -> Array: ...
def memory_stats() -> dict: ...
def min_fwd(arg0: typing.Any, arg1: tuple[int, ...], arg2: bool) -> Array: ...
def minimum_bwd(arg0: typing.Any, arg1: Array | float, arg2: Array | float) -> Array: ...
def minimum_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def mish_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def mish_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def mse_bwd(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def mse_fwd(arg0: typing.Any, arg1: typing.Any, arg2: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def mul_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def mul_into(arg0: typing.Any, arg1: Array | float) -> None: ...
def nadam_step(
    arg0: collections.abc.Sequence[typing.Any],
    arg1: collections.abc.Sequence[typing.Any],
    arg2: collections.abc.Sequence[typing.Any],
    arg3: collections.abc.Sequence[typing.Any],
    arg4: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg5: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex],
    arg6: typing.SupportsFloat | typing.SupportsIndex,
    arg7: typing.SupportsFloat | typing.SupportsIndex,
    arg8: typing.SupportsFloat | typing.SupportsIndex,
    arg9: typing.SupportsFloat | typing.SupportsIndex,
    arg10: typing.SupportsFloat | typing.SupportsIndex,
    arg11: typing.SupportsFloat | typing.SupportsIndex,
    arg12: bool,
    arg13: bool,
    arg14: bool,
) -> None: ...
def ne_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def neg_fwd(arg0: typing.Any) -> Array: ...
def nonzero_fwd(arg0: typing.Any) -> Array: ...
def normal_(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex,
    arg2: typing.SupportsFloat | typing.SupportsIndex,
) -> None: ...
def num_threads() -> int: ...
def numpy_dtype(arg0: DType) -> numpy.dtype[typing.Any]: ...
def ones(arg0: tuple[int, ...], arg1: DType, arg2: str) -> Array: ...
def peak_flops(arg0: typing.SupportsFloat | typing.SupportsIndex) -> float: ...
def peak_bf16_flops(arg0: typing.SupportsFloat | typing.SupportsIndex) -> float: ...
def pin_memory(arg0: typing.Any) -> Array: ...
def pow_bwd_a(arg0: typing.Any, arg1: Array | float, arg2: Array | float) -> Array: ...
def pow_bwd_b(arg0: typing.Any, arg1: Array | float, arg2: typing.Any) -> Array: ...
def pow_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def prod_fwd(arg0: typing.Any, arg1: tuple[int, ...], arg2: bool) -> Array: ...
def product_precision() -> int: ...
def profile_close() -> None: ...
def profile_events(
    arg0: typing.SupportsInt | typing.SupportsIndex, arg1: typing.SupportsInt | typing.SupportsIndex
) -> bytes: ...
def profile_open() -> None: ...
def profile_snapshot() -> dict: ...
def promote(arg0: DType, arg1: DType) -> DType: ...
def rand(arg0: tuple[int, ...], arg1: DType, arg2: str = "cpu") -> Array: ...
def randint(
    arg0: typing.SupportsInt | typing.SupportsIndex,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: tuple[int, ...],
    arg3: str = "cpu",
) -> Array: ...
def randn(arg0: tuple[int, ...], arg1: DType, arg2: str = "cpu") -> Array: ...
def randperm(arg0: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def reciprocal_bwd(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def reciprocal_fwd(arg0: typing.Any) -> Array: ...
def record(*args, **kwargs):
    """
    record(array, rule, inputs, saved=(), attrs=None): what every op returns; see autograd/graph.py.
    """

def recording(*args, **kwargs):
    """
    Whether ops are recorded on this thread.
    """

def relu_bwd(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def relu_fwd(arg0: typing.Any) -> Array: ...
def relu_into(arg0: typing.Any) -> None: ...
def remainder_fwd(arg0: Array | float, arg1: Array | float) -> Array: ...
def resample_bwd(
    arg0: typing.Any,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: tuple[int, ...],
    arg3: tuple[int, ...],
    arg4: typing.SupportsFloat | typing.SupportsIndex,
    arg5: typing.SupportsFloat | typing.SupportsIndex,
    arg6: bool,
) -> Array: ...
def resample_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: tuple[int, ...],
    arg3: typing.SupportsFloat | typing.SupportsIndex,
    arg4: typing.SupportsFloat | typing.SupportsIndex,
    arg5: bool,
) -> Array: ...
def reshape(arg0: typing.Any, arg1: tuple[int, ...]) -> Array: ...
def result_of(*args, **kwargs):
    """
    result_of(array, node): the Tensor of an Array and its Node.
    """

def rmsprop_step(
    arg0: collections.abc.Sequence[typing.Any],
    arg1: collections.abc.Sequence[typing.Any],
    arg2: collections.abc.Sequence[typing.Any],
    arg3: collections.abc.Sequence[typing.Any],
    arg4: collections.abc.Sequence[typing.Any],
    arg5: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg6: typing.SupportsFloat | typing.SupportsIndex,
    arg7: typing.SupportsFloat | typing.SupportsIndex,
    arg8: typing.SupportsFloat | typing.SupportsIndex,
    arg9: typing.SupportsFloat | typing.SupportsIndex,
    arg10: typing.SupportsFloat | typing.SupportsIndex,
    arg11: bool,
    arg12: bool,
    arg13: bool,
) -> None: ...
def rng_state() -> tuple[int, int]: ...
def rnn_bwd(
    arg0: RnnMode,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg4: collections.abc.Sequence[typing.Any],
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
    arg8: bool,
) -> list: ...
def rnn_fwd(
    arg0: RnnMode,
    arg1: typing.Any,
    arg2: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: collections.abc.Sequence[typing.Any],
    arg6: bool,
) -> tuple: ...
def round_fwd(arg0: typing.Any) -> Array: ...
def rsqrt_fwd(arg0: typing.Any) -> Array: ...
def scatter_fwd(
    arg0: str,
    arg1: typing.Any,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: bool,
) -> Array: ...
def scatter_into(
    arg0: str,
    arg1: typing.Any,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: bool,
) -> None: ...
def searchsorted_fwd(arg0: str, arg1: typing.Any, arg2: typing.Any, arg3: bool) -> Array: ...
def set_isa(arg0: str) -> None: ...
def set_num_threads(arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def set_poison(arg0: bool) -> None: ...
def set_product_precision(arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def set_recording(*args, **kwargs):
    """
    Turns recording on or off on this thread; returns how it was.
    """

def set_rng_state(
    arg0: typing.SupportsInt | typing.SupportsIndex, arg1: typing.SupportsInt | typing.SupportsIndex
) -> None: ...
def set_tiles_always(arg0: bool) -> None: ...
def set_winograd_always(arg0: bool) -> None: ...
def sgd_momentum_step(
    arg0: collections.abc.Sequence[typing.Any],
    arg1: collections.abc.Sequence[typing.Any],
    arg2: collections.abc.Sequence[typing.Any],
    arg3: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg4: typing.SupportsFloat | typing.SupportsIndex,
    arg5: typing.SupportsFloat | typing.SupportsIndex,
    arg6: bool,
    arg7: typing.SupportsFloat | typing.SupportsIndex,
    arg8: typing.SupportsFloat | typing.SupportsIndex,
    arg9: bool,
) -> None: ...
def sgd_step(
    arg0: collections.abc.Sequence[typing.Any],
    arg1: collections.abc.Sequence[typing.Any],
    arg2: typing.SupportsFloat | typing.SupportsIndex,
    arg3: typing.SupportsFloat | typing.SupportsIndex,
    arg4: bool,
) -> None: ...
def sigmoid_bwd(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def sigmoid_fwd(arg0: typing.Any) -> Array: ...
def sign_fwd(arg0: typing.Any) -> Array: ...
def silu_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def silu_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def sin_fwd(arg0: typing.Any) -> Array: ...
def sinh_fwd(arg0: typing.Any) -> Array: ...
def smooth_l1_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.SupportsInt | typing.SupportsIndex,
    arg4: typing.SupportsFloat | typing.SupportsIndex,
) -> Array: ...
def smooth_l1_fwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.SupportsFloat | typing.SupportsIndex,
) -> Array: ...
def softmax_bwd(arg0: typing.Any, arg1: typing.Any, arg2: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def softmax_fwd(arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def softplus_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def softplus_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def softsign_bwd(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg3: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def softsign_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    arg2: typing.SupportsFloat | typing.SupportsIndex = 0.0,
) -> Array: ...
def sort_fwd(arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: bool) -> tuple[Array, Array]: ...
def sqrt_bwd(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def sqrt_fwd(arg0: typing.Any) -> Array: ...
def square_bwd(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def square_fwd(arg0: typing.Any) -> Array: ...
def stack(arg0: collections.abc.Sequence[typing.Any], arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def sub_fwd(arg0: Array | float, arg1: Array | float, arg2: float = 1) -> Array: ...
def sum_fwd(arg0: typing.Any, arg1: tuple[int, ...], arg2: bool) -> Array: ...
def sum_squares_fwd(arg0: typing.Any, arg1: tuple[int, ...], arg2: bool) -> Array: ...
def sum_to(arg0: typing.Any, arg1: tuple[int, ...], arg2: DType) -> Array: ...
def tan_fwd(arg0: typing.Any) -> Array: ...
def tanh_bwd(arg0: typing.Any, arg1: typing.Any) -> Array: ...
def tanh_fwd(arg0: typing.Any) -> Array: ...
def to_device(arg0: typing.Any, arg1: str) -> Array: ...
def to_device_later(arg0: typing.Any, arg1: str) -> Array: ...
def topk_fwd(
    arg0: typing.Any,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: bool,
) -> tuple[Array, Array]: ...
def trunc_fwd(arg0: typing.Any) -> Array: ...
def unchanged(*args, **kwargs):
    """
    Whether no value that this Node saved was written to since.
    """

def uniform_(
    arg0: typing.Any,
    arg1: typing.SupportsFloat | typing.SupportsIndex,
    arg2: typing.SupportsFloat | typing.SupportsIndex,
) -> None: ...
def value_of(*args, **kwargs):
    """
    The Array of a Tensor; anything else as it is.
    """

def where_fwd(arg0: typing.Any, arg1: Array | float, arg2: Array | float) -> Array: ...
def windows(
    arg0: typing.Any,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def zeros(arg0: tuple[int, ...], arg1: DType, arg2: str) -> Array: ...
def zeros_strided(arg0: tuple[int, ...], arg1: tuple[int, ...], arg2: DType, arg3: str) -> Array: ...
