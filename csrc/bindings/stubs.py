"""Writes python/dlcore/_C.pyi from the built module: `PYTHONPATH=python python csrc/bindings/stubs.py`.

Needs pybind11-stubgen. What the generator cannot see is added: Array's plain getters, and that an optional Array
(a pointer in C++) may be None; DType.bool hides the builtin.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "python" / "dlcore" / "_C.pyi"
GETTERS = {
    "shape": "tuple[int, ...]",
    "strides": "tuple[int, ...]",
    "dtype": "DType",
    "ndim": "int",
    "size": "int",
    "version": "int",
    "owners": "int",
}

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.executable, "-m", "pybind11_stubgen", "dlcore._C", "-o", folder], check=True)
    text = (Path(folder) / "dlcore" / "_C.pyi").read_text()
text = re.sub(r"(arg\d+: )Array\b", r"\1Array | None", text)
properties = "".join(f"    @property\n    def {n}(self) -> {t}: ...\n" for n, t in GETTERS.items())
text = text.replace("-> bool:", "-> builtins.bool:").replace("import typing\n", "import builtins\nimport typing\n", 1)
text = text.replace("class Array:\n", "class Array:\n" + properties, 1)
TARGET.write_text(text)
subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(TARGET)], check=True)
