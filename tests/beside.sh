# For the scripts of this folder, from the repository's root: `beside NAME [cmake arguments]` builds the library into
# build/NAME, beside the normal one, with a copy of the Python package that PYTHONPATH then names.
beside() {
  local out=$PWD/build/$1
  shift
  mkdir -p "$out"
  rm -rf "$out/dlcore"
  cp -r python/dlcore "$out/dlcore"
  rm -f "$out"/dlcore/*.so
  cmake -S . -B "$out" -G Ninja "$@" -DDLCORE_DEV=ON -DDLCORE_DEV_DIR="$out/dlcore" \
        -DPython_EXECUTABLE="$(command -v python)" >/dev/null
  ninja -C "$out"
  export PYTHONPATH=$out
}
