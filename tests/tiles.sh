#!/usr/bin/env bash
# What multiplies on AMX's tiles, on a machine without them: a build beside the normal one keeps tiles in memory
# (csrc/simd/tiles_host.h). It needs AVX512_BF16. Usage: tests/tiles.sh [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/build/tiles
mkdir -p "$out"
rm -rf "$out/dlcore"
cp -r python/dlcore "$out/dlcore"
rm -f "$out"/dlcore/*.so
cmake -S . -B "$out" -G Ninja -DCMAKE_BUILD_TYPE=Release -DDLCORE_TILES_ON_HOST=ON -DDLCORE_DEV=ON \
      -DDLCORE_DEV_DIR="$out/dlcore" -DPython_EXECUTABLE="$(command -v python)" >/dev/null
ninja -C "$out"
export PYTHONPATH=$out
[ $# -gt 0 ] || set -- tests/blocks tests/test_precision.py tests/test_precision_values.py
python -m pytest -p no:cacheprovider -q "$@"
