"""python every_op.py SHIM: every case of tests/ops on cuda tensors. An op runs there or says that it cannot.

The shim closes device memory to the host, so an op that reads it, as one does that forgets the device, ends this
process with a segmentation fault; the last line then names the case.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import dlcore as dl  # noqa: E402
from dlcore import _C  # noqa: E402
from dlcore.nn import functional as F  # noqa: E402
from tests.ops.cases import all_cases  # noqa: E402
from tests.ops.common import make, sample, tuple_of  # noqa: E402

_C.load_backend(sys.argv[1])
ran = 0
for case in all_cases():
    for dtype in case.dtypes:
        for args in (case.inputs[0], case.inputs[-1]):
            print(f"{case.name} {dtype} {[a.shape for a in args]}", flush=True)
            tensors = [make(a, "contiguous", "cuda") for a in sample(case, args, dtype, 0)]
            for x, a in zip(tensors, args, strict=True):
                x.requires_grad_(case.differentiable(dtype) and a.needs_grad(dtype))
            try:
                outputs = tuple_of(case.fn(dl, F, *tensors, **case.attrs))
                assert all(y.device == "cuda" for y in outputs)
                ran += 1
                if outputs[0].requires_grad:
                    outputs[0].backward(dl.ones(*outputs[0].shape, dtype=outputs[0].dtype).cuda())
            except (dl.DeviceError, dl.DTypeError) as error:
                assert "cuda" in str(error), error
print(f"{ran} ran")
