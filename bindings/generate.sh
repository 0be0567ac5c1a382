#!/usr/bin/env bash
# Writes the sources of the other languages anew, from the library that was built. Run it after every change of the border
# and commit what it wrote; CI fails when the two differ.
#
#   bindings/generate.sh [DIR]    writes into DIR instead of bindings/, to compare
#
# The generator reads its description out of the library, so the library must not be stripped of symbols: the development
# build is not.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-bindings}

cargo build --quiet --package visitbook-ffi --features bindgen --bin uniffi-bindgen
cargo build --quiet --package visitbook-ffi
built="$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug"
case "$(uname)" in Darwin) library=libvisitbook_ffi.dylib ;; *) library=libvisitbook_ffi.so ;; esac

"$built/uniffi-bindgen" generate --metadata-no-deps --no-format \
  --language python --out-dir "$out/python/visitbook" "$built/$library" >/dev/null
