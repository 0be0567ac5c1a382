#!/usr/bin/env bash
# Builds the native library for Apple systems and puts it where Package.swift looks for it. Needs a Mac with Xcode and Rust's
# targets; it cannot be run where the tests run, and was not.
#
#   rustup target add aarch64-apple-ios aarch64-apple-ios-sim aarch64-apple-darwin
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(uname)" = Darwin ] || { echo "an XCFramework can be built on a Mac only"; exit 1; }

target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
headers=$target/apple-headers
rm -rf "$headers" ios/VisitbookCoreFFI.xcframework
mkdir -p "$headers/VisitbookCoreFFI"
cp ios/Sources/VisitbookCoreFFI/VisitbookCoreFFI.h ios/Sources/VisitbookCoreFFI/module.modulemap "$headers/VisitbookCoreFFI/"

libraries=()
for triple in aarch64-apple-ios aarch64-apple-ios-sim aarch64-apple-darwin; do
  # A phone takes a static library; the crate's own kinds are for the other systems.
  bindings/phone.sh --crate-type staticlib --target "$triple"
  libraries+=(-library "$target/$triple/phone/libvisitbook_ffi.a" -headers "$headers")
done
xcodebuild -create-xcframework "${libraries[@]}" -output ios/VisitbookCoreFFI.xcframework
