"""The architecture page, executed: mirrors, layers, lengths, names, documented environment variables."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CSRC, PACKAGE = ROOT / "csrc", ROOT / "python" / "dlcore"
OPS = sorted(p.name for p in (CSRC / "ops").iterdir() if p.is_dir())
SOFT, HARD = 300, 500
LONG_FILES: dict[str, str] = {}  # file: why it is one room
KERNELS_IN_BLOCKS = {"matmul": "gemm"}  # ops whose kernels are a block's
NOT_PYTHON_OPS = {"optim": "python/dlcore/optim/__init__.py"}  # where an op's Python side lives elsewhere


def tracked(*suffixes: str) -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if names.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / n for n in names.stdout.splitlines() if n.endswith(suffixes) and (ROOT / n).exists()]


def includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.M)


@pytest.mark.parametrize("op", OPS)
def test_every_op_has_all_its_rooms(op):
    folder = CSRC / "ops" / op
    for name in (f"{op}.h", f"{op}.cpp", "kernels.cpp", "cpu.cpp"):
        block = CSRC / "blocks" / KERNELS_IN_BLOCKS[op] if op in KERNELS_IN_BLOCKS else folder
        assert (folder / name).exists() or (block / name).exists(), f"csrc/ops/{op} lacks {name}"
    assert (ROOT / NOT_PYTHON_OPS.get(op, f"python/dlcore/ops/{op}.py")).exists()
    assert (ROOT / "tests" / "ops" / f"test_{op}.py").exists()
    assert (ROOT / "bench" / "ops" / f"bench_{op}.py").exists()
    assert re.search(rf"^dlcore_op\({op}\)$", (ROOT / "CMakeLists.txt").read_text(), re.M)


def layer(path: Path) -> str:
    return path.relative_to(CSRC).parts[0]


ALLOWED = {  # a layer may include these, and of ops only its own folder
    "core": {"core"},
    "simd": {"core", "simd"},
    "blocks": {"core", "simd", "blocks", "cuda"},
    "ops": {"core", "simd", "blocks", "cuda"},
    "cuda": {"core", "simd", "cuda"},
    "bindings": {"core", "blocks", "ops", "bindings"},
}


def own_includes(path: Path) -> list[str]:
    return [i for i in includes(path) if (CSRC / i).exists()]


def sources() -> list[Path]:
    return [p for p in tracked(".h", ".cpp", ".cu", ".cuh") if CSRC in p.parents]


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_includes_point_down(path):
    for target in own_includes(path):
        part = target.split("/")
        if part[0] == "ops" and layer(path) == "ops":
            assert part[1] == path.relative_to(CSRC).parts[1], f"an op includes another op: {target}"
        elif part[0] == "core" and layer(path) == "core":
            continue
        else:
            assert part[0] in ALLOWED[layer(path)], f"{layer(path)} may not include {target}"
    if layer(path) != "bindings":
        assert not any("pybind11" in i or i == "Python.h" for i in includes(path)), "pybind11 belongs in bindings/"
    if path.name != "parallel.cpp":
        assert "omp.h" not in includes(path) and "#pragma omp" not in path.read_text(), (
            "OpenMP belongs in core/parallel"
        )


PLAIN = {"cstddef", "cstdint", "core/dtype.h", "core/isa.h", "core/nest.h", "immintrin.h", "arm_neon.h"}


@pytest.mark.parametrize(
    "path", [p for p in sources() if re.fullmatch(r"cpu(_\w+)?\.cpp", p.name)], ids=lambda p: str(p.relative_to(ROOT))
)
def test_kernel_files_include_no_baseline_code(path):
    """An inline function shared with baseline code would become one weak symbol, and baseline would run AVX-512."""
    seen, todo = set(), [path]
    while todo:
        here = todo.pop()
        for i in includes(here):
            if (CSRC / i).exists():
                if i not in seen:
                    seen.add(i)
                    todo.append(CSRC / i)
            else:
                assert i in PLAIN, f"{here.relative_to(ROOT)} includes <{i}>"
    for i in seen:
        assert not i.startswith("core/") or i in PLAIN, f"reaches {i}"
    assert "std::" not in path.read_text()


PYTHON_LAYERS = [  # a module imports from its own line and those below it
    {"cli"},
    {"recipes", "explain"},
    {"train"},
    {"formats", "data", "testing", "console", "profiler", "profile_table"},
    {"optim", "amp"},
    {"nn"},
    {"creation", "runtime"},
    {"tensor"},
    {"operators"},
    {"ops"},
    {"precision"},
    {"autograd", "hooks", "cuda", "mistakes", "machine", "devices", "registry"},
    {"_C"},
]


def rank(module: str) -> int | None:
    for i, names in enumerate(PYTHON_LAYERS):
        if module in names:
            return i
    return None


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)).replace("/", ".")
)
def test_python_layers(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__init__":
        return
    assert rank(own) is not None, f"{own} has no place in PYTHON_LAYERS"
    text = re.sub(r"^if TYPE_CHECKING:\n(?:[ \t]+.*\n)+", "", path.read_text(), flags=re.M)
    for match in re.finditer(r"^(?:from dlcore(?:\.(\w+))?[\w.]* import ([\w, ]+)|import dlcore\.(\w+))", text, re.M):
        direct, names, plain = match.groups()
        for target in [direct or plain] if direct or plain else names.split(","):
            target = target.split(" as ")[0].strip()
            if rank(target) is not None:
                assert rank(target) >= rank(own), f"{own} imports {target}, which lies above it"


def test_files_stay_short():
    for path in tracked(".py", ".pyi", ".h", ".cpp", ".cu", ".cuh", ".sh"):
        name, lines = str(path.relative_to(ROOT)), len(path.read_text().splitlines())
        if path.suffix == ".pyi":
            continue  # generated from the bindings
        assert lines <= HARD, f"{name} has {lines} lines; {HARD} is the limit"
        assert lines <= SOFT or name in LONG_FILES, f"{name} has {lines} lines; split it, or say why in LONG_FILES"


def test_every_environment_variable_is_documented():
    used = set()
    for path in tracked(".py", ".cpp", ".h", ".sh"):
        if path != Path(__file__):
            used |= set(
                re.findall(r"""(?:getenv\(|environ(?:\.get\(|\[)|getenv\()\s*["'](\w+)["']""", path.read_text())
            )
    documented = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    missing = {u for u in used if u.startswith("DLCORE_") and u not in documented}
    assert not missing, f"undocumented: {missing}"


def test_nothing_unfinished():
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|^\s*#\s*if 0\b", re.M)
    for path in tracked(".py", ".h", ".cpp", ".cu", ".cuh", ".txt", ".toml"):
        if path != Path(__file__):
            assert not marks.search(path.read_text()), path


def test_the_stub_lists_every_binding():
    from dlcore import _C

    stub = (PACKAGE / "_C.pyi").read_text()
    missing = [n for n in dir(_C) if not n.startswith("_") and not re.search(rf"^(?:def|class) {n}\b", stub, re.M)]
    assert not missing, f"{missing}: run csrc/bindings/stubs.py"
