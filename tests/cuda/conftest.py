"""The CUDA backend of a test: the host shim, built here when a test asks for it, or the real one on a GPU.

Both register the same rows for the same device, so a process has one of them: on a machine with a GPU run
`pytest -m shim` and `pytest -m cuda`. The shim links the libdlcore.so of the imported package; the package must have
been built from this source tree.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dlcore as dl
from dlcore import _C

ROOT = Path(__file__).resolve().parents[2]
SHIM = ROOT / "csrc" / "cuda" / "host"
BUILD = ROOT / "build" / "shim"
PACKAGE = Path(dl.__file__).parent
ready: list[Path] = []  # the shim, where this process has loaded one of its own: mutate.py's
SEEDS = (0, 1, 2, 3)  # ascending, descending, two permutations


def tool(name: str) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="session")
def build_shim() -> Callable[[str], Path]:
    """Builds a target of csrc/cuda/host and returns its file. Skips without a compiler; a failed build fails. Under
    tests/sanitize.sh the library is the one with sanitizers."""
    if ready:
        return lambda target: ready[0]
    if not SHIM.is_dir():
        pytest.skip("the source tree is not here")
    cmake, ninja = tool("cmake"), tool("ninja")
    compiler = os.environ.get("CXX") or tool("c++")

    def run(*command: str) -> None:
        env = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}  # a sanitizer's: not into the compiler
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-8000:]}{done.stderr[-8000:]}"

    run(cmake, "-S", str(SHIM), "-B", str(BUILD), "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}",
        f"-DCMAKE_CXX_COMPILER={compiler}", f"-DDLCORE_LIBRARY={PACKAGE / 'libdlcore.so'}")  # fmt: skip

    def build(target: str) -> Path:
        if target == "dlcore_shim" and os.environ.get("DLCORE_SHIM_SANITIZE"):
            target = "dlcore_shim_asan"
        run(cmake, "--build", str(BUILD), "--target", target)
        return BUILD / (f"lib{target}.so" if target.startswith("dlcore_") else target)

    return build


def has_sanitizer(folder: Path) -> bool:
    source = folder / "empty.cpp"
    source.write_text("int main() {}")
    command = [os.environ.get("CXX", "c++"), "-fsanitize=address,undefined", str(source), "-o", os.devnull]
    return subprocess.run(command, capture_output=True).returncode == 0


def sanitizer_environment() -> dict[str, str]:
    """For a Python that loads a library with sanitizers: the interpreter has none, so their runtimes come first, with
    libstdc++ so that exceptions are seen. Python keeps memory to its end: leaks are not looked for."""
    compiler = os.environ.get("CXX", "c++")
    files = [
        subprocess.run([compiler, f"-print-file-name=lib{name}.so"], capture_output=True, text=True).stdout.strip()
        for name in ("asan", "ubsan", "stdc++")
    ]
    options = {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1", "LD_PRELOAD": " ".join(files)}
    return dict(os.environ) | options


loaded: list[str] = []
THE_SHIM = pytest.param("shim", marks=pytest.mark.shim)
BACKENDS = [THE_SHIM]
if (PACKAGE / "libdlcore_cuda.so").exists():  # a build with DLCORE_CUDA=ON
    BACKENDS += [pytest.param("cuda", marks=pytest.mark.cuda)]


needs_nvcc = pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")


def shim_only(test: Callable[..., None]) -> Callable[..., None]:
    """For what only the shim can show: a GPU may be early, and has as much memory as it has."""
    return pytest.mark.usefixtures("schedules")(pytest.mark.parametrize("schedules", [THE_SHIM], indirect=True)(test))


@pytest.fixture(scope="session", params=BACKENDS)
def schedules(request: pytest.FixtureRequest) -> Callable[..., Iterator[int]]:
    """With CUDA's rows registered: iterates over schedules that must all give the same bits (on a GPU, over runs)."""
    if loaded and loaded != [request.param]:
        pytest.skip(f"this process runs the {loaded[0]} backend; use pytest -m {request.param}")
    if request.param == "shim":
        seed = load_shim(request.getfixturevalue("build_shim"))
    else:
        seed = load_cuda()
    loaded[:] = [request.param]

    def each(one: int | None = None) -> Iterator[int]:
        """All schedules; given a number, the one that it picks."""
        try:
            for s in SEEDS if one is None else [SEEDS[one % len(SEEDS)]]:
                seed(s)
                yield s
        finally:
            seed(0)

    return each


def load_shim(build: Callable[[str], Path]) -> Callable[[int], None]:
    path = str(build("dlcore_shim"))
    if not ready:
        _C.load_backend(path)
    set_seed = ctypes.CDLL(path).dlcore_shim_seed
    return lambda s: set_seed(ctypes.c_uint64(s))


@pytest.fixture
def late(schedules: Callable[..., Iterator[int]], build_shim: Callable[[str], Path]) -> Iterator[None]:
    """Through the shim: what a stream is given is done when somebody waits for it, and not before."""
    if loaded != ["shim"]:
        yield
        return
    shim = ctypes.CDLL(str(build_shim("dlcore_shim")))
    shim.dlcore_shim_late(1)
    try:
        yield
    finally:
        shim.dlcore_shim_late(0)


def load_cuda() -> Callable[[int], None]:
    _C.load_backend(str(PACKAGE / "libdlcore_cuda.so"))
    try:
        dl.tensor([0.0]).to("cuda")
    except dl.DeviceError as error:
        pytest.skip(f"no GPU: {error}")
    return lambda _: None
