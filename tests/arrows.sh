#!/usr/bin/env bash
# Arrows point down only (README, "Layout"): record and seal depend on no other crate of ours and on nothing that does
# I/O; device and server never see each other; bindings see the device alone.
set -euo pipefail
cd "$(dirname "$0")/.."
ours() { cargo tree --quiet --edges normal --prefix none --package "$1" | awk '{print $1}' | sort -u | grep '^visitbook' | grep -vx "$1" || true; }
fail=0
expect() { # expect CRATE ALLOWED...
  local crate=$1; shift
  local extra
  extra=$(comm -23 <(ours "$crate") <(printf '%s\n' "$@" | sort -u))
  if [ -n "$extra" ]; then echo "$crate must not depend on: $extra"; fail=1; else echo "$crate: ok"; fi
}
expect visitbook-record
expect visitbook-seal
expect visitbook-device visitbook-record visitbook-seal
expect visitbook-server visitbook-record visitbook-seal
expect visitbook-ffi visitbook-device visitbook-record visitbook-seal
for crate in visitbook-record visitbook-seal; do
  if cargo tree --quiet --edges normal --prefix none --package "$crate" | awk '{print $1}' \
    | grep -qxE 'tokio|mio|socket2|ureq|rusqlite|libsqlite3-sys|openssl-sys|reqwest|hyper|tempfile'; then
    echo "$crate depends on something that does I/O"; fail=1
  fi
done
exit $fail
