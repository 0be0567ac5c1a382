# What the scripts beside this one share. Source it from the repository's root.

say() { printf '%s\n' "$*"; }

# need PROGRAM DEBIAN-PACKAGE…: installs them where it can; fails where it cannot.
need() {
  command -v "$1" >/dev/null 2>&1 && return
  local program=$1
  shift
  fetch "$@"
  command -v "$program" >/dev/null 2>&1
}

# fetch DEBIAN-PACKAGE…: installs them, if this is a Debian and it may.
fetch() {
  if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    say "installing $*"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null || true
  fi
}

# skip WHAT HOW: says what was not run and how to run it. No failure: the tool is not to be had here.
skip() {
  say "skipped: $1"
  say "to run it: $2"
  exit 0
}

# find_target: names the folder that Cargo builds in.
find_target() {
  target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
}

# Builds the native library and the council's server, as developers do, and names where they are.
build_natives() {
  find_target
  cargo build --quiet --package visitbook-ffi
  cargo build --quiet --package visitbook-server --bin visitbook-server
  built=$target/debug
  server=$built/visitbook-server
}
