#!/usr/bin/env bash
# Writes the sources of the other languages anew, from the library that was built. Run it after every change of the border
# and commit what it wrote; CI fails when the two differ.
#
#   bindings/generate.sh [DIR]      writes below DIR instead of the repository, to compare
#   bindings/generate.sh --check    compares, and fails on any difference
#
# The generator reads its description out of the library, so the library must not be stripped of symbols: the development
# build is not.
set -euo pipefail
cd "$(dirname "$0")/.."

check=
if [ "${1-}" = --check ]; then
  check=yes
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
else
  out=${1:-.}
fi

# Where each language has its sources.
kotlin=android/bindings/src/main/kotlin
python=bindings/python/src/visitbook
swift=ios/Sources/VisitbookCore
header=ios/Sources/VisitbookCoreFFI

cargo build --quiet --package visitbook-ffi --features bindgen --bin uniffi-bindgen
cargo build --quiet --package visitbook-ffi
built="$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug"
case "$(uname)" in Darwin) library=libvisitbook_ffi.dylib ;; *) library=libvisitbook_ffi.so ;; esac

generate() { # generate LANGUAGE DIR
  mkdir -p "$2"
  "$built/uniffi-bindgen" generate --metadata-no-deps --no-format --language "$1" --out-dir "$2" "$built/$library" >/dev/null
}

generate kotlin "$out/$kotlin"
generate python "$out/$python"
generate swift "$out/$swift"
mkdir -p "$out/$header"
mv "$out/$swift/VisitbookCoreFFI.h" "$out/$header/"
# A package's C target wants its module map under this name.
mv "$out/$swift/VisitbookCoreFFI.modulemap" "$out/$header/module.modulemap"

kotlin_calls=android/bindings/src/main/kotlin/visitbook/Calls.kt
swift_calls=ios/Sources/Visitbook/Calls.swift
python3 bindings/facades.py "$out/$kotlin/visitbook/core/visitbook_ffi.kt" "$out/$kotlin_calls" \
  "$out/$swift/VisitbookCore.swift" "$out/$swift_calls"

if [ -n "$check" ]; then
  for file in "$kotlin_calls" "$swift_calls" \
    "$kotlin/visitbook/core/visitbook_ffi.kt" "$python/visitbook_ffi.py" "$swift/VisitbookCore.swift" \
    "$header/VisitbookCoreFFI.h" "$header/module.modulemap"; do
    if ! diff --unified=1 "$file" "$out/$file" >"$out/difference"; then
      head -40 "$out/difference"
      echo "$file is not what this library generates: run bindings/generate.sh and commit the result"
      exit 1
    fi
  done
fi
