"""The C++ tests of csrc/cuda (device_test.cu, rows_test.cu) and of the shim itself (shim_test.cu), three ways."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import has_sanitizer

pytestmark = pytest.mark.shim


@pytest.mark.parametrize("build", ["assembly", "ucontext", "asan"])
def test_shim(build_shim: Callable[[str], Path], build: str, tmp_path: Path) -> None:
    if build == "asan" and not has_sanitizer(tmp_path):
        pytest.skip("the compiler has no AddressSanitizer")
    program = build_shim(f"shim_test_{build}")
    # Leaks are looked for with ptrace, which containers forbid.
    env = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run([str(program)], capture_output=True, text=True, env=env, timeout=600)
    failed = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
    assert not failed and done.returncode == 0, "\n".join(failed) + done.stderr
    assert done.stdout.count("\nok ") > 30
