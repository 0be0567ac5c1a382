#!/usr/bin/env bash
# The main job through the Python API, against a real council: builds the library and the server, checks that the generated
# sources in the repository are those of this library, and runs the tests. Needs Rust and Python 3.9, and nothing else.
set -euo pipefail
cd "$(dirname "$0")/../.."

scratch=$(mktemp -d)
tests=
stop() {
  # The tests stop their council themselves; this is for when they were stopped.
  if [ -n "$tests" ]; then kill "$tests" 2>/dev/null || true; fi
  if [ -s "$scratch/council.pid" ]; then kill "$(cat "$scratch/council.pid")" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bindings/generate.sh --check

cargo build --quiet --package visitbook-server
built="$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug"
cp -R bindings/python/src/visitbook "$scratch/visitbook"
for library in "$built"/libvisitbook_ffi.so "$built"/libvisitbook_ffi.dylib; do
  if [ -e "$library" ]; then cp "$library" "$scratch/visitbook/"; fi
done

VISITBOOK_SERVER="$built/visitbook-server" VISITBOOK_SCRATCH="$scratch" PYTHONPATH="$scratch" PYTHONDONTWRITEBYTECODE=1 \
  python3 tests/languages/python/smoke.py &
tests=$!
if wait "$tests"; then tests=; else failed=$?; tests=; exit "$failed"; fi
