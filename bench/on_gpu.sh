#!/usr/bin/env bash
# On a machine with an NVIDIA GPU and nvcc: build the CUDA backend, run its tests, look for memory errors and races, hold
# it against the CPU and the host shim, train on it, and time it beside PyTorch. No network is needed. Results go to
# $OUT (default ./gpu-results): a log a step, results.json, bench.jsonl. Exits non-zero when a step fails, or when there
# is no GPU.
#   PYTHON=…    the interpreter (default python3; needs numpy, pybind11, pytest, hypothesis and what dlcore needs)
#   DATA=DIR    folder with mnist/ and movielens_100k/; without it recipes take their default data, which the net has
#   DRY=1       on a machine without a GPU: does the steps that need none, says which it left out, and exits 0
set -uo pipefail
cd "$(dirname "$0")/.."
OUT=${OUT:-$PWD/gpu-results}
PYTHON=$(command -v "${PYTHON:-python3}")
BUILD=build/cuda
DRY=${DRY:-}
failed=() left_out=()

die() {
  echo "on_gpu.sh: $*" >&2
  exit 1
}
has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q '^GPU '; }
has_gpu || [[ -n $DRY ]] || die "no GPU here (nvidia-smi lists none): nothing was built, run or measured"
command -v nvcc >/dev/null || die "nvcc is not on PATH: nothing was built, run or measured"
[[ -n $PYTHON ]] || die "there is no python3: set PYTHON"
mkdir -p "$OUT" || die "cannot write to $OUT"
: >"$OUT/steps.txt"

# step NAME COMMAND…: runs it, keeps its output, exit code and seconds, goes on after a failure.
step() {
  local name=$1 code begin=$SECONDS
  shift
  echo "== $name"
  "$@" >"$OUT/$name.log" 2>&1
  code=$?
  tail -n 3 "$OUT/$name.log"
  echo "$name $code $((SECONDS - begin))" >>"$OUT/steps.txt"
  ((code == 0)) || failed+=("$name")
  return $code
}
# on_gpu NAME COMMAND…: a step that needs the GPU.
on_gpu() {
  if has_gpu; then step "$@"; else left_out+=("$1"); fi
}

{
  date -u +%FT%TZ
  git rev-parse HEAD 2>/dev/null
  if has_gpu; then
    nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,memory.total --format=csv,noheader
  else
    echo "no GPU: a dry run"
  fi
  nvcc --version | tail -n 2
} | tee "$OUT/machine.txt"

step configure cmake -S . -B $BUILD -DCMAKE_BUILD_TYPE=Release -DDLCORE_DEV=ON -DDLCORE_CUDA=ON \
  -DPython_EXECUTABLE="$PYTHON" || die "configuring failed, see $OUT/configure.log"
step build cmake --build $BUILD --parallel || die "the build failed, see $OUT/build.log"
step build-tests cmake --build $BUILD --parallel --target cuda_test
export PYTHONPATH=$PWD/python:$PWD
package=$PWD/python/dlcore
step import "$PYTHON" -c "import dlcore as dl; print(dl.cuda.why_not()); assert dl.cuda.is_available() or '$DRY'"

# What the host shim promises (tests/cuda/*.cu), on the real device; then every row through dispatch.
test_program=$(find $BUILD -name cuda_test -type f | head -n 1)
if [[ -n $test_program ]]; then
  on_gpu self-tests "$test_program"
  if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck initcheck synccheck; do
      on_gpu "$tool" compute-sanitizer --tool $tool --error-exitcode 1 "$test_program"
    done
  else
    left_out+=(memcheck racecheck initcheck synccheck)
    echo "compute-sanitizer is not installed: its four tools were NOT run"
  fi
fi
on_gpu pytest "$PYTHON" -m pytest tests/cuda -m cuda -q -rs -p no:cacheprovider
if has_gpu && ! grep -q ' passed' "$OUT/pytest.log"; then failed+=("pytest: no test ran"); fi
# Memory errors of whole ops, forward and backward, on their small shapes: every row by name.
if command -v compute-sanitizer >/dev/null; then
  on_gpu memcheck-rows compute-sanitizer --tool memcheck --error-exitcode 1 \
    "$PYTHON" -m tests.cuda.agree run "$package/libdlcore_cuda.so" "$OUT/memcheck.npz"
fi

# The shim and the GPU on the same shapes.
step build-shim cmake -S csrc/cuda/host -B build/shim -DDLCORE_LIBRARY="$package/libdlcore.so"
step shim cmake --build build/shim --parallel --target dlcore_shim
step shim-results "$PYTHON" -m tests.cuda.agree run build/shim/libdlcore_shim.so "$OUT/shim.npz"
on_gpu gpu-results "$PYTHON" -m tests.cuda.agree run "$package/libdlcore_cuda.so" "$OUT/gpu.npz"
on_gpu agree "$PYTHON" -m tests.cuda.agree compare "$OUT/shim.npz" "$OUT/gpu.npz" "$OUT/agree.json"

# The course's models, to the CPU's accuracies; and the bench beside PyTorch on the same card.
for recipe in mnist-cnn:mnist movielens:movielens_100k; do
  name=${recipe%%:*}
  data=()
  [[ -z ${DATA:-} ]] || data=(--data "$DATA/${recipe##*:}")
  for device in cuda cpu; do
    run=on_gpu
    [[ $device == cuda ]] || run=step
    $run "$name-$device" "$PYTHON" -m dlcore_command train "$name" --device $device "${data[@]}" --out "$OUT/$name-$device" \
      --json
  done
done
on_gpu bench "$PYTHON" -m bench --device cuda --json "$OUT/bench.jsonl"

"$PYTHON" - "$OUT" <<'PY'
import json, pathlib, sys

out = pathlib.Path(sys.argv[1])
steps = {n: {"exit_code": int(c), "seconds": int(s)} for n, c, s in map(str.split, (out / "steps.txt").open())}
rows = [json.loads(line) for line in (out / "bench.jsonl").open()] if (out / "bench.jsonl").exists() else []
recipes = {}
for folder in out.iterdir():
    for found in folder.glob("*.json") if folder.is_dir() else ():
        recipes[folder.name] = json.loads(found.read_text())["metrics"]
agree = json.loads((out / "agree.json").read_text()) if (out / "agree.json").exists() else None
result = {
    "machine": (out / "machine.txt").read_text().splitlines(),
    "steps": steps,
    "recipes": recipes,
    "agree": agree and {"arrays": agree["arrays"], "differ": len(agree["differ"]), "wrong": agree["wrong"]},
    "bench": {r["row"]: r.get("ratio") for r in rows},
}
(out / "results.json").write_text(json.dumps(result, indent=1))
PY

echo "== summary ($OUT/results.json; steps: exit code, seconds)"
cat "$OUT/steps.txt"
((${#left_out[@]} == 0)) || echo "left out: ${left_out[*]}"
((${#failed[@]} == 0)) || die "failed: ${failed[*]}"
