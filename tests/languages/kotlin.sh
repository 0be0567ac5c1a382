#!/usr/bin/env bash
# The main job through the Kotlin API, on a JVM, against a real council: builds the library and the server, and runs the
# tests of android/bindings. Needs Rust, JDK 17 and Maven, and Maven Central; the latter two are installed on Debian.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/languages/common.sh

{ need javac openjdk-17-jdk-headless && need mvn maven; } ||
  skip "the tests of the Kotlin library" "install JDK 17 or newer and Maven, then tests/languages/kotlin.sh"

build_natives
log=$target/android/maven.log
mkdir -p "$target/android"
run() {
  mvn --batch-mode --no-transfer-progress -Dstyle.color=never --file android/pom.xml \
    -Dvisitbook.build="$target/android" -Dvisitbook.library="$built" -Dvisitbook.server="$server" test
}
if ! run >"$log" 2>&1; then
  grep --extended-regexp '^\[ERROR|Tests run' "$log" | head -100 || tail -50 "$log"
  say "all of it: $log"
  exit 1
fi
grep --extended-regexp '^\[WARNING\] .*\.kt' "$log" | grep --invert-match visitbook_ffi.kt || true
grep 'Tests run' "$log"
