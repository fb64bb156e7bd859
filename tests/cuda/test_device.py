"""dl.cuda: the backend is opened at first use, and its absence is an error that says what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dlcore as dl

from .conftest import PACKAGE


@pytest.mark.skipif((PACKAGE / "libdlcore_cuda.so").exists(), reason="this build has the backend")
def test_a_build_without_the_backend_says_so() -> None:
    code = (
        "import dlcore as dl\n"
        "assert not dl.cuda.is_available()\n"
        "for f in (dl.tensor([1.0]).cuda, dl.cuda.synchronize):\n"
        "    try: f()\n"
        "    except dl.DeviceError as e: print(e)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)  # this process may have a shim
    assert done.stdout.count("this build has no CUDA backend loaded; build with DLCORE_CUDA=ON") == 2, done.stderr


def test_with_a_backend_tensors_go_there_and_back(schedules: Callable[[], Iterator[int]]) -> None:
    assert dl.cuda.is_available()
    x = dl.tensor([[1.0, 2.0], [3.0, 4.0]]).cuda()
    assert x.device == "cuda" and x.cpu().tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert dl.tensor(5).cuda().item() == 5
    assert repr(x.bfloat16()) == "tensor([[1., 2.],\n        [3., 4.]], device='cuda', dtype=bfloat16)"
    assert dl.tensor([]).cuda().cpu().tolist() == []
    dl.cuda.synchronize()


@pytest.mark.shim
def test_every_op_runs_on_the_device_or_says_that_it_cannot(build_shim: Callable[[str], Path]) -> None:
    command = [sys.executable, str(Path(__file__).with_name("every_op.py")), str(build_shim("dlcore_shim"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    last = (done.stdout.splitlines() or ["nothing"])[-1]
    assert done.returncode == 0, f"exit code {done.returncode} at: {last}\n{done.stderr[-4000:]}"
    assert int(last.split()[0]) > 1000
