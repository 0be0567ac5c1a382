#!/usr/bin/env bash
# Runs ios/build-xcframework.sh where there is no Mac, with Apple's tools and Cargo played by others: each library is built as
# a phone carries it and put in with the headers, and no step's failure is passed over.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/tools" "$scratch/project"
cp -r ios bindings "$scratch/project/"
export played="$scratch/played" target="$scratch/target"

play() { # play NAME: what stands in for a tool, from standard input
  { echo '#!/usr/bin/env bash'; echo 'set -euo pipefail'; cat; } >"$scratch/tools/$1"
  chmod +x "$scratch/tools/$1"
}
play uname <<'END'
echo "${system:-Darwin}"
END
play cargo <<'END'
if [ "$1" = metadata ]; then
  printf '{"target_directory": "%s"}\n' "$target"
  exit
fi
echo "cargo $*" >>"$played"
[ "${fails-}" != cargo ] || exit 1
while [ "$1" != --target ]; do shift; done
mkdir -p "$target/$2/phone"
touch "$target/$2/phone/libvisitbook_ffi.a"
END
play xcodebuild <<'END'
echo "xcodebuild $*" >>"$played"
[ "$1" = -create-xcframework ]
shift
while [ "$1" = -library ]; do
  [ -e "$2" ] && [ "$3" = -headers ] && [ -e "$4/VisitbookCoreFFI/module.modulemap" ] && [ -e "$4/VisitbookCoreFFI/VisitbookCoreFFI.h" ]
  shift 4
done
[ "$1" = -output ] && mkdir -p "$2"
END

run() {
  : >"$played"
  PATH="$scratch/tools:$PATH" "$scratch/project/ios/build-xcframework.sh" >/dev/null 2>&1
}
fail() {
  echo "ios/build-xcframework.sh $*"
  cat "$played"
  exit 1
}

run || fail "failed"
[ -d "$scratch/project/ios/VisitbookCoreFFI.xcframework" ] || fail "put nothing where Package.swift looks for it"
for triple in aarch64-apple-ios aarch64-apple-ios-sim aarch64-apple-darwin; do
  grep --quiet -- "^cargo rustc --profile phone --package visitbook-ffi --lib --crate-type staticlib --target $triple\$" "$played" ||
    fail "did not build for $triple"
done
[ "$(grep --only-matching -- '-library' "$played" | wc -l)" = 3 ] || fail "did not put three libraries in"
if fails=cargo run; then fail "passed over a library that was not built"; fi
[ ! -e "$scratch/project/ios/VisitbookCoreFFI.xcframework" ] || fail "left an old framework where a new one was not built"
if system=Linux run; then fail "ran where there is no Mac"; fi
echo "ios/build-xcframework.sh: ok"
