#!/usr/bin/env bash
# Builds the native library as a phone carries it: the profile `phone`, and an OpenSSL with nothing in it but what SQLCipher
# calls. What stands behind goes to Cargo.
#
#   bindings/phone.sh                                              for this machine
#   CARGO='cargo ndk -t arm64-v8a -o DIR' bindings/phone.sh        for Android, with cargo-ndk
#   bindings/phone.sh --crate-type staticlib --target TRIPLE       for an Apple phone, whose SQLCipher needs no OpenSSL
set -euo pipefail
cd "$(dirname "$0")/.."
export OPENSSL_SRC_PERL="$PWD/bindings/openssl-configure.sh"
read -ra cargo <<<"${CARGO:-cargo}"
# To Cargo and what it calls it is the path of a program.
unset CARGO
case " $* " in *" --crate-type "*) command=rustc ;; *) command=build ;; esac
exec "${cargo[@]}" "$command" --profile phone --package visitbook-ffi --lib "$@"
