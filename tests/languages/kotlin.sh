#!/usr/bin/env bash
# The main job through the Kotlin API, on a JVM, against a real council: reads the sources with ktlint and detekt, builds the
# library and the server, runs the tests of android/ and its benchmark once, and reads what is Android's with Android Lint. Needs
# Rust, JDK 17, Maven and Python, and Maven Central; all but Rust are installed on Debian. What Maven Central lacks is Google's;
# what needs it is skipped where it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/languages/common.sh

{ need javac openjdk-17-jdk-headless && need mvn maven && need python3 python3; } ||
  skip "the tests of the Kotlin library" "install JDK 17 or newer, Maven and Python, then tests/languages/kotlin.sh"

tests/languages/versions.py

find_target
scratch=$target/android
log=$scratch/maven.log
mkdir -p "$scratch"
google="add Google's Maven repository, https://maven.google.com, to Maven's settings, then tests/languages/kotlin.sh"

maven() { mvn --batch-mode --no-transfer-progress -Dstyle.color=never "$@"; }

# copied FOLDER GROUP:ARTIFACT:VERSION[:TYPE]: an artifact as it is, without what it depends on.
copied() {
  maven --quiet org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -Dartifact="$2" -DoutputDirectory="$1" >>"$log" 2>&1
}

# tool NAME: fetches a tool of android/tools/pom.xml with what it depends on, anew whenever that file changes.
tool() {
  cmp --silent android/tools/pom.xml "$scratch/tools/$1/pom.xml" && return
  rm -rf "$scratch/tools/$1"
  maven --quiet --file android/tools/pom.xml --activate-profiles "$1" dependency:copy-dependencies \
    -DoutputDirectory="$scratch/tools/$1" >"$log" 2>&1 && cp android/tools/pom.xml "$scratch/tools/$1/"
}

# Only what is written by hand; .editorconfig says which that is to ktlint.
if tool ktlint; then
  (cd android && java -cp "$scratch/tools/ktlint/*" com.pinterest.ktlint.Main --relative --log-level=warn '**/src/**/*.kt' '**/*.kts' '!**/target/**')
  say "ktlint: nothing found"
else
  say "skipped: ktlint cannot be had here; to run it, make Maven Central reachable"
fi
if tool detekt; then
  java -cp "$scratch/tools/detekt/*" io.gitlab.arturbosch.detekt.cli.Main --build-upon-default-config --config android/detekt.yml \
    --input android/bindings/src,android/platform/src,android/bench/src --excludes '**/visitbook/core/**,**/Calls.kt'
  say "detekt: nothing found"
else
  say "skipped: detekt cannot be had here; to run it, make Maven Central reachable"
fi

build_natives

# The Android side needs a framework for each API level that it is tested on, and one class file out of an AAR.
robolectric=$scratch/robolectric
platform=yes
if [ ! -e "$robolectric/monitor.jar" ]; then
  : >"$log"
  if copied "$robolectric" org.robolectric:android-all-instrumented:8.0.0_r4-robolectric-r1-i7 &&
    copied "$robolectric" org.robolectric:android-all-instrumented:15-robolectric-13954326-i7 &&
    copied "$robolectric" androidx.test:monitor:1.8.0:aar; then
    python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("classes.jar"))' \
      "$robolectric/monitor-1.8.0.aar" >"$robolectric/monitor.jar"
  else
    platform=
    say "skipped: the tests of android/platform; Android's artifacts cannot be had here"
    say "to run them: $google"
  fi
fi

# Among the phases that this runs, animal-sniffer looks for what the oldest Android does not have.
if ! maven ${platform:+--activate-profiles platform} --file android/pom.xml \
  -Dvisitbook.build="$scratch" -Dvisitbook.library="$built" -Dvisitbook.server="$server" test >"$log" 2>&1; then
  grep --extended-regexp '^\[ERROR|Tests run' "$log" | head -100 || tail -50 "$log"
  say "all of it: $log"
  exit 1
fi
grep --extended-regexp '^\[WARNING\] .*\.kt' "$log" | grep --invert-match visitbook_ffi.kt || true
grep 'Tests run' "$log"
say "the benchmark of the border ran once: $(grep -c '^# Benchmark: ' "$log") figures, none of them kept"

[ -n "$platform" ] || skip "Android Lint, which needs the same artifacts" "$google"
tool lint || skip "Android Lint; it cannot be had here" "$google"
. tests/languages/android-lint.sh
