"""What has no gradient, and why: the reviewed exceptions of tests/test_registry.py. Keep them few.

A name stands for its aliases too: `Tensor.eq` for `Tensor.__eq__` and `dl.eq`, which are one function.
"""

from __future__ import annotations


def _names(why: str, owner: str, names: str) -> dict[str, str]:
    return {f"{owner}.{name}": why for name in names.split()}


NAMES_WITHOUT_GRADIENT: dict[str, str] = {
    **_names("says what the tensor is", "Tensor", "shape dtype device ndim is_leaf dim numel size stride"),
    **_names("says what the tensor is", "Tensor", "is_floating_point is_contiguous requires_grad"),
    **_names("leaves the library", "Tensor", "item numpy tolist __array__ __len__ __iter__"),
    **_names("a Python number or truth value", "Tensor", "__bool__ __float__ __int__ __index__"),
    **_names("cuts or controls the graph", "Tensor", "data detach requires_grad_ backward register_hook retain_grad"),
    **_names("copies of leaves; tests/test_pickle.py", "Tensor", "__copy__ __deepcopy__"),
    **_names("needs a GPU; tests/cuda", "Tensor", "cuda cpu pin_memory is_pinned record_stream"),
    **_names("bools: constant but for jumps", "Tensor", "eq ne lt le gt ge __and__ __or__ __xor__ __invert__"),
    **_names("whole numbers: constant but for jumps", "Tensor", "argmax argmin any all long int bool"),
    **_names("whole numbers: constant but for jumps", "Tensor", "nonzero argwhere count_nonzero bincount argsort"),
    **_names("whole numbers: constant but for jumps", "dl", "searchsorted bucketize isin"),
    **_names("bools: constant but for jumps", "Tensor", "logical_and logical_or logical_xor logical_not"),
    **_names("bools: constant but for jumps", "Tensor", "isnan isinf isfinite"),
    **_names("whole numbers: constant but for jumps", "Tensor", "floor_divide __rfloordiv__"),
    **_names(
        "in place; tests/ops/test_divisions.py asks for the gradient of a tensor with a history",
        "Tensor",
        "relu_ sigmoid_ tanh_ clamp_ exp_ log_ sqrt_ rsqrt_ abs_ neg_ square_ reciprocal_ pow_ sin_ cos_ floor_ ceil_ "
        "round_ trunc_ remainder_ fmod_ lerp_ addcmul_ addcdiv_",
    ),
    **_names("whole numbers: constant but for jumps", "dl", "searchsorted bucketize"),
    **_names("as in PyTorch it has no gradient; tests/ops/test_unique.py", "dl", "unique unique_consecutive"),
    **_names("whole numbers: constant but for jumps", "F", "one_hot"),
    **_names("raises where a gradient would be lost", "Tensor", "__setitem__"),
    **_names("a difference quotient of a narrow float is noise; test_copy, test_half", "Tensor", "float half bfloat16"),
    **_names(
        "in place; tests/ops/test_index.py and its neighbours ask for the gradient of a tensor with a history",
        "Tensor",
        "scatter_ scatter_add_ index_put_ index_add_ index_copy_ index_fill_ masked_fill_",
    ),
    **_names("constants; tests/ops/test_stft.py", "dl", "hann_window hamming_window"),
    **_names("constants; tests/ops/test_mel.py", "F", "melscale_fbanks"),
    **_names("random numbers; tests/ops/test_random.py", "Tensor", "uniform_ normal_"),
    **_names("random numbers", "dl", "rand randn randint randperm rand_like randn_like bernoulli"),
}
_BOOL = "its result is bool: constant but for jumps"
_BFLOAT16 = "bfloat16 alone, of which a difference quotient is noise; tests/blocks/test_gemm16.py runs its rows by name"
_WINOGRAD = "float32 alone: a difference quotient is noise; tests/blocks/test_winograd.py runs its rows by name"
_OPTIMISER = "an optimiser's step, in place; tests/ops/test_optim.py runs its rows by name"
_RANDOM = "random numbers have no derivative; tests/ops/test_random.py runs its rows by name"
KERNELS_WITHOUT_GRADIENT: dict[str, str] = {
    "adadelta_step": _OPTIMISER,
    "adagrad_step": _OPTIMISER,
    "adam_step": _OPTIMISER,
    "adamax_step": _OPTIMISER,
    "amsgrad_step": _OPTIMISER,
    "nadam_step": _OPTIMISER,
    "rmsprop_step": _OPTIMISER,
    "sgd_step": _OPTIMISER,
    "rand": _RANDOM,
    "randint": _RANDOM,
    "randn": _RANDOM,
    "floor_divide_fwd": "its result is whole numbers: constant but for jumps",
    "bitwise_and_fwd": "integers",
    "bitwise_or_fwd": "integers",
    "bitwise_xor_fwd": "integers",
    "eq_fwd": _BOOL,
    "ne_fwd": _BOOL,
    "lt_fwd": _BOOL,
    "le_fwd": _BOOL,
    "bincount": "its result is whole numbers: constant but for jumps",
    "bincount_most": "whole numbers, for bincount",
    "searchsorted": "its result is whole numbers: constant but for jumps",
    "gemm16": _BFLOAT16,
    "gemm16_sum": _BFLOAT16,
    "winograd": _WINOGRAD,
    "winograd_weights": _WINOGRAD,
}
KERNELS_WITHOUT_CASE: dict[str, str] = {
    "adadelta_step": _OPTIMISER,
    "adagrad_step": _OPTIMISER,
    "adam_step": _OPTIMISER,
    "adamax_step": _OPTIMISER,
    "amsgrad_step": _OPTIMISER,
    "nadam_step": _OPTIMISER,
    "rmsprop_step": _OPTIMISER,
    "sgd_step": _OPTIMISER,
    "rand": _RANDOM,
    "randint": _RANDOM,
    "randn": _RANDOM,
    "gemm16": _BFLOAT16,
    "gemm16_sum": _BFLOAT16,
    "fma_peak": "a probe of the machine, no op on tensors; tests/test_bench.py runs it on every ISA",
    "winograd": _WINOGRAD,
    "winograd_weights": _WINOGRAD,
}
