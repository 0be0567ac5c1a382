#!/usr/bin/env bash
# Measures what it costs to cross the border, with the library as it is released: docs/performance.md. About five minutes.
# What is given goes to JMH instead: android/bench/run.sh -f 1 -wi 1 -i 1 call
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/languages/common.sh

build_natives
cargo build --quiet --release --package visitbook-ffi
mvn --batch-mode --no-transfer-progress --quiet --file android/pom.xml --projects bindings,bench -DskipTests \
  -Dvisitbook.build="$target/android" -Dvisitbook.library="$target/release" -Dvisitbook.server="$server" \
  -Dbench.options="${*:--f 3 -wi 3 -w 1 -i 5 -r 1 -foe true}" test
