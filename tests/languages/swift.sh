#!/usr/bin/env bash
# The main job through the Swift API, on Linux, against a real council: builds the library and the server, and runs the tests
# of ios/. Debian 12 has no Swift, so a Debian 13 with Swift 6 is made below Cargo's target folder, once, of about 2.6 GB. That
# and running in it need root. On a Mac: ios/build-xcframework.sh, then swift test in ios/.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/languages/common.sh

how="as root on Debian with its package mirror in reach: tests/languages/swift.sh"
[ "$(uname)" = Linux ] || skip "the tests of the Swift package on Linux" "$how"
{ [ "$(id -u)" = 0 ] && need mmdebstrap mmdebstrap && need unshare util-linux; } || skip "the tests of the Swift package" "$how"

build_natives
root=$target/swift-root
if [ ! -e "$root/made" ]; then
  rm -rf "$root"
  mirror=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | grep '/debian/*$' | head -1 || true)
  say "making a Debian 13 with Swift 6"
  mmdebstrap --quiet --variant=apt --aptopt='APT::Install-Recommends "false"' \
    --include=swiftlang,libc6-dev,libstdc++-14-dev,ca-certificates trixie "$root" "${mirror:-http://deb.debian.org/debian}" ||
    skip "the tests of the Swift package: Debian 13 could not be made" "$how"
  touch "$root/made"
fi

# The repository, read only, and what was built lie in there under their own names. Mounts and processes, the council's among
# them, end with the command.
source=$PWD
log=$target/swift-test.log
mkdir -p "$root$source" "$root$target" "$target/swift"
scratch=$(mktemp -d "$target/swift-council.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
inside='
  set -e
  mount --bind "$source" "$root$source"
  mount -o remount,bind,ro "$root$source"
  mount --bind "$target" "$root$target"
  mount -t proc proc "$root/proc"
  mount --bind /dev "$root/dev"
  exec chroot "$root" sh -c "cd \"$source/ios\" && exec swift test --quiet --scratch-path \"$target/swift\""
'
export source target root
if ! env LANG=C.UTF-8 HOME="$scratch" VISITBOOK_LIBRARY="$built" VISITBOOK_SERVER="$server" VISITBOOK_SCRATCH="$scratch" \
  VISITBOOK_FIXTURES="$source/server/fixtures/fernmouth" \
  unshare --mount --pid --fork --kill-child bash -c "$inside" >"$log" 2>&1; then
  grep --extended-regexp 'error:|✘|recorded an issue|Fatal' "$log" | head -100 || tail -50 "$log"
  say "all of it: $log"
  exit 1
fi
grep --extended-regexp 'warning: ' "$log" | grep --invert-match VisitbookCore.swift || true
grep --extended-regexp 'Test run with|Executed [1-9]' "$log"
