"""What has no gradient, and why: the reviewed exceptions of tests/test_registry.py. Keep them few."""

from __future__ import annotations


def _names(why: str, names: str) -> dict[str, str]:
    return {f"Tensor.{name}": why for name in names.split()}


NAMES_WITHOUT_GRADIENT: dict[str, str] = {
    **_names("says what the tensor is", "shape dtype device ndim is_leaf dim numel size stride"),
    **_names("says what the tensor is", "is_floating_point is_contiguous"),
    **_names("leaves the library", "item numpy tolist __array__ __len__ __iter__"),
    **_names("a Python number or truth value", "__bool__ __float__ __int__ __index__"),
    **_names("cuts or controls the graph", "data detach requires_grad_ backward register_hook retain_grad"),
    **_names("needs a GPU; tests/cuda", "cuda cpu"),
}
_OPTIMISER = "an optimiser's step, in place; tests/ops/test_optim.py runs its rows by name"
_RANDOM = "random numbers have no derivative; tests/ops/test_random.py runs its rows by name"
KERNELS_WITHOUT_GRADIENT: dict[str, str] = {
    "adam_step": _OPTIMISER,
    "rand": _RANDOM,
    "randint": _RANDOM,
    "randn": _RANDOM,
    "sgd_step": _OPTIMISER,
}
KERNELS_WITHOUT_CASE: dict[str, str] = {
    "adam_step": _OPTIMISER,
    "rand": _RANDOM,
    "randint": _RANDOM,
    "randn": _RANDOM,
    "sgd_step": _OPTIMISER,
    "fma_peak": "a probe of the machine, no op on tensors; tests/test_bench.py runs it on every ISA",
}
