"""Each .cu file compiles with nvcc without a warning, and the kernels that must keep their sums in registers do. No GPU
is needed. A build with DLCORE_CUDA=ON compiles them for every architecture; here one stands for all."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT

SOURCES = sorted((ROOT / "csrc").glob("*/*/cuda.cu")) + sorted((ROOT / "csrc" / "cuda").glob("*.cu"))
BACKEND = (ROOT / "csrc" / "cuda" / "CMakeLists.txt").read_text()
FLAGS = ["-fmad=false", "-ftz=true", "--Werror=all-warnings"]
ARCHITECTURES = ["-gencode=arch=compute_80,code=[sm_80,compute_80]", "-gencode=arch=compute_90a,code=sm_90a"]
HOT = [ROOT / "csrc" / f / "cuda.cu" for f in ("blocks/gemm", "blocks/gemm16", "ops/attention")]
needs_nvcc = pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")


def nvcc(source: Path, *options: str) -> str:
    command = ["nvcc", "-std=c++20", *FLAGS, *options, "-DDL_ISA_NS=cuda", f"-I{ROOT / 'csrc'}", str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_flags_are_the_backend_s() -> None:
    for flag in FLAGS + ARCHITECTURES:
        assert flag in BACKEND.replace("\\\n", ""), flag


@needs_nvcc
@pytest.mark.parametrize("source", SOURCES, ids=[f"{s.parent.name}/{s.stem}" for s in SOURCES])
def test_compiles(source: Path, tmp_path: Path) -> None:
    assert not nvcc(source, "-arch=compute_80", "-ptx", "-o", str(tmp_path / "out.ptx"))


@needs_nvcc
@pytest.mark.parametrize("source", HOT, ids=[s.parent.name for s in HOT])
def test_hot_kernels_stay_in_registers(source: Path, tmp_path: Path) -> None:
    said = nvcc(source, "-arch=sm_80", "-cubin", "-Xptxas", "-v", "-o", str(tmp_path / "out.cubin"))
    frames = re.findall(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", said)
    assert len(frames) > 3 and set(frames) == {("0", "0", "0")}, said
