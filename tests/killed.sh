#!/usr/bin/env bash
# Kills a device and the council at random moments, as often as it is told (500 by default), and looks for everything that
# was said to be saved. The seed is the second word.
set -euo pipefail
cd "$(dirname "$0")/.."
VISITBOOK_KILLS=${1:-500} VISITBOOK_SEED=${2:-1} cargo test --quiet --release -p visitbook --test killed -- --nocapture
