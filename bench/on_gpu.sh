#!/usr/bin/env bash
# On a machine with an NVIDIA GPU and nvcc: build the CUDA backend, run its tests, time it beside PyTorch, train on it,
# hold it against the host shim, and look for memory errors and races. No network is needed. Results go to $OUT (default
# ./gpu-results): a log a step, bench.jsonl, and results.json, which is written anew after every step, so that a run that
# is cut off keeps what it had. What tells most comes first, every step has a limit of time, and none waits for another
# to succeed but for the build. Exits non-zero when a step fails, or when there is no GPU.
#   PYTHON=…    the interpreter (default python3; needs numpy and pybind11)
#   WHEELS=DIR  wheels of what else it lacks of pytest, hypothesis, typer, rich, pooch and safetensors (pip download -d DIR)
#   DATA=DIR    folder with mnist/ and movielens_100k/ (default: shared/data, here or beside the checkout)
#   ONLY=REGEX  only steps of such names, and the build: after a run that was cut off, ONLY='memcheck|racecheck'
#   DRY=1       on a machine without a GPU: does the steps that need none, says which it left out, and exits 0
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
OUT=${OUT:-$PWD/gpu-results}
PYTHON=$(command -v "${PYTHON:-python3}")
BUILD=build/cuda
DRY=${DRY:-}
failed=() left_out=() running=

die() {
  echo "on_gpu.sh: $*" >&2
  exit 1
}
has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep '^GPU ' >/dev/null; }
has_gpu || [[ -n $DRY ]] || die "no GPU here (nvidia-smi lists none): nothing was built, run or measured"
command -v nvcc >/dev/null || die "nvcc is not on PATH: nothing was built, run or measured"
[[ -n $PYTHON ]] || die "there is no python3: set PYTHON"
mkdir -p "$OUT" || die "cannot write to $OUT"
OUT=$(cd "$OUT" && pwd)
touch "$OUT/steps.txt"
if [[ -z ${DATA:-} ]]; then
  for place in shared/data ../shared/data; do [[ -d $place/mnist ]] && DATA=$PWD/$place && break; done
fi

write_results() {
  "$PYTHON" - "$OUT" <<'PY' || echo "results.json could not be written"
import json, pathlib, sys

out = pathlib.Path(sys.argv[1])
steps = {n: {"exit_code": int(c), "seconds": int(s)} for n, c, s in map(str.split, (out / "steps.txt").open())}
rows = []
for line in (out / "bench.jsonl").open() if (out / "bench.jsonl").exists() else ():
    try:
        rows.append(json.loads(line))
    except ValueError:  # the last one of a run that was cut off
        pass
recipes = {f.parent.name: json.loads(f.read_text())["metrics"] for f in out.glob("*/*.json")}
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
}

# `timeout` puts a step into a process group of its own, which neither Ctrl-C nor a kill of this one's reaches.
trap '[[ -z $running ]] || kill "$running" 2>/dev/null; write_results; exit 130' INT TERM

# step SECONDS NAME COMMAND…: runs it for so long at most, keeps its output, exit code and seconds, goes on after a
# failure. 124 is a step that was out of time.
step() {
  local limit=$1 name=$2 code begin=$SECONDS
  shift 2
  [[ $name =~ ^(wheels|configure|build|import)$ || $name =~ ${ONLY:-.} ]] || return 0
  echo "== $name"
  timeout -k 10 "$limit" "$@" >"$OUT/$name.log" 2>&1 &
  running=$!
  wait "$running"
  code=$?
  tail -n 3 "$OUT/$name.log"
  echo "$name $code $((SECONDS - begin))" >>"$OUT/steps.txt"
  ((code == 0)) || failed+=("$name")
  write_results
  return $code
}
# on_gpu SECONDS NAME COMMAND…: a step that needs the GPU.
on_gpu() {
  if has_gpu; then step "$@"; else left_out+=("$2"); fi
}

export PYTHONPATH=$PWD/python:$PWD
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
if [[ -n ${WHEELS:-} ]]; then
  step 60 wheels "$PYTHON" -m pip install --no-index --find-links "$WHEELS" --upgrade --target build/wheels \
    pytest hypothesis typer rich pooch safetensors
  export PYTHONPATH=$PYTHONPATH:$PWD/build/wheels
fi
for module in pytest hypothesis typer rich pooch safetensors torch; do
  "$PYTHON" -c "import $module" 2>/dev/null || echo "$module is not installed: steps that need it will fail"
done | tee -a "$OUT/machine.txt"

# Each .cu file's architectures are compiled side by side: the longest of them is what a build on many cores waits for.
generator=()
command -v ninja >/dev/null && [[ ! -f $BUILD/CMakeCache.txt ]] && generator=(-G Ninja)
step 120 configure cmake -S . -B $BUILD "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DDLCORE_DEV=ON -DDLCORE_CUDA=ON \
  -DCMAKE_CUDA_FLAGS=--threads=3 -DPython_EXECUTABLE="$PYTHON" || die "configuring failed, see $OUT/configure.log"
step 1800 build cmake --build $BUILD --parallel "$(nproc)" || die "the build failed, see $OUT/build.log"
package=$PWD/python/dlcore
step 60 import "$PYTHON" -c "import dlcore as dl; print(dl.cuda.why_not()); assert dl.cuda.is_available() or '$DRY'"

# The rows that a model's time is made of, then what the course trains, then every row through dispatch.
main_rows='matmul|gemm16|conv2d|attention|softmax_xent|norm|activation|optim|embedding|rnn|loss'
on_gpu 150 bench "$PYTHON" -m bench --device cuda --only "ops/($main_rows) " --json "$OUT/bench.jsonl"
train() { # RECIPE FOLDER DEVICE RUN SECONDS
  local data=()
  [[ -z ${DATA:-} ]] || data=(--data "$DATA/$2")
  "$4" "$5" "$1-$3" "$PYTHON" -m dlcore_command train "$1" --device "$3" "${data[@]}" --out "$OUT/$1-$3" --json
}
train mnist-cnn mnist cuda on_gpu 120
train movielens movielens_100k cuda on_gpu 120
on_gpu 180 pytest "$PYTHON" -m pytest tests/cuda -m cuda -q -rs -p no:cacheprovider
if [[ -f $OUT/pytest.log ]] && ! grep -q ' passed' "$OUT/pytest.log"; then failed+=("pytest: no test passed"); fi

# What the host shim promises (tests/cuda/*.cu), on the real device; and the shim and the GPU on the same shapes.
step 300 build-tests cmake --build $BUILD --parallel "$(nproc)" --target cuda_test
test_program=$(find $BUILD -name cuda_test -type f | head -n 1)
[[ -z $test_program ]] || on_gpu 60 self-tests "$test_program"
step 60 configure-shim cmake -S csrc/cuda/host -B build/shim -DDLCORE_LIBRARY="$package/libdlcore.so"
step 300 build-shim cmake --build build/shim --parallel "$(nproc)" --target dlcore_shim
step 240 shim-results "$PYTHON" -m tests.cuda.agree run build/shim/libdlcore_shim.so "$OUT/shim.npz"
on_gpu 240 gpu-results "$PYTHON" -m tests.cuda.agree run "$package/libdlcore_cuda.so" "$OUT/gpu.npz"
on_gpu 60 agree "$PYTHON" -m tests.cuda.agree compare "$OUT/shim.npz" "$OUT/gpu.npz" "$OUT/agree.json"

# Memory errors and races: of the test program, then of whole ops, forward and backward, on their small shapes.
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck initcheck synccheck; do
    [[ -z $test_program ]] || on_gpu 120 $tool compute-sanitizer --tool $tool --error-exitcode 1 "$test_program"
  done
  on_gpu 300 memcheck-rows compute-sanitizer --tool memcheck --error-exitcode 1 \
    "$PYTHON" -m tests.cuda.agree run "$package/libdlcore_cuda.so" "$OUT/memcheck.npz"
else
  left_out+=(memcheck racecheck initcheck synccheck memcheck-rows)
  echo "compute-sanitizer is not installed: its steps were NOT run"
fi

# The accuracies that the GPU's are compared with, and the other rows.
train mnist-cnn mnist cpu step 300
train movielens movielens_100k cpu step 300
on_gpu 300 bench-others "$PYTHON" -m bench --device cuda --only "^(?!ops/($main_rows) )" --json "$OUT/bench.jsonl"

write_results
echo "== summary ($OUT/results.json; steps: exit code, seconds)"
cat "$OUT/steps.txt"
((${#left_out[@]} == 0)) || echo "left out: ${left_out[*]}"
((${#failed[@]} == 0)) || die "failed: ${failed[*]}"
