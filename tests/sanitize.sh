#!/usr/bin/env bash
# The C++ side under AddressSanitizer and UndefinedBehaviorSanitizer. Usage:
#   tests/sanitize.sh [pytest arguments]        a Debug build, beside the normal one, runs the op and core tests
#   tests/sanitize.sh shim [pytest arguments]   the CUDA sources, built for the host, run beside the tree's libdlcore.so
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/beside.sh
if [ "${1:-}" = shim ]; then
  shift
  export PYTHONPATH=$PWD/python DLCORE_SHIM_SANITIZE=1
  tests=(-m shim tests/cuda)
else
  beside sanitize -DCMAKE_BUILD_TYPE=Debug -DDLCORE_SANITIZE=ON
  tests=(tests/ops)
fi

# The interpreter itself is not instrumented: the runtimes come first by preloading, with libstdc++ so that exceptions
# are intercepted. Python keeps memory to its end, so leaks are not looked for.
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
preload=
for library in libasan.so libubsan.so libstdc++.so; do preload+=" $(g++ -print-file-name=$library)"; done
# -s: a report would end in pytest's captured stream and be lost with the process.
LD_PRELOAD=$preload python -m pytest -s -p no:cacheprovider -q "${@:-${tests[@]}}"
