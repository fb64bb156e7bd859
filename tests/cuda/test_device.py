"""dl.cuda: the backend is opened at first use, and its absence is an error that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dlcore as dl

from .conftest import PACKAGE, has_sanitizer, sanitizer_environment


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
def test_every_kernel_runs_on_the_device_with_sanitizers_too(build_shim: Callable[[str], Path], tmp_path: Path) -> None:
    script = str(Path(__file__).with_name("every_op.py"))
    environments = {"dlcore_shim": dict(os.environ)}
    if has_sanitizer(tmp_path) and "DLCORE_SHIM_SANITIZE" not in environments["dlcore_shim"]:  # there both have them
        environments["dlcore_shim_asan"] = sanitizer_environment()
    commands = {target: [sys.executable, script, str(build_shim(target))] for target in environments}
    running = [  # side by side: each has one thread
        subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, text=True, env=environments[target])
        for target, command in commands.items()
        for out in [(tmp_path / target).open("w")]
    ]
    try:
        codes = [process.wait(timeout=1500) for process in running]
    finally:
        for process in running:
            process.kill()
    for target, code in zip(commands, codes, strict=True):
        said = (tmp_path / target).read_text()
        assert code == 0, f"{target}: exit code {code} at: {said[-4000:]}"
        last = said.splitlines()[-1]
        assert int(last.split()[0]) > 1000 and last.endswith("never reached: none"), f"{target}: {last}"
