"""What nvcc makes of the hot CUDA kernels, for every architecture that the backend has machine code for: registers,
spills and shared memory as ptxas counts them, and the instructions that the sources promise.

    python -m tests.cuda.sass                # the table of bench/NOTES.md: a line a promise
    python -m tests.cuda.sass ops/norm       # every kernel of a folder

nvcc is needed, and for the instructions nvdisasm (`pip install nvidia-cuda-nvdisasm`). No GPU is.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KERNEL_FLAGS = ("-fmad=false", "-ftz=true", "--Werror=all-warnings")  # of csrc/cuda/CMakeLists.txt
FLAGS = (*KERNEL_FLAGS, "-std=c++20", "-DDL_ISA_NS=cuda", f"-I{ROOT / 'csrc'}")
ARCHITECTURES = ("sm_80", "sm_90a")
REGISTERS = 65536  # of an SM, on both; a warp takes them in units of 256, 8 a thread
SHARED = {"sm_80": 164 << 10, "sm_90a": 228 << 10}  # of an SM, for its blocks; each takes 1 KB beside its own


@dataclass(frozen=True)
class Promise:
    """What a hot kernel, named by a pattern of its demangled name, is to be made of."""

    source: str  # its folder in csrc
    kernel: str
    holds: tuple[str, ...] = ()  # opcodes, each at least once, as a pattern from their start
    threads: int = 256  # of a block
    blocks: int = 2  # of which so many fit an SM by registers and shared memory


COPIES = r"LDGSTS\.E"  # cp.async of single elements
WIDE_COPIES = r"LDGSTS\.E\.BYPASS.*\.128"
SHUFFLES = r"SHFL\.BFLY"
LOADS, STORES = r"LDG\.E\.128", r"STG\.E\.128"
VECTORS = (LOADS, STORES)
# Products of matmul, of conv2d (its patches are an operand) and of recurrences are gemm's and gemm16's.
# Bandwidth-bound kernels without a long formula keep 1024 threads of an SM's 2048 at least, 4 blocks of 256.
PROMISES = (
    Promise("blocks/gemm16", r"words_kernel<BFloat16, .*, true>", (r"HMMA\.16816\.F32\.BF16", WIDE_COPIES)),
    Promise("blocks/gemm16", r"words_kernel<BFloat16, .*, false>", (r"HMMA\.16816\.F32\.BF16",)),
    Promise("blocks/gemm16", r"words_kernel<Half, .*, true>", (r"HMMA\.16816\.F32$", WIDE_COPIES)),
    Promise("blocks/gemm16", r"words_kernel<Half, .*, false>", (r"HMMA\.16816\.F32$",)),
    Promise("blocks/gemm", r"words_kernel<float, float, true>", (r"HMMA\.1688\.F32\.TF32", WIDE_COPIES)),
    Promise("blocks/gemm", r"words_kernel<float, float, false>", (r"HMMA\.1688\.F32\.TF32",)),
    Promise("blocks/gemm", r"multiply_kernel<float, 128, 8>", (r"FFMA", COPIES, r"LDS\.128"), blocks=1),
    Promise("blocks/gemm", r"multiply_kernel<float, 64, 16>", (r"FFMA", COPIES, r"LDS\.128")),
    Promise("blocks/gemm", r"multiply_kernel<double, 64, 16>", (r"DFMA", COPIES, r"LDS\.128")),
    Promise("ops/attention", r"(for|back)ward_kernel<float", (r"FFMA", r"LDS\.128")),
    Promise("ops/attention", r"(for|back)ward_kernel<double", (r"DFMA", r"LDS\.128")),
    Promise("blocks/colsum", r"column_sums_kernel<.*, [42]>", (LOADS,), blocks=6),
    Promise("blocks/copy", r"copy_kernel<([248]|16), (unsigned \w+), \2>", VECTORS, blocks=6),
    Promise("blocks/copy", r"copy_kernel<4, (BFloat16|Half), float>", (LOADS,), blocks=6),
    Promise("blocks/copy", r"copy_kernel<4, float, (BFloat16|Half)>", (STORES,), blocks=6),
    Promise("blocks/copy", r"fill_kernel<([248]|16), ", (STORES,), blocks=6),
    Promise("blocks/copy", r"(copy|fill)_kernel<1, ", blocks=5),
    Promise("ops/softmax_xent", r"rows_kernel<.*, Team<(32|256), 1>", (SHUFFLES,), blocks=4),
    Promise("ops/softmax_xent", r"rows_kernel<\(Kind\)[0134], .*, Team<\d+, [42]>", (SHUFFLES, *VECTORS), blocks=4),
    Promise("ops/softmax_xent", r"rows_kernel<\(Kind\)2, .*, Team<\d+, [42]>", (SHUFFLES, LOADS), blocks=4),
    Promise("ops/softmax_xent", r"cross_entropy_kernel<.*, Team<(32|256), 1>", (SHUFFLES,), blocks=4),
    Promise("ops/softmax_xent", r"cross_entropy_kernel<.*, Team<\d+, [42]>", (SHUFFLES, *VECTORS), blocks=4),
    Promise("ops/softmax_xent", r"cross_entropy_bwd_kernel<.*, Team<\d+, 1>", blocks=4),
    Promise("ops/softmax_xent", r"cross_entropy_bwd_kernel<.*, Team<\d+, [42]>", VECTORS, blocks=4),
    Promise("ops/norm", r"batch_map_kernel<.*, [42]>", VECTORS, blocks=4),
    Promise("ops/norm", r"(pixel|plane)_sums_kernel<.*, [42]>", (LOADS,), blocks=4),
    Promise("ops/norm", r"row_(for|back)ward_kernel<.*, [42]>", VECTORS, blocks=4),
    Promise("ops/norm", r"row_params_kernel<.*, [42]>", (LOADS,), blocks=4),
    Promise("ops/norm", r"(batch_map|sums|row_\w+)_kernel<.*, 1>", blocks=6),
    Promise("ops/activation", r"map_kernel<.*<Relu, float>, float", VECTORS, blocks=6),
    Promise("ops/activation", r"map_kernel<.*, BFloat16, BFloat16", VECTORS, blocks=4),
    Promise("ops/activation", r"map_kernel<.*, float, float", VECTORS, blocks=4),
    Promise("ops/optim", r"step_kernel<float", VECTORS, blocks=5),
    Promise("ops/optim", r"step_kernel<double", VECTORS, blocks=4),
    Promise("ops/embedding", r"(for|back)ward_kernel<.*, [42]>", VECTORS, blocks=6),
    Promise("ops/embedding", r"(for|back)ward_kernel<.*, 1>", blocks=8),
    Promise("ops/dropout", r"dropout_kernel", VECTORS, blocks=6),
    Promise("ops/random", r"random_kernel", (r"STG\.E\.128",), blocks=5),
    Promise("ops/reduce", r"rows_kernel<.*, (2|4|16)>", (SHUFFLES, LOADS), blocks=6),
    Promise("ops/rnn", r"cell_kernel<.*, [42]>", VECTORS, blocks=4),
    Promise("ops/rnn", r"cell_kernel<.*, 1>", blocks=4),
)
SOURCES = tuple(dict.fromkeys(p.source for p in PROMISES))


@dataclass
class Kernel:
    name: str
    architecture: str
    registers: int
    spilled: int  # bytes that stores to local memory move
    stack: int
    shared: int
    opcodes: set[str] = field(default_factory=set)

    def blocks(self, threads: int) -> int:
        """Of so many threads, how many an SM's registers and shared memory hold."""
        a_thread = (self.registers + 7) // 8 * 8
        return min(REGISTERS // (a_thread * threads), SHARED[self.architecture] // (self.shared + 1024))


def nvdisasm() -> str | None:
    """From the package, or from a toolkit on PATH."""
    packaged = sorted(Path(sysconfig.get_path("purelib")).glob("nvidia/cu*/bin/nvdisasm"))
    return str(packaged[-1]) if packaged else shutil.which("nvdisasm")


def run(*command: str) -> tuple[str, str]:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    return done.stdout, done.stderr


def demangled(names: list[str]) -> list[str]:
    """Without namespaces and parameters: words_kernel<Half, float, true>."""
    plain = subprocess.run(["c++filt", "-p"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    return [re.sub(r"dl::(cuda::)?", "", name) for name in plain.split("\n")]


def kernels_said(said: str, architecture: str) -> dict[str, Kernel]:
    """By their mangled names, from `ptxas -v`."""
    found: dict[str, Kernel] = {}
    for part in said.split("Compiling entry function '")[1:]:
        mangled = part[: part.index("'")]
        frame = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, \d+ bytes spill loads", part)
        used, shared = re.search(r"Used (\d+) registers", part), re.search(r"(\d+) bytes smem", part)
        assert frame and used, part
        spilled, stack = int(frame[2]), int(frame[1])
        found[mangled] = Kernel("", architecture, int(used[1]), spilled, stack, int(shared[1]) if shared else 0)
    for kernel, name in zip(found.values(), demangled(list(found)), strict=True):
        kernel.name = name
    return found


def compiled(source: Path, architecture: str, folder: Path) -> list[Kernel]:
    """The kernels of a .cu file, with their opcodes where nvdisasm is installed. A warning is an error."""
    cubin = folder / f"{source.parent.name}.{architecture}.cubin"
    options = (*FLAGS, f"-arch={architecture}", "-cubin", "-Xptxas", "-v")
    said = run("nvcc", *options, "-o", str(cubin), str(source))
    kernels = kernels_said(said[1], architecture)
    if tool := nvdisasm():
        for part in run(tool, "-c", str(cubin))[0].split("\t.section\t.text.")[1:]:
            opcodes = re.findall(r"^\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?\w+ )?([A-Z][\w.]*)", part, re.MULTILINE)
            kernels[part[: part.index(",")]].opcodes = set(opcodes)
    return list(kernels.values())


def of_folder(source: str, folder: Path) -> list[Kernel]:
    """Those of csrc/SOURCE/cuda.cu, for every architecture, side by side."""
    with ThreadPoolExecutor(len(ARCHITECTURES)) as pool:
        made = pool.map(lambda a: compiled(ROOT / "csrc" / source / "cuda.cu", a, folder), ARCHITECTURES)
        return [kernel for kernels in made for kernel in kernels]


def broken(promise: Promise, kernels: list[Kernel]) -> list[str]:
    """How a source's kernels break one of its promises."""
    wrong = []
    for architecture in ARCHITECTURES:
        named = [k for k in kernels if k.architecture == architecture and re.search(promise.kernel, k.name)]
        if not named:
            wrong.append(f"no kernel {promise.kernel} for {architecture}")
        for k in named:
            of = f"{k.name} for {architecture}"
            if k.spilled or k.stack:
                wrong.append(f"{of} spills {k.spilled} bytes, with {k.stack} on the stack")
            if (fit := k.blocks(promise.threads)) < promise.blocks:
                use = f"{k.registers} registers and {k.shared} bytes shared"
                wrong.append(f"{of}: {use} fit {fit} blocks of {promise.threads} on an SM, not {promise.blocks}")
            if not k.opcodes:
                continue  # not disassembled
            if local := sorted(o for o in k.opcodes if re.match(r"LDL|STL", o)):
                wrong.append(f"{of} has {', '.join(local)}")
            wrong += [f"{of} has no {p}" for p in promise.holds if not any(re.match(p, o) for o in k.opcodes)]
    return wrong


def line(promise: Promise, kernels: list[Kernel]) -> str:
    """The most registers, spilled and shared bytes, and the fewest blocks of what it names: sm_80 / sm_90a."""
    named = [[k for k in kernels if k.architecture == a and re.search(promise.kernel, k.name)] for a in ARCHITECTURES]
    cells = [[max(k.registers for k in of), max(k.spilled for k in of), max(k.shared for k in of),
              min(k.blocks(promise.threads) for k in of)] for of in named]  # fmt: skip
    return f"| {promise.source.split('/')[1]} `{promise.kernel}` | " + " | ".join(
        f"{x} / {y}" if x != y else str(x) for x, y in zip(*cells, strict=True)) + " |"  # fmt: skip


def report(folders: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        if not folders:
            print("| kernel | registers | bytes spilled | bytes shared | blocks an SM |\n|---|---|---|---|---|")
        for source in SOURCES if not folders else folders:
            kernels = of_folder(source, Path(place))
            for k in kernels if folders else ():
                print(f"{k.architecture}: {k.registers} registers, {k.spilled} spilled, {k.shared} shared, {k.name}")
            for p in () if folders else PROMISES:
                if p.source == source:
                    print(line(p, kernels), flush=True)


if __name__ == "__main__":
    report(sys.argv[1:])
