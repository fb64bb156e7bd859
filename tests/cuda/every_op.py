"""python every_op.py SHIM: every case of tests/ops on cuda tensors, as bfloat16 too, and what has no case: optimisers,
random numbers, products of float16. An op runs there or says that it cannot.

The shim closes device memory to the host, so an op that reads it, as one does that forgets the device, ends this
process with a segmentation fault; the last line then names the case. Else it says which kernels were not reached.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import dlcore as dl  # noqa: E402
from dlcore import _C, optim, testing  # noqa: E402
from dlcore.nn import functional as F  # noqa: E402
from tests.ops.cases import Arg, Case, all_cases  # noqa: E402
from tests.ops.common import make, sample, tuple_of  # noqa: E402


def runs(case: Case, args: tuple[Arg, ...], dtype: str, narrow: bool = False) -> bool:
    """Forward and backward; `narrow`: on bfloat16 in place of the floats. False: it says that it cannot."""
    print(f"{case.name} {dtype} {[a.shape for a in args]} {'as bfloat16' * narrow}", flush=True)
    tensors = [make(a, "contiguous", "cuda") for a in sample(case, args, dtype, 0)]
    if narrow:
        tensors = [x.bfloat16() if x.is_floating_point() else x for x in tensors]
    for x, a in zip(tensors, args, strict=True):
        x.requires_grad_(case.differentiable(dtype) and a.needs_grad(dtype))
    try:
        outputs = tuple_of(case.fn(dl, F, *tensors, **case.attrs))
        assert all(y.device == "cuda" for y in outputs)
        if outputs[0].requires_grad:
            outputs[0].backward(dl.ones(*outputs[0].shape, dtype=outputs[0].dtype).cuda())
    except (dl.DeviceError, dl.DTypeError, dl.ShapeError) as error:
        assert narrow or "cuda" in str(error), error
        return False
    return True


def step(optimiser: type[optim.Optimizer], dtype: _C.DType, **how: bool) -> None:
    print(f"{optimiser.__name__} {dtype} {how}", flush=True)
    parameters = [dl.ones(n, dtype=dtype).cuda().requires_grad_() for n in (1, 67, 5000)]
    for p in parameters:
        p.grad = dl.ones(*p.shape, dtype=dtype).cuda()
    optimiser(parameters, lr=0.1, **how).step()  # type: ignore[call-arg]


_C.load_backend(sys.argv[1])
ran = 0
for case in all_cases():
    for dtype in case.dtypes:
        ran += sum(runs(case, args, dtype) for args in (case.inputs[0], case.inputs[-1]))
    if "float32" in case.dtypes:
        more = max(case.inputs[0], case.inputs[-1], key=lambda args: sum(math.prod(a.shape) for a in args))
        ran += runs(case, more, "float32", narrow=True)
for dtype in (dl.float32, dl.float64):
    for name in optim.__all__:
        made = getattr(optim, name)
        if isinstance(made, type) and made is not optim.Optimizer:
            step(made, dtype)
    step(optim.Adam, dtype, amsgrad=True)
    dl.rand(67, dtype=dtype, device="cuda"), dl.randn(67, dtype=dtype, device="cuda")
dl.randint(9, (67,), device="cuda")
for narrow in ("bfloat16", "float16"):
    with dl.autocast(narrow):
        F.linear(dl.ones(33, 67).cuda(), dl.ones(5, 67).cuda())
unreached = [k["name"] for k in testing.kernels() if k["device"] == "cuda" and not k["calls"]]
print(f"{ran} ran; kernels never reached: {' '.join(unreached) or 'none'}")
