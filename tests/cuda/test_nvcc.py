"""Each .cu file compiles with nvcc without a warning: those of test_sass.py there, the others here. No GPU is needed. A
build with DLCORE_CUDA=ON compiles them for every architecture; here one stands for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import sass
from .conftest import ROOT, needs_nvcc

HOT = {ROOT / "csrc" / folder / "cuda.cu" for folder in sass.SOURCES}
ALL = {*(ROOT / "csrc").glob("*/*/cuda.cu"), *(ROOT / "csrc" / "cuda").glob("*.cu")}
SOURCES = sorted(ALL - HOT)
BACKEND = (ROOT / "csrc" / "cuda" / "CMakeLists.txt").read_text()
ARCHITECTURES = ["-gencode=arch=compute_80,code=[sm_80,compute_80]", "-gencode=arch=compute_90a,code=sm_90a"]


def test_flags_are_the_backend_s() -> None:
    for flag in [*sass.KERNEL_FLAGS, *ARCHITECTURES]:
        assert flag in BACKEND.replace("\\\n", ""), flag
    assert all(any(name in flag for flag in ARCHITECTURES) for name in sass.ARCHITECTURES)
    assert HOT <= ALL


@needs_nvcc
@pytest.mark.parametrize("source", SOURCES, ids=[f"{s.parent.name}/{s.stem}" for s in SOURCES])
def test_compiles(source: Path, tmp_path: Path) -> None:
    said = sass.run("nvcc", *sass.FLAGS, "-arch=compute_80", "-ptx", "-o", str(tmp_path / "out.ptx"), str(source))
    assert said == ("", "")
