"""Random numbers: uniform, normal, permutations. Results are random, so the check compares shapes only."""

from __future__ import annotations

from ..harness import Row

N = 1 << 22
ROWS = [
    Row("rand 4 M", lambda lib: lambda: lib.dl.rand(N), ("rand",), bytes=4.0 * N, random=True),
    Row("randn 4 M", lambda lib: lambda: lib.dl.randn(N), ("randn",), bytes=4.0 * N, random=True),
    Row("randint 4 M", lambda lib: lambda: lib.dl.randint(0, 10, (N,)), ("randint",), bytes=8.0 * N, random=True),
    Row("rand 64", lambda lib: lambda: lib.dl.rand(64), ("rand",), random=True),
    Row("randn 64", lambda lib: lambda: lib.dl.randn(64), ("randn",), random=True),
    Row("randperm 60000", lambda lib: lambda: lib.dl.randperm(60000), random=True),
]
