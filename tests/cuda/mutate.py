"""python tests/cuda/mutate.py FOLDER…: are the shim's tests able to fail? (csrc/ops/norm, csrc/blocks/gemm, …)

In a copy of csrc every barrier (`__syncthreads`, `__syncwarp`), wait and arrival (`cp_async_wait`, `cp_async_commit`)
and every bounds test (`i < n`, `i >= n` with an `n` that is no constant) of the folders' device code gets a switch:
off, it does nothing; on, the call is left out or the bound is one higher. That is harder to see than no bound: where
the body has bounds of its own, one round more is a round of nothing. A bound that survives so is left out then. A
minimum, `i < n ? i : n`, is no bounds test: where i is n both sides are. The shim is built once, and each switch is
turned on in a process of its own that runs the folder's cases of tests/ops, of products and random numbers
tests/cuda/test_products.py, and tests/cuda/test_FOLDER.py where there is one, until one fails; for a header, those of
all folders whose cuda.cu includes it. Prints what survives, and the share that was caught.

  --also FILE   headers whose device code is switched too (csrc/cuda/reduce.cuh)
  --limit S     seconds a mutant beyond three times what its tests take (default 20): one that takes longer counts as
                caught, and is listed
  --keep DIR    where the copy is built (default: a temporary folder)
  --sanitize    with AddressSanitizer, which sees what is read and dropped behind an array's end, as the plain shim does
                only where the processor has protection keys; twice as slow
"""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

CALLS = re.compile(r"__syncthreads\(\)|__syncwarp\(\w*\)|cp_async_wait<\w+>\(\)|cp_async_commit\(\)")
BOUND = re.compile(r"(?<=[\w\])]) (?:<|>=) (?=[a-z(])(?!k[A-Z])")
MINIMUM = re.compile(r"([\w.+\-* ]*[\w.]) < ([\w.]+) \? \1 : \2\b(?! [-+*/])")
SKIPPED = re.compile(r"constexpr|static_assert|template")  # evaluated by the compiler
SWITCHES = """
extern "C" int dlcore_mutant, dlcore_reached;
#ifndef DL_MUTANTS
#define DL_MUTANTS
inline bool mutant_is(int k) { return dlcore_mutant == k ? dlcore_reached = 1 : 0; }
struct OneMore { int k; };
template <class T> T operator+(OneMore m, T v) {
  constexpr long far = 1L << (sizeof v == 8 ? 40 : 30);
  if constexpr (std::is_integral_v<T>)
    return mutant_is(m.k) ? static_cast<T>(v + 1) : mutant_is(-m.k) ? static_cast<T>(v + far) : v;
  else return v;
}
#endif
"""
DEFINITION = 'extern "C" __attribute__((visibility("default"))) int dlcore_mutant = 0, dlcore_reached = 0;\n'


class Mutant(NamedTuple):
    file: str
    line: int
    kind: str
    text: str


def device_code(text: str) -> Iterator[tuple[int, int]]:
    """The bodies of functions that run on the device: from a __global__ or __device__ to the end of the next braces."""
    end = 0
    for found in re.finditer(r"__global__|__device__", text):
        brace = re.compile(r"\{(?!\})").search(text, found.end())  # a default argument may be {}
        begin = brace.start() if brace else -1
        if found.start() < end or begin < 0 or ";" in text[found.end() : begin]:
            continue
        depth, end = 1, begin + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield begin, end


def switched(path: Path, mutants: list[Mutant]) -> str:
    text, pieces, done = path.read_text(), [], 0
    for begin, end in device_code(text):
        for found in sorted(
            [*CALLS.finditer(text, begin, end), *BOUND.finditer(text, begin, end)], key=lambda m: m.start()
        ):
            first, last = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.start())
            line = text[first:last]
            at = found.start() - first
            minimum = any(m.start() < at < m.end() for m in MINIMUM.finditer(line))
            if minimum or SKIPPED.search(line) or "//" in line[:at]:
                continue
            call = found.re is CALLS
            mutants.append(
                Mutant(str(path), text.count("\n", 0, first) + 1, found[0] if call else "bound", line.strip())
            )
            k = len(mutants)
            pieces += [text[done : found.start()]]
            pieces += [f"(mutant_is({k}) ? void() : {found[0]})"] if call else [f"{found[0]}OneMore{{{k}}} + "]
            done = found.end()
    head = text.rfind("#include")
    head = text.find("\n", head) + 1
    body = "".join([*pieces, text[done:]])
    return body[:head] + "#include <type_traits>" + SWITCHES + body[head:]


def build(folder: Path, files: list[Path], target: str) -> tuple[Path, list[Mutant]]:
    import dlcore as dl

    mutants: list[Mutant] = []
    for name in ("csrc", "tests/cuda"):
        shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True)
    for file in files:
        (folder / file).write_text(switched(ROOT / file, mutants))
    mutants = [m._replace(file=str(Path(m.file).relative_to(ROOT))) for m in mutants]
    runtime = folder / "csrc/cuda/host/runtime.cpp"
    runtime.write_text((ROOT / "csrc/cuda/host/runtime.cpp").read_text() + DEFINITION)
    library = Path(dl.__file__).with_name("libdlcore.so")
    out = folder / "build" / "shim"
    environment = os.environ | {"CCACHE_BASEDIR": str(folder), "LD_PRELOAD": ""}
    for command in (
        ["cmake", "-S", str(folder / "csrc/cuda/host"), "-B", str(out), "-G", "Ninja", f"-DDLCORE_LIBRARY={library}"],
        ["cmake", "--build", str(out), "--target", target],
    ):
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            sys.exit(done.stdout[-4000:] + done.stderr[-4000:])
    return out / f"lib{target}.so", mutants


def checks(folders: list[Path]) -> list[Callable[[Any], None]]:
    from . import test_products, test_rows

    manifests = "".join((f / "kernels.cpp").read_text() for f in folders)
    known = set(re.findall(r"\w+", re.sub("//.*", "", manifests)))
    cases = [c for c in test_rows.CASES if any({r, re.sub("_(cell_)?(fwd|bwd).*", "", r)} & known for r in c.rows)]
    found: list[Callable[[Any], None]] = [
        lambda schedules, case=c, dtype=t: test_rows.test_row_agrees_with_oracle_and_cpu(schedules, case, dtype)
        for c in cases
        for t in c.dtypes
    ]
    if any(f.name.startswith("gemm") for f in folders):
        for size in test_products.SIZES:
            for turned in ("", "ab", "b"):
                found.append(lambda s, a=size, b=turned: test_products.test_bfloat16_products(s, a, b))
            found.append(lambda s, a=size: test_products.test_float32_products_by_tf32_where_asked_for(s, a))
        found += [test_products.test_bfloat16_convolution_and_batches, test_products.test_a_sum_of_no_terms_is_zero]
    if any(f.name == "random" for f in folders):
        for t in ("float32", "float64"):
            found.append(lambda s, t=t: test_products.test_random_numbers_are_the_cpu_s(s, t))
        for n in (1, 33, 1028):
            found.append(lambda s, n=n: test_products.test_drawn_on_the_device_or_on_the_cpu(s, n))
    files = [str(f) for f in (Path(__file__).with_name(f"test_{f.name}.py") for f in folders) if f.exists()]
    if files:
        found.append(lambda schedules: passes(files))
    return found


def passes(files: list[str]) -> None:
    """Test files, by pytest in this process, whose shim is loaded."""
    import pytest

    assert pytest.main(["-x", "-q", "-p", "no:cacheprovider", *files]) == 0


def outcome(shim: ctypes.CDLL, number: int, tests: list[Callable[[Any], None]], limit: int) -> str:
    """caught, slow, survived or unreached; in a process of its own."""
    child = os.fork()
    if child == 0:
        import dlcore as dl

        from .conftest import SEEDS

        def schedules(one: int | None = None) -> Iterator[int]:
            for s in SEEDS if one is None else [SEEDS[one % len(SEEDS)]]:
                shim.dlcore_shim_seed(ctypes.c_uint64(s))
                yield s

        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        signal.alarm(limit)
        ctypes.c_int.in_dll(shim, "dlcore_mutant").value = number
        try:
            for test in tests:
                test(schedules)
                dl.cuda.synchronize()
        except BaseException:
            os._exit(1)
        os._exit(0 if ctypes.c_int.in_dll(shim, "dlcore_reached").value else 2)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "slow" if os.WTERMSIG(status) == signal.SIGALRM else "caught"
    return {0: "survived", 1: "caught", 2: "unreached"}[os.WEXITSTATUS(status)]


def baseline(shim: ctypes.CDLL, tests: list[Callable[[Any], None]]) -> float:
    """Seconds that they take."""
    begin = time.monotonic()
    if outcome(shim, 0, tests, 1200) != "unreached":
        sys.exit("the tests fail without any mutant")
    return time.monotonic() - begin


def included(file: Path) -> set[Path]:
    """It, and what it includes of device code."""
    names = re.findall(r'#include "(.+\.cuh)"', file.read_text())
    return {file}.union(*(included(ROOT / "csrc" / name) for name in names))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--also", nargs="*", type=Path, default=[])
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--sanitize", action="store_true")
    args = parser.parse_args()
    from dlcore import _C

    from .conftest import ready, sanitizer_environment

    if args.sanitize and "LD_PRELOAD" not in os.environ:
        os.execve(sys.executable, [sys.executable, *sys.argv], sanitizer_environment())

    _C.set_num_threads(1)  # a child has no other threads
    files = [f for folder in args.folders for f in sorted(folder.glob("*.cu*"))] + args.also
    with tempfile.TemporaryDirectory() as temporary:
        library, mutants = build(
            args.keep or Path(temporary), files, "dlcore_shim_asan" if args.sanitize else "dlcore_shim"
        )
        _C.load_backend(str(library))
        ready.append(library)
        shim = ctypes.CDLL(str(library))
        of_folder = {f: checks([ROOT / f]) for f in args.folders}
        seconds = {f: baseline(shim, tests) for f, tests in of_folder.items()}
        users = {f: set().union(*(included(ROOT / c) for c in sorted(f.glob("*.cu")))) for f in args.folders}
        got: dict[str, list[str]] = {}
        for number, m in enumerate(mutants, 1):
            folders = [f for f in args.folders if ROOT / m.file in users[f]]
            tests = [test for f in folders for test in of_folder[f]]
            limit = args.limit + round(3 * sum(seconds[f] for f in folders))
            result = outcome(shim, number, tests, limit)
            if result == "survived" and m.kind == "bound" and outcome(shim, -number, tests, limit) != "survived":
                result = "left out"
            got.setdefault(m.file, []).append(result)
            if result != "caught":
                print(f"{result:9} {m.file}:{m.line} {m.kind}: {m.text}", flush=True)
    for file, results in [*got.items(), ("all", sum(got.values(), []))]:
        of = Counter(results)
        n = len(results) - of["unreached"]
        more = f", {of['left out']} of them only where the bound is left out" * bool(of["left out"])
        print(f"{file}: {n} mutants, {n - of['survived']} caught{more}")
    return 0


if __name__ == "__main__":
    __package__ = "tests.cuda"
    import tests.cuda  # noqa: F401

    sys.exit(main())
