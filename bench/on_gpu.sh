#!/usr/bin/env bash
# On a machine with an NVIDIA GPU and nvcc: build the CUDA backend, run its tests, look for memory errors and races,
# and time it. Results go to $OUT (default ./gpu-results). Exits non-zero when a step fails, or when there is no GPU.
#   PYTHON=… the interpreter to use (default python3; it needs numpy, pybind11, pytest, hypothesis)
set -uo pipefail
cd "$(dirname "$0")/.."
OUT=${OUT:-$PWD/gpu-results}
PYTHON=${PYTHON:-python3}
BUILD=build/cuda
failed=()

die() {
  echo "on_gpu.sh: $*" >&2
  exit 1
}
command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q '^GPU ' ||
  die "no GPU here (nvidia-smi lists none): nothing was built, run or measured"
command -v nvcc >/dev/null || die "nvcc is not on PATH: nothing was built, run or measured"
mkdir -p "$OUT" || die "cannot write to $OUT"

# step NAME COMMAND…: runs it, keeps its output and exit code, goes on after a failure.
step() {
  local name=$1 code
  shift
  echo "== $name"
  "$@" >"$OUT/$name.log" 2>&1
  code=$?
  tail -n 3 "$OUT/$name.log"
  echo "$name $code" >>"$OUT/summary.txt"
  ((code == 0)) || failed+=("$name")
  return $code
}

: >"$OUT/summary.txt"
{
  date -u +%FT%TZ
  git rev-parse HEAD 2>/dev/null
  nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,memory.total --format=csv,noheader
  nvcc --version | tail -n 2
} | tee "$OUT/machine.txt"

step configure cmake -S . -B $BUILD -DCMAKE_BUILD_TYPE=Release -DDLCORE_DEV=ON -DDLCORE_CUDA=ON \
  -DPython_EXECUTABLE="$(command -v "$PYTHON")" || die "configuring failed, see $OUT/configure.log"
step build cmake --build $BUILD --parallel || die "the build failed, see $OUT/build.log"
step build-tests cmake --build $BUILD --parallel --target cuda_test
export PYTHONPATH=$PWD/python

# What the host shim promises (tests/cuda/*.cu), on the real device; then every row through dispatch.
test_program=$(find $BUILD -name cuda_test -type f | head -n 1)
if [[ -n $test_program ]]; then
  step self-tests "$test_program"
  if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck initcheck synccheck; do
      step "$tool" compute-sanitizer --tool $tool --error-exitcode 1 "$test_program"
    done
  else
    echo "compute-sanitizer is not installed: memcheck, racecheck, initcheck and synccheck were NOT run" |
      tee -a "$OUT/summary.txt"
  fi
fi
step pytest "$PYTHON" -m pytest tests/cuda -m cuda -q -rs
grep -q ' passed' "$OUT/pytest.log" || failed+=("pytest: no test ran")
step bench "$PYTHON" -m bench --device cuda --json "$OUT/bench.jsonl"

echo "== summary ($OUT/summary.txt: step, exit code)"
cat "$OUT/summary.txt"
((${#failed[@]} == 0)) || die "failed: ${failed[*]}"
