#!/usr/bin/env bash
# What multiplies on AMX's tiles, on a machine without them: a build beside the normal one keeps tiles in memory
# (csrc/simd/tiles_host.h). It needs AVX512_BF16. Usage: tests/tiles.sh [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/beside.sh
beside tiles -DCMAKE_BUILD_TYPE=Release -DDLCORE_TILES_ON_HOST=ON
[ $# -gt 0 ] || set -- tests/blocks tests/test_precision.py tests/test_precision_values.py
python -m pytest -p no:cacheprovider -q "$@"
