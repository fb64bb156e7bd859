"""The machine code of the hot CUDA kernels: no spills, the occupancy that their launches count on, and the
instructions that their sources promise (tests/cuda/sass.py has the table), where nvdisasm is installed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from . import sass
from .conftest import needs_nvcc
from .sass import Promise

needs_nvdisasm = pytest.mark.skipif(sass.nvdisasm() is None, reason="nvdisasm is not installed")

BAD_KERNEL = """
__global__ void look_up(float* out, const int* at) {
  float held[64];
  for (int i = 0; i < 64; ++i) held[i] = out[threadIdx.x * 64 + i];
  for (int i = 0; i < 64; ++i) out[threadIdx.x * 64 + i] = held[at[i]];
}
__global__ void __launch_bounds__(1024, 2) spill(float* out) {
  float held[64];
#pragma unroll
  for (int i = 0; i < 64; ++i) held[i] = out[threadIdx.x * 64 + i];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 64; ++i) out[threadIdx.x + i] = held[i];
}
__global__ void copy(float* out, const float* in) { out[threadIdx.x] = in[threadIdx.x]; }
__global__ void copy4(float4* out, const float4* in) { out[threadIdx.x] = in[threadIdx.x]; }
__global__ void crowd(float* out) {
  __shared__ float held[12000];
  held[threadIdx.x * 7] = out[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = held[threadIdx.x * 3];
}
"""


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[sass.Kernel]]:
    made: dict[str, list[sass.Kernel]] = {}

    def of(source: str) -> list[sass.Kernel]:
        if source not in made:
            made[source] = sass.of_folder(source, tmp_path_factory.mktemp("cubins"))
        return made[source]

    return of


@needs_nvcc
@pytest.mark.parametrize("source", sass.SOURCES)
def test_hot_kernels_keep_their_promises(source: str, kernels: Callable[[str], list[sass.Kernel]]) -> None:
    made = kernels(source)
    wrong = [w for promise in sass.PROMISES if promise.source == source for w in sass.broken(promise, made)]
    assert not wrong, "\n".join(wrong)


@needs_nvcc
@needs_nvdisasm
def test_broken_promises_are_seen(tmp_path: Path) -> None:
    source = tmp_path / "cuda.cu"
    source.write_text(BAD_KERNEL)
    made = [k for a in sass.ARCHITECTURES for k in sass.compiled(source, a, tmp_path)]

    def said(kernel: str, *holds: str, blocks: int = 1) -> list[str]:
        wrong = sass.broken(Promise("", kernel, holds, blocks=blocks), made)
        for architecture in sass.ARCHITECTURES:  # or neither is
            assert sum(architecture in w for w in wrong) * 2 == len(wrong), wrong
        return [re.sub(r" for sm_\d+a?|\d+ registers", "", w) for w in wrong[: len(wrong) // 2]]

    assert said("^copy$", r"LDG\.E", r"STG\.E", blocks=8) == []
    assert said("^copy4$", *sass.VECTORS, blocks=8) == []
    assert said("^copy$", *sass.VECTORS) == [r"copy has no LDG\.E\.128", r"copy has no STG\.E\.128"]
    assert said("^copy4$", "HMMA") == ["copy4 has no HMMA"]
    assert said("^gone$") == ["no kernel ^gone$"]
    for kernel, frame in ("^look_up$", "spills 0 bytes, with 256 on the stack"), ("^spill$", r"spills [1-9]\d+ bytes"):
        spilled, local = said(kernel)
        assert re.search(frame, spilled) and "LDL" in local and "STL" in local, (spilled, local)
    assert [k.blocks(256) for k in made if k.name == "crowd"] == [3, 4]  # of 48 KB, in 164 and 228
    assert said("^crowd$", blocks=5)[0] == "crowd:  and 48000 bytes shared fit 3 blocks of 256 on an SM, not 5"
