#!/usr/bin/env bash
# Stands before perl while OpenSSL is configured (openssl-src asks OPENSSL_SRC_PERL), and leaves out what SQLCipher does not call:
# it needs AES-256-CBC, HMAC, PBKDF2, SHA-1 and SHA-2, and randomness. TLS and every other seal are not OpenSSL's here.
set -euo pipefail
perl=${VISITBOOK_PERL:-perl}
[ "${1-}" = ./Configure ] || exec "$perl" "$@"
without=(
  apps docs tls dtls quic srp srtp psk ct cms cmp ocsp ts http sock rfc3779 ui-console
  ec ec2m ecx dh dsa sm2 ml-kem ml-dsa slh-dsa lms
  aria bf blake2 cast chacha cmac des md4 mdc2 ocb poly1305 rc2 rc4 rmd160 scrypt argon2 siphash siv sm3 sm4 whirlpool
  gost dso engine err autoerrinit filenames multiblock thread-pool
)
exec "$perl" "$@" "${without[@]/#/no-}"
