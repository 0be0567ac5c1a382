#!/usr/bin/env bash
# The main job through the Python API, against a real council: checks that the generated sources of all languages are those
# of this library, and the pages that show code show what runs; builds the wheel, installs it apart, and runs its tests. Needs
# Rust, Python 3.9 with venv, and PyPI.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/languages/common.sh

tests/languages/snippets.py
bindings/generate.sh --check

python3 -c 'import ensurepip' 2>/dev/null || fetch python3-venv
python3 -c 'import ensurepip' 2>/dev/null ||
  skip "the tests of the Python package" "install Python 3.9 or newer with venv, then tests/languages/python.sh"

build_natives
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

python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pytest
VISITBOOK_PROFILE=dev "$scratch/venv/bin/pip" install --quiet --disable-pip-version-check ./bindings/python

VISITBOOK_SERVER="$server" VISITBOOK_SCRATCH="$scratch" PYTHONDONTWRITEBYTECODE=1 \
  "$scratch/venv/bin/python" -m pytest --quiet bindings/python &
tests=$!
if wait "$tests"; then tests=; else failed=$?; tests=; exit "$failed"; fi
