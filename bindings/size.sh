#!/usr/bin/env bash
# Measures the native library as a phone would carry it (bindings/phone.sh), stripped, for one ABI; compares it with the budget of
# 9 MB and with the last line of its history in bindings/size.tsv; and says what holds it, out of the library's own symbols.
#
#   bindings/size.sh            measures and compares; fails over the budget
#   bindings/size.sh --keep     adds a line to the history, too, to be committed
#
# Without an NDK it measures this machine's ABI, which is within a few per cent of a phone's: the same code, another encoding.
set -euo pipefail
cd "$(dirname "$0")/.."
budget=9000000
history=bindings/size.tsv

# With its symbols, which say what is in it; they are taken out below.
CARGO_PROFILE_PHONE_STRIP=none bindings/phone.sh --quiet
target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
strip --strip-unneeded -o "$stripped" "$target/phone/libvisitbook_ffi.so"
bytes=$(wc -c <"$stripped")

last=$(tail -n +2 "$history" 2>/dev/null | tail -1 | cut -f 3 || true)
echo "$(uname -m): $bytes bytes stripped, $((bytes * 100 / budget)) % of the budget${last:+, $((bytes - last)) since the last line of $history}"
python3 bindings/size.py "$target/phone"
if [ "${1-}" = --keep ]; then
  [ -e "$history" ] || printf 'commit\tabi\tbytes\n' >"$history"
  printf '%s\t%s\t%s\n' "$(git rev-parse --short HEAD)" "$(uname -m)" "$bytes" >>"$history"
fi
[ "$bytes" -le "$budget" ] || { echo "over the budget of $budget bytes by $((bytes - budget))"; exit 1; }
