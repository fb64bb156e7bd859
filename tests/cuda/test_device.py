"""dl.cuda: the backend is opened at first use, and its absence is an error that says what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

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
    assert dl.tensor([]).cuda().cpu().tolist() == []
    dl.cuda.synchronize()
