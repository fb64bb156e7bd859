"""No baseline code runs a wide ISA's instructions: what the kernel objects and the library define and need, by nm.

An inline function that two ISAs' objects both define outside their namespaces (a template, std::max at -O0) becomes one
weak symbol; the linker keeps one of them, and a machine without AVX-512 may then meet it in baseline code (DESIGN 4).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import dlcore

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = Path(dlcore.__file__).parent / "libdlcore.so"
ISAS = ("base", "avx2", "avx512", "avx512bf16", "amx")

pytestmark = pytest.mark.skipif(not shutil.which("nm"), reason="needs nm, of binutils")
needs_build = pytest.mark.skipif(
    not ((ROOT / "CMakeLists.txt").exists() and shutil.which("cmake") and shutil.which("c++")),
    reason="needs the source tree, cmake and a C++ compiler",
)


def symbols(path: Path, *flags: str) -> list[tuple[str, str]]:
    """(type letter, mangled name) of each symbol."""
    out = subprocess.run(["nm", *flags, str(path)], capture_output=True, text=True, check=True).stdout
    return [(fields[-2], fields[-1].split("@")[0]) for line in out.splitlines() if len(fields := line.split()) >= 2]


def strangers(path: Path, isa: str) -> list[str]:
    """Symbols that other objects can see and that are not in namespace dl::<isa>: functions, their statics, tables."""
    own = re.compile(rf"_Z(?:GV|TV|TI|TS)?Z*NK?2dl{len(isa)}{isa}|DW\.ref\.")  # DW.ref: a pointer, no code
    return [name for kind, name in symbols(path, "--defined-only", "-g") if not own.match(name)]


def release_build() -> Path:
    """The newest Release build under build/, which `pip install .` leaves behind; else one of its own."""
    for folder in sorted((ROOT / "build").rglob("kernels_base.dir"), key=os.path.getmtime, reverse=True):
        cache = folder.parent.parent / "CMakeCache.txt"
        if cache.exists() and re.search("^CMAKE_BUILD_TYPE:STRING=Release$", cache.read_text(), re.M):
            return cache.parent
    return build("Release")


def build(mode: str) -> Path:
    """Only the kernels' objects, in a folder that is kept: a second run compiles what has changed."""
    out = ROOT / "build" / f"symbols-{mode.lower()}"
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    configure = ["cmake", "-S", str(ROOT), "-B", str(out), f"-DCMAKE_BUILD_TYPE={mode}", "-DDLCORE_PYTHON=OFF"]
    run([*configure, *generator])
    targets = [f"kernels_{isa}" for isa in ISAS]
    run(["cmake", "--build", str(out), "--parallel", str(os.cpu_count()), "--target", *targets])
    return out


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"


@needs_build
@pytest.mark.parametrize("mode", ["Release", "Debug"])
def test_kernels_define_nothing_outside_their_isa(mode):
    out = release_build() if mode == "Release" else build(mode)
    found, objects = {}, 0
    for isa in ISAS:
        for path in sorted((out / "CMakeFiles" / f"kernels_{isa}.dir").rglob("*.o")):
            objects += 1
            if names := strangers(path, isa):
                found[f"{isa}: {path.stem}"] = names
    assert objects >= 3 * len(list((ROOT / "csrc" / "ops").iterdir())), f"{out} holds only {objects} objects"
    assert not found, f"weak or global symbols outside their ISA's namespace: {found}"


@needs_build
@pytest.mark.parametrize(
    ("body", "culprit"),
    [
        ("int f(int a, int b) { return std::max(a, b); }", "max"),
        ("int f(int a, int b) { return dl::shared(a) + b; }", "shared"),
    ],
)
def test_the_check_finds_an_inline_function(tmp_path, body, culprit):
    source, out = tmp_path / "bad.cpp", tmp_path / "bad.o"
    shared = "#include <algorithm>\nnamespace dl { inline int shared(int a) { return a; } }\n"
    source.write_text(f"{shared}namespace dl::avx512 {{ {body} }}\n")
    run(["c++", "-std=c++20", "-O0", "-c", str(source), "-o", str(out)])
    assert any(culprit in name for name in strangers(out, "avx512"))
    assert not any("avx512" in name for name in strangers(out, "avx512")), "its own function is not a stranger"


def test_the_library_exports_no_kernel():
    """A program that loads two such libraries must not bind one's kernels to the other's."""
    inside = re.compile("_Z.*2dl(?:4base|4avx2|6avx512|10avx512bf16|3amx)")
    leaked = [name for _, name in symbols(LIBRARY, "-D", "--defined-only") if inside.match(name)]
    assert not leaked, f"libdlcore.so exports {leaked[:5]}"


def test_the_library_needs_no_python():
    needed = [name for _, name in symbols(LIBRARY, "-D", "--undefined-only") if name.startswith(("Py", "_Py"))]
    assert not needed, f"libdlcore.so needs {needed}"
