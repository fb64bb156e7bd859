"""The kernel table: what is chosen, what the cap and the environment change, what is said when nothing fits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing

from ..isas import vector_isa

PACKAGE = str(Path(dl.__file__).resolve().parent.parent)
RELU = (
    "import numpy as np; from dlcore import _C; _C.relu_fwd(_C.from_numpy(np.zeros(3, 'f4'))); print(_C.last_kernel())"
)


def python(code: str = RELU, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("DLCORE_")}
    return subprocess.run(
        [sys.executable, "-c", code], env=clean | {"PYTHONPATH": PACKAGE} | env, capture_output=True, text=True
    )


def relu(dtype="f4"):
    _C.relu_fwd(_C.from_numpy(np.zeros(3, dtype)))
    return _C.last_kernel()


def relu_row(isa: str) -> str:
    return f"relu_fwd.f32.{vector_isa(isa)}"


def test_the_best_isa_of_the_machine_is_the_default():
    assert python().stdout.strip() == relu_row(_C.machine_isa())
    assert _C.isas()[-1] == _C.machine_isa()


@pytest.mark.parametrize("name", _C.isas())
def test_the_environment_caps_it(name):
    assert python(DLCORE_ISA=name).stdout.strip() == relu_row(name)
    assert python(DLCORE_ISA="").stdout.strip() == relu_row(_C.machine_isa())


@pytest.mark.parametrize(
    ("variable", "value", "fault"),
    [
        ("DLCORE_ISA", "sse9", "is not an instruction set; use base, avx2, avx512, avx512bf16 or amx"),
        ("DLCORE_ISA", "AVX2", "is not an instruction set; use base, avx2, avx512, avx512bf16 or amx"),
        ("DLCORE_VERBOSE", "foo", "is not something to be verbose about; use dispatch"),
        *(
            ("DLCORE_NUM_THREADS", value, "is not a number of threads; use a whole number from 1 to 1024")
            for value in ("0", "-1", "abc", "1.5", "2x", " 2", "1025", "99999999999999")
        ),
    ],
)
def test_what_the_environment_cannot_ask_for_is_an_error_of_the_import(variable, value, fault):
    done = python("import dlcore", **{variable: value})
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == f"ValueError: {variable}={value} {fault}"


def test_the_cap_moves_and_comes_back(isa):
    assert relu() == relu_row(isa) and relu("f8") == relu_row(isa).replace("f32", "f64")
    with testing.isa("base"):
        assert relu() == "relu_fwd.f32.base"
    assert relu() == relu_row(isa)


def test_a_cap_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match='"mmx" is not an instruction set; use base, avx2, avx512, avx512bf16 or amx'):
        _C.set_isa("mmx")


def test_calls_are_counted():
    name = relu()
    before = {k["name"]: k["calls"] for k in _C.kernels()}[name]
    relu()
    assert {k["name"]: k["calls"] for k in _C.kernels()}[name] == before + 1


def test_verbose_dispatch_says_what_was_chosen():
    done = python(DLCORE_VERBOSE="dispatch", DLCORE_ISA="base")
    assert "dispatch: relu_fwd.f32.base\n" in done.stderr and done.returncode == 0
    assert python().stderr == ""


def test_every_cpu_row_is_on_every_isa():
    """A row that only a wide ISA has would leave smaller machines without the op."""
    rows = {}
    of_bfloat16 = {"gemm16", "gemm16_sum"}  # where no instruction does, gemm multiplies the operands, widened
    for k in _C.kernels():
        if k["device"] == "cpu" and k["op"] not in of_bfloat16 and not k["name"].startswith("fma_peak.bf16"):
            rows.setdefault((k["op"], str(k["dtype"])), set()).add(k["isa"])
    lacking = {key: isas for key, isas in rows.items() if "base" not in isas}
    assert not lacking


def test_no_row_is_registered_twice():
    names = [k["name"] for k in _C.kernels()]
    assert len(names) == len(set(names))
