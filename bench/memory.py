"""Peak memory of a row: a child process builds it, calls it twice and says how much it grew.

The growth is the resident set's (VmHWM against the VmRSS after importing the library), which the system counts for both
libraries alike. For dlcore the allocator's own peak stands beside it: what its tensors need, without blocks it keeps.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any


def resident(what: str) -> int:
    """Bytes of VmRSS or VmHWM of this process."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found, f"/proc/self/status has no {what}"
    return int(found.group(1)) * 1024


def measure(name: str, module: str, threads: int) -> dict[str, int]:
    """In a fresh process: {"resident": bytes, and for dlcore "allocator": bytes} of the row called `name`."""
    command = [sys.executable, "-m", "bench.memory", name, module, str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"bench {name}: the child that measures memory failed: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


def main(name: str, module: str, threads: str) -> None:
    from .__main__ import all_rows
    from .harness import Lib

    row = next(row for _, row in all_rows() if row.name == name)
    lib: Any = Lib(module, zlib.crc32(name.encode()))
    lib.set_threads(int(threads))
    before = resident("VmRSS")
    call = row.build(lib)
    for _ in range(2):
        call()
    out = {"resident": resident("VmHWM") - before}
    if module == "dlcore":
        out["allocator"] = lib.dl._C.memory_stats()["peak"]
    print(json.dumps(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
