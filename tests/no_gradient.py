"""What has no gradient, and why: the reviewed exceptions of tests/test_registry.py. Keep them few."""

from __future__ import annotations

NAMES_WITHOUT_GRADIENT: dict[str, str] = {}
KERNELS_WITHOUT_GRADIENT: dict[str, str] = {}
KERNELS_WITHOUT_CASE: dict[str, str] = {}
