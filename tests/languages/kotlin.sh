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

# The Android side needs a framework for each API level that it is tested on, and one class file out of an AAR.
robolectric=$target/android/robolectric
platform=(--activate-profiles platform)
fetch_maven() { # fetch_maven GROUP:ARTIFACT:VERSION[:TYPE]
  mvn --batch-mode --no-transfer-progress --quiet org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact="$1" -DoutputDirectory="$robolectric"
}
if [ ! -e "$robolectric/monitor.jar" ]; then
  if fetch_maven org.robolectric:android-all-instrumented:8.0.0_r4-robolectric-r1-i7 >"$log" 2>&1 &&
    fetch_maven org.robolectric:android-all-instrumented:15-robolectric-13954326-i7 >>"$log" 2>&1 &&
    fetch_maven androidx.test:monitor:1.8.0:aar >>"$log" 2>&1; then
    python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("classes.jar"))' \
      "$robolectric/monitor-1.8.0.aar" >"$robolectric/monitor.jar"
  else
    platform=()
    say "skipped: the tests of android/platform; Android's artifacts cannot be had here"
    say "to run them: add Google's Maven repository to Maven's settings, then tests/languages/kotlin.sh"
  fi
fi

run() {
  mvn "${platform[@]}" --batch-mode --no-transfer-progress -Dstyle.color=never --file android/pom.xml \
    -Dvisitbook.build="$target/android" -Dvisitbook.library="$built" -Dvisitbook.server="$server" test
}
if ! run >"$log" 2>&1; then
  grep --extended-regexp '^\[ERROR|Tests run' "$log" | head -100 || tail -50 "$log"
  say "all of it: $log"
  exit 1
fi
grep --extended-regexp '^\[WARNING\] .*\.kt' "$log" | grep --invert-match visitbook_ffi.kt || true
grep 'Tests run' "$log"
