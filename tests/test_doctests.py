"""Examples in public docstrings, and the README's Python, run as written."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import dlcore

ROOT = Path(__file__).resolve().parent.parent
MODULES = ["dlcore"] + [
    m.name
    for m in pkgutil.walk_packages(dlcore.__path__, "dlcore.")
    if not m.name.endswith(("._C", "libdlcore", "libdlcore_cuda"))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0


def test_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # it saves a model
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
