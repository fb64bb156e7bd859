"""Each cuda.cu compiles with nvcc for every GPU that is built for, without a warning. No GPU is needed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT

SOURCES = sorted((ROOT / "csrc").glob("*/*/cuda.cu"))
BACKEND = (ROOT / "csrc" / "cuda" / "CMakeLists.txt").read_text()
FLAGS = ["-fmad=false", "-ftz=true", "--Werror=all-warnings"]
ARCHITECTURES = ["-gencode=arch=compute_80,code=[sm_80,compute_80]", "-gencode=arch=compute_90a,code=sm_90a"]


def test_flags_are_the_backend_s() -> None:
    for flag in FLAGS + ARCHITECTURES:
        assert flag in BACKEND.replace("\\\n", ""), flag


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
@pytest.mark.parametrize("source", SOURCES, ids=[s.parent.name for s in SOURCES])
def test_compiles(source: Path, tmp_path: Path) -> None:
    command = ["nvcc", "-std=c++20", *FLAGS, *ARCHITECTURES, "-DDL_ISA_NS=cuda", f"-I{ROOT / 'csrc'}"]
    command += ["-c", str(source), "-o", str(tmp_path / "out.o")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
