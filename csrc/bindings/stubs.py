"""Writes python/dlcore/_C.pyi from the built module: `PYTHONPATH=python python csrc/bindings/stubs.py`.

Needs pybind11-stubgen. What the generator cannot see is added: the plain getters of Array and DType; DType.bool hides
the builtin.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "python" / "dlcore" / "_C.pyi"
GETTERS = {
    "Array": {
        "shape": "tuple[int, ...]",
        "strides": "tuple[int, ...]",
        "dtype": "DType",
        "device": "str",
        "ndim": "int",
        "size": "int",
        "offset": "int",
        "version": "int",
        "owners": "int",
        "is_dense": "bool",
        "is_contiguous": "bool",
        "is_channels_last": "bool",
    },
    "DType": {"itemsize": "int", "is_floating_point": "builtins.bool"},
}

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.executable, "-m", "pybind11_stubgen", "dlcore._C", "-o", folder], check=True)
    text = (Path(folder) / "dlcore" / "_C.pyi").read_text()
text = text.replace("-> bool:", "-> builtins.bool:").replace("import typing\n", "import builtins\nimport typing\n", 1)
for name, getters in GETTERS.items():
    properties = "".join(f"    @property\n    def {n}(self) -> {t}: ...\n" for n, t in getters.items())
    head = re.compile(rf'(class {name}:\n(    """.*?"""\n)?)', re.DOTALL)
    text = head.sub(lambda found, p=properties: found[1] + p, text, count=1)
TARGET.write_text(text)
subprocess.run([sys.executable, "-m", "ruff", "check", "-q", "--fix", "--select", "I", str(TARGET)], check=True)
subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(TARGET)], check=True)
